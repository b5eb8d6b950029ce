r"""Recognises a layout by the names or the number of its joints."""

from __future__ import annotations

import re
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from pyg_hcsf.keypoints.convert import LAYOUTS, common_names
from pyg_hcsf.keypoints.people import People, warn, warn_unread
from pyg_hcsf.skeleton import get_skeleton

# What MMPose calls the data sets whose joints its models find.
DATASETS = {
    'coco': 'coco17',
    'coco_wholebody': 'coco17',
    'halpe': 'halpe26',
    'halpe26': 'halpe26',
    'mpii': 'mpii16',
    'h36m': 'h36m17',
}
# What means the same in names of joints, without left and right.
_SAME = {
    **{'root': 'hip', 'pelvis': 'hip', 'midhip': 'hip', 'hipcenter': 'hip'},
    **{'littletoe': 'smalltoe', 'neckbase': 'neck', 'centerhip': 'hip'},
}
_SIDES = {'l': 'l', 'left': 'l', 'r': 'r', 'right': 'r'}
LEAST = 8  # joints, hips and shoulders among them, by which names are a body's
MANY = 60  # joints that layouts do not have are those of hands and a face
_TRUNK = {'l hip', 'r hip', 'l shoulder', 'r shoulder'}


class Order(NamedTuple):
    r"""Where the joints of a layout are among those of a file.

    Args:
        layout (str): The layout.
        places (list[int]): The place of each of its joints, -1 where the
            file does not have it.
        unused (list[str]): Names of the file that the layout does not have.
    """

    layout: str
    places: list[int]
    unused: list[str]

    def pick(self, points: np.ndarray) -> np.ndarray:
        r"""Points ``[*, N, 3]`` in the order of the layout, NaN with a score
        of 0 where the file lacks a joint: ``[*, M, 3]``.
        """
        places = np.array(self.places)
        out = points[..., places, :]
        out[..., places < 0, :] = np.nan, np.nan, 0.0
        return out

    def warn(self, path: str | Path) -> None:
        r"""Warns of joints that the file or the layout does not have."""
        joints = get_skeleton(self.layout).joints
        lacking = [
            n for n, p in zip(joints, self.places, strict=True) if p < 0
        ]
        if lacking:
            warn(
                path,
                f"its joints are read as layout '{self.layout}', of which it "
                f'lacks {", ".join(lacking)}',
            )
        if len(self.unused) < MANY:  # else hands and faces
            warn_unread(path, 'joints', self.unused)


def layout_of(names: Any) -> str | None:
    r"""The layout whose joints have these names, such as ``'left_hip'``,
    ``'LHip'`` or ``'Left Hip'``, in this order, or :obj:`None`.

    Args:
        names (list of str): The names in the order of the file.

    Example:
        >>> layout_of(list(get_skeleton('body25').joints))
        'body25'
    """
    order = order_of(names)
    if order is None or order.unused:
        return None
    plain = order.places == list(range(len(order.places)))
    return order.layout if plain else None


def order_of(names: Any) -> Order | None:
    r"""The layout that names of joints are of, whatever their order.

    All joints of the layout are there if possible. If there is no such
    layout, that which has most of them, the smallest of several; they must
    be 8 at least, hips and shoulders among them.

    Args:
        names (list of str): The names in the order of the file.

    Returns:
        Order: The layout and places, or :obj:`None`.

    Example:
        >>> order_of(['LHip', 'RHip', ...]).layout
        'coco17'
    """
    if not isinstance(names, (list, tuple)) or not 1 <= len(names) <= 256:
        return None
    keys = [_plain(name) for name in names]
    if len(set(keys)) < len(keys) or not set(keys) >= _TRUNK:
        return None
    places = {key: place for place, key in enumerate(keys)}
    found = []
    for number, layout in enumerate(LAYOUTS):
        at = _match(layout, places)
        count = sum(place >= 0 for place in at)
        whole = count == len(at)
        same = at == list(range(len(names)))
        rank = (same, whole, count, -len(at), -number)
        found.append((rank, Order(layout, at, [])))
    (_, _, count, _, _), best = max(found, key=lambda pair: pair[0])
    if count < LEAST:
        return None
    used = set(best.places)
    unused = [str(n)[:80] for i, n in enumerate(names) if i not in used]
    return best._replace(unused=unused)


def in_order(
    found: People, names: Any, path: Path, layout: str | None = None
) -> People:
    r"""People with their joints in the order of a layout.

    Args:
        found (People): The people of a file.
        names (list of str): What their joints are called.
        path (pathlib.Path): What warnings call the file.
        layout (str, optional): The layout if names tell none.
            (default: :obj:`None`)
    """
    order = order_of(names)
    if order is None or any(len(p.points) != len(names) for p in found.people):
        return replace(found, layout=found.layout or layout)
    order.warn(path)
    people = [p._replace(points=order.pick(p.points)) for p in found.people]
    return replace(found, people=people, layout=order.layout)


def candidates(number: int) -> list[str]:
    r"""The layouts with a number of joints."""
    return [
        layout
        for layout in LAYOUTS
        if get_skeleton(layout).num_joints == number
    ]


def _match(layout: str, places: dict[str, int]) -> list[int]:
    joints = list(get_skeleton(layout).joints)
    at = [places.get(_plain(name), -1) for name in joints]
    for joint, name in enumerate(common_names(layout)):
        other = places.get(_plain(name), -1)
        if at[joint] < 0 and other not in at:
            at[joint] = other
    return at


@cache
def _bases() -> frozenset[str]:
    names = [n for layout in LAYOUTS for n in get_skeleton(layout).joints]
    return frozenset(_split(name)[1] for name in names)


def _plain(name: Any) -> str:
    side, base = _split(str(name)[:80])
    if not side:
        for word in ('left', 'right'):
            if base != word and base.startswith(word):
                side, base = word[0], base[len(word) :]
            elif base != word and base.endswith(word):
                side, base = word[0], base[: -len(word)]
    if not side and base not in _bases():
        if base[:1] in ('l', 'r') and base[1:] in _bases():
            side, base = base[0], base[1:]
        elif base[-1:] in ('l', 'r') and base[:-1] in _bases():
            side, base = base[-1], base[:-1]
    return f'{side} {_SAME.get(base, base)}'.strip()


def _split(name: str) -> tuple[str, str]:
    r"""The side and the rest of a name, in lower case."""
    words = re.findall(r'[A-Z]?[a-z]+|[A-Z]+(?![a-z])|\d+', name)
    words = [word.lower() for word in words]
    sides = [_SIDES[word] for word in words if word in _SIDES]
    rest = [word for word in words if word not in _SIDES]
    return (sides[0] if len(sides) == 1 else ''), ''.join(rest)


def is_joint(name: Any) -> bool:
    r"""Whether a name is that of a joint of some layout."""
    return _plain(name).split(' ')[-1] in _bases() | {'hip'}
