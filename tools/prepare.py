"""Runs :mod:`pyg_hcsf.cli.prepare` in a clone; see ``--help``."""

from pyg_hcsf.cli.command import run_command
from pyg_hcsf.cli.prepare import main

if __name__ == '__main__':
    run_command(main, 'stopped: the same command goes on')
