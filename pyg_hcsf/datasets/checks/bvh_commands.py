"""Commands that prepare BVH files, for each kind of rig that is found."""

from __future__ import annotations

import json
import shlex
import warnings
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

from pyg_hcsf.datasets.mocap.bvh.conventions import (
    Conventions,
    infer_conventions,
)
from pyg_hcsf.datasets.mocap.bvh.reader import read_bvh

FPS = 25.0  # the default frame rate of BVHMotion
MAX_NAMED = 20  # files that are named


def bvh_commands(path: Path, files: Sequence[Path]) -> tuple[list[str], bool]:
    r"""Returns the commands that prepare BVH files, each followed by the
    number of files of each kind.

    Files are read as :class:`~pyg_hcsf.datasets.BVHMotion` reads them. Joints
    that were guessed are part of the command, to be checked by the user.

    Returns:
        Lines of text, and whether all files can be read.
    """
    known: list[tuple[Conventions, float]] = []
    guessed: dict[str, list[tuple[Conventions, float]]] = {}
    examples: dict[str, Path] = {}
    failed, notes = [], []
    for file in files:
        try:
            with warnings.catch_warnings(record=True) as caught:
                warnings.simplefilter('always')
                bvh = read_bvh(file)
            found = infer_conventions(bvh)
        except ValueError as e:
            text = str(e)
            failed.append(text if str(file) in text else f'{file}: {text}')
            continue
        if found.rig.guessed:
            # Files with the same guess share a command.
            text = json.dumps(found.rig.joint_map, ensure_ascii=False)
            guessed.setdefault(text, []).append((found, bvh.fps))
            examples.setdefault(text, file)
        else:
            known.append((found, bvh.fps))
        notes += [str(warning.message) for warning in caught]
        notes += [f'{file}: {text}' for text in found.warnings]
    lines = []
    command = f'pyg-hcsf prepare bvh_motion --from {shlex.quote(str(path))}'
    if known:
        lines.append(command + _options(known))
        kinds = Counter(
            f'{found.rig.name}, in {found.unit}, {found.up} up, {fps:g} Hz'
            for found, fps in known
        )
        lines += [
            f'{n:,} of {kind}' for kind, n in kinds.most_common(MAX_NAMED)
        ]
    for text, items in list(guessed.items())[:MAX_NAMED]:
        lines.append(
            f'{command}{_options(items)} --joint_map {shlex.quote(text)}'
        )
        lines.append(
            f'{len(items):,} of an unknown rig, such as '
            f"'{examples[text]}': its joints were guessed, check them before "
            'you run this'
        )
    for texts in (notes, [f'skipped: {text}' for text in failed]):
        more = len(texts) - MAX_NAMED
        lines += texts[:MAX_NAMED] + [f'... and {more:,} more'] * (more > 0)
    return lines, not failed


def _options(items: Sequence[tuple[Conventions, float]]) -> str:
    r"""The options with which all of some files can be read."""
    slowest = min(fps for _, fps in items)
    out = f' --fps {slowest}' if slowest < FPS else ''
    return out + ' --up z' * ({found.up for found, _ in items} == {'z'})
