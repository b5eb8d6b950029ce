"""Reports which data sets a file or folder contains, which commands prepare
them, and why files cannot be read.

    pyg-hcsf doctor ~/Downloads
    pyg-hcsf doctor ntu60_3danno.pkl

The exit code is 0 if data sets were found and all of them are complete.
"""

from __future__ import annotations

from pathlib import Path

from pyg_hcsf.cli.command import CommandParser


def make_parser() -> CommandParser:
    """Makes the command line parser."""
    parser = CommandParser(prog='pyg-hcsf doctor', description=__doc__)
    parser.add_argument('path', type=Path, help='the file or folder')
    return parser


def main(argv: list[str] | None = None) -> int:
    """Runs the command line; returns the exit code."""
    path = make_parser().parse_args(argv).path
    from pyg_hcsf.cli.raw_files import examine

    return examine(path.expanduser())
