"""Trains and evaluates skeletal graph networks, one table row at a time.
--task pose lifts 2D keypoints of known cameras, --task lift those of any
camera, --task action classifies actions, --task bench times networks.

    python experiments/run.py --task pose               # all models
    python experiments/run.py --task pose --list        # all presets
    python experiments/run.py --task pose --preset openmocap/hcsf \
        --data openmocap --root $PYG_HCSF_DATA --seed 0 1 2
    python experiments/run.py --task pose --preset openmocap/hcsf \
        --test_data mpi_inf_3dhp                        # on another data set
    python experiments/run.py --task pose --preset paper/hcsf --print_config
    torchrun --nproc_per_node 2 experiments/run.py --task pose --preset ...
    python experiments/run.py --task lift --root $PYG_HCSF_DATA
    python experiments/run.py --task action --root $PYG_HCSF_DATA
    python experiments/run.py --task bench              # times and memory

Any setting can be changed: --model.dropout 0, --train.steps 500, and so on.
Results go to runs/<task>/<preset>/<row>/<seed>/; the report, with tables and
pictures, to runs/<task>/<preset>/report.md. --resume continues after a kill.
"""

from __future__ import annotations

import shlex
import sys
from dataclasses import asdict, is_dataclass
from pathlib import Path
from typing import Any, get_type_hints

import torch.distributed as dist
import yaml
from jsonargparse import ArgumentParser, Namespace

# `python experiments/run.py` puts this folder on the path, not the repository.
sys.path.insert(0, str(Path(__file__).parents[1]))

import experiments.action.task
import experiments.bench.operator.task
import experiments.lifting.task
import experiments.pose.task
from experiments.pose import transfer
from experiments.sweep.listing import print_presets
from experiments.sweep.presets import Preset, load_preset, refuse_classes
from experiments.sweep.processes import (
    RANK,
    WORLD,
    join_processes,
    print_once,
)
from experiments.sweep.sources import data_home, resolve
from experiments.sweep.task import RunSpec, Task
from pyg_hcsf.cli.command import CommandParser, UsageError, run_command
from pyg_hcsf.safe_io.shown import shown

TASKS = {
    'pose': experiments.pose.task.TASK,
    'lift': experiments.lifting.task.TASK,
    'action': experiments.action.task.TASK,
}


class RunParser:
    """The command line of a task, whose defaults come from presets."""

    def __init__(self, task: Task) -> None:
        self.task = task
        self.types = get_type_hints(task.config)
        self.groups = {
            name for name, kind in self.types.items() if is_dataclass(kind)
        }
        self.parser = ArgumentParser(
            prog='run.py',
            description=__doc__.split('\n')[0],
            exit_on_error=False,
        )
        _add_arguments(self.parser, task)
        for name, kind in self.types.items():
            if name in self.groups:
                # As a group, jsonargparse would accept '--model FILE' and
                # import the classes that the file names.
                self.parser.add_class_arguments(kind, name, as_group=False)
            else:
                default = getattr(task.config(), name)
                self.parser.add_argument(
                    f'--{name}', type=kind, default=default
                )
        self.defaults = self._flatten(asdict(task.config()))

    def parse(self, argv: list[str]) -> Namespace:
        """Parses a command line without a preset."""
        return self.parser.parse_args(argv)

    def make_config(self, settings: dict[str, Any], argv: list[str]) -> Any:
        """The run config of a preset's row, changed by the command line."""
        refuse_classes(settings)
        self.parser.set_defaults({**self.defaults, **self._flatten(settings)})
        args = self.parser.parse_args(argv)
        values = {name: args[name] for name in self.types}
        for name in self.groups:
            values[name] = self.types[name](**values[name].as_dict())
        config = self.task.config(**values)
        return self.task.smoke(config) if args.smoke else config

    def _flatten(self, settings: dict[str, Any]) -> dict[str, Any]:
        out = {}
        for name, values in settings.items():
            if name in self.groups:
                out.update({f'{name}.{key}': v for key, v in values.items()})
            else:
                out[name] = values
        return out


def _add_arguments(parser: ArgumentParser, task: Task) -> None:
    """Adds the options that are no settings of a run config."""
    add = parser.add_argument
    names = ', '.join(['auto', *task.sources])
    add('--task', type=str, help='pose, lift, action or bench')
    add('--seed', type=int, nargs='+', default=[0])
    add('--out', type=str, default='runs', help='folder for results')
    for option, text in {
        'preset': "a name or name/row; else 'default'",
        'overlay': 'a preset whose base settings to use',
        'data': names,
        'root': 'data home (default: $PYG_HCSF_DATA)',
        'equal_macs': 'a preset/row: --list shows the widths of equal cost',
        **transfer.OPTIONS,
    }.items():
        add(f'--{option}', type=str | None, help=text)
    for option, text in {
        'smoke': 'run for seconds, as a test',
        'partial': 'run on data that lack some subjects or actions',
        'resume': 'continue an interrupted run',
        'list': 'show all presets (or --preset): rows, size, time',
        'print_config': 'show the settings, and stop',
    }.items():
        add(f'--{option}', action='store_true', help=text)


def make_config(task: str, settings: dict[str, Any], *argv: str) -> Any:
    """The run config of a preset's row, changed by options ``argv``."""
    return RunParser(TASKS[task]).make_config(
        settings, ['--task', task, *argv]
    )


def main(argv: list[str] | None = None) -> Path | None:
    """Runs the command line; returns the path of the report."""
    try:
        return _run(sys.argv[1:] if argv is None else argv)
    finally:
        if dist.is_initialized():
            dist.destroy_process_group()


def _run(argv: list[str]) -> Path | None:
    name = _task_name(argv)
    if name == 'bench':
        return experiments.bench.operator.task.main(argv)
    if name not in TASKS:
        known = ', '.join(map(repr, TASKS))
        raise UsageError(
            f"Expected '--task' to be {known} or 'bench' (got {shown(name)})"
        )
    _refuse_class_paths(argv)
    # jsonargparse would print its own view of this flag, of one row only.
    print_config = '--print_config' in argv
    argv = [word for word in argv if word != '--print_config']
    task, parser = TASKS[name], RunParser(TASKS[name])
    args = parser.parse(argv)
    if args.list:
        print_presets(task, args, lambda row: parser.make_config(row, argv))
        return None
    preset = load_preset(args.task, args.preset or 'default', args.overlay)
    configs = {
        row: parser.make_config(settings, argv)
        for row, settings in preset.rows.items()
    }
    if print_config:
        values = {row: asdict(config) for row, config in configs.items()}
        print_once(yaml.safe_dump(values, sort_keys=False))
        return None
    root = data_home(args.root)
    data = resolve(args.data or preset.data, root, task.sources)
    if args.test_data is not None:
        transfer.test_home(args)  # raises errors before the training
    if data == 'synthetic' and args.data is None:
        print_once(
            f"No {task.required_data} found under '{root}': this run is on "
            'SyntheticMotion, our own procedural data.'
        )
    join_processes()
    command = shlex.join(['python', 'experiments/run.py', *argv])
    specs = _run_specs(preset, configs, data, root, args, command)
    for spec in specs:
        if args.test_data is not None and transfer.trained_elsewhere(spec):
            print_once(f'{spec.title}: finished, in {spec.folder}')
        else:
            task.run(spec).run()
    folder = specs[0].folder.parents[1]
    if args.test_data is not None:
        folder, data = transfer.run(folder, specs, args), args.test_data
    return _report(task, folder, configs, data)


def _refuse_class_paths(argv: list[str]) -> None:
    """Raises an error for options that jsonargparse would import."""
    for word in argv:
        if 'class_path' in word:
            raise UsageError(
                "Expected settings to be plain values, without 'class_path' "
                f'(got {shown(word)})'
            )


def _run_specs(
    preset: Preset,
    configs: dict[str, Any],
    data: str,
    root: Path,
    args: Namespace,
    command: str,
) -> list[RunSpec]:
    """The runs of each seed and row."""
    name = preset.name + '-smoke' * args.smoke
    return [
        RunSpec(
            folder=Path(args.out) / args.task / name / row / str(seed),
            config=config,
            data=data,
            root=root,
            seed=seed,
            partial=args.partial,
            smoke=args.smoke,
            resume=args.resume,
            metadata={
                'preset': name,
                'row': row,
                'label': config.label,
                'order': order,
                'command': command,
                **({'paper': config.paper} if config.paper else {}),
            },
        )
        for seed in dict.fromkeys(args.seed)
        for order, (row, config) in enumerate(configs.items())
    ]


def _report(
    task: Task, folder: Path, configs: dict[str, Any], data: str
) -> Path | None:
    """Writes the report, prints the summary of the rows that were run."""
    path = None
    finished = any(folder.glob('*/*/metrics.json'))
    if not finished:
        print_once('No run has finished yet.')
    elif RANK == 0:
        path = task.report.write(folder)
        runs = [
            run
            for run in task.report.load_runs(folder)
            if run.metrics['row'] in configs
            and run.metrics['data_name'] == data
        ]
        print_once(task.report.print_summary(runs))
        print_once(f'\nTables and pictures: {path}')
    if WORLD > 1:
        dist.barrier()
    return path


def _task_name(argv: list[str]) -> str | None:
    """Reads only --task, as the other options depend on it."""
    parser = CommandParser(add_help=False)
    parser.add_argument('--task')
    return parser.parse_known_args(argv)[0].task


if __name__ == '__main__':
    run_command(main, 'stopped: the same command with --resume continues')
