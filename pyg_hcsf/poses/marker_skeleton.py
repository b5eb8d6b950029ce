r"""A skeleton for named points whose bones are not known."""

import re
from collections.abc import Iterator

import numpy as np
from scipy.sparse.csgraph import breadth_first_order, minimum_spanning_tree

from pyg_hcsf.keypoints.joint_names import match_names
from pyg_hcsf.skeleton import Skeleton, get_skeleton

MAX_FRAMES = 50  # that are measured
STRETCH = 5.0  # how much a change of length counts against a length
MIN_COST = 1e-3  # mm, as SciPy takes less than 1e-8 as no edge
SURE = 1e-3  # by which costs of bones that names tell are multiplied
USUAL = 'halpe26'  # the layout of Pose2Sim, which others are part of
# Names of opposite sides.
_SIDES = (
    (r'left', 'right'), (r'Left', 'Right'), (r'LEFT', 'RIGHT'),
    (r'^L(?=[A-Z0-9._ -])', 'R'), (r'^l(?=[._ -])', 'r'),
    (r'(?<=[._ -])L$', 'R'), (r'(?<=[._ -])l$', 'r'),
)  # fmt: skip


def marker_skeleton(
    names: list[str], position: np.ndarray, name: str = 'markers'
) -> Skeleton:
    r"""Connects points to a tree of bones.

    Joints of a layout, or else of Halpe's, which are recognised by their
    names, are connected as there. All others are connected to near points
    that move with them: the tree has the smallest sum of mean distances and
    their changes.

    Args:
        names (list[str]): The names of the points.
        position (numpy.ndarray): Their positions: :obj:`[T, N, 3]`.
        name (str, optional): The name of the skeleton.
            (default: :obj:`'markers'`)

    Example:
        >>> marker_skeleton(['LHip', 'RHip', ...], position).parents
    """
    cost = _costs(position)
    root = int(cost.sum(axis=1).argmin())
    order = match_names(names)
    if order is None or order.unused or min(order.indices) < 0:
        order = match_names(names, (USUAL,))
    if order is not None:
        known = get_skeleton(order.layout)
        found = {j: i for j, i in enumerate(order.indices) if i >= 0}
        tops = []
        for joint, index in found.items():
            above = known.parents[joint]
            while above >= 0 and above not in found:
                above = known.parents[above]
            if above < 0:
                tops.append(index)
            else:
                pair = [index, found[above]]
                cost[pair, pair[::-1]] = MIN_COST * SURE
        cost[np.ix_(tops, tops)] *= SURE
        root = found.get(known.root, tops[0])
    _, parents = breadth_first_order(
        minimum_spanning_tree(cost), root, directed=False
    )
    pairs = list(_pairs(names))
    return Skeleton(
        name,
        tuple(names),
        tuple(max(int(parent), -1) for parent in parents),
        tuple(left for left, _ in pairs),
        tuple(right for _, right in pairs),
    )


def _costs(position: np.ndarray) -> np.ndarray:
    r"""The distances of all pairs, and how much they change: ``[N, N]``."""
    step = max(1, len(position) // MAX_FRAMES)
    total = squares = np.zeros(2 * position.shape[1:2])
    frames = position[::step]
    for joints in frames:  # one at a time, as there are many pairs
        length = np.linalg.norm(joints[:, None] - joints, axis=-1)
        total, squares = total + length, squares + length**2
    mean = total / len(frames)
    change = np.sqrt(np.maximum(squares / len(frames) - mean**2, 0))
    cost = np.maximum(mean + STRETCH * change, MIN_COST)
    np.fill_diagonal(cost, 0)
    return cost


def _pairs(names: list[str]) -> Iterator[tuple[int, int]]:
    r"""The left and the right joint of each pair, by their names."""
    index = {name: number for number, name in enumerate(names)}
    for name, number in index.items():
        for left, right in _SIDES:
            other = index.get(re.sub(left, right, name), number)
            if other != number:
                yield number, other
                break
