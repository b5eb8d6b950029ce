r"""What :func:`check_keypoints` measures: one function, one number."""

from __future__ import annotations

import warnings
from dataclasses import replace

import numpy as np

from pyg_hcsf.keypoints.checks.body import SIDED, Limbs
from pyg_hcsf.keypoints.convert import common_names, map_tracks
from pyg_hcsf.keypoints.track import Keypoints, Track

STILL = 0.1  # of a person's size, in which one pose is kept
MISSING = 3  # frames at most from one that is compared to the next


def person_size(keypoints: Keypoints) -> float:
    r"""The largest box of a person in any frame: its longer side in pixels."""
    sides = [np.ptp(_filled(t.xy), axis=1).max() for t in keypoints.tracks]
    return float(max(sides))


def outside(
    keypoints: Keypoints,
    image_size: tuple[float, float] | None,
    least: float = 0.0,
    margin: float = 10.0,
) -> float:
    r"""The share of joints outside of an image.

    Args:
        keypoints (Keypoints): The file.
        image_size (tuple, optional): Width and height in pixels;
            :obj:`None` for an image that only has no negative pixels.
        least (float, optional): Joints of no more confidence are not counted.
            (default: :obj:`0.0`)
        margin (float, optional): How far beyond an image without a size
            joints may be, in pixels. (default: :obj:`10.0`)
    """
    xy = np.concatenate([t.xy[t.score > least] for t in keypoints.tracks])
    xy = xy[np.isfinite(xy).all(axis=1)]
    if not len(xy):
        return 0.0
    size = np.array(image_size or (np.inf, np.inf))
    # Detectors put joints they do not see a little beyond.
    edge = np.where(np.isfinite(size), size * 0.02, margin)
    return float(1 - ((xy >= -edge) & (xy <= size + edge)).all(1).mean())


def distinct(keypoints: Keypoints) -> Keypoints:
    r"""The keypoints with one frame of each person who keeps one pose.

    Sixty frames of a person who stands still show no more of limbs than one,
    so that checks which need many frames must not count them. A person keeps
    a pose if in nine of ten frames joints are within a tenth of the person's
    size (root mean squares about their mean) of where they usually are.

    Args:
        keypoints (Keypoints): The file.
    """
    return map_tracks(keypoints, _one_pose)


def _one_pose(track: Track) -> Track:
    with warnings.catch_warnings():  # joints that are never seen
        warnings.simplefilter('ignore', RuntimeWarning)
        off = track.xy - mean_seen(track.xy)[:, None]
        usual = np.nanmedian(off, axis=0)
        size = np.sqrt(np.nanmean(np.square(usual).sum(axis=-1)))
        gap = mean_seen(np.linalg.norm(off - usual, axis=-1))
        moves = np.nanpercentile(gap, 90) > STILL * size
    if moves or not size > 0:
        return track
    at = [int(np.nanargmin(gap))]
    return replace(
        track,
        frames=track.frames[at],
        xy=track.xy[at],
        score=track.score[at],
    )


def direction(keypoints: Keypoints) -> tuple[float, float]:
    r"""Where bodies point, from the shoulders to the ankles or, where they
    are not seen, the hips: ``(0, 1)`` if people stand.

    Returns:
        How far to the right (negative: to the left), in four of five frames
        at least, and how far down, in the median.
    """
    limbs = Limbs(keypoints.tracks, keypoints.layout)
    down = limbs.middle('Ankle') - limbs.middle('Shoulder')
    shorter = limbs.middle('Hip') - limbs.middle('Shoulder')
    down = np.where(np.isfinite(down), down, shorter)
    down = down[np.isfinite(down).all(axis=1)]
    if not len(down):
        return 0.0, 1.0
    down = down / (np.linalg.norm(down, axis=1, keepdims=True) + 1e-9)
    right, left = np.percentile(down[:, 0], (20, 80))
    aside = max(right, 0.0) or min(left, 0.0)
    return float(aside), float(np.median(down[:, 1]))


def agreement(keypoints: Keypoints, a: str, b: str) -> float:
    r"""How well left and right of two pairs of joints agree: the correlation
    of the vectors from right to left, from -1 to 1, 1 if there are none.
    """
    limbs = Limbs(keypoints.tracks, keypoints.layout)
    first, second = limbs.across(a), limbs.across(b)
    seen = np.isfinite(first + second).all(axis=1)
    first, second = first[seen], second[seen]
    if not len(first):
        return 1.0
    size = np.sqrt(np.square(first).sum() * np.square(second).sum())
    return float((first * second).sum() / (size + 1e-9))


def head_distance(keypoints: Keypoints) -> float:
    r"""How far the head is from the shoulders, in lengths of the torso: the
    median over frames, 0 if one is never seen.
    """
    limbs = Limbs(keypoints.tracks, keypoints.layout)
    name = next(n for n in ('Nose', 'Neck', 'Head') if n in limbs.number)
    shoulders = limbs.middle('Shoulder')
    head = np.linalg.norm(limbs.joint(name) - shoulders, axis=1)
    torso = np.linalg.norm(limbs.middle('Hip') - shoulders, axis=1)
    head, torso = head[np.isfinite(head)], torso[np.isfinite(torso)]
    if not len(head) or not len(torso):
        return 0.0
    return float(np.median(head) / (np.percentile(torso, 85) + 1e-9))


def jumps(keypoints: Keypoints) -> float:
    r"""How often left and right change places from one frame to the next:
    the share of pairs of frames in which people move less than half as far if
    one of them is mirrored.
    """
    names = common_names(keypoints.layout)
    order = [names.index(side + name) for side in 'LR' for name in SIDED]
    found = total = 0
    for track in keypoints.tracks:
        points = track.xy[:, order]
        apart = np.diff(track.frames)
        near = apart <= MISSING
        before, after = points[:-1][near], points[1:][near]
        mirrored = after[:, [*range(6, 12), *range(6)]]
        kept = mean_seen(np.linalg.norm(after - before, axis=-1))
        swapped = mean_seen(np.linalg.norm(mirrored - before, axis=-1))
        size = np.ptp(_filled(before), axis=1).max(axis=1)
        found += int(((swapped < kept / 2) & (kept > 0.02 * size)).sum())
        total += int(np.isfinite(kept).sum())
    return found / max(total, 1)


def continuity(keypoints: Keypoints) -> tuple[float, float]:
    r"""How far people move from one frame to the next.

    Returns:
        The mean over joints in sizes of the person (root mean squares about
        their mean), and the same as a part of how far they move in half of
        all their frames: both in the median over frames of people of 5 frames
        and more, and 0 if there are none.
    """
    near: list[np.ndarray] = []
    far: list[np.ndarray] = []
    for track in keypoints.tracks:
        half = len(track.frames) // 2
        if half < 2:
            continue
        off = track.xy - mean_seen(track.xy)[:, None]
        size = np.sqrt(mean_seen(np.square(off).sum(axis=-1))) + 1e-9
        for lag, out in ((1, near), (half, far)):
            gap = np.linalg.norm(track.xy[lag:] - track.xy[:-lag], axis=-1)
            moved = mean_seen(gap) / size[lag:]
            close = track.frames[lag:] - track.frames[:-lag] <= MISSING
            out.append(moved[np.isfinite(moved) & (close | (lag > 1))])
    steps = [np.concatenate(x) if x else np.empty(0) for x in (near, far)]
    if not all(map(len, steps)):
        return 0.0, 0.0
    step, whole = map(float, map(np.median, steps))
    return step, step / (whole + 1e-9)


def alone(keypoints: Keypoints) -> float:
    r"""The share of people who are in one frame only, 0 if there are fewer
    than 5 frames.
    """
    frames = {f for t in keypoints.tracks for f in t.frames.tolist()}
    if len(frames) < 5:
        return 0.0
    return float(np.mean([len(t.frames) == 1 for t in keypoints.tracks]))


def frozen(keypoints: Keypoints) -> float:
    r"""The share of people of 5 frames and more who do not move at all."""
    long = [t for t in keypoints.tracks if len(t.frames) >= 5]
    still = [not _moves(t) for t in long]
    return float(np.mean(still)) if still else 0.0


def confidence(keypoints: Keypoints) -> float:
    r"""The median confidence of all joints, missing ones too."""
    scores = np.concatenate([t.score.reshape(-1) for t in keypoints.tracks])
    return float(np.median(scores))


def _moves(track: Track) -> bool:
    return bool((np.diff(np.nan_to_num(track.xy), axis=0) != 0).any())


def _filled(xy: np.ndarray) -> np.ndarray:
    r"""Joints with those that are missing put where another one is."""
    seen = np.isfinite(xy).all(axis=-1)
    first = np.take_along_axis(xy, seen.argmax(axis=1)[:, None, None], axis=1)
    return np.where(seen[..., None], xy, first)


def mean_seen(values: np.ndarray) -> np.ndarray:
    r"""The mean of the joints of each frame that are seen: ``[T, N, *]`` to
    ``[T, *]``, NaN where none is.
    """
    with warnings.catch_warnings():  # nothing is seen in some frames
        warnings.simplefilter('ignore', RuntimeWarning)
        return np.nanmean(values, axis=1)
