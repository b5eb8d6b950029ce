"""Runs code in a new Python process, where nothing is imported yet."""

import os
import subprocess
import sys

from tests.paths import REPO


def run_python(code, *words, columns=80):
    """Runs code with the words as its command line.

    Returns:
        What it printed.
    """
    out = subprocess.run(
        [sys.executable, '-c', code, *words],
        capture_output=True,
        text=True,
        env={**os.environ, 'PYTHONPATH': str(REPO), 'COLUMNS': str(columns)},
        check=True,
    )
    return out.stdout
