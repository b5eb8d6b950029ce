r"""Estimates from limbs how much an image is stretched."""

from __future__ import annotations

import warnings
from collections.abc import Sequence

import numpy as np

from pyg_hcsf.keypoints.checks.body import LENGTHS, Limbs, weights
from pyg_hcsf.keypoints.track import Track

LEAST = 10  # frames; fewer show limbs from too few sides
SEEN = 85  # percentile of a limb's extent over the frames
SMALLEST = 0.02  # extent in sizes of the person, so that logarithms are finite
#: Directions in the image in which the extent of limbs is measured.
WAYS = np.array(
    [[1, 0], [0, 1], [0.5**0.5, 0.5**0.5], [0.5**0.5, -(0.5**0.5)]]
)
#: Limbs that are measured alike on both sides, by their place in ``LENGTHS``:
#: upper arms, forearms, flanks, shoulders and hips, then thighs and shanks.
LIMBS = ((0, 1), (2, 3), (8, 9), (10,), (11,), (4, 5), (6, 7))
#: Which of them are used: all, or where legs are never seen, the others.
PARTS = {'whole': 7, 'upper': 5}


def extents(
    tracks: Sequence[Track], layout: str, part: str = 'whole'
) -> np.ndarray:
    r"""How far limbs extend in four directions of the image.

    Each frame is measured in units of the root mean square length of its
    limbs. Of each limb and direction, the 85th percentile over all frames is
    taken; its logarithm, less the mean of all, does not depend on the size of
    the person.

    Args:
        tracks (sequence of Track): The people.
        layout (str): What their joints are.
        part (str, optional): ``'whole'`` for all limbs, ``'upper'`` for those
            above the hips. (default: :obj:`'whole'`)

    Returns:
        numpy.ndarray: ``[4 * L]`` for ``L`` kinds of limbs, NaN where a limb
        is never seen.
    """
    limbs = Limbs(tracks, layout)
    used = LIMBS[: PARTS[part]]
    order = [limb for pair in used for limb in pair]
    bones = np.stack(
        [limbs.joint(a) - limbs.joint(b) for a, b in LENGTHS], axis=1
    )
    with warnings.catch_warnings():  # limbs that are never seen
        warnings.simplefilter('ignore', RuntimeWarning)
        square = np.square(bones[:, order]).sum(axis=-1)
        size = np.sqrt(np.nanmean(square, axis=1)) + 1e-9
        along = np.abs(bones @ WAYS.T) / size[:, None, None]
        far = np.log(np.nanpercentile(along, SEEN, axis=0) + SMALLEST)
    kinds = np.stack([far[list(pair)].mean(axis=0) for pair in used])
    return (kinds - kinds.mean()).reshape(-1)


def terms(seen: np.ndarray, mean: np.ndarray) -> np.ndarray:
    r"""A constant, the extents and their products, for the regression:
    ``[*, D]`` to ``[*, 1 + D + D (D + 1) / 2]``.
    """
    gap = seen - mean
    a, b = np.triu_indices(gap.shape[-1])
    one = np.ones((*gap.shape[:-1], 1))
    return np.concatenate([one, gap, gap[..., a] * gap[..., b]], axis=-1)


def log_stretch(tracks: Sequence[Track], layout: str) -> float:
    r"""The logarithm of the factor by which x is stretched more than y.

    A limb that turns in front of a camera is as long in one direction of the
    image as in the other. A quadratic regression on :func:`extents` knows
    which limbs turn how far; ``experiments/fitting/keypoint_checks.py`` fits
    it.

    Args:
        tracks (sequence of Track): The people.
        layout (str): What their joints are.

    Returns:
        float: 0 where nothing is stretched, and where too little is seen:
        fewer than 10 frames, or never one of the limbs above the hips.
    """
    if sum(len(track.frames) for track in tracks) < LEAST:
        return 0.0
    for part in PARTS:
        seen = extents(tracks, layout, part)
        if np.isfinite(seen).all():
            fitted = weights()
            x = terms(seen, fitted[f'extent_{part}'])
            return float(x @ fitted[f'stretch_{part}'])
    return 0.0
