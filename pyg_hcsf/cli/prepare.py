"""Prepares a data set for training, and checks whether it is complete.

    pyg-hcsf prepare utd_mhad --from ~/Downloads/Skeleton.zip
    pyg-hcsf prepare human36m --help       # the options of a data set
    pyg-hcsf doctor ~/Downloads            # prints the command for your files

Raw files are read in place: nothing is copied, moved or extracted. Processed
files are written to <root>/<class>/processed. An interrupted command can be
run again: it continues where the class can, and writes the same bytes. The
exit code is 1 if a check fails. docs/data.md has the command for each format.
"""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

from pyg_hcsf.cli.command import CommandParser

if TYPE_CHECKING:
    from pyg_hcsf.datasets.checks.verify import Check

# As in pyg_hcsf.cli.dataset_options.CLASSES, which imports PyTorch.
DATA_SETS = (
    'human36m',
    'mpi_inf_3dhp',
    'nturgbd',
    'utd_mhad',
    'openmocap',
    'cmu_mocap',
    'hdm05',
    'bvh_motion',
)


def parse(argv: list[str] | None = None) -> tuple[str, dict[str, Any]]:
    """Parses the command line.

    Returns:
        The name of the data set, and its options.
    """
    words = sys.argv[1:] if argv is None else list(argv)
    parser = CommandParser(prog='pyg-hcsf prepare', description=__doc__)
    text = 'the data set: ' + ', '.join(DATA_SETS)
    parser.add_argument('name', choices=DATA_SETS, metavar='name', help=text)
    if words and words[0].startswith('-') and words[0] not in ('-h', '--help'):
        parser.error('give the name of the data set first, then its options')
    name = parser.parse_args(words[:1]).name

    from pyg_hcsf.cli.dataset_options import CLASSES, add_dataset_options

    cls = CLASSES[name]
    parser = CommandParser(
        prog=f'pyg-hcsf prepare {name}',
        description=f'Prepares {cls.__name__}, see datasets/{cls.__name__}/'
        'README.md.',
    )
    add_dataset_options(parser, cls)
    return name, vars(parser.parse_args(words[1:]))


def main(argv: list[str] | None = None) -> int:
    """Runs the command line; returns the exit code."""
    return prepare(*parse(argv))


def prepare(name: str, options: dict[str, Any]) -> int:
    """Processes one data set and checks it; returns the exit code."""
    from tqdm import tqdm

    from pyg_hcsf.cli.dataset_options import CLASSES, describe, list_names
    from pyg_hcsf.cli.paths import check_folder
    from pyg_hcsf.cli.raw_files import find_raw_files
    from pyg_hcsf.datasets.checks.expected_counts import EXPECTED_CONTENTS
    from pyg_hcsf.datasets.checks.verify import Check, verify

    cls = CLASSES[name]
    root, raw, found = find_raw_files(name, options)
    check_folder('--root', root / 'processed')
    chosen = options.get('format') or found[0].format.name
    for item in found:
        note = '' if item.format.name == chosen else ', not read'
        print(f"'{raw}': {describe(item)}{note}")
    print(
        'Raw files are read in place. Processed files are written to '
        f"'{root / 'processed'}'",
        flush=True,
    )
    checks, failures = [], []
    contents = EXPECTED_CONTENTS[cls.__name__]({**options, 'format': chosen})
    for split, expected in contents.splits.items():
        choice = {'split': split} if split else {}
        try:
            dataset = cls(root, raw=raw, **choice, **options)
        except ValueError as e:  # for example no clips of this split
            failures.append(e)
            checks.append(Check(split, str(e), False))
            continue
        clips = tqdm(dataset, f'Checking {split}'.strip())
        title = f'{split}: ' if split else ''
        checks += [
            check._replace(what=title + check.what)
            for check in verify(clips, dataset.skeleton, expected)
        ]
    if len(failures) == len(contents.splits):
        raise failures[0]
    for item in found:
        if item.format.name == chosen and (missing := contents.missing(item)):
            text = f'missing {list_names(missing)}'
            checks.append(Check('raw files', text, False))
    return report(checks)


def report(checks: list[Check]) -> int:
    """Prints the checks; returns 1 if one failed, otherwise 0."""
    words = {True: 'ok', False: 'FAIL', None: '-'}
    width = max(len(check.what) for check in checks)
    for check in checks:
        print(f'{words[check.passed]:4}  {check.what:{width}}  {check.found}')
    failed = sum(check.passed is False for check in checks)
    print(f'{failed} checks failed.' if failed else 'All checks passed.')
    return int(failed > 0)
