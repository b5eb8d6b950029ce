"""Runs :mod:`pyg_hcsf.cli.doctor` in a clone; see ``--help``."""

from pyg_hcsf.cli.command import run_command
from pyg_hcsf.cli.doctor import main

if __name__ == '__main__':
    run_command(main)
