r"""Which bodies of a clip are its actors: the sensor also tracks furniture,
and gives a person a new number when it loses sight of them.
"""

from __future__ import annotations

import numpy as np

from pyg_hcsf.datasets.ntu.clip_names import NUM_BODIES, NUM_JOINTS
from pyg_hcsf.datasets.ntu.rows import SPINE
from pyg_hcsf.datasets.ntu.skeleton_text import Bodies
from pyg_hcsf.safe_io.shown import shown

# 2s-AGCN, data_gen/ntu_gendata.py.
AGCN_SLOTS = 4

# SGN and CTR-GCN, data/ntu/get_raw_denoised_data.py, and pyskl,
# tools/data/ntu_preproc.py. Their authors give no reason for the values.
MIN_FRAMES = 12
MAX_SPREAD = 0.8  # of the width to the height of a person
MAX_NOISY = 0.69754  # share of frames with a larger spread
EMPTY = 1e-3  # pyskl: a frame whose absolute values add up to less


def select_bodies(bodies: Bodies, selection: str) -> np.ndarray:
    r"""Picks up to two actors.

    * :obj:`"agcn"` (2s-AGCN, MS-AAGCN, MS-G3D): a body is its place in the
      frame, of which the first four count. The two of largest energy, the sum
      of the standard deviations of x, y and z over all joints of its non-zero
      frames, the larger first. All frames are kept.
    * :obj:`"ctrgcn"` (SGN, CTR-GCN) and :obj:`"pyskl"` give the bodies and
      frames of these authors' scripts. Frames without any body are left out,
      and a body is its tracking number. Where there are several, those seen
      in less than 12 frames are dropped, then those wider than 0.8 of their
      height in at least 69.754 % of their frames, for :obj:`"ctrgcn"` until
      one is left. The others, by falling motion (the sum of the variances of
      x, y and z), are laid into the first actor if they do not overlap with
      what is there, or else the second, or else dropped. As in the scripts, a
      body that vanishes for some frames is moved up to close the gap.

      They differ in three things. For :obj:`"ctrgcn"` tracks that share one
      frame do not overlap, for :obj:`"pyskl"` they do. :obj:`"ctrgcn"` cuts
      out all frames without an actor, :obj:`"pyskl"` those at both ends.
      :obj:`"pyskl"` exchanges the actors if the first is absent in the first
      frame and the second is not.

      The scripts stop with an error where all bodies would be dropped; here
      none is then.

    Args:
        bodies (Bodies): What the file holds.
        selection (str): :obj:`"agcn"`, :obj:`"ctrgcn"` or :obj:`"pyskl"`.

    Returns:
        The joints in metres, :obj:`[T, M, 25, 3]` float32, with one or two
        bodies; zero where a body is absent. Of the last two recipes, the
        second body may be absent in all frames, as in the scripts: where
        several tracks are one person's.

    Raises:
        ValueError: If there is no such selection.

    Example:
        >>> select_bodies(read_skeleton(path), 'agcn').shape
        (103, 1, 25, 3)
    """
    if selection not in SELECTIONS:
        raise ValueError(
            f"Expected 'selection' to be one of {list(SELECTIONS)} (got "
            f'{shown(selection)})'
        )
    return SELECTIONS[selection](bodies).astype(np.float32)


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
    return out if out[:, 1:].any() else out[:, :1]


def _select_ctrgcn(bodies: Bodies) -> np.ndarray:
    tracks = _tracks(bodies)
    if len(tracks) > 1:
        tracks = _drop_short(tracks)
        for track in list(tracks):  # in the order in which they are seen
            if len(tracks) > 1 and track.is_noisy:
                tracks.remove(track)
        tracks = sorted(tracks, key=_Track.calm_motion, reverse=True)
    actors = _lay_out(tracks, shared=1)
    return actors[actors.any(axis=(1, 2, 3))]


def _select_pyskl(bodies: Bodies) -> np.ndarray:
    tracks = sorted(_tracks(bodies), key=_Track.full_motion, reverse=True)
    if len(tracks) > 1:
        tracks = _drop_short(tracks)
    if len(tracks) > 1:
        tracks = [t for t in tracks if not t.is_noisy] or tracks
        tracks = sorted(tracks, key=_Track.calm_motion, reverse=True)
    if len(tracks) == 1:
        return tracks[0].joints[:, None]
    actors = _lay_out(tracks, shared=0)
    size = np.abs(actors).sum(axis=(1, 2, 3))
    if not (frames := np.flatnonzero(size >= EMPTY)).size:
        return actors
    actors = actors[frames[0] : frames[-1] + 1]
    spine = np.abs(actors[0, :, SPINE]).sum(axis=-1)
    return actors[:, ::-1] if spine[0] < EMPTY < spine[1] else actors


def _drop_short(tracks: list[_Track]) -> list[_Track]:
    return [t for t in tracks if len(t.joints) >= MIN_FRAMES] or tracks


def _lay_out(tracks: list[_Track], shared: int) -> np.ndarray:
    r"""Lays tracks into one or two actors, [T, M, 25, 3]. Two tracks may have
    :obj:`shared` frames in common without overlapping.
    """
    stops = [track.start + len(track.joints) for track in tracks]
    shape = (max(stops, default=0), min(len(tracks), NUM_BODIES))
    actors = np.zeros((*shape, NUM_JOINTS, 3), np.float32)
    # The second interval starts with the clip, as in the scripts.
    starts, ends = [tracks[0].start if tracks else 0, 0], [0, 0]
    for track, stop in zip(tracks, stops, strict=True):
        for m in range(NUM_BODIES):
            overlap = min(ends[m], stop) - max(starts[m], track.start)
            if overlap <= shared or not ends[m]:
                actors[track.start : stop, m] = track.joints
                starts[m] = min(starts[m], track.start)
                ends[m] = max(ends[m], stop)
                break
    return actors


class _Track:
    r"""The frames in which one tracking number is seen, one after the other,
    as the scripts hold them: from its first frame, in single precision.
    """

    def __init__(self, start: int, joints: np.ndarray) -> None:
        self.start = start
        self.joints = joints
        extent = np.ptp(joints, axis=1)  # [T, 3]
        noisy = extent[:, 0] > np.float64(MAX_SPREAD) * extent[:, 1]
        self.is_noisy = bool(noisy.mean() >= MAX_NOISY)
        self.motion = _motion(joints)
        self.least = self.motion
        if noisy.any() and not self.is_noisy:
            self.least = min(self.motion, _motion(joints[~noisy]))

    def full_motion(self) -> float:
        return self.motion

    def calm_motion(self) -> float:
        return self.least


def _motion(joints: np.ndarray) -> float:
    return float(joints.reshape(-1, 3).var(axis=0).sum())


def _tracks(bodies: Bodies) -> list[_Track]:
    _, frame = np.unique(bodies.frame, return_inverse=True)  # with a body
    ids, first = np.unique(bodies.body_id, return_index=True)
    joints = bodies.joints.astype(np.float32)
    return [
        _Track(int(frame[i]), joints[bodies.body_id == ids[k]])
        for k, i in sorted(enumerate(first), key=lambda pair: pair[1])
    ]


SELECTIONS = {
    'agcn': _select_agcn,
    'ctrgcn': _select_ctrgcn,
    'pyskl': _select_pyskl,
}
