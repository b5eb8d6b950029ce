r"""Finds out which axes of an array are frames, people and joints."""

from itertools import permutations
from typing import NamedTuple

import numpy as np

from pyg_hcsf.keypoints.checks.body import MAX_MISFIT, MIN_MARGIN, misfit
from pyg_hcsf.keypoints.detections import (
    JOINT_COUNTS,
    MAX_JOINTS,
    MAX_PEOPLE,
)
from pyg_hcsf.keypoints.layouts import layouts_with
from pyg_hcsf.keypoints.messages import unexpected
from pyg_hcsf.keypoints.track import Track

MAX_NUMBERS = 10**8
MAX_FRAMES = 400  # that are measured
MAX_STEP = 0.25  # motion from frame to frame in sizes of a person
SHAPES = '[T, N, 2 or 3] or [T, P, N, 2 or 3]'
MEDIAPIPE = (33, 4)  # joints, and x, y, z and visibility of each
REMEDY = f"save an array 'keypoints' of shape {SHAPES} with numpy.savez"


class Axes(NamedTuple):
    r"""The axes of an array: of frames, of people (:obj:`None` for one
    person), of joints, and of x, y and maybe a confidence.
    """

    time: int
    people: int | None
    joints: int
    xy: int

    @property
    def is_usual(self) -> bool:
        r"""Whether the order is ``[T, N, C]`` or ``[T, P, N, C]``."""
        return self in ((0, None, 1, 2), (0, 1, 2, 3))

    def move(self, array: np.ndarray) -> np.ndarray:
        r"""A view of the array of shape ``[T, P, N, C]``."""
        if self.people is None:
            array = array.transpose(self.time, self.joints, self.xy)
            return array[:, None]
        return array.transpose(self.time, self.people, self.joints, self.xy)


def find_axes(
    array: np.ndarray, where: str, scores: np.ndarray | None = None
) -> Axes:
    r"""Finds the axes of an array of three or four dimensions. Confidences of
    its joints have the same axes without that of x and y.

    The order ``[T, N, C]`` or ``[T, P, N, C]`` is used if people move
    smoothly in it. If they do not, or if there is one frame, it is another
    order in which they do, if that is clear.

    Example:
        >>> find_axes(np.zeros((17, 2, 100)), "array 'keypoints'")
        Axes(time=2, people=None, joints=0, xy=1)
    """
    found = _possible_axes(array)
    if scores is not None:
        fits = [
            a for a in found if _without(array.shape, a.xy) == scores.shape
        ]
        found = fits or found
    if array.dtype.kind not in 'iuf' or not found:
        raise unexpected(f'numbers of shape {SHAPES}', array, where, REMEDY)
    if len(found) == 1:
        return found[0]
    costs = {axes: _motion(axes.move(array)) for axes in found}
    usual = next((axes for axes in found if axes.is_usual), None)
    cost_of_usual = np.inf if usual is None else costs[usual]
    least = min(costs.values())
    # Motion does not distinguish people from x and y.
    near = {(a.time, a.joints) for a in found if costs[a] <= 2 * least}
    smooth = [
        a
        for a in found
        if costs[a] < MAX_STEP and (a == usual or (a.time, a.joints) in near)
    ]
    if len(smooth) > 1:
        if (body := _fit_body(smooth, array)) is not None:
            return body
        smooth = [axes for axes in smooth if axes == usual]
    elif not smooth and usual is not None:
        smooth = [usual]  # of people who jump between frames
    if smooth == [usual] or (smooth and 2 * costs[smooth[0]] < cost_of_usual):
        return smooth[0]
    expected = 'an order of frames, people and joints that motion shows'
    raise unexpected(expected, array, where, REMEDY)


def _without(shape: tuple[int, ...], axis: int) -> tuple[int, ...]:
    return shape[:axis] + shape[axis + 1 :]


def may_be_keypoints(array: np.ndarray) -> bool:
    r"""Whether an array has an axis of coordinates and one of joints."""
    known = any(size in JOINT_COUNTS for size in array.shape)
    return array.dtype.kind in 'iuf' and known and bool(_possible_axes(array))


def _possible_axes(array: np.ndarray) -> list[Axes]:
    r"""The orders that the shape allows: those with the number of joints of a
    layout, else the usual one.
    """
    size = array.shape
    if array.ndim not in (3, 4) or not 0 < array.size <= MAX_NUMBERS:
        return []
    orders = (
        Axes(order[0], order[1] if array.ndim == 4 else None, *order[-2:])
        for order in permutations(range(array.ndim))
    )
    found = [
        axes
        for axes in orders
        if (
            size[axes.xy] in (2, 3)
            or (size[axes.joints], size[axes.xy]) == MEDIAPIPE
        )
        and (axes.people is None or size[axes.people] <= MAX_PEOPLE)
        and size[axes.joints] <= MAX_JOINTS
    ]
    known = [axes for axes in found if size[axes.joints] in JOINT_COUNTS]
    return known or [axes for axes in found if axes.is_usual]


def _fit_body(found: list[Axes], array: np.ndarray) -> Axes | None:
    r"""The order in which limbs have the proportions of people, if it is
    clear.
    """
    costs = []
    for axes in found:
        xy = axes.move(array)[:MAX_FRAMES, 0, :, :2].astype(np.float64)
        xy[(xy == 0).all(axis=-1)] = np.nan
        track = Track('', np.arange(len(xy)), xy, np.ones(xy.shape[:2]))
        fits = [misfit([track], name) for name in layouts_with(xy.shape[1])]
        costs.append(min((f for f in fits if np.isfinite(f)), default=np.inf))
    best, second = np.argsort(costs, kind='stable')[:2]
    clear = costs[best] < min(MAX_MISFIT, costs[second] - MIN_MARGIN)
    return found[best] if clear else None


def _motion(joints: np.ndarray) -> float:
    r"""How far joints ``[T, P, N, C]`` move from frame to frame to those of
    the nearest person, in sizes of the person: the median, infinite if there
    is none.
    """
    if len(joints) < 2:
        return np.inf
    xy = joints[:MAX_FRAMES, :8, :, :2].astype(np.float64)
    seen = np.isfinite(xy).all(axis=-1) & (xy != 0).any(axis=-1)
    count = np.maximum(seen.sum(axis=2), 1)
    xy = np.where(seen[..., None], xy, 0.0)
    center = xy.sum(axis=2) / count[..., None]
    off = np.where(seen[..., None], xy - center[:, :, None], 0.0)
    size = np.sqrt(np.square(off).sum(axis=(2, 3)) / count)[:-1]
    # From each person of a frame to each of the next: people have no order.
    step = xy[1:, None] - xy[:-1, :, None]  # [T - 1, P, P, N, 2]
    both = seen[1:, None] & seen[:-1, :, None]
    number = both.sum(axis=-1)
    mean = (np.linalg.norm(step, axis=-1) * both).sum(axis=-1)
    mean = np.where(number > 0, mean / np.maximum(number, 1), np.inf)
    near = mean.min(axis=2) / (size + 1e-9)
    used = (number > 0).any(axis=2) & (size > 0)
    return float(np.median(near[used])) if used.any() else np.inf
