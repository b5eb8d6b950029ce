"""What to run for a file or folder of BVH files."""

from __future__ import annotations

import json
import shlex
import warnings
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

from pyg_hcsf.datasets.mocap.bvh.interpretation import Reading, plan_reading
from pyg_hcsf.datasets.mocap.bvh.reader import read_bvh

FPS = 25.0  # that clips are resampled to unless told otherwise
NAMED = 20  # files that are named, of many


def advise_bvh(path: Path, files: Sequence[Path]) -> tuple[list[str], bool]:
    r"""The commands that prepare BVH files, each with what they read.

    Files are tried as :class:`~pyg_hcsf.datasets.BVHMotion` reads them.
    Joints that were guessed are written into a command, to be checked.

    Args:
        path (pathlib.Path): What to read: a file, or the folder of them.
        files (sequence of pathlib.Path): The files.

    Returns:
        Lines of text, and whether all files can be read.

    Example:
        >>> lines, whole = advise_bvh(Path('bvh'), bvh_files(Path('bvh')))
    """
    plans: list[tuple[Reading, float]] = []
    guesses: dict[str, list[tuple[Reading, float]]] = {}
    examples: dict[str, Path] = {}
    failed = []
    notes: list[str] = []
    for file in files:
        try:
            with warnings.catch_warnings(record=True) as said:
                warnings.simplefilter('always')
                bvh = read_bvh(file)
            plan = plan_reading(bvh)
            plans.append((plan, bvh.fps))
            if plan.rig.guessed:
                text = json.dumps(plan.rig.joint_map, ensure_ascii=False)
                guesses.setdefault(text, []).append((plan, bvh.fps))
                examples.setdefault(text, file)
            notes += [str(warning.message) for warning in said]
            notes += [f'{file}: {text}' for text in plan.notes]
        except ValueError as e:
            text = str(e)
            failed.append(text if str(file) in text else f'{file}: {text}')
    lines = []
    command = (
        f'python tools/prepare.py bvh_motion --from {shlex.quote(str(path))}'
    )
    known = [item for item in plans if not item[0].rig.guessed]
    if known:
        lines.append(command + _options(known))
        what = Counter(
            f'{plan.rig.name}, in {plan.unit}, {plan.up} up, {fps:g} Hz'
            for plan, fps in known
        )
        lines += [f'{n:,} of {text}' for text, n in what.most_common(NAMED)]
    for text, items in list(guesses.items())[:NAMED]:
        lines.append(
            f'{command}{_options(items)} --joint_map {shlex.quote(text)}'
        )
        lines.append(
            f'{len(items):,} of an unknown rig, such as '
            f"'{examples[text]}': its joints were guessed, check them before "
            'you run this'
        )
    for texts in (notes, [f'skipped: {text}' for text in failed]):
        more = len(texts) - NAMED
        lines += texts[:NAMED] + [f'... and {more:,} more'] * (more > 0)
    return lines, not failed


def _options(items: Sequence[tuple[Reading, float]]) -> str:
    r"""The options with which all of some files are read."""
    out = ''
    slowest = min(fps for _, fps in items)
    if slowest < FPS:
        out += f' --fps {slowest}'
    if {plan.up for plan, _ in items} == {'z'}:
        out += ' --up z'
    return out
