r"""Checks whether successive frames are from one video, whether poses change,
and whether joints have enough confidence.
"""

import warnings
from collections.abc import Iterator

import numpy as np

from pyg_hcsf.keypoints.checks.body import mean_joint, sided_joints
from pyg_hcsf.keypoints.checks.issue import Issue
from pyg_hcsf.keypoints.checks.pixels import box_sides
from pyg_hcsf.keypoints.track import Keypoints, Track, map_tracks

# Limits that few files without a mistake exceed, see docs/keypoints.md.
MAX_SWAPS = 0.015  # share of the frames in which left and right change places
# Motion from frame to frame, in sizes of the person, and as a share of the
# motion between distant frames; and the share of people seen only once.
MAX_STEP, MAX_STEP_SHARE, MAX_SINGLE = 0.5, 0.6, 0.8
MIN_SCORE = 0.15  # the median confidence
STILL = 0.1  # of a person's size, within which a pose stays the same
MAX_GAP = 3  # frames between two that are compared


def check_motion(keypoints: Keypoints) -> Iterator[Issue]:
    r"""Checks whether frames are those of a video, and joints confident."""
    if (share := swap_share(keypoints)) > MAX_SWAPS:
        yield Issue(
            'sides change',
            f'left and right change places in {share:.1%} of the frames',
            'exchange them back by fix_side_swaps (--fix_side_swaps)',
            share,
        )
    if (part := single_images(keypoints)) is not None:
        yield Issue(
            'single images',
            'people are at other places in each frame, as in images that are '
            'not of one video, or not in its order',
            'check the frame numbers, or lift images one by one, each '
            "with its 'image_size' and weights for single frames",
            part,
            level='warning',
        )
    long = [t.xy for t in keypoints.tracks if len(t.frames) >= 5]
    if long and not any(np.diff(np.nan_to_num(x), axis=0).any() for x in long):
        yield Issue(
            'frozen',
            'nobody moves at all',
            'check that each frame was given to the detector',
            1.0,
        )
    scores = np.concatenate([t.score.reshape(-1) for t in keypoints.tracks])
    if (score := float(np.median(scores))) < MIN_SCORE:
        yield Issue(
            'unsure',
            f'the median confidence is {score:.2f}',
            'use a larger image or another detector',
            score,
        )


def single_images(keypoints: Keypoints) -> float | None:
    r"""The motion from frame to frame as a share of that between distant
    frames, if people move as in images that are not of one video, else
    :obj:`None`.
    """
    step, part = step_size(keypoints)
    alone = single_share(keypoints) > MAX_SINGLE
    apart = step > MAX_STEP and part > MAX_STEP_SHARE
    return part if alone or apart else None


def is_video(keypoints: Keypoints) -> bool:
    r"""Whether frames are in the order of a video: somebody is seen in
    several, and moves little from one to the next.

    Args:
        keypoints (Keypoints): The keypoints of a file.

    Example:
        >>> is_video(read_keypoints('walk_coco17.json'))
        True
    """
    several = any(len(track.frames) > 1 for track in keypoints.tracks)
    return several and single_images(keypoints) is None


def drop_still_frames(keypoints: Keypoints) -> Keypoints:
    r"""Keeps one frame of each person who keeps one pose.

    Sixty frames of a person who stands still show limbs from one direction,
    so checks that need many frames must not count them. A person keeps a pose
    if, in nine of ten frames, joints are within a tenth of the person's size
    (root mean square distance of the joints from their mean) of their median
    places.
    """
    return map_tracks(keypoints, _drop_still_frames)


def _drop_still_frames(track: Track) -> Track:
    with warnings.catch_warnings():  # about joints that are never seen
        warnings.simplefilter('ignore', RuntimeWarning)
        off = track.xy - mean_joint(track.xy)[:, None]
        usual = np.nanmedian(off, axis=0)
        size = np.sqrt(np.nanmean(np.square(usual).sum(axis=-1)))
        gap = mean_joint(np.linalg.norm(off - usual, axis=-1))
        moves = np.nanpercentile(gap, 90) > STILL * size
    if moves or not size > 0:
        return track
    return track.select([int(np.nanargmin(gap))])


def swap_share(keypoints: Keypoints) -> float:
    r"""The share of pairs of successive frames in which left and right change
    places: people move less than half as far if one frame is swapped.
    """
    order = sided_joints(keypoints.layout)
    found = total = 0
    for track in keypoints.tracks:
        points = track.xy[:, order]
        near = np.diff(track.frames) <= MAX_GAP
        before, after = points[:-1][near], points[1:][near]
        swapped = after[:, [*range(6, 12), *range(6)]]
        kept = mean_joint(np.linalg.norm(after - before, axis=-1))
        other = mean_joint(np.linalg.norm(swapped - before, axis=-1))
        size = box_sides(before).max(axis=1)
        found += int(((other < kept / 2) & (kept > 0.02 * size)).sum())
        total += int(np.isfinite(kept).sum())
    return found / max(total, 1)


def step_size(keypoints: Keypoints) -> tuple[float, float]:
    r"""How far people move from one frame to the next, in sizes of the person
    (root mean square distance of the joints from their mean), and the ratio
    to the motion in half of the frames of a person: medians over the frames
    of people with 5 frames or more, 0 if there are none.
    """
    near: list[np.ndarray] = []
    far: list[np.ndarray] = []
    for track in keypoints.tracks:
        # In a video, neighbours are much closer than frames half apart.
        half = len(track.frames) // 2
        if half < 2:
            continue
        off = track.xy - mean_joint(track.xy)[:, None]
        size = np.sqrt(mean_joint(np.square(off).sum(axis=-1))) + 1e-9
        for lag, out in ((1, near), (half, far)):
            gap = np.linalg.norm(track.xy[lag:] - track.xy[:-lag], axis=-1)
            moved = mean_joint(gap) / size[lag:]
            close = track.frames[lag:] - track.frames[:-lag] <= MAX_GAP
            out.append(moved[np.isfinite(moved) & (close | (lag > 1))])
    steps, distant = (np.concatenate(x or [np.empty(0)]) for x in (near, far))
    if not len(steps) or not len(distant):
        return 0.0, 0.0
    step = float(np.median(steps))
    return step, step / (float(np.median(distant)) + 1e-9)


def single_share(keypoints: Keypoints) -> float:
    r"""The share of people who are in one frame only, 0 if there are fewer
    than 5 frames.
    """
    frames = {f for t in keypoints.tracks for f in t.frames.tolist()}
    if len(frames) < 5:
        return 0.0
    return float(np.mean([len(t.frames) == 1 for t in keypoints.tracks]))
