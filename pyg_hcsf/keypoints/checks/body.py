r"""What limbs look like in an image, whatever the layout.

The numbers in ``body.npz`` are of CMU's training subjects of the openmocap
protocol and of generated motion; ``experiments/fitting/keypoint_checks.py``
makes them.
"""

from __future__ import annotations

import io
from collections.abc import Sequence
from functools import lru_cache
from importlib import resources

import numpy as np

from pyg_hcsf.keypoints.convert import common_names
from pyg_hcsf.keypoints.track import Track

SIDED = ('Shoulder', 'Elbow', 'Wrist', 'Hip', 'Knee', 'Ankle')
#: What a body is measured by: limbs, and the width of shoulders and hips.
LENGTHS = (
    *(('LShoulder', 'LElbow'), ('RShoulder', 'RElbow')),
    *(('LElbow', 'LWrist'), ('RElbow', 'RWrist')),
    *(('LHip', 'LKnee'), ('RHip', 'RKnee')),
    *(('LKnee', 'LAnkle'), ('RKnee', 'RAnkle')),
    *(('LShoulder', 'LHip'), ('RShoulder', 'RHip')),
    *(('LShoulder', 'RShoulder'), ('LHip', 'RHip')),
)
FRAMES = 2000  # that are looked at, spread over all tracks
LONG = 75  # frames, in which limbs are seen from the side sooner or later
# The largest misfit of a body, and how much worse another layout must fit.
FITS, APART = 3.5, 0.7


@lru_cache(maxsize=1)
def weights() -> dict[str, np.ndarray]:
    r"""The numbers that the checks were fitted with."""
    file = resources.files('pyg_hcsf.keypoints.checks') / 'body.npz'
    with np.load(io.BytesIO(file.read_bytes()), allow_pickle=False) as arrays:
        return {name: arrays[name].astype(np.float64) for name in arrays}


class Limbs:
    r"""The joints of all people of a file, frame by frame.

    Args:
        tracks (sequence of Track): The people.
        layout (str): What their joints are.
    """

    def __init__(self, tracks: Sequence[Track], layout: str) -> None:
        points = np.concatenate([t.xy for t in tracks])
        self.points = points[:: -(-len(points) // FRAMES)]
        self.number = {n: i for i, n in enumerate(common_names(layout))}

    def joint(self, name: str) -> np.ndarray:
        r"""A joint, NaN where it is missing: ``[F, 2]``."""
        at = self.number.get(name)
        if at is None:
            return np.full_like(self.points[:, 0], np.nan)
        return self.points[:, at]

    def middle(self, name: str) -> np.ndarray:
        r"""The middle of a left and a right joint: ``[F, 2]``."""
        return (self.joint(f'L{name}') + self.joint(f'R{name}')) / 2

    def across(self, name: str) -> np.ndarray:
        r"""From a right to a left joint: ``[F, 2]``."""
        return self.joint(f'L{name}') - self.joint(f'R{name}')


def proportions(limbs: Limbs) -> np.ndarray:
    r"""The logarithms of the lengths of limbs as they are seen where they are
    nearly the longest, the mean of limbs subtracted: ``[12]``, NaN if one is
    never seen.
    """
    seen = []
    for a, b in LENGTHS:
        length = np.linalg.norm(limbs.joint(a) - limbs.joint(b), axis=-1)
        length = length[np.isfinite(length)]
        seen.append(np.percentile(length, 85) if len(length) else np.nan)
    logs = np.log(np.array(seen) + 1e-3)
    return logs - logs[:10].mean()


def misfit(tracks: Sequence[Track], layout: str) -> float:
    r"""How many standard deviations the proportions are from a body's, in the
    root mean square, NaN if a limb is never seen. The fewer the frames, the
    more a body's proportions vary, as limbs may never be seen from the side.

    Args:
        tracks (sequence of Track): The people.
        layout (str): What their joints may be.
    """
    short = max(0.0, 1 - sum(len(t.frames) for t in tracks) / LONG)
    mean, covariance = (
        (1 - short) * whole + short * cut
        for whole, cut in (weights()['mean'], weights()['covariance'])
    )
    gap = proportions(Limbs(tracks, layout)) - mean
    return float(np.sqrt(gap @ np.linalg.solve(covariance, gap) / len(gap)))


def fit_layout(tracks: Sequence[Track], layouts: Sequence[str]) -> str | None:
    r"""The layout whose limbs are a body's, or :obj:`None` if that is not
    clear: if the best is no body, or the second is not far from it.

    Args:
        tracks (sequence of Track): The people.
        layouts (sequence of str): The layouts that it may be.
    """
    costs = sorted((misfit(tracks, name), name) for name in layouts)
    if not np.isfinite([cost for cost, _ in costs]).all():
        return None
    (best, name), (second, _) = costs[:2]
    return name if best < FITS and second > best + APART else None
