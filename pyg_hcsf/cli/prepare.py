"""Prepares a data set for training and checks whether it is complete; or
examines a file or folder; or writes the format of other code.

    python tools/prepare.py utd_mhad --from ~/Downloads/Skeleton.zip
    python tools/prepare.py doctor ~/Downloads
    python tools/prepare.py export pyskl ntu60_3danno.pkl --from ~/Downloads

Raw files are read in place: nothing is copied, moved or extracted. Processed
files are written to <root>/<class>/processed. An interrupted command can be
run again: it continues where the class can, and writes the same bytes. The
exit code is 1 if a check fails. docs/data.md has the command for each format.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from jsonargparse import ArgumentParser, Namespace
from tqdm import tqdm

from pyg_hcsf.cli import doctor, export
from pyg_hcsf.cli.dataset_options import (
    CLASSES,
    add_dataset_options,
    describe,
    list_names,
)
from pyg_hcsf.datasets.checks.expected_counts import EXPECTED_CONTENTS
from pyg_hcsf.datasets.checks.verify import Check, verify


def make_parser() -> ArgumentParser:
    """Makes the command line parser."""
    parser = ArgumentParser(
        prog='prepare.py',
        description=__doc__.split('\n\n')[0],
        exit_on_error=False,
    )
    commands = parser.add_subcommands(dest='command')
    for name, cls in CLASSES.items():
        command = ArgumentParser(
            description=f'Prepares {cls.__name__}.', exit_on_error=False
        )
        add_dataset_options(command, cls)
        commands.add_subcommand(name, command)
    commands.add_subcommand('export', export.make_parser())
    commands.add_subcommand('doctor', doctor.make_parser())
    return parser


def main(argv: list[str] | None = None) -> int:
    """Runs the command line; returns the exit code."""
    args = make_parser().parse_args(argv)
    if args.command == 'doctor':
        return doctor.examine(Path(args.doctor.path).expanduser())
    if args.command == 'export':
        return export.export(args.export)
    return prepare(args.command, args[args.command])


def prepare(name: str, args: Namespace) -> int:
    """Processes one data set and checks it; returns the exit code."""
    cls = CLASSES[name]
    options: dict[str, Any] = args.clone().as_dict()
    root, raw, found = doctor.find_raw_files(name, options)
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
    """Prints the checks; returns the exit code."""
    words = {True: 'ok', False: 'FAIL', None: '-'}
    width = max(len(check.what) for check in checks)
    for check in checks:
        print(f'{words[check.passed]:4}  {check.what:{width}}  {check.found}')
    failed = sum(check.passed is False for check in checks)
    print(f'{failed} checks failed.' if failed else 'All checks passed.')
    return int(failed > 0)
