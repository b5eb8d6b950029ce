r"""All detections of a file as arrays, and distances between them."""

from collections.abc import Sequence

import numpy as np

from pyg_hcsf.keypoints.detections import Detection
from pyg_hcsf.keypoints.track import Track

#: The frame rate where it is not known.
DEFAULT_FPS = 25.0
#: Joints that are compared; those of a whole body begin with the body.
MAX_COMPARED = 33
#: The weight of a joint is its confidence plus this.
LEAST_WEIGHT = 0.05
#: Distances count up to this many sizes of a person, as a joint that was
#: taken from somebody else is no evidence of how far the person moved.
MAX_DISTANCE = 0.7
#: Few joints that agree say less than many: this share of all joints is
#: added, with the second number as their distance.
PRIOR_SHARE, PRIOR_DISTANCE = 0.03, 0.2
MAX_PAIRS = 2**15  # that are compared at a time


class DetectionArray:
    r"""All detections of a file as arrays, in order of their frames.

    Args:
        detections (sequence of Detection): In ascending frames.
        fps (float, optional): Frames per second. :obj:`None` takes the frames
            that the file has as 25 per second. (default: :obj:`None`)
    """

    def __init__(
        self, detections: Sequence[Detection], fps: float | None = None
    ) -> None:
        self.ids = [d.track_id for d in detections]
        self.frames = np.array([d.frame for d in detections])
        self.joints = np.stack([d.joints for d in detections])  # [D, N, 3]
        seen = self.joints[..., 2] > 0
        xy = np.where(seen[..., None], self.joints[..., :2], 0.0)
        # Positions as complex numbers, whose absolute value is fast.
        z = xy[..., 0] + 1j * xy[..., 1]
        weight = np.where(seen, self.joints[..., 2] + LEAST_WEIGHT, 0.0)
        low = np.where(seen[..., None], xy, np.inf).min(axis=1)
        high = np.where(seen[..., None], xy, -np.inf).max(axis=1)
        self.size = np.linalg.norm(high - low, axis=1) + 1e-9
        compared = _compared_joints(seen)
        self.z, self.weight = z[:, compared], weight[:, compared]
        total = weight.sum(axis=1)
        self.center = (z * weight).sum(axis=1) / np.maximum(total, 1e-9)
        # Files may have every second frame only.
        steps = np.diff(np.unique(self.frames))
        self.stride = float(np.median(steps)) if len(steps) >= 10 else 1.0
        self.fps = fps or DEFAULT_FPS * self.stride

    def gap(self, seconds: float) -> float:
        r"""A time in frame numbers, at least three frames of the file."""
        return max(seconds * self.fps, 3 * self.stride)

    def split_frames(self, rows: np.ndarray) -> list[np.ndarray]:
        r"""Ascending rows, frame by frame."""
        cuts = np.flatnonzero(np.diff(self.frames[rows])) + 1
        return np.split(rows, cuts)

    def track(self, name: str, rows: list[int]) -> Track:
        r"""The track of some detections in ascending frames."""
        joints = self.joints[rows]
        return Track(
            name=name,
            frames=self.frames[rows].astype(np.int64),
            xy=joints[..., :2].copy(),
            score=joints[..., 2].copy(),
        )

    def distance(self, before: np.ndarray, after: np.ndarray) -> np.ndarray:
        r"""The mean distance of the joints that both of two detections have,
        in sizes of the first, infinite if there are none: ``[P]``.
        """
        parts = [np.empty(0)]
        for start in range(0, len(before), MAX_PAIRS):
            a, b = (
                rows[start : start + MAX_PAIRS] for rows in (before, after)
            )
            both = (self.weight[a] > 0) & (self.weight[b] > 0)
            total = (np.abs(self.z[a] - self.z[b]) * both).sum(axis=1)
            count = both.sum(axis=1)
            mean = total / np.maximum(count, 1) / self.size[a]
            parts.append(np.where(count > 0, mean, np.inf))
        return np.concatenate(parts)


def mean_distance(
    gap: np.ndarray, weight: np.ndarray, size: np.ndarray
) -> np.ndarray:
    r"""The weighted mean length of the vectors between joints in sizes of the
    person, infinite without weight: ``[P, N]`` to ``[P]``.
    """
    far = np.minimum(np.abs(gap) / size[:, None], MAX_DISTANCE)
    total = weight.sum(axis=1)
    prior = PRIOR_SHARE * gap.shape[1]
    mean = (far * weight).sum(axis=1) + prior * PRIOR_DISTANCE
    return np.where(total > 0, mean / (total + prior), np.inf)


def path_means(values: np.ndarray, paths: list[list[int]]) -> np.ndarray:
    r"""The mean over the rows of each path."""
    count = np.array([len(path) for path in paths])
    begin = np.cumsum(count) - count
    return np.add.reduceat(values[np.concatenate(paths)], begin) / count


def _compared_joints(seen: np.ndarray) -> np.ndarray:
    r"""The first joints, if all people have some of them, else those that are
    seen most often.
    """
    number = seen.shape[1]
    if number <= MAX_COMPARED or seen[:, :MAX_COMPARED].any(axis=1).all():
        return np.arange(min(number, MAX_COMPARED))
    return np.sort(np.argsort(-seen.sum(axis=0))[:MAX_COMPARED])
