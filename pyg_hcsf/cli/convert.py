r"""Writes NTU RGB+D in the format of pyskl or CTR-GCN, from any format that
the library reads.

    pyg-hcsf convert pyskl ntu60_3danno.pkl --from ~/Downloads
    pyg-hcsf convert ctrgcn NTU120_CSub.npz --from ~/Downloads \
        --benchmark ntu120-xsub
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from pyg_hcsf.cli.command import CommandParser
from pyg_hcsf.cli.paths import check_output

if TYPE_CHECKING:
    import numpy as np

SUFFIXES = {'pyskl': '.pkl', 'ctrgcn': '.npz'}
BENCHMARKS = ('ntu60-xsub', 'ntu60-xview', 'ntu120-xsub', 'ntu120-xset')


def make_parser() -> CommandParser:
    """Makes the command line parser."""
    parser = CommandParser(prog='pyg-hcsf convert', description=__doc__)
    add = parser.add_argument
    add('format', choices=SUFFIXES, help='the format to write')
    add('to', type=Path, help='the file to write, .pkl or .npz')
    text = 'file, folder or zip with raw files; default: <root>/NTURGBD/raw'
    add('--from', help=text)
    text = 'folder of all data sets; default: PYG_HCSF_DATA or datasets'
    add('--root', help=text)
    text = 'the split of CTR-GCN, and the clips: 60 or 120 actions; default: '
    default = BENCHMARKS[0]
    add(
        '--benchmark', choices=BENCHMARKS, default=default, help=text + default
    )
    text = 'how bodies are selected; default: as in the code of the format'
    add('--bodies', choices=('agcn', 'pyskl', 'ctrgcn'), help=text)
    add('--num_workers', type=int, help='processes; default: all processors')
    return parser


def main(argv: list[str] | None = None) -> int:
    """Runs the command line; returns the exit code."""
    options = vars(make_parser().parse_args(argv))
    to, name = options.pop('to').expanduser(), options.pop('format')
    check_output('to', to, (SUFFIXES[name],))
    options['bodies'] = options['bodies'] or name
    return convert(name, to, options)


def convert(format_name: str, to: Path, options: dict[str, Any]) -> int:
    """Writes the file; returns the exit code."""
    from tqdm import tqdm

    from pyg_hcsf.cli.dataset_options import describe
    from pyg_hcsf.cli.raw_files import find_raw_files
    from pyg_hcsf.datasets import NTURGBD
    from pyg_hcsf.datasets.ntu.ctrgcn import write_ctrgcn
    from pyg_hcsf.datasets.ntu.pyskl import write_pyskl

    root, raw, found = find_raw_files('nturgbd', options)
    for item in found:
        print(f"'{raw}': {describe(item)}", flush=True)
    if any(item.format.name == 'agcn' for item in found):
        raise ValueError(
            "Expected joints as recorded (got format 'agcn' in "
            f"'{raw}', whose clips are normalised and repeat up to 300 "
            'frames): convert .skeleton files instead'
        )
    data = NTURGBD(root, raw=raw, split='all', **options)
    if data.names[0].startswith(('train_', 'test_')):
        raise ValueError(
            f"Expected clips with names (got none in '{raw}'): put "
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
