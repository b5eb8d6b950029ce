r"""Recognises the layout of a file by the names of its joints."""

import re
from collections.abc import Sequence
from dataclasses import replace
from functools import cache, lru_cache
from typing import Any, NamedTuple

import numpy as np

from pyg_hcsf.keypoints.detections import MAX_JOINTS, ParsedFile
from pyg_hcsf.keypoints.layouts import LAYOUTS, common_names, means_for
from pyg_hcsf.keypoints.messages import warn, warn_unread
from pyg_hcsf.skeleton import get_skeleton

# Words in joint names that mean the same, without left and right.
_SYNONYMS = {
    'root': 'hip', 'pelvis': 'hip', 'midhip': 'hip', 'hipcenter': 'hip',
    'centerhip': 'hip', 'littletoe': 'smalltoe', 'neckbase': 'neck',
    'sho': 'shoulder', 'elb': 'elbow', 'wri': 'wrist', 'kne': 'knee',
    'ank': 'ankle',  # of OpenPose
}  # fmt: skip
_SIDES = {'l': 'l', 'left': 'l', 'r': 'r', 'right': 'r'}
#: A layout is recognised by at least this many joints, which must include
#: both hips and both shoulders.
MIN_JOINTS = 8
_TRUNK = {'l hip', 'r hip', 'l shoulder', 'r shoulder'}
_MANY = 60  # unknown joints; so many are those of hands and face


class JointOrder(NamedTuple):
    r"""The layout of a file, the index in the file of each joint of the layout
    (-1 if the file lacks it), names in the file that the layout lacks, and
    the indices of the joints whose mean is a joint that the file lacks.
    """

    layout: str
    indices: list[int]
    unused: list[str]
    means: dict[int, list[int]]

    def pick(self, joints: np.ndarray) -> np.ndarray:
        r"""Orders joints ``[*, N, 3]`` as in the layout, with NaN, NaN and a
        score of 0 where the file lacks a joint: ``[*, M, 3]``. A mean has the
        lowest of the scores, 0 if one of the joints is missing.
        """
        indices = np.array(self.indices)
        out = joints[..., indices, :]
        out[..., indices < 0, :] = np.nan, np.nan, 0.0
        for joint, parts in self.means.items():
            part = joints[..., parts, :]
            missing = (part[..., :2] == 0).all(-1) & (part[..., 2] < 1)
            out[..., joint, :2] = part[..., :2].mean(axis=-2)
            out[..., joint, 2] = np.where(missing, 0.0, part[..., 2]).min(-1)
        return out

    def warn(self) -> None:
        r"""Warns about joints that the file or the layout lacks."""
        joints = get_skeleton(self.layout).joints
        pairs = zip(joints, self.indices, strict=True)
        missing = [name for name, index in pairs if index < 0]
        means = [joints[joint] for joint in self.means]
        if missing:
            warn(
                f"its joints are read as layout '{self.layout}', but it lacks "
                + ', '.join(missing)
                + (f' (means of others: {", ".join(means)})' if means else '')
            )
        if len(self.unused) < _MANY:
            warn_unread('joints', self.unused)


def match_names(
    names: Any, layouts: Sequence[str] = LAYOUTS
) -> JointOrder | None:
    r"""Finds the layout that has joints of these names, in any order, or
    :obj:`None` if none has 8 of them, hips and shoulders among them.

    Names such as ``'left_hip'``, ``'LHip'`` and ``'Left Hip'`` are the same.
    If several layouts match, the best is the one in the same order, then one
    without missing joints, then the one with the most of these joints, and
    then the smallest.
    """
    if not isinstance(names, (list, tuple)):
        return None
    if not 1 <= len(names) <= MAX_JOINTS:
        return None
    keys = [_normalise(name) for name in names]
    index = {key: number for number, key in enumerate(keys)}
    twice = {key for number, key in enumerate(keys) if index[key] != number}
    if not index.keys() >= _TRUNK or any(map(is_joint_name, twice)):
        return None

    def rank(match: tuple[str, list[int]]) -> tuple[bool, bool, int, int]:
        _, at = match
        count = sum(i >= 0 for i in at)
        same = at == list(range(len(names)))
        return same, count == len(at), count, -len(at)

    # max() returns the first one of several with the same rank.
    matches = [(layout, _match(layout, index)) for layout in layouts]
    layout, at = max(matches, key=rank)
    if sum(i >= 0 for i in at) < MIN_JOINTS:
        return None
    unused = [str(n)[:80] for i, n in enumerate(names) if i not in at]
    return JointOrder(layout, at, unused, means_for(layout, at))


def order_by_names(
    parsed: ParsedFile, names: Any, layout: str | None = None
) -> ParsedFile:
    r"""Puts the joints of all people into the order of the layout that their
    names match; without one, sets the layout.
    """
    order = match_names(names)
    found = parsed.detections
    if order is None or any(len(d.joints) != len(names) for d in found):
        return replace(parsed, layout=parsed.layout or layout)
    order.warn()
    found = [d._replace(joints=order.pick(d.joints)) for d in found]
    return replace(parsed, detections=found, layout=order.layout)


def is_joint_name(name: Any) -> bool:
    r"""Whether a joint of some layout has this name."""
    return _is_joint_name(str(name)[:80])


def _match(layout: str, index: dict[str, int]) -> list[int]:
    r"""The index of each joint of a layout by its own or its common name."""
    joints = get_skeleton(layout).joints
    at = [index.get(_normalise(name), -1) for name in joints]
    for joint, name in enumerate(common_names(layout)):
        other = index.get(_normalise(name), -1)
        # The file's own names win; a joint is not taken twice.
        if at[joint] < 0 and other not in at:
            at[joint] = other
    return at


@lru_cache(4096)
def _is_joint_name(name: str) -> bool:
    return _normalise(name).split(' ')[-1] in _known_words() | {'hip'}


@cache
def _known_words() -> frozenset[str]:
    names = [n for layout in LAYOUTS for n in get_skeleton(layout).joints]
    return frozenset(_split(name)[1] for name in names)


def _normalise(name: Any) -> str:
    r"""A joint name as ``'l hip'`` or ``'nose'``."""
    side, word = _split(str(name)[:80])
    if not side:
        for long in ('left', 'right'):
            if word != long and word.startswith(long):
                side, word = long[0], word.removeprefix(long)
            elif word != long and word.endswith(long):
                side, word = long[0], word.removesuffix(long)
    known = _known_words() | _SYNONYMS.keys()
    if not side and word not in known:
        if word[:1] in ('l', 'r') and word[1:] in known:
            side, word = word[0], word[1:]
        elif word[-1:] in ('l', 'r') and word[:-1] in known:
            side, word = word[-1], word[:-1]
    return f'{side} {_SYNONYMS.get(word, word)}'.strip()


def _split(name: str) -> tuple[str, str]:
    r"""The side (``''`` if not exactly one) and the other words, joined, of a
    joint name.
    """
    # Splits camel case, upper case and digits: leftEye, LEFT_EYE, LEye.
    words = re.findall(r'[A-Z]?[a-z]+|[A-Z]+(?![a-z])|\d+', name)
    words = [word.lower() for word in words]
    sides = [_SIDES[word] for word in words if word in _SIDES]
    rest = [word for word in words if word not in _SIDES]
    return (sides[0] if len(sides) == 1 else ''), ''.join(rest)
