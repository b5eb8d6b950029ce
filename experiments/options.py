"""The tasks and options of run.py, and their help.

Nothing here imports PyTorch, so that ``--help`` and errors are quick.
"""

from __future__ import annotations

import argparse
import textwrap
from collections.abc import Callable, Sequence
from dataclasses import MISSING, fields, is_dataclass
from typing import Any, NamedTuple, get_type_hints

from experiments.action import config as action
from experiments.bench.operator.config import BenchConfig
from experiments.lifting import config as lifting
from experiments.parsing import literals
from experiments.pose import config as pose
from experiments.sweep.presets import PRESETS
from pyg_hcsf.choices import did_you_mean
from pyg_hcsf.cli.argument_texts import argument_texts
from pyg_hcsf.cli.command import CommandParser, UsageError
from pyg_hcsf.safe_io.shown import shown

LOGS = ('csv', 'tensorboard')


class TaskOptions(NamedTuple):
    """What the command line of a task needs to know.

    Args:
        text: What the task does.
        module: The module with the :class:`experiments.sweep.task.Task`,
            which imports PyTorch.
        config: The class of its run configs.
        data: The names of its data sets.
        smoke: Shrinks a run config to one that takes seconds.
    """

    text: str
    module: str
    config: type
    data: tuple[str, ...]
    smoke: Callable[[Any], Any]


TASKS = {
    'pose': TaskOptions(
        'lift 2D keypoints of known cameras to 3D poses',
        'experiments.pose.task',
        pose.RunConfig,
        (
            'human36m',
            'openmocap',
            'synthetic',
            'mpi_inf_3dhp',
            'openmocap-rigs',
            'human36m-dev',
            'arrays',
            'bvh_motion',
        ),
        pose.smoke,
    ),
    'lift': TaskOptions(
        'lift 2D keypoints of any camera; trains the shipped weights',
        'experiments.lifting.task',
        lifting.LiftConfig,
        ('cmu', 'synthetic', 'real'),
        lifting.smoke,
    ),
    'action': TaskOptions(
        'classify the actions of 3D skeletons',
        'experiments.action.task',
        action.ActionConfig,
        (
            'ntu60-xsub',
            'ntu60-xview',
            'ntu120-xsub',
            'ntu120-xset',
            'utd_mhad',
            'hdm05',
            'cmu',
            'synthetic',
        ),
        action.smoke,
    ),
}
BENCH = 'time operators and networks'
BENCH_OPTIONS = ('task', 'preset', 'out', 'list', 'print_config', 'smoke')

# Options that are no settings of a run config: name, metavar, help. The first
# ones are shown by --help, all of them by --task TASK --help.
MAIN_OPTIONS = (
    ('task', 'TASK', f'{", ".join(TASKS)} or bench'),
    (
        'preset',
        'NAME[/ROW]',
        'the table to run, or one of its rows; default: default',
    ),
    ('data', 'NAME', 'the data set; default: that of the preset'),
    (
        'root',
        'FOLDER',
        'the folder with all data sets; default: PYG_HCSF_DATA or datasets/',
    ),
    ('seed', 'N ...', 'one run of each row for each seed; default: 0'),
    ('out', 'FOLDER', 'the folder for results; default: runs'),
    ('list', '', 'show the presets, or the rows of --preset, and stop'),
    ('print_config', '', 'show the settings of the rows, and stop'),
    ('smoke', '', 'check that everything works, with runs of seconds'),
    ('resume', '', 'continue runs that were interrupted'),
)
MORE_OPTIONS = (
    (
        'log',
        'LOG ...',
        'csv (default) writes log.csv in the folder of each run, tensorboard '
        'writes events there',
    ),
    (
        'overlay',
        'NAME',
        'a preset whose base settings replace those of --preset',
    ),
    (
        'purpose',
        'TEXT',
        'why the test people of openmocap are scored, for the ledger '
        'docs/results/test_scores.csv',
    ),
    ('partial', '', 'accept data that lack some subjects or actions'),
    (
        'equal_macs',
        'NAME/ROW',
        'with --list: show the widths of equal cost',
    ),
)
TEST_OPTIONS = (
    ('test_data', 'NAME', 'test the trained networks on another data set'),
    ('test_root', 'FOLDER', 'its data home; default: --root'),
    ('test_protocol', 'NAME', 'its protocol; default: that of the data'),
    ('test_keypoints', 'NAME', 'its 2D input; default: that of the data'),
)
OPTIONS = (*MAIN_OPTIONS, *MORE_OPTIONS, *TEST_OPTIONS)
TEXT = """Trains and tests skeletal graph networks, and reports them in tables.

    python experiments/run.py --task pose
    python experiments/run.py --task pose --preset openmocap/hcsf \\
        --root $PYG_HCSF_DATA --seed 0 1 2

The first command compares all networks, on generated motion if no data are
found. A preset is a file of experiments/presets/TASK; its rows are the rows
of a table. A finished run is not repeated. Results go to
OUT/TASK/PRESET/ROW/SEED/, the report to OUT/TASK/PRESET/report.md.
"""
END = """Every setting of a run is an option too, such as --train.steps 500:
--task pose --help lists those of a task.
"""


def find_task(argv: Sequence[str]) -> str | None:
    """Reads only --task, as the other options depend on it."""
    parser = CommandParser(prog='run.py', add_help=False)
    parser.add_argument('--task')
    args, rest = parser.parse_known_args(list(argv))
    known = [f'--{name}' for name, _, _ in OPTIONS]
    for word in rest if args.task is None else ():
        nearest = did_you_mean(word.partition('=')[0], known)
        if word not in known and nearest.endswith("'--task'?"):
            raise UsageError(f"unknown option '{word[:80]}'{nearest}")
    return args.task


def check_task(name: str | None) -> str:
    """Checks the value of --task.

    Raises:
        UsageError: If there is no such task.
    """
    known = (*TASKS, 'bench')
    if name not in known:
        raise UsageError(
            f"Expected '--task' to be {', '.join(map(repr, TASKS))} or "
            f"'bench' (got {'none' if name is None else shown(name)})"
            + did_you_mean(name, known)
        )
    return name


def help_text(task: str | None = None) -> str:
    """The text of ``--help``: of all tasks, or all options of one."""
    parser = argparse.ArgumentParser(
        prog='run.py',
        usage='python experiments/run.py --task TASK [options]',
        description=TEXT,
        epilog=END if task is None else None,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        add_help=False,
    )
    if task is None:
        group = parser.add_argument_group('tasks')
        for name, about in TASKS.items():
            _show(group, name, '', about.text)
        _show(group, 'bench', '', BENCH)
    group = parser.add_argument_group('options')
    for name, metavar, text in MAIN_OPTIONS:
        if task != 'bench' or name in BENCH_OPTIONS:
            _show(group, f'--{name}', metavar, text)
    _show(group, '--help', '', 'show this help, or that of --task TASK')
    if task is None:
        return parser.format_help()
    if task == 'bench':
        _show_settings(parser, 'settings', '--', BenchConfig)
        return parser.format_help()
    _add_task_help(parser, task)
    return parser.format_help()


def _add_task_help(parser: argparse.ArgumentParser, task: str) -> None:
    about = TASKS[task]
    presets = sorted(p.stem for p in (PRESETS / task).glob('*.yaml'))
    values = {'--preset': presets, '--data': ('auto', *about.data)}
    lines = [
        textwrap.fill(f'{name}: {", ".join(known)}', 77)
        for name, known in values.items()
    ]
    parser.add_argument_group('values', '\n'.join(lines))
    group = parser.add_argument_group('further options')
    more = (*MORE_OPTIONS, *TEST_OPTIONS * (task == 'pose'))
    for name, metavar, text in more:
        _show(group, f'--{name}', metavar, text)
    hints = get_type_hints(about.config)
    for name, kind in hints.items():
        if is_dataclass(kind):
            _show_settings(parser, name, f'--{name}.', kind)
    texts = argument_texts(about.config)
    group = parser.add_argument_group('other settings')
    for name in hints:
        if not is_dataclass(hints[name]):
            _show(group, f'--{name}', 'VALUE', texts[name])


def _show_settings(
    parser: argparse.ArgumentParser, title: str, prefix: str, kind: Any
) -> None:
    texts, hints = argument_texts(kind), get_type_hints(kind)
    group = parser.add_argument_group(title)
    for field in fields(kind):
        text = texts[field.name].rstrip('.')
        default = field.default
        if field.default_factory is not MISSING:
            default = field.default_factory()
        values = ', '.join(map(str, literals(hints[field.name])))
        text += f': {values}' * bool(values)
        if default not in (None, '', [], {}):
            shown = str(default)
            shown = shown.lower() if isinstance(default, bool) else shown
            text += f'; default: {shown}'
        _show(group, prefix + field.name, 'VALUE', text)


def _show(group: Any, name: str, metavar: str, text: str) -> None:
    """Adds a line to a help text."""
    if not metavar:
        options: dict[str, Any] = {'action': 'store_true'}
    else:
        options = {'metavar': metavar}
    if not name.startswith('-'):
        options = {'nargs': '?'}
    group.add_argument(name, help=text.replace('%', '%%'), **options)
