"""Lists presets with the command, the size and the estimated training time of
each row.

    python experiments/run.py --task pose --list
    python experiments/run.py --task pose --list --preset table7 \
        --overlay ablation --seed 0 1 2
    python experiments/run.py --task pose --list --preset openmocap \
        --equal_macs openmocap/hcsf     # the widths that cost the same
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from jsonargparse import Namespace

from experiments.reporting.page import wrap
from experiments.sweep.presets import list_presets, load_preset
from experiments.sweep.processes import print_once
from experiments.sweep.sources import data_home, resolve
from experiments.sweep.task import Task

SIZES = ((48 * 3600, 86400, 'd'), (7200, 3600, 'h'), (120, 60, 'min'))


def duration(seconds: float) -> str:
    """Formats a time, such as ``2.2 min``."""
    for least, size, unit in SIZES:
        if seconds >= least:
            return f'{seconds / size:.{int(seconds / size < 10)}f} {unit}'
    return f'{max(seconds, 1):.0f} s'


def print_presets(
    task: Task,
    args: Namespace,
    make_config: Callable[[dict[str, Any]], Any],
) -> None:
    """Prints the preset of ``--preset``, or all of a task.

    Args:
        task: The task.
        args: The command line.
        make_config: Makes the run config of a row of a preset.
    """
    print_once(
        wrap(
            'The command of a row is `python experiments/run.py --task '
            f'{args.task}` and what its line begins with; without /row, all '
            'run.'
        )
    )
    estimates, macs = None, None
    if task.cost_estimates is not None:
        estimates = task.cost_estimates()
        if args.equal_macs is not None:
            rows = load_preset(args.task, args.equal_macs, args.overlay).rows
            if len(rows) != 1:
                raise ValueError(
                    "Expected '--equal_macs' to be preset/row (got "
                    f"'{args.equal_macs}')"
                )
            macs = estimates.size(make_config(*rows.values())).macs
        print_once(wrap(' '.join(estimates.note().split())))
    figure, unit = task.paper
    for name in [args.preset] if args.preset else list_presets(args.task):
        preset = load_preset(args.task, name, args.overlay)
        option = f'--preset {name.partition("/")[0]}/'
        overlay = f' --overlay {args.overlay}' if args.overlay else ''
        data = args.data or preset.data
        if estimates is not None:
            data = resolve(data, data_home(args.root), task.sources)
        lines, total = [], 0.0
        for row, values in preset.rows.items():
            parts = [f'  {option}{row}{overlay}']
            if estimates is not None:
                frames = task.sources[data].frames
                config = make_config(values)
                text, seconds = estimates.describe(config, frames, macs)
                parts.append(text)
                total += seconds
            printed = values.get('paper', {}).get(figure)
            parts += [f'(paper: {printed} {unit})'] * (printed is not None)
            lines.append('   '.join(parts))
        title = f'{preset.name}: {preset.description.strip()}'
        if total:
            title += f' On {data}, all rows: {duration(total)} a seed.'
        texts = [wrap(line, indent=6) for line in lines]
        print_once('\n'.join(['', wrap(title), *texts]))
