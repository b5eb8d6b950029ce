r"""2D keypoints to 3D poses, and skeletal graph networks.

pyg-hcsf lift walk.json --out walk.html      # 2D keypoints to 3D poses
pyg-hcsf doctor ~/Downloads                  # which data sets are here?
pyg-hcsf lift --help                         # the options of a subcommand
"""

from __future__ import annotations

import runpy
import sys
from collections.abc import Sequence
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from typing import Any, NoReturn

import pyg_hcsf
from pyg_hcsf.choices import did_you_mean
from pyg_hcsf.cli.command import UsageError, one_line, require, run_command

SUBCOMMANDS = {
    'lift': 'lift 2D keypoints to 3D poses, from a file or live',
    'view': 'make a page, a picture or a video of 3D poses',
    'recognize': 'classify the actions of people in 3D poses',
    'fuse': 'fuse the scores of action runs on several streams',
    'doctor': 'report which data sets a file or folder contains',
    'prepare': 'prepare a data set for training, and check it',
    'convert': 'write NTU RGB+D in the format of pyskl or CTR-GCN',
    'export': 'export a network to ONNX',
    'train': 'train and test networks, in a clone of the repository',
}
STOPPED = {'prepare': 'stopped: the same command continues'}
TRAIN_MODULES = ('filelock', 'jsonargparse', 'tabulate')  # of [train]


def main(argv: Sequence[str] | None = None) -> NoReturn:
    r"""Runs the command line and exits, see
    :func:`~pyg_hcsf.cli.command.run_command`.

    Args:
        argv (sequence of str, optional): The words after the command.
            (default: those of the process)
    """
    words = sys.argv[1:] if argv is None else list(argv)
    stopped = STOPPED.get(words[0], 'stopped') if words else 'stopped'
    run_command(lambda: run(words), stopped)


def run(words: Sequence[str]) -> Any:
    r"""Runs a subcommand; returns its result.

    Args:
        words (sequence of str): The words after the command.

    Raises:
        UsageError: If there is no such subcommand.
    """
    name, *rest = words or ['']
    if name in ('-h', '--help'):
        return print(help_text())
    if name == '--version':
        return print(f'pyg_hcsf {pyg_hcsf.__version__}')
    if name not in SUBCOMMANDS:
        known = (*SUBCOMMANDS, '--help', '--version')
        raise UsageError(
            f'Expected a subcommand, one of {", ".join(SUBCOMMANDS)} (got '
            + (f"'{one_line(name)[:80]}')" if name else 'none)')
            + (did_you_mean(name, known) or ': see pyg-hcsf --help')
        )
    if name == 'train':
        return train(rest)
    return import_module(f'pyg_hcsf.cli.{name}').main(rest)


def help_text() -> str:
    r"""Returns the text of ``pyg-hcsf --help``."""
    lines = [f'  {name:<10} {text}' for name, text in SUBCOMMANDS.items()]
    return '\n'.join(
        [
            'usage: pyg-hcsf SUBCOMMAND ...\n',
            str(__doc__).strip(),
            '\nsubcommands:',
            *lines,
            '\noptions:',
            '  --help     show this text, or that of a subcommand',
            '  --version  show the version',
        ]
    )


def train(words: Sequence[str]) -> Any:
    r"""Runs ``experiments/run.py`` of the clone that the package is in.

    Raises:
        RuntimeError: If the package is not in a clone.
        ModuleNotFoundError: If the extra [train] is not installed.
    """
    script = Path(pyg_hcsf.__file__).parents[1] / 'experiments' / 'run.py'
    if not script.is_file():
        missing = [name for name in TRAIN_MODULES if find_spec(name) is None]
        raise RuntimeError(
            "'pyg-hcsf train' needs a clone of the repository, as its presets "
            "are no part of the package (got the package in '"
            f"{script.parents[1]}'): run pip install -e '.[train]' in a clone"
            + f' (also missing: {", ".join(missing)})'
            * bool(missing)
        )
    require(*TRAIN_MODULES)
    sys.argv = [str(script), *words]
    return runpy.run_path(str(script), run_name='__main__')
