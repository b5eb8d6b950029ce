r"""Which bodies of a clip are its actors: the sensor also tracks furniture,
and gives a person a new number when it loses sight of them.
"""

from __future__ import annotations

import numpy as np

from pyg_hcsf.io.ntu_names import NUM_BODIES, NUM_JOINTS
from pyg_hcsf.io.ntu_skeleton import Bodies
from pyg_hcsf.io.shown import shown

# 2s-AGCN, data_gen/ntu_gendata.py.
AGCN_SLOTS = 4

# SGN and CTR-GCN, data/ntu/get_raw_denoised_data.py. Their authors give no
# reason for the values.
MIN_FRAMES = 12
MAX_SPREAD = 0.8  # of the width to the height of a person
MAX_NOISY = 0.69754  # share of frames with a larger spread


def select_bodies(bodies: Bodies, recipe: str) -> np.ndarray:
    r"""Picks up to two actors.

    * :obj:`"agcn"` (2s-AGCN, MS-AAGCN, MS-G3D): a body is its place in the
      frame, of which the first four count. The two of largest energy, the sum
      of the standard deviations of x, y and z over all joints of its non-zero
      frames, the larger first. All frames are kept.
    * :obj:`"ctrgcn"` (SGN, CTR-GCN, pyskl): a body is its tracking number.
      Where there are several, those seen in less than 12 frames are dropped,
      then those wider than 0.8 of their height in at least 69.754 % of their
      frames. The others, by falling motion (the sum of the variances of x, y
      and z), are laid into the first actor where they do not overlap with
      what is there, or else the second, or else dropped. Frames without an
      actor are cut out. Unlike in the original, a body that vanishes for some
      frames keeps its true frames.

    Args:
        bodies (Bodies): What the file holds.
        recipe (str): :obj:`"agcn"` or :obj:`"ctrgcn"`.

    Returns:
        The joints in metres, :obj:`[T, M, 25, 3]` float32, with one or two
        bodies; zero where a body is absent.

    Raises:
        ValueError: If there is no such recipe.

    Example:
        >>> select_bodies(read_skeleton(path), 'agcn').shape
        (103, 1, 25, 3)
    """
    if recipe not in RECIPES:
        raise ValueError(
            f"Expected 'recipe' to be one of {list(RECIPES)} (got "
            f'{shown(recipe)})'
        )
    out = RECIPES[recipe](bodies)
    if out.shape[1] > 1 and not out[:, 1].any():
        out = out[:, :1]
    return out.astype(np.float32)


def _select_agcn(bodies: Bodies) -> np.ndarray:
    if len(bodies.slot) == bodies.num_frames and not bodies.slot.any():
        return bodies.joints[:, None]  # always one body: nothing to choose
    count = min(int(bodies.slot.max(initial=0)) + 1, AGCN_SLOTS)
    energy = []
    for slot in range(count):
        body = bodies.joints[bodies.slot == slot]
        body = body[body.sum(axis=(1, 2)) != 0]
        places = np.ascontiguousarray(body.reshape(-1, 3).T)
        energy.append(places.std(axis=1).sum() if len(body) else 0.0)
    largest = np.argsort(energy)[::-1][:NUM_BODIES]
    out = np.zeros((bodies.num_frames, len(largest), NUM_JOINTS, 3))
    for m, slot in enumerate(largest):
        seen = bodies.slot == slot
        out[bodies.frame[seen], m] = bodies.joints[seen]
    return out


def _select_ctrgcn(bodies: Bodies) -> np.ndarray:
    actors = np.zeros((bodies.num_frames, NUM_BODIES, NUM_JOINTS, 3))
    # By falling motion; of equal ones the first seen first, as dicts keep it.
    tracks = sorted(_tracks(bodies), key=_Track.motion_of, reverse=True)
    # The second interval is the original's, though empty: it makes the
    # second actor start with the clip.
    intervals: list[tuple[int, int]] = []
    for track in tracks:
        first, last = int(track.frame[0]), int(track.frame[-1])
        if not intervals:
            intervals = [(first, last), (0, 0)]
            actors[track.frame, 0] = track.joints
            continue
        for actor, (start, end) in enumerate(intervals):
            if min(end, last) - max(start, first) <= 0:
                actors[track.frame, actor] = track.joints
                intervals[actor] = (min(start, first), max(end, last))
                break
    return actors[actors.any(axis=(1, 2, 3))]


class _Track:
    r"""The frames in which one tracking number is seen."""

    def __init__(self, frame: np.ndarray, joints: np.ndarray) -> None:
        self.frame = frame
        self.joints = joints
        self.motion = _motion(joints)

    def motion_of(self) -> float:
        return self.motion


def _motion(joints: np.ndarray) -> float:
    return float(joints.reshape(-1, 3).var(axis=0).sum())


def _tracks(bodies: Bodies) -> list[_Track]:
    ids, first = np.unique(bodies.body_id, return_index=True)
    tracks = [
        _Track(bodies.frame[seen], bodies.joints[seen])
        for body_id in ids[np.argsort(first)]
        for seen in [bodies.body_id == body_id]
    ]
    if len(tracks) < 2:
        return tracks
    tracks = [t for t in tracks if len(t.frame) >= MIN_FRAMES] or tracks
    kept = list(tracks)
    for track in tracks:
        if len(kept) == 1:
            break
        extent = np.ptp(track.joints, axis=1)  # [T, 3]
        noisy = extent[:, 0] > MAX_SPREAD * extent[:, 1]
        if noisy.mean() >= MAX_NOISY:
            kept.remove(track)
        elif noisy.any():
            track.motion = min(track.motion, _motion(track.joints[~noisy]))
    return kept


RECIPES = {'agcn': _select_agcn, 'ctrgcn': _select_ctrgcn}
