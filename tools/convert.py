"""Runs :mod:`pyg_hcsf.cli.convert` in a clone; see ``--help``."""

from pyg_hcsf.cli.command import run_command
from pyg_hcsf.cli.convert import main

if __name__ == '__main__':
    run_command(main)
