r"""Estimates from the limbs by how much an image is stretched."""

import warnings
from collections.abc import Sequence

import numpy as np

from pyg_hcsf.keypoints.checks.body import Limbs, weights
from pyg_hcsf.keypoints.track import Track

MIN_FRAMES = 10  # fewer show limbs from too few directions
PERCENTILE = 85  # of the extent of a limb over all frames
MIN_EXTENT = 0.02  # in sizes of the person, so that logarithms are finite
#: Directions in the image in which the extent of limbs is measured.
DIRECTIONS = np.array(
    [[1, 0], [0, 1], [0.5**0.5, 0.5**0.5], [0.5**0.5, -(0.5**0.5)]]
)
#: Limbs by their index in ``LENGTHS``, the left and the right one: upper
#: arms, forearms, flanks, shoulders, hips, thighs and shanks.
LIMBS = ((0, 1), (2, 3), (8, 9), (10,), (11,), (4, 5), (6, 7))
#: How many of these are used: all, or those above the hips if legs are never
#: seen.
PARTS = {'whole': 7, 'upper': 5}


def extents(
    tracks: Sequence[Track], layout: str, part: str = 'whole'
) -> np.ndarray:
    r"""How far limbs extend in four directions of the image: ``[4 * L]`` for
    ``L`` kinds of limbs, NaN where one is never seen.

    Each frame is measured in units of the root mean square length of its
    limbs. For each limb and direction, this is the logarithm of the 85th
    percentile over all frames, less the mean of all, so that it does not
    depend on the size of the person.
    """
    used = LIMBS[: PARTS[part]]
    limbs = Limbs(tracks, layout).vectors()  # [F, 12, 2]
    with warnings.catch_warnings():  # about limbs that are never seen
        warnings.simplefilter('ignore', RuntimeWarning)
        square = np.square(limbs[:, sum(used, ())]).sum(axis=-1)
        size = np.sqrt(np.nanmean(square, axis=1)) + 1e-9
        along = np.abs(limbs @ DIRECTIONS.T) / size[:, None, None]
        far = np.log(np.nanpercentile(along, PERCENTILE, axis=0) + MIN_EXTENT)
    kinds = np.stack([far[list(pair)].mean(axis=0) for pair in used])
    return (kinds - kinds.mean()).reshape(-1)


def regression_terms(values: np.ndarray, mean: np.ndarray) -> np.ndarray:
    r"""The terms of a quadratic regression, namely 1, the values less their
    mean, and the products of these: ``[*, D]`` to
    ``[*, 1 + D + D (D + 1) / 2]``.
    """
    gap = values - mean
    a, b = np.triu_indices(gap.shape[-1])
    one = np.ones((*gap.shape[:-1], 1))
    return np.concatenate([one, gap, gap[..., a] * gap[..., b]], axis=-1)


def log_stretch(tracks: Sequence[Track], layout: str) -> float:
    r"""The logarithm of the factor by which x is stretched more than y, 0 if
    there are fewer than 10 frames or a limb above the hips is never seen.

    A limb that turns in front of a camera reaches as far in one direction of
    the image as in the other. How far each limb usually turns is learnt by a
    quadratic regression on :func:`extents`.
    """
    if sum(len(track.frames) for track in tracks) < MIN_FRAMES:
        return 0.0
    for part in PARTS:
        values = extents(tracks, layout, part)
        if np.isfinite(values).all():
            fitted = weights()
            x = regression_terms(values, fitted[f'extent_{part}'])
            return float(x @ fitted[f'stretch_{part}'])
    return 0.0
