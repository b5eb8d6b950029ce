"""Trains and evaluates skeletal graph networks, a row of a table at a time.
--task pose lifts 2D keypoints, --task lift those of any camera, --task action
names actions, --task bench times networks: see bench/operator/task.py.

    python experiments/run.py --task pose               # all models
    python experiments/run.py --task pose --list           # what there is
    python experiments/run.py --task pose --preset openmocap/hcsf \
        --data openmocap --root ../shared/data --seed 0 1 2
    python experiments/run.py --task pose --preset openmocap/hcsf \
        --test_data mpi_inf_3dhp                        # on another data set
    python experiments/run.py --task pose --preset paper/hcsf --print_config
    torchrun --nproc_per_node 2 experiments/run.py --task pose --preset ...
    python experiments/run.py --task lift --root ../shared/data
    python experiments/run.py --task action --root ../shared/data
    python experiments/run.py --task bench              # what it all costs

Any setting can be changed: --model.dropout 0, --train.steps 500, and so on.
Results go to runs/<task>/<preset>/<row>/<seed>/; the report, with tables and
pictures, to runs/<task>/<preset>/report.md. --resume goes on after a kill.
"""

from __future__ import annotations

import shlex
import sys
from contextlib import ExitStack
from dataclasses import asdict, is_dataclass
from pathlib import Path
from typing import Any, get_type_hints

import torch.distributed as dist
import yaml
from jsonargparse import ArgumentParser

# `python experiments/run.py` puts this file's folder on the path, not the
# folder above it, in which the packages lie.
sys.path.insert(0, str(Path(__file__).parents[1]))

import experiments.action.task
import experiments.bench.operator.task
import experiments.lifting.task
import experiments.pose.task
from experiments.pose import transfer
from experiments.sweep import listing
from experiments.sweep.presets import load_preset, refuse_classes
from experiments.sweep.session import RANK, WORLD, Task, join_processes, say
from experiments.sweep.sources import data_home, resolve
from pyg_hcsf.cli.command import CommandParser, UsageError, run_command
from pyg_hcsf.safe_io.shown import shown


def make_parser(task: Task) -> ArgumentParser:
    """The command line of a task."""
    parser = ArgumentParser(
        prog='run.py',
        description=__doc__.split('\n')[0],
        exit_on_error=False,
    )
    parser.add_argument('--task', type=str, help='pose, lift, action or bench')
    parser.add_argument(
        '--preset', type=str | None, help="a name or name/row; else 'default'"
    )
    parser.add_argument(
        '--overlay', type=str | None, help='a preset, to train rows as it does'
    )
    names = ', '.join(['auto', *task.sources])
    parser.add_argument('--data', type=str | None, help=names)
    parser.add_argument(
        '--root', type=str | None, help='data home; also PYG_HCSF_DATA'
    )
    transfer.add_arguments(parser)
    parser.add_argument('--seed', type=int, nargs='+', default=[0])
    parser.add_argument('--out', type=str, default='runs', help='for results')
    parser.add_argument(
        '--smoke', action='store_true', help='seconds, to see that it works'
    )
    parser.add_argument(
        '--partial',
        action='store_true',
        help='run on data that lack some subjects or actions',
    )
    parser.add_argument(
        '--resume', action='store_true', help='go on where a run was stopped'
    )
    parser.add_argument(
        '--list',
        action='store_true',
        help='show presets (or that of --preset): rows, size, time',
    )
    parser.add_argument(
        '--equal_macs',
        type=str | None,
        help='a preset/row: --list shows at which width others cost as much',
    )
    parser.add_argument(
        '--print_config', action='store_true', help='show settings, and stop'
    )
    for name, kind in get_type_hints(task.config).items():
        if is_dataclass(kind):
            # As a group of its own it would read '--model FILE', and import
            # the classes that the file names.
            parser.add_class_arguments(kind, name, as_group=False)
        else:
            default = getattr(task.config(), name)
            parser.add_argument(f'--{name}', type=kind, default=default)
    return parser


def row_config(row: dict[str, Any], argv: list[str]) -> Any:
    """A row of a preset, changed by the command line."""
    task = TASKS[_task(argv) or 'pose']
    refuse_classes(row)
    parser = make_parser(task)
    kinds = get_type_hints(task.config)
    groups = {name for name, kind in kinds.items() if is_dataclass(kind)}
    parser.set_defaults(_flatten(row, groups))
    args = parser.parse_args(argv)
    values = {name: args[name] for name in kinds}
    for name in groups:
        values[name] = kinds[name](**values[name].as_dict())
    config = task.config(**values)
    return task.smoke(config) if args.smoke else config


def _flatten(row: dict[str, Any], groups: set[str]) -> dict[str, Any]:
    out = {}
    for group, values in row.items():
        if group in groups:
            out.update({f'{group}.{key}': v for key, v in values.items()})
        else:
            out[group] = values
    return out


def main(argv: list[str] | None = None) -> Path | None:
    """Runs the command line; returns the path of the report."""
    try:
        return _run(argv)
    finally:
        if dist.is_initialized():
            dist.destroy_process_group()


def _run(argv: list[str] | None) -> Path | None:
    argv = sys.argv[1:] if argv is None else argv
    name = _task(argv)
    if name == 'bench':
        return experiments.bench.operator.task.main(argv)
    if name not in TASKS:
        known = ', '.join(map(repr, TASKS))
        raise UsageError(
            f"Expected '--task' to be {known} or 'bench' (got {shown(name)})"
        )
    task = TASKS[name]
    # jsonargparse wants to print its own view of this flag, of one row only.
    show = '--print_config' in argv
    argv = [word for word in argv if word != '--print_config']
    if odd := [word for word in argv if 'class_path' in word]:
        raise UsageError(  # jsonargparse would import what it names
            "Expected settings to be plain values, without 'class_path' (got "
            f'{shown(odd[0])})'
        )
    args = make_parser(task).parse_args(argv)
    if args.list:
        listing.show(task, args, lambda row: row_config(row, argv))
        return None
    preset = load_preset(args.task, args.preset or 'default', args.overlay)
    configs = {row: row_config(v, argv) for row, v in preset.rows.items()}
    if show:
        configs_as_dict = {row: asdict(c) for row, c in configs.items()}
        say(yaml.safe_dump(configs_as_dict, sort_keys=False))
        return None

    root = data_home(args.root)
    data = resolve(args.data or preset.data, root, task.sources)
    if args.test_data is not None:
        if name != 'pose':
            raise UsageError(
                "Expected '--test_data' with '--task pose' only (got "
                f"'--task {name}')"
            )
        transfer.test_home(args)  # before training
    if data == 'synthetic' and args.data is None:
        say(
            f"No {task.wants} found under '{root}': this run is on "
            'SyntheticMotion, our own procedural data.'
        )
    join_processes()
    folder = Path(args.out) / args.task / preset.name
    if args.smoke:
        folder = Path(args.out) / args.task / f'{preset.name}-smoke'
    command = shlex.join(['python', 'experiments/run.py', *argv])
    for seed in dict.fromkeys(args.seed):
        for row, config in configs.items():
            place = {
                **{'preset': folder.name, 'row': row, 'label': config.label},
                'order': list(preset.rows).index(row),
                'command': command,
                **({'paper': config.paper} if config.paper else {}),
            }
            target = folder / row / str(seed)
            if args.test_data is not None and transfer.finished_elsewhere(
                target, config, data, root
            ):
                say(f'{config.label} seed {seed}: finished, in {target}')
                continue
            run = (target, config, data, root, seed, args, place)
            with ExitStack() as held:
                task.run_row(*run, held)
    if args.test_data is not None:
        folder, data = transfer.run(
            folder,
            configs,
            data,
            args,
            command,
            experiments.pose.task.build_model,
            say,
        )
    path = None
    finished = any(folder.glob('*/*/metrics.json'))
    if RANK == 0 and not finished:  # others are at it
        say('Nothing is finished yet.')
    elif RANK == 0:
        path = task.report.write_report(folder)
        runs = [
            run
            for run in task.report.load_runs(folder)
            if run.metrics['row'] in configs
            and run.metrics['data_name'] == data
        ]
        say(task.report.print_summary(runs))
        say(f'\nTables and pictures: {path}')
    if WORLD > 1:
        dist.barrier()
    return path


def _task(argv: list[str]) -> str | None:
    """The task alone, as each has settings of its own."""
    parser = CommandParser(add_help=False, allow_abbrev=False)
    parser.add_argument('--task')
    return parser.parse_known_args(argv)[0].task


TASKS = {
    'pose': experiments.pose.task.TASK,
    'lift': experiments.lifting.task.TASK,
    'action': experiments.action.task.TASK,
}


if __name__ == '__main__':
    run_command(main, 'stopped: the same command with --resume goes on')
