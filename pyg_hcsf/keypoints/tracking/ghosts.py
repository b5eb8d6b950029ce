r"""Leaves out detections that are nobody, or somebody for a second time."""

from collections.abc import Sequence

import numpy as np

from pyg_hcsf.keypoints.detections import Detection
from pyg_hcsf.keypoints.messages import listed, warn
from pyg_hcsf.keypoints.tracking.detection_array import (
    MAX_PAIRS,
    DetectionArray,
    path_means,
)

#: The lowest box score of a person. Detectors' own programs show people from
#: 0.3 on (MMPose's demos), 0.25 (Ultralytics) or 0.7 (VideoPose3D's
#: infer_video_d2.py).
MIN_BOX_SCORE = 0.3
#: Files with fewer frames keep everybody.
LONG = 30
#: Two detections in one frame are one person if their common joints are as
#: close as this, in sizes of the person: certainly, and if this is so in most
#: frames of a short track. The confidences of a double are under this share of
#: the other ones, as people who pass each other may be as close.
SAME, SIMILAR, MOST, LESS = 0.07, 0.15, 0.7, 0.85
NEIGHBOURS = 16  # in a frame that are compared with a detection
#: Tracks of fewer frames are nobody; those that last up to the second number
#: (s) are nobody if their confidence is under this share of the usual one.
MIN_FRAMES, SHORT, LOW = 3, 0.6, 0.6


def drop_low_scores(found: Sequence[Detection]) -> Sequence[Detection]:
    r"""Leaves out detections with a box score under 0.3, and under half of
    the median, as the scores of a file may have another scale.
    """
    scores = [d.box_score for d in found if d.box_score is not None]
    if not scores:
        return found
    lowest = min(MIN_BOX_SCORE, float(np.median(scores)) / 2)
    kept = [d for d in found if d.box_score is None or d.box_score >= lowest]
    if len(kept) < len(found):
        warn(
            f'left out {len(found) - len(kept)} of {len(found)} detections '
            f'with a box score under {lowest:.2g}, which are probably no '
            'people'
        )
    return kept


def nearest_better(found: DetectionArray, rows: np.ndarray) -> np.ndarray:
    r"""The distance of each detection from the closest one in its frame that
    has higher confidences, over the joints that both have, in sizes of the
    person; infinite without one: ``[R]``.
    """
    out = np.full(len(rows), np.inf)
    certain = found.weight[rows].sum(axis=1)
    frame, center = found.frames[rows], found.center[rows]
    order = np.lexsort((center.real, frame))
    for shift in range(1, NEIGHBOURS + 1):
        i, j = order[:-shift], order[shift:]
        near = frame[i] == frame[j]
        near &= np.abs(center[i] - center[j]) < found.size[rows[j]]
        i, j = i[near], j[near]
        better = certain[i] >= certain[j]
        best, other = np.where(better, i, j), np.where(better, j, i)
        less = certain[other] < LESS * certain[best]
        best, other = best[less], other[less]
        for start in range(0, len(best), MAX_PAIRS):
            a, b = (v[start : start + MAX_PAIRS] for v in (best, other))
            far = found.distance(rows[a], rows[b])
            np.minimum.at(out, b, far)
    return out


def drop_doubles(found: DetectionArray, rows: np.ndarray) -> np.ndarray:
    r"""Leaves out detections of a person who is there already, at the same
    place.
    """
    double = nearest_better(found, rows) < SAME
    _report(found, rows[double], 'detections of a person found twice')
    return rows[~double]


def drop_ghosts(
    found: DetectionArray, paths: list[list[int]]
) -> list[list[int]]:
    r"""Leaves out tracks of nobody, unless all are."""
    rows = np.sort(np.concatenate(paths))
    near = np.full(len(found.frames), np.inf)
    near[rows] = nearest_better(found, rows)
    certain = found.joints[..., 2].mean(axis=1)
    low = path_means(certain, paths) < LOW * np.median(certain[rows])
    double = path_means(near < SIMILAR, paths) > MOST
    ends = np.array([(path[0], path[-1]) for path in paths])
    short = np.diff(found.frames[ends])[:, 0] <= found.gap(SHORT)
    few = np.array([len(path) for path in paths]) < MIN_FRAMES
    ghost = few | (short & (low | double))
    if ghost.all():
        return paths
    gone = [p for p, g in zip(paths, ghost, strict=True) if g]
    what = 'detections that are probably no people, in short tracks'
    _report(found, np.concatenate([*gone, []]).astype(int), what)
    return [p for p, g in zip(paths, ghost, strict=True) if not g]


def _report(found: DetectionArray, rows: np.ndarray, what: str) -> None:
    if len(rows):
        frames = np.unique(found.frames[rows]).tolist()
        warn(
            f'left out {len(rows)} of {len(found.frames)} {what}: in frames '
            f'{listed(frames, 5)}'
        )
