"""Makes a data set ready for training and says whether it is whole, or
explains what a file or folder is, or writes it in the format of other code.

    python tools/prepare.py utd_mhad --from ~/Downloads/Skeleton.zip
    python tools/prepare.py doctor ~/Downloads
    python tools/prepare.py export pyskl ntu60_3danno.pkl --from ~/Downloads

Raw files are read where they lie: nothing is copied, moved or extracted. What
is made of them goes to <root>/<class>/processed. Stopped and started again,
it goes on where the class can, and ends with the same bytes. Exits with 1 if
a check fails. docs/data.md has the command for each format.
"""

from __future__ import annotations

import os
import shlex
import warnings
from collections.abc import Iterable
from pathlib import Path
from typing import Any, Literal

from jsonargparse import ArgumentParser, Namespace
from tqdm import tqdm

from pyg_hcsf import datasets
from pyg_hcsf.datasets.checks.bvh_commands import bvh_commands
from pyg_hcsf.datasets.checks.commands import commands
from pyg_hcsf.datasets.checks.doctor import Found, diagnose, find_formats
from pyg_hcsf.datasets.checks.published import PUBLISHED
from pyg_hcsf.datasets.checks.verify import Check, verify
from pyg_hcsf.datasets.human36m.formats import detectors
from pyg_hcsf.datasets.ntu.benchmarks import BENCHMARKS
from pyg_hcsf.datasets.ntu.ctrgcn import write_ctrgcn
from pyg_hcsf.datasets.ntu.pyskl import write_pyskl

HOME = Path('datasets')
CLASSES: dict[str, Any] = {
    'human36m': datasets.Human36M,
    'mpi_inf_3dhp': datasets.MPIINF3DHP,
    'nturgbd': datasets.NTURGBD,
    'utd_mhad': datasets.UTDMHAD,
    'openmocap': datasets.OpenMocap,
    'cmu_mocap': datasets.CMUMocap,
    'hdm05': datasets.HDM05,
    'bvh_motion': datasets.BVHMotion,
}
FORMATS = {name: cls.formats for name, cls in CLASSES.items()}
# Options of the classes that do not change what is written.
SKIP = {
    *('root', 'raw', 'split', 'val_subjects', 'dropped'),
    *('log', 'force_reload', 'transform', 'pre_transform', 'pre_filter'),
}
SHOWN = 20  # files that are named, of many


def say(text: str) -> None:
    """Prints at once."""
    print(text, flush=True)


def make_parser() -> ArgumentParser:
    """The command line."""
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
        add_options(command, cls)
        commands.add_subcommand(name, command)
    command = ArgumentParser(
        description='Writes NTU RGB+D as the code of pyskl or CTR-GCN reads '
        'it, whatever the format it is held in.',
        exit_on_error=False,
    )
    command.add_argument('format', type=Literal['pyskl', 'ctrgcn'])
    command.add_argument('to', type=str, help='the file to write')
    add_options(command, datasets.NTURGBD)
    command.set_defaults(bodies='auto')
    commands.add_subcommand('export', command)
    doctor = ArgumentParser(
        description='Explains a file or folder.', exit_on_error=False
    )
    doctor.add_argument('path', type=str, help='the file or folder')
    commands.add_subcommand('doctor', doctor)
    return parser


def add_options(command: ArgumentParser, cls: Any) -> None:
    """The options of a class, and where its files lie."""
    command.add_argument(
        '--from',
        type=str | None,
        help='a file, folder or zip; default <root>/<class>/raw',
    )
    command.add_argument(
        '--root', type=str | None, help='data home; also PYG_HCSF_DATA'
    )
    command.add_class_arguments(cls, skip=SKIP)


def main(argv: list[str] | None = None) -> int:
    """Runs the command line; returns the exit code."""
    args = make_parser().parse_args(argv)
    if args.command == 'doctor':
        return explain(Path(args.doctor.path).expanduser())
    if args.command == 'export':
        return export(args.export)
    return prepare(args.command, args[args.command])


def prepare(name: str, args: Namespace) -> int:
    """Prepares one data set and checks it."""
    cls = CLASSES[name]
    options: dict[str, Any] = args.clone().as_dict()
    root, raw, found = look(name, options)
    chosen = options.get('format') or found[0].format.name
    for item in found:
        words = '' if item.format.name == chosen else ', not read'
        say(f"'{raw}': {_describe(item)}{words}")
    say(f"Read where they lie. What is made of them: '{root / 'processed'}'")
    checks, failures = [], []
    known = PUBLISHED[cls.__name__]({**options, 'format': chosen})
    for split, expected in known.splits.items():
        choice = {'split': split} if split else {}
        try:
            dataset = cls(root, raw=raw, **choice, **options)
        except ValueError as e:  # as where there is nothing for this split
            failures.append(e)
            checks.append(Check(split, str(e), False))
            continue
        desc = f'Checking {split}'.strip()
        lines = verify(tqdm(dataset, desc), dataset.skeleton, expected)
        title = f'{split}: ' if split else ''
        checks += [line._replace(what=title + line.what) for line in lines]
    if len(failures) == len(known.splits):
        raise failures[0]
    files = next((i.files for i in found if i.format.name == chosen), [])
    if missing := known.missing(files):
        checks.append(Check('raw files', f'missing {_list(missing)}', False))
    return report(checks)


def look(name: str, options: dict[str, Any]) -> tuple[Path, Path, list[Found]]:
    """Takes where things lie out of the options, and looks there."""
    cls = CLASSES[name]
    given, home = options.pop('from'), options.pop('root')
    home = Path(home or os.environ.get('PYG_HCSF_DATA') or HOME)
    root = home.expanduser() / cls.__name__
    raw = Path(given).expanduser() if given else root / 'raw'
    found, errors = find_formats(raw, {name: cls.formats})
    if not found:
        explain(raw)
        raise ValueError(
            f"Nothing in '{raw}' can be read by {cls.__name__}"
            + ''.join(f': {error}' for error in errors)
        )
    return root, raw, found


def export(args: Namespace) -> int:
    """Writes NTU RGB+D in the format of other code."""
    options: dict[str, Any] = args.clone().as_dict()
    form, to = options.pop('format'), Path(options.pop('to')).expanduser()
    if options['bodies'] == 'auto':  # as those whose format it is
        options['bodies'] = form
    root, raw, found = look('nturgbd', options)
    for item in found:
        say(f"'{raw}': {_describe(item)}")
    if any(item.format.name == 'agcn' for item in found):
        raise ValueError(
            "Expected joints as recorded to export (got format 'agcn' in "
            f"'{raw}', whose clips are turned and repeat up to 300 frames): "
            'export from .skeleton files instead'
        )
    data = datasets.NTURGBD(root, raw=raw, split='all', **options)
    if data.names[0].startswith(('train_', 'test_')):
        raise ValueError(
            f"Expected clips with names to export (got none in '{raw}'): put "
            "CTR-GCN's skes_available_name.txt beside its file"
        )
    bar = tqdm(total=len(data), desc=f'Writing {form}', unit='clip')

    def read(number: int) -> Any:
        bar.update()
        return data.joints(number)

    with bar:
        if form == 'pyskl':
            write_pyskl(to, data.names, read, data.rule.data)
        else:
            write_ctrgcn(to, data.names, read, data.benchmark)
    what = data.rule.data if form == 'pyskl' else data.benchmark
    say(f"'{to}': {len(data):,} clips of {what}, format '{form}'")
    return 0


def report(checks: list[Check]) -> int:
    """Prints the checks; returns the exit code."""
    words = {True: 'ok', False: 'FAIL', None: '-'}
    width = max(len(check.what) for check in checks)
    for check in checks:
        say(f'{words[check.passed]:4}  {check.what:{width}}  {check.found}')
    failed = sum(check.passed is False for check in checks)
    say(f'{failed} checks failed.' if failed else 'All checks passed.')
    return int(failed > 0)


def explain(path: Path) -> int:
    """Prints what a file or folder is; returns the exit code."""
    told = diagnose(path, FORMATS, lambda files: tqdm(files, 'Looking'))
    missing = 0
    broken = {file for file, _ in told.broken}
    for item in told.found:
        say(_describe(item))
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter('always')
            lines, missing_here = _advise(item, path, told.found, broken)
        for text in dict.fromkeys(str(warning.message) for warning in caught):
            say(f'  {text}')
        for text in lines:
            say(f'  {text}')
        missing += missing_here
    for file, kind in told.broken[:SHOWN]:
        say(f"'{file}' is {kind.text}\n  {kind.remedy}")
    if len(told.broken) > SHOWN:
        say(f'... and {len(told.broken) - SHOWN:,} more that cannot be read')
    for text in told.advice[:SHOWN]:
        say(text)
    for text, number in told.others.items():
        say(f'Not read: {number:,} file{"s" * (number > 1)}, {text}')
    if path.is_dir() and not (told.found or told.broken or told.others):
        say(f"'{path}' holds no files")
    if not told.found:
        say('No data set was found here: see docs/data.md for what is read.')
    return int(not told.found or bool(told.broken) or missing > 0)


def _advise(
    item: Found, path: Path, found: list[Found], broken: set[Path]
) -> tuple[list[str], int]:
    """The commands for what was found, and how much is missing."""
    if item.name == 'bvh_motion':
        lines, whole = bvh_commands(path, item.files)
        return lines, int(not whole)
    lines, missing = [], 0
    damaged = [file for file in item.files if file in broken]
    try:
        if damaged and item.format.name != 'skeleton':
            raise ValueError(f'damaged: {_list(map(str, damaged))}, see below')
        for words in commands(item, path, found):
            lines.append('python tools/prepare.py ' + shlex.join(words))
        lines += _hints(item)
    except ValueError as e:
        lines.append(f'not read as it is: {e}')
        missing = 1
    known = PUBLISHED[CLASSES[item.name].__name__]
    try:
        names = known({'format': item.format.name}).missing(item.files)
    except ValueError as e:
        lines += [str(e)] * (not any(str(e) in line for line in lines))
        return lines, 1
    if names:
        lines.append(f'missing {_list(names)}')
    return lines, missing + len(names)


def _hints(item: Found) -> list[str]:
    if item.name == 'nturgbd' and item.format.name in ('skeleton', 'pyskl'):
        return [f'--benchmark is one of {", ".join(BENCHMARKS)}']
    if item.name != 'human36m':
        return []
    try:
        names = list(detectors(item.format.name, item.files))
    except ValueError as e:
        return [str(e)]
    if item.format.name == 'vp3d':  # stacked hourglasses find no Neck/Nose
        names = [f'{n}{" --joints 16" * n.startswith("sh_")}' for n in names]
    return ['--keypoints is gt, or ' + ' or '.join(names)] * bool(names)


def _describe(item: Found) -> str:
    number = f'{len(item.files):,} file' + 's' * (len(item.files) > 1)
    return f"{number}, format '{item.format.name}': {item.format.description}"


def _list(names: Iterable[str]) -> str:
    names = list(names)
    more = len(names) - SHOWN
    return ', '.join(names[:SHOWN]) + f' and {more:,} more' * (more > 0)
