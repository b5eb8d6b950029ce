"""What there is to run: every row of the presets with its command, its size
and the time that its training takes on this machine.

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

from experiments.sweep.presets import list_presets, load_preset
from experiments.sweep.session import Task, say
from experiments.sweep.sources import data_home, resolve

SIZES = ((48 * 3600, 86400, 'd'), (7200, 3600, 'h'), (120, 60, 'min'))


def duration(seconds: float) -> str:
    """A time in words."""
    for least, size, unit in SIZES:
        if seconds >= least:
            return f'{seconds / size:.{int(seconds / size < 10)}f} {unit}'
    return f'{max(seconds, 1):.0f} s'


def show(
    task: Task,
    args: Namespace,
    configure: Callable[[dict[str, Any]], Any],
) -> None:
    """Prints the presets that a command line asks for.

    Args:
        task: The task.
        args: The command line.
        configure: From a row of a preset to its settings.
    """
    prices = equal = None
    if task.prices is not None:
        prices = task.prices()
        if args.equal_macs is not None:
            rows = load_preset(args.task, args.equal_macs, args.overlay).rows
            if len(rows) != 1:
                raise ValueError(
                    "Expected '--equal_macs' to be preset/row (got "
                    f"'{args.equal_macs}')"
                )
            equal = prices.size(configure(*rows.values())).macs
    say(
        'The command of a row is `python experiments/run.py --task '
        f'{args.task}` and what its line begins with; without /row, all run.'
    )
    if prices is not None:
        say(prices.note())
    names = [args.preset] if args.preset else list(list_presets(args.task))
    for name in names:
        preset = load_preset(args.task, name, args.overlay)
        option = f'--preset {name.partition("/")[0]}/{{row}}'
        option += f' --overlay {args.overlay}' * (args.overlay is not None)
        data = args.data or preset.data
        if prices is not None:
            data = resolve(data, data_home(args.root), task.sources)
        lines, total = [], 0.0
        for row, values in preset.rows.items():
            figure, unit = task.paper
            printed = values.get('paper', {}).get(figure)
            parts = [option.format(row=row)]
            if prices is not None:
                config = configure(values)
                frames = task.sources[data].frames
                text, seconds = prices.price(config, frames, equal)
                parts.append(text)
                total += seconds
            parts += [f'(paper: {printed} {unit})'] * (printed is not None)
            lines.append('  ' + '   '.join(parts))
        title = f'{preset.name}: {preset.description.strip()}'
        if total:
            title += f' On {data}, all rows: {duration(total)} a seed.'
        say('\n'.join(['', title, *lines]))
