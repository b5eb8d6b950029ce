r"""Finds out which axis of an array of keypoints is which."""

from __future__ import annotations

from itertools import permutations
from pathlib import Path
from typing import NamedTuple

import numpy as np

from pyg_hcsf.keypoints.checks.body import APART, FITS, misfit
from pyg_hcsf.keypoints.joint_names import candidates
from pyg_hcsf.keypoints.people import (
    KNOWN_SIZES,
    MAX_JOINTS,
    MAX_PEOPLE,
    refuse,
)
from pyg_hcsf.keypoints.track import Track
from pyg_hcsf.safe_io.shown import shown

MAX_NUMBERS = 10**8
LOOKED_AT = 400  # frames
SMOOTH = 0.25  # sizes of a person, that joints move from frame to frame
HOW = (
    "save an array 'keypoints' of shape [T, N, 2 or 3] or [T, P, N, 2 or 3] "
    'with numpy.savez'
)


class Axes(NamedTuple):
    r"""The axes of an array.

    Args:
        time (int): That of frames.
        people (int or None): That of people, :obj:`None` if there is one.
        joints (int): That of joints.
        xy (int): That of x, y and maybe a confidence.
    """

    time: int
    people: int | None
    joints: int
    xy: int

    def move(self, array: np.ndarray) -> np.ndarray:
        r"""A view of the array of shape ``[T, P, N, C]``."""
        if self.people is None:
            array = array.transpose(self.time, self.joints, self.xy)
            return array[:, None]
        return array.transpose(self.time, self.people, *self[2:])


def find_axes(array: np.ndarray, path: Path, entry: str) -> Axes:
    r"""Finds the axes of an array of three or four dimensions.

    The order ``[T, N, C]`` or ``[T, P, N, C]`` is believed if people move
    smoothly in it. If they do not, or if there is one frame, it is another
    order in which they do, if that is clear.

    Args:
        array (numpy.ndarray): The keypoints.
        path (pathlib.Path): The file, for errors.
        entry (str): What errors call the array.

    Raises:
        ValueError: If it is no such array, or several orders are possible.

    Example:
        >>> find_axes(np.zeros((17, 2, 100)), path, 'keypoints')
        Axes(time=2, people=None, joints=0, xy=1)
    """
    found = _possible(array)
    if array.dtype.kind not in 'iuf' or not found:
        refuse(
            path,
            entry,
            'expected numbers of shape [T, N, 2 or 3] or [T, P, N, 2 or 3] '
            f'(got {array.dtype} of shape {shown(list(array.shape))}): {HOW}',
        )
    if len(found) == 1:
        return found[0]
    usual = Axes(0, None, 1, 2) if array.ndim == 3 else Axes(0, 1, 2, 3)
    costs = {axes: _motion(axes.move(array)) for axes in found}
    least = min(costs.values())
    # Motion does not tell people from x and y, which differ in scale only.
    near = {(a.time, a.joints) for a in found if costs[a] <= 2 * least}
    smooth = [
        a
        for a in found
        if costs[a] < SMOOTH and (a == usual or (a.time, a.joints) in near)
    ]
    if len(smooth) > 1:  # which axis is that of x and y, say
        if (body := _body(smooth, array)) is not None:
            return body
        smooth = [axes for axes in smooth if axes == usual]
    elif not smooth and usual in found:
        smooth = [usual]  # people who are far from where they were
    clear = smooth and 2 * costs[smooth[0]] < costs.get(usual, np.inf)
    if clear or smooth == [usual]:
        return smooth[0]
    refuse(
        path,
        entry,
        f'its shape {shown(list(array.shape))} may be of several orders of '
        f'frames, people and joints, and motion does not tell which: {HOW}',
    )


def _body(found: list[Axes], array: np.ndarray) -> Axes | None:
    r"""The order in which joints are a body, if it is clear."""
    costs = []
    for axes in found:
        points = axes.move(array)[:LOOKED_AT, 0, :, :2].astype(np.float64)
        points[(points == 0).all(axis=-1)] = np.nan
        ones = np.ones(points.shape[:2])
        track = Track('', np.arange(len(points)), points, ones)
        names = candidates(points.shape[1])
        fits = [misfit([track], name) for name in names]
        costs.append(min((f for f in fits if np.isfinite(f)), default=np.inf))
    best, second = np.argsort(costs, kind='stable')[:2]
    clear = costs[best] < min(FITS, costs[second] - APART)
    return found[best] if clear else None


def may_be_keypoints(array: np.ndarray) -> bool:
    r"""Whether an array has an axis of coordinates and one of joints."""
    known = any(size in KNOWN_SIZES for size in array.shape)
    return array.dtype.kind in 'iuf' and known and bool(_possible(array))


def _possible(array: np.ndarray) -> list[Axes]:
    r"""The orders that sizes allow, of joints that a layout has if any is."""
    if array.ndim not in (3, 4) or not 0 < array.size <= MAX_NUMBERS:
        return []
    found = []
    for order in permutations(range(array.ndim)):
        people_at = order[1] if array.ndim == 4 else None
        axes = Axes(order[0], people_at, *order[-2:])
        size = array.shape
        people = 1 if axes.people is None else size[axes.people]
        if (
            size[axes.xy] in (2, 3)
            and people <= MAX_PEOPLE
            and size[axes.joints] <= MAX_JOINTS
        ):
            found.append(axes)
    known = [a for a in found if array.shape[a.joints] in KNOWN_SIZES]
    last = array.ndim - 1
    return known or [
        a for a in found if (a.time, a.joints, a.xy) == (0, last - 1, last)
    ]


def _motion(points: np.ndarray) -> float:
    r"""How far joints move from frame to frame to those of the nearest
    person, in sizes of the person: the median, infinite if there is none.
    """
    if len(points) < 2:
        return np.inf
    points = points[:LOOKED_AT, :8, :, :2].astype(np.float64)
    gone = ~np.isfinite(points).all(axis=-1) | (points == 0).all(axis=-1)
    count = np.maximum((~gone).sum(axis=2), 1)
    xy = np.where(gone[..., None], 0.0, points)
    center = xy.sum(axis=2) / count[..., None]
    off = np.where(gone[..., None], 0.0, xy - center[:, :, None])
    size = np.sqrt(np.square(off).sum(axis=(2, 3)) / count)
    before, after = slice(None, -1), slice(1, None)
    step = xy[after, None] - xy[before, :, None]  # [T - 1, P, P, N, 2]
    both = ~gone[after, None] & ~gone[before, :, None]
    number = both.sum(axis=-1)
    mean = (np.linalg.norm(step, axis=-1) * both).sum(axis=-1)
    mean = np.where(number > 0, mean / np.maximum(number, 1), np.inf)
    near = mean.min(axis=2) / (size[before] + 1e-9)
    used = (number > 0).any(axis=2) & (size[before] > 0)
    return float(np.median(near[used])) if used.any() else np.inf
