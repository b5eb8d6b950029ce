r"""Follows people from frame to frame, by a motion model and an assignment."""

from collections.abc import Iterable

import numpy as np

from pyg_hcsf.keypoints.detections import MAX_PEOPLE
from pyg_hcsf.keypoints.tracking.detection_array import (
    MAX_PAIRS,
    DetectionArray,
    mean_distance,
)

#: How far the joints of a person are at most from where they are expected,
#: in sizes of the person (diagonals of the box): from the third frame on, and
#: in the second one, as the velocity is not known before.
MAX_ERROR, MAX_STEP = 0.17, 0.3
#: How long (s) somebody without a detection may be the next one's person.
MAX_MISSED = 0.7
#: Time constants (s) of the mean velocity, and with which people slow down
#: as long as nobody sees them.
SMOOTHING, DAMPING = 0.3, 1.0
FADING = 0.85  # of the weight of a joint in each frame in which it is missing
MAX_MOVE, MAX_NEAR = 1.0, 16  # sizes; detections compared with one person


def damped(velocity: np.ndarray, seconds: np.ndarray) -> np.ndarray:
    r"""How far people move if their velocity decays."""
    return velocity * DAMPING * (1 - np.exp(-seconds / DAMPING))


class People:
    r"""The expected joints of those who are followed at present."""

    def __init__(self, found: DetectionArray) -> None:
        self.found = found
        number = found.z.shape[1]
        self.rows: list[list[int]] = []
        self.z = np.empty((0, number), dtype=complex)
        self.weight = np.empty((0, number))
        self.velocity = np.empty(0, dtype=complex)
        self.size, self.frame, self.age = np.empty((3, 0))

    def keep(self, which: np.ndarray) -> list[list[int]]:
        r"""Keeps some people, and returns the rows of the others."""
        if which.all():
            return []
        done = [r for r, k in zip(self.rows, which, strict=True) if not k]
        self.rows = [r for r, k in zip(self.rows, which, strict=True) if k]
        for name in ('z', 'weight', 'velocity', 'size', 'frame', 'age'):
            setattr(self, name, getattr(self, name)[which])
        return done

    def add(self, rows: np.ndarray) -> None:
        r"""Starts with people who have not been seen before."""
        found, count = self.found, len(rows)
        self.rows += [[int(r)] for r in rows]
        self.z = np.concatenate([self.z, found.z[rows]])
        self.weight = np.concatenate([self.weight, found.weight[rows]])
        self.velocity = np.concatenate([self.velocity, np.zeros(count)])
        self.size = np.concatenate([self.size, found.size[rows]])
        self.frame = np.concatenate([self.frame, found.frames[rows]])
        self.age = np.concatenate([self.age, np.ones(count)])

    def expected(self, frame: int) -> np.ndarray:
        r"""The joints in another frame."""
        seconds = np.abs(frame - self.frame) / self.found.fps
        return self.z + damped(self.velocity, seconds)[:, None]

    def costs(self, z: np.ndarray, rows: np.ndarray) -> np.ndarray:
        r"""The distances of expected joints from those of detections, in the
        largest allowed ones: ``[P, D]``, at least 1 if it is too large.
        """
        found = self.found
        out = np.ones((len(self.rows), len(rows)))
        total = np.maximum(self.weight.sum(axis=1), 1e-9)
        center = (z * self.weight).sum(axis=1) / total
        far = np.abs(center[:, None] - found.center[rows])
        far /= self.size[:, None]
        if len(rows) > MAX_NEAR:  # bounds time and memory
            others = np.argpartition(far, MAX_NEAR, axis=1)[:, MAX_NEAR:]
            np.put_along_axis(far, others, np.inf, axis=1)
        pairs = np.nonzero(far < MAX_MOVE)
        limit = np.where(self.age > 1, MAX_ERROR, MAX_STEP)
        for start in range(0, len(pairs[0]), MAX_PAIRS):
            i, j = (side[start : start + MAX_PAIRS] for side in pairs)
            weight = self.weight[i] * found.weight[rows[j]]
            gap = z[i] - found.z[rows[j]]
            cost = mean_distance(gap, weight, self.size[i]) / limit[i]
            out[i, j] = np.minimum(cost, 1.0)
        return out

    def update(self, i: np.ndarray, rows: np.ndarray, z: np.ndarray) -> None:
        r"""Continues people with their detections; ``z`` was expected."""
        found = self.found
        frame, now, weight = found.frames[rows], found.z[rows], self.weight[i]
        seconds = np.abs(frame - self.frame[i]) / found.fps
        both = weight * found.weight[rows]
        moved = ((now - self.z[i]) * both).sum(axis=1) / both.sum(axis=1)
        share = 1 - np.exp(-seconds / SMOOTHING)
        share = np.maximum(1 / self.age[i], share)
        self.velocity[i] += share * (moved / seconds - self.velocity[i])
        seen = found.weight[rows] > 0
        self.z[i] = np.where(seen, now, z[i])
        self.weight[i] = np.where(seen, found.weight[rows], FADING * weight)
        size = found.size[rows]
        self.size[i] = np.maximum(size, 0.95 * self.size[i] + 0.05 * size)
        self.frame[i] = frame
        self.age[i] += 1
        for person, row in zip(i.tolist(), rows.tolist(), strict=True):
            self.rows[person].append(row)


def _follow(
    found: DetectionArray, groups: Iterable[np.ndarray]
) -> list[list[int]]:
    r"""Follows people through frames in ascending or descending order."""
    from scipy.optimize import linear_sum_assignment  # slow to import

    done: list[list[int]] = []
    people = People(found)
    longest = found.gap(MAX_MISSED)
    for rows in groups:
        frame = found.frames[rows[0]]
        done += people.keep(np.abs(frame - people.frame) <= longest)
        new = np.ones(len(rows), dtype=bool)
        if people.rows:
            z = people.expected(frame)
            cost = people.costs(z, rows)
            i, j = linear_sum_assignment(cost)
            near = cost[i, j] < 1
            i, j = i[near], j[near]
            people.update(i, rows[j], z)
            new[j] = False
        if new.any():
            people.add(rows[new])
        if len(people.rows) > 2 * MAX_PEOPLE:  # bounds time and memory
            latest = np.argsort(-np.abs(people.frame - frame), kind='stable')
            keep = np.zeros(len(latest), dtype=bool)
            keep[latest[-2 * MAX_PEOPLE :]] = True
            done += people.keep(keep)
    return done + people.rows


def follow(found: DetectionArray, rows: np.ndarray) -> list[list[int]]:
    r"""Follows detections from frame to frame: the rows of each fragment of a
    track. Two detections are one person if this holds both forwards and
    backwards in time.
    """
    groups = found.split_frames(rows)
    before = np.full(len(found.frames), -1)
    for path in _follow(found, groups[::-1]):
        before[path[:-1]] = path[1:]
    out = []
    for path in _follow(found, groups):
        cuts = np.flatnonzero(before[path[1:]] != path[:-1]) + 1
        out += [part.tolist() for part in np.split(path, cuts)]
    return out
