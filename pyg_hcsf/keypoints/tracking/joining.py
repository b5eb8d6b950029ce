r"""Joins fragments of tracks over frames in which nobody saw a person."""

from typing import NamedTuple

import numpy as np

from pyg_hcsf.keypoints.tracking.detection_array import (
    MAX_PAIRS,
    DetectionArray,
    path_means,
)
from pyg_hcsf.keypoints.tracking.steps import FADING, damped

#: How long gaps are at most (s), and how often fragments are joined: long ones
#: have more certain velocities.
MAX_GAP, ROUNDS = 1.0, 2
#: The cost of a gap is the sum of three errors over what is usual: of the
#: place (sizes of the person, and for each second), of the pose and of the
#: logarithm of the size.
PLACE, PLACE_PER_SECOND, POSE, SIZE = 0.06, 0.2, 0.08, 0.2
MAX_COST = 6.0
#: How far (sizes) and with how many fragments one is compared.
REACH, MAX_COMPARED = 2.0, 32
MATCHED = 10_000  # pairs of one matching
#: The part of a fragment from which its velocity is estimated: time (s), and
#: the least and largest number of frames. The time constant of the velocity
#: (s), and the weight of a new position.
WINDOW, MIN_WINDOW, MAX_WINDOW = 1.0, 3, 60
SMOOTHING, GAIN = 0.5, 0.6


class Ends(NamedTuple):
    r"""The smoothed joints at one end of each fragment, their weights, the
    velocity outwards in time, frames that were used, and the frame number.
    """

    z: np.ndarray
    weight: np.ndarray
    velocity: np.ndarray
    length: np.ndarray
    frame: np.ndarray


def _ends(found: DetectionArray, paths: list[list[int]], last: bool) -> Ends:
    number = round(WINDOW * found.fps / found.stride)
    number = min(max(number, MIN_WINDOW), MAX_WINDOW)
    # Rows from the inside of each fragment to its end.
    parts = [p[-number:] if last else p[:number][::-1] for p in paths]
    flat = np.concatenate(parts)
    count = np.array([len(p) for p in parts])
    begin = np.cumsum(count) - count
    z, weight = found.z[flat[begin]], found.weight[flat[begin]]
    velocity = np.zeros(len(paths), dtype=complex)
    frame = found.frames[flat[begin]]
    for k in range(1, int(count.max())):
        i = np.flatnonzero(count > k)
        rows = flat[begin[i] + k]
        seconds = np.abs(found.frames[rows] - frame[i]) / found.fps
        both = np.minimum(weight[i], found.weight[rows])
        total = both.sum(axis=1)
        moved = ((found.z[rows] - z[i]) * both).sum(axis=1)
        moved /= np.maximum(total, 1e-9) * seconds
        share = np.maximum(1 / k, 1 - np.exp(-seconds / SMOOTHING))
        velocity[i] += share * (total > 0) * (moved - velocity[i])
        expected = z[i] + (velocity[i] * seconds)[:, None]
        seen = found.weight[rows] > 0
        gain = np.where(weight[i] > 0, GAIN, 1.0) * seen
        z[i] = expected + gain * (found.z[rows] - expected)
        faded = FADING * weight[i]
        weight[i] = np.where(
            seen, np.maximum(found.weight[rows], faded), faded
        )
        frame[i] = found.frames[rows]
    return Ends(z, weight, velocity, count, frame)


def _candidates(
    a: Ends, b: Ends, size: np.ndarray, longest: float
) -> tuple[np.ndarray, np.ndarray]:
    r"""Pairs of fragments, one of which begins after the end of the other: at
    most 32 for each end, the closest in space and time.
    """
    from scipy.spatial import KDTree  # slow to import

    def middle(ends: Ends) -> np.ndarray:
        total = np.maximum(ends.weight.sum(axis=1), 1e-9)
        return (ends.z * ends.weight).sum(axis=1) / total

    reach = REACH * float(np.quantile(size, 0.9))
    scale = reach / (longest / 2)
    starts, stops = (
        np.column_stack([m.real, m.imag, e.frame * scale])
        for m, e in ((middle(b), b), (middle(a), a))
    )
    stops[:, 2] += reach  # the middle of the time in which others may begin
    count = np.arange(1, min(MAX_COMPARED, len(starts)) + 1)
    limit = 1.001 * reach
    tree = KDTree(starts)
    _, near = tree.query(stops, count, p=np.inf, distance_upper_bound=limit)
    i, k = np.nonzero(np.asarray(near) < len(starts))  # else none is near
    j = np.asarray(near)[i, k]
    after = b.frame[j] > a.frame[i]
    return i[after], j[after]


def _costs(
    a: Ends, b: Ends, i: np.ndarray, j: np.ndarray, size: np.ndarray,
    fps: float,
) -> np.ndarray:  # fmt: skip
    r"""The costs of pairs of fragments, infinite without common joints."""
    seconds = (b.frame[j] - a.frame[i]) / fps
    both = a.weight[i] * b.weight[j]
    total = both.sum(axis=1)
    both /= np.maximum(total, 1e-9)[:, None]
    # Velocities are of people who were seen twice.
    ahead = damped(a.velocity[i], seconds)
    back = damped(b.velocity[j], seconds)
    ahead = np.where(a.length[i] > 1, ahead, -back)
    back = np.where(b.length[j] > 1, back, -ahead)
    gap = b.z[j] - a.z[i]
    moved = (gap * both).sum(axis=1)
    large = np.maximum(size[i], size[j])
    place = np.abs(moved - (ahead - back) / 2) / large
    pose = (np.abs(gap - moved[:, None]) * both).sum(axis=1) / large

    def spread(z: np.ndarray) -> np.ndarray:
        center = (z * both).sum(axis=1, keepdims=True)
        square = (np.square(np.abs(z - center)) * both).sum(axis=1)
        return np.log(np.sqrt(square) + 1e-9)

    cost = place / (PLACE + PLACE_PER_SECOND * seconds) + pose / POSE
    cost += np.abs(spread(b.z[j]) - spread(a.z[i])) / SIZE
    return np.where(total > 0, cost, np.inf)


def _assign(
    i: np.ndarray, j: np.ndarray, cost: np.ndarray, number: int
) -> np.ndarray:
    r"""The successor of each fragment, or -1, with the least sum of costs."""
    from scipy.sparse import coo_array
    from scipy.sparse.csgraph import min_weight_full_bipartite_matching

    # The time of a matching grows with the square of its size, so that many
    # pairs are matched one part after another, in order of time as i is.
    cuts = np.flatnonzero(np.diff(i)) + 1
    cuts = cuts[np.diff(cuts // MATCHED, prepend=0) > 0]
    out, taken = np.full(number, -1), np.zeros(number, dtype=bool)
    for part in np.split(np.arange(len(i)), cuts):
        part = part[~taken[j[part]]]
        if not len(part):
            continue
        before, row = np.unique(i[part], return_inverse=True)
        after, column = np.unique(j[part], return_inverse=True)
        # Each may also have none, which has the largest cost.
        nobody = np.arange(len(before))
        values = np.r_[cost[part] + 1e-6, np.full(len(before), MAX_COST)]
        ends = np.r_[row, nobody], np.r_[column, len(after) + nobody]
        graph = coo_array((values, ends)).tocsr()
        rows, columns = min_weight_full_bipartite_matching(graph)
        found = columns < len(after)
        out[before[rows[found]]] = after[columns[found]]
        taken[after[columns[found]]] = True
    return out


def join(found: DetectionArray, paths: list[list[int]]) -> list[list[int]]:
    r"""Joins fragments of tracks over gaps of up to a second. The joints of
    each end are predicted at the other one with their velocities, in both
    directions; pose and size should not change much.
    """
    for _ in range(ROUNDS):
        if len(paths) < 2:
            break
        size = path_means(found.size, paths)
        a, b = (_ends(found, paths, last) for last in (True, False))
        i, j = _candidates(a, b, size, found.gap(MAX_GAP))
        cost = np.empty(len(i))
        for start in range(0, len(i), MAX_PAIRS):
            part = slice(start, start + MAX_PAIRS)
            cost[part] = _costs(a, b, i[part], j[part], size, found.fps)
        good = cost < MAX_COST
        after = _assign(i[good], j[good], cost[good], len(paths))
        joined = []
        for first in np.setdiff1d(np.arange(len(paths)), after).tolist():
            rows: list[int] = []
            at = first
            while at >= 0:
                rows += paths[at]
                at = int(after[at])
            joined.append(rows)
        paths = joined
    return sorted(paths, key=lambda rows: rows[0])
