r"""Compares the lengths of limbs in an image with those of people.

``body.npz`` holds the means and covariances, and the parameters of the other
checks. They are fitted on CMU's training subjects of the openmocap protocol
and on generated motion by ``experiments/fitting/keypoint_checks.py``.
"""

import io
import warnings
from collections.abc import Sequence
from functools import cache
from importlib import resources

import numpy as np

from pyg_hcsf.keypoints.layouts import common_names
from pyg_hcsf.keypoints.track import Track

#: Joints that have a left and a right one, in the order of the features.
SIDED = ('Shoulder', 'Elbow', 'Wrist', 'Hip', 'Knee', 'Ankle')
#: Limbs, then the width of shoulders and hips.
LENGTHS = (
    ('LShoulder', 'LElbow'), ('RShoulder', 'RElbow'),
    ('LElbow', 'LWrist'), ('RElbow', 'RWrist'),
    ('LHip', 'LKnee'), ('RHip', 'RKnee'),
    ('LKnee', 'LAnkle'), ('RKnee', 'RAnkle'),
    ('LShoulder', 'LHip'), ('RShoulder', 'RHip'),
    ('LShoulder', 'RShoulder'), ('LHip', 'RHip'),
)  # fmt: skip
MAX_FRAMES = 2000  # that are measured, spread over all tracks
LONG = 75  # frames in which each limb is seen from the side at least once
#: The largest misfit of a person, and how much worse the misfit in another
#: layout must be for the better one to be clear.
MAX_MISFIT, MIN_MARGIN = 3.5, 0.7


@cache
def weights() -> dict[str, np.ndarray]:
    r"""The fitted parameters of the checks by name."""
    file = resources.files('pyg_hcsf.keypoints.checks') / 'body.npz'
    with np.load(io.BytesIO(file.read_bytes()), allow_pickle=False) as arrays:
        return {name: arrays[name].astype(np.float64) for name in arrays}


def sided_joints(layout: str) -> list[int]:
    r"""The left joints of :obj:`SIDED`, then the right ones."""
    names = common_names(layout)
    return [names.index(side + name) for side in 'LR' for name in SIDED]


class Limbs:
    r"""The joints of all people by name, in at most 2,000 frames."""

    def __init__(self, tracks: Sequence[Track], layout: str) -> None:
        xy = np.concatenate([t.xy for t in tracks])
        self.xy = xy[:: -(-len(xy) // MAX_FRAMES)]
        self.index = {n: i for i, n in enumerate(common_names(layout))}

    def joint(self, name: str) -> np.ndarray:
        r"""A joint, NaN where it is missing: ``[F, 2]``."""
        if name not in self.index:
            return np.full_like(self.xy[:, 0], np.nan)
        return self.xy[:, self.index[name]]

    def middle(self, name: str) -> np.ndarray:
        r"""The middle of a left and a right joint: ``[F, 2]``."""
        return (self.joint(f'L{name}') + self.joint(f'R{name}')) / 2

    def across(self, name: str) -> np.ndarray:
        r"""The vector from a right to a left joint: ``[F, 2]``."""
        return self.joint(f'L{name}') - self.joint(f'R{name}')

    def vectors(self) -> np.ndarray:
        r"""The limbs of :obj:`LENGTHS`: ``[F, 12, 2]``."""
        pairs = [self.joint(a) - self.joint(b) for a, b in LENGTHS]
        return np.stack(pairs, axis=1)


def proportions(limbs: Limbs) -> np.ndarray:
    r"""The logarithms of the 85th percentiles of the lengths of limbs, which
    are close to the longest, less their mean: ``[12]``, NaN if a limb is
    never seen.
    """
    lengths = np.linalg.norm(limbs.vectors(), axis=-1)  # [F, 12]
    with warnings.catch_warnings():  # about limbs that are never seen
        warnings.simplefilter('ignore', RuntimeWarning)
        logs = np.log(np.nanpercentile(lengths, 85, axis=0) + 1e-3)
    return logs - logs[:10].mean()


def misfit(tracks: Sequence[Track], layout: str) -> float:
    r"""By how many standard deviations (root mean square) proportions differ
    from those of people, NaN if a limb is never seen. In few frames, some
    limbs may never be seen from the side, so the distribution in short videos
    has more weight.
    """
    short = max(0.0, 1 - sum(len(t.frames) for t in tracks) / LONG)
    # Mahalanobis distance per dimension from the fitted proportions.
    mean, covariance = (
        (1 - short) * in_long + short * in_short
        for in_long, in_short in (weights()['mean'], weights()['covariance'])
    )
    gap = proportions(Limbs(tracks, layout)) - mean
    return float(np.sqrt(gap @ np.linalg.solve(covariance, gap) / len(gap)))


def fit_layout(tracks: Sequence[Track], layouts: Sequence[str]) -> str | None:
    r"""The one of several layouts in which limbs have the proportions of
    people, or :obj:`None` if none has or two are close to each other.
    """
    costs = sorted((misfit(tracks, name), name) for name in layouts)
    if not np.isfinite([cost for cost, _ in costs]).all():
        return None
    (best, name), (second, _) = costs[:2]
    clear = best < MAX_MISFIT and second > best + MIN_MARGIN
    return name if clear else None


def mean_joint(values: np.ndarray) -> np.ndarray:
    r"""The mean over the joints that are not missing: ``[T, N, *]`` to
    ``[T, *]``, NaN where all are.
    """
    with warnings.catch_warnings():  # about frames without joints
        warnings.simplefilter('ignore', RuntimeWarning)
        return np.nanmean(values, axis=1)
