"""Folders that tests read."""

import os
from pathlib import Path

REPO = Path(__file__).parents[1]
#: Real motion, as the environment variable says; tests of it skip without.
DATA = Path(
    os.environ.get('PYG_HCSF_DATA', 'PYG_HCSF_DATA is not set')
).resolve()
