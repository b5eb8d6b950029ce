"""Trains and tests skeletal graph networks, one table row at a time.

python experiments/run.py --help explains tasks, presets and options.
"""

from __future__ import annotations

import shlex
import sys
from collections.abc import Sequence
from dataclasses import asdict, replace
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any

import yaml
from jsonargparse import Namespace

# `python experiments/run.py` puts this folder on the path, not the repository.
sys.path.insert(0, str(Path(__file__).parents[1]))

from experiments.options import TASKS, check_task, find_task, help_text
from experiments.run_parser import RunParser
from experiments.sweep.presets import Preset, load_preset
from experiments.sweep.processes import (
    RANK,
    WORLD,
    join_processes,
    print_once,
)
from experiments.sweep.sources import data_home, resolve
from pyg_hcsf.cli.command import require, run_command
from pyg_hcsf.cli.paths import check_folder

if TYPE_CHECKING:  # the tasks import PyTorch, when they are needed
    from experiments.sweep.task import RunSpec, Task

SHOWN = ('--list', '--print_config', '--help', '-h')  # which train nothing


def load_task(name: str) -> Task:
    """Imports a task."""
    return import_module(TASKS[name].module).TASK


def make_config(task: str, settings: dict[str, Any], *argv: str) -> Any:
    """The run config of a preset's row, changed by options ``argv``."""
    return RunParser(task).make_config(settings, ['--task', task, *argv])


def main(argv: list[str] | None = None) -> Path | None:
    """Runs the command line; returns the path of the report."""
    try:
        return _run(sys.argv[1:] if argv is None else argv)
    finally:
        if WORLD > 1:
            import torch.distributed as dist

            if dist.is_initialized():
                dist.destroy_process_group()


def resume_command(argv: Sequence[str]) -> str:
    """The message after an interrupt: how to continue."""
    if find_task(argv) not in TASKS or {*SHOWN} & {*argv}:
        return 'stopped'
    words = [word for word in argv if word != '--resume']
    command = shlex.join(['python', 'experiments/run.py', *words, '--resume'])
    return f'stopped; to continue: {command}'


def _run(argv: Sequence[str]) -> Path | None:
    name = find_task(argv)
    if {'-h', '--help'} & {*argv}:
        print_once(help_text(None if name is None else check_task(name)))
        return None
    if check_task(name) == 'bench':
        from experiments.bench.operator import task as bench

        return bench.main(list(argv))
    # jsonargparse would print its own view of this flag, of one row only.
    print_config = '--print_config' in argv
    argv = [word for word in argv if word != '--print_config']
    parser = RunParser(str(name))
    args = parser.parse(argv)
    if args.list:
        from experiments.sweep.listing import print_presets

        task = load_task(args.task)
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
    check_folder('--out', Path(args.out))
    if 'tensorboard' in args.log:
        require('tensorboard')
    root = data_home(args.root)
    return _run_rows(preset, configs, root, args, argv)


def _run_rows(
    preset: Preset,
    configs: dict[str, Any],
    root: Path,
    args: Namespace,
    argv: Sequence[str],
) -> Path | None:
    """Trains and tests all rows with all seeds, and reports them."""
    task = load_task(args.task)
    data = resolve(args.data or preset.data, root, task.sources)
    if task.check is not None:
        for config in configs.values():
            task.check(config, data)
    if args.test_data is not None:
        from experiments.pose import transfer

        transfer.test_home(args)  # raises errors before the training
    if data == 'synthetic' and args.data is None:
        print_once(
            f"No {task.required_data} found under '{root}': this run is on "
            'SyntheticMotion, our own procedural data.'
        )
    join_processes()
    command = shlex.join(['python', 'experiments/run.py', *argv])
    specs = _run_specs(preset, configs, data, root, args, command)
    trained = [_run_once(task, spec, args) for spec in specs]
    folder = specs[0].folder.parents[1]
    if args.test_data is not None:
        folder, data = transfer.run(folder, specs, args), args.test_data
        trained = [True]
    return _report(task, folder, configs, data, any(trained))


def _run_once(task: Task, spec: RunSpec, args: Namespace) -> bool:
    """Trains and tests one row with one seed; False if that is done."""
    from experiments.sweep.finished import is_finished, request_key

    spec = replace(spec, request=request_key(spec, task.sources[spec.data]))
    if args.test_data is not None:  # needs settings that the run completes
        from experiments.pose import transfer

        if transfer.trained_elsewhere(spec):
            print_once(f'{spec.title}: finished, in {spec.folder}')
            return True
    elif is_finished(spec, task.run.arrays_file):
        print_once(f'{spec.title}: finished before, in {spec.folder}')
        return False
    task.run(spec).run()
    return True


def _run_specs(
    preset: Preset,
    configs: dict[str, Any],
    data: str,
    root: Path,
    args: Namespace,
    command: str,
) -> list[RunSpec]:
    """The runs of each seed and row."""
    from experiments.sweep.task import RunSpec

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
            log=tuple(args.log),
            purpose=args.purpose or '',
            metadata={
                'preset': name,
                'row': row,
                'label': config.label,
                'order': order,
                'command': command,
                **({'smoke': True} if args.smoke else {}),
                **({'paper': config.paper} if config.paper else {}),
            },
        )
        for seed in dict.fromkeys(args.seed)
        for order, (row, config) in enumerate(configs.items())
    ]


def _report(
    task: Task, folder: Path, configs: dict[str, Any], data: str, new: bool
) -> Path | None:
    """Writes the report, unless no run of it is new, and prints the summary
    of the rows that were run.
    """
    path = None
    finished = list(folder.glob('*/*/metrics.json'))
    if not finished:
        print_once('No run has finished yet.')
    elif RANK == 0:
        path = folder / 'report.md'
        written = path.stat().st_mtime if path.is_file() else 0.0
        latest = max(metrics.stat().st_mtime for metrics in finished)
        if new or written < latest:
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
        import torch.distributed as dist

        dist.barrier()
    return path


if __name__ == '__main__':
    run_command(main, resume_command(sys.argv[1:]))
