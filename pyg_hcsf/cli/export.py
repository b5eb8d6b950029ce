"""Writes NTU RGB+D in the format of pyskl or CTR-GCN, from any format that
the library reads.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any, Literal

import numpy as np
from jsonargparse import ArgumentParser, Namespace
from tqdm import tqdm

from pyg_hcsf.cli.dataset_options import add_dataset_options, describe
from pyg_hcsf.cli.doctor import find_raw_files
from pyg_hcsf.datasets import NTURGBD
from pyg_hcsf.datasets.ntu.ctrgcn import write_ctrgcn
from pyg_hcsf.datasets.ntu.pyskl import write_pyskl


def make_parser() -> ArgumentParser:
    """Makes the command line parser."""
    parser = ArgumentParser(
        prog='export', description=__doc__, exit_on_error=False
    )
    parser.add_argument('format', type=Literal['pyskl', 'ctrgcn'])
    parser.add_argument('to', type=str, help='the file to write')
    add_dataset_options(parser, NTURGBD)
    # Bodies are selected as in the code whose format is written.
    parser.set_defaults(bodies='auto')
    return parser


def main(argv: list[str] | None = None) -> int:
    """Runs the command line; returns the exit code."""
    return export(make_parser().parse_args(argv))


def export(args: Namespace) -> int:
    """Writes the file; returns the exit code."""
    options: dict[str, Any] = args.clone().as_dict()
    format_name = options.pop('format')
    to = Path(options.pop('to')).expanduser()
    if options['bodies'] == 'auto':
        options['bodies'] = format_name
    root, raw, found = find_raw_files('nturgbd', options)
    for item in found:
        print(f"'{raw}': {describe(item)}", flush=True)
    if any(item.format.name == 'agcn' for item in found):
        raise ValueError(
            "Expected joints as recorded to export (got format 'agcn' in "
            f"'{raw}', whose clips are normalised and repeat up to 300 "
            'frames): export from .skeleton files instead'
        )
    data = NTURGBD(root, raw=raw, split='all', **options)
    if data.names[0].startswith(('train_', 'test_')):
        raise ValueError(
            f"Expected clips with names to export (got none in '{raw}'): put "
            "CTR-GCN's skes_available_name.txt into the folder of its file"
        )
    desc = f'Writing {format_name}'
    with tqdm(total=len(data), desc=desc, unit='clip') as bar:

        def read(number: int) -> np.ndarray:
            bar.update()
            return data.joints(number)

        if format_name == 'pyskl':
            what = data.rule.data
            write_pyskl(to, data.names, read, what)
        else:
            what = data.benchmark
            write_ctrgcn(to, data.names, read, what)
    print(f"'{to}': {len(data):,} clips of {what}, format '{format_name}'")
    return 0
