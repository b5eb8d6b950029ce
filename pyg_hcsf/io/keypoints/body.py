r"""What limbs look like in an image, whatever the layout."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from pyg_hcsf.io.keypoints.convert import common_names
from pyg_hcsf.io.keypoints.track import Track

SIDED = ('Shoulder', 'Elbow', 'Wrist', 'Hip', 'Knee', 'Ankle')
LIMBS = (
    ('Shoulder', 'Elbow'),
    ('Elbow', 'Wrist'),
    ('Hip', 'Knee'),
    ('Knee', 'Ankle'),
    ('Shoulder', 'Hip'),
)
# The logarithm of the median length of each, as it is seen, of the mean of
# all: of the training subjects of the openmocap protocol.
EXPECTED = (-0.27, -0.67, 0.08, 0.15, 0.41)
FRAMES = 2000  # that are looked at, spread over all tracks
# The largest misfit of a body, and how much worse another layout must fit.
FITS, APART = 0.45, 0.1


class Limbs:
    r"""The joints of arms and legs of all people of a file, frame by frame.

    Args:
        tracks (sequence of Track): The people.
        layout (str): What their joints are.
    """

    def __init__(self, tracks: Sequence[Track], layout: str) -> None:
        points = np.concatenate([t.xy for t in tracks])
        step = -(-len(points) // FRAMES)
        self.points = points[::step]
        self.number = {n: i for i, n in enumerate(common_names(layout))}

    def joint(self, name: str) -> np.ndarray:
        r"""A joint, NaN where it is missing: ``[F, 2]``."""
        at = self.number.get(name)
        if at is None:
            return np.full_like(self.points[:, 0], np.nan)
        return self.points[:, at]

    def length(self, a: str, b: str) -> np.ndarray:
        r"""The distance of two joints in each frame: ``[F]``."""
        return np.linalg.norm(self.joint(a) - self.joint(b), axis=-1)


def typical(values: np.ndarray) -> float:
    r"""The median of what is not missing, NaN if there is nothing."""
    values = values[np.isfinite(values)]
    return float(np.median(values)) if len(values) else float('nan')


def misfit(limbs: Limbs) -> float:
    r"""How far the proportions are from a body's: the mean of the absolute
    differences of logarithms, NaN if too few limbs are seen.
    """
    lengths = np.array(
        [
            [typical(limbs.length(side + a, side + b)) for side in 'LR']
            for a, b in LIMBS
        ]
    )
    logs = np.log(lengths + 1e-9)
    if np.isfinite(lengths).sum() < 6:
        return float('nan')
    logs = np.clip(logs - np.log(np.nanmean(lengths)), -3, 3)
    return float(np.nanmean(np.abs(logs - np.array(EXPECTED)[:, None])))


def fit_layout(tracks: Sequence[Track], layouts: Sequence[str]) -> str | None:
    r"""The layout whose limbs are a body's, or :obj:`None` if that is not
    clear: if the best is no body, or the second is not far from it.

    Args:
        tracks (sequence of Track): The people.
        layouts (sequence of str): The layouts that it may be.
    """
    costs = sorted((misfit(Limbs(tracks, name)), name) for name in layouts)
    (best, name), (second, _) = costs[:2]
    return name if best < FITS and second > best + APART else None
