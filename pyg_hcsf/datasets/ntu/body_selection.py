r"""Selects which of the bodies that the Kinect tracked are the one or two
people of an NTU RGB+D clip, by the rules of 2s-AGCN, CTR-GCN or pyskl.

A selection is needed because the sensor also tracks furniture, and assigns a
new tracking number to a person whom it lost.
"""

from __future__ import annotations

import numpy as np

from pyg_hcsf.choices import check_choice
from pyg_hcsf.datasets.ntu.clip_names import NUM_BODIES, NUM_JOINTS
from pyg_hcsf.datasets.ntu.skeleton_parser import Bodies

SPINE = 1  # the joint in the middle of the spine

# 2s-AGCN, data_gen/ntu_gendata.py.
AGCN_SLOTS = 4

# SGN and CTR-GCN, data/ntu/get_raw_denoised_data.py, and pyskl,
# tools/data/ntu_preproc.py. Their authors give no reason for the values.
MIN_FRAMES = 12
MAX_SPREAD = 0.8  # largest ratio of width to height of a person
MAX_NOISY = 0.69754  # largest share of frames with a greater ratio
EMPTY = 1e-3  # pyskl: sum of absolute values below which a frame is empty


def select_bodies(bodies: Bodies, selection: str) -> np.ndarray:
    r"""Selects one or two bodies of a clip.

    * :obj:`"agcn"` (2s-AGCN, MS-AAGCN, MS-G3D): a body is identified by its
      slot in the frame; the first four slots count. The two bodies of largest
      energy are kept, the larger one first. The energy is the sum of the
      standard deviations of x, y and z over all joints of the non-zero
      frames. All frames are kept.
    * :obj:`"ctrgcn"` (SGN, CTR-GCN) and :obj:`"pyskl"` reproduce the scripts
      of these projects. Frames without any body are left out, and a body is
      identified by its tracking number. If there are several tracks, those of
      less than 12 frames are removed, then those wider than 0.8 of their
      height in at least 69.754 % of their frames (:obj:`"ctrgcn"` always
      leaves one). The others, sorted by decreasing motion (the sum of the
      variances of x, y and z), are assigned to the first body if they do not
      overlap in time with its tracks, or else to the second, or else removed.
      As in the scripts, gaps within a track are closed.

      The two rules differ in three points. Tracks that share one frame
      overlap for :obj:`"pyskl"` only. :obj:`"ctrgcn"` removes all frames
      without a selected body, :obj:`"pyskl"` those at both ends.
      :obj:`"pyskl"` exchanges the bodies if only the second is present in the
      first frame.

      The scripts stop with an error where they would remove all tracks; this
      function removes none in that case.

    Args:
        bodies (Bodies): All bodies of the file.
        selection (str): :obj:`"agcn"`, :obj:`"ctrgcn"` or :obj:`"pyskl"`.

    Returns:
        The joints in metres in camera coordinates, of shape
        :obj:`[T, M, 25, 3]` with one or two bodies, float32, and zero where a
        body is absent. The second body of :obj:`"ctrgcn"` and :obj:`"pyskl"`
        may be absent in all frames, as in the scripts, if several tracks
        belong to one person.

    Raises:
        ValueError: If there is no such selection.

    Example:
        >>> select_bodies(read_skeleton(path), 'agcn').shape
        (103, 1, 25, 3)
    """
    check_choice('selection', selection, SELECTIONS)
    return SELECTIONS[selection](bodies).astype(np.float32)


def _select_agcn(bodies: Bodies) -> np.ndarray:
    if len(bodies.slot) == bodies.num_frames and not bodies.slot.any():
        return bodies.joints[:, None]  # one body in each frame
    count = min(int(bodies.slot.max(initial=0)) + 1, AGCN_SLOTS)
    energy = []
    for slot in range(count):
        body = bodies.joints[bodies.slot == slot]
        body = body[body.sum(axis=(1, 2)) != 0]
        # [T, 25, 3] -> [3, T * 25]; contiguous for the same sums as 2s-AGCN
        points = np.ascontiguousarray(body.reshape(-1, 3).T)
        energy.append(points.std(axis=1).sum() if len(body) else 0.0)
    largest = np.argsort(energy)[::-1][:NUM_BODIES]
    out = np.zeros((bodies.num_frames, len(largest), NUM_JOINTS, 3))
    for m, slot in enumerate(largest):
        mask = bodies.slot == slot
        out[bodies.frame[mask], m] = bodies.joints[mask]
    return out if out[:, 1:].any() else out[:, :1]


def _select_ctrgcn(bodies: Bodies) -> np.ndarray:
    tracks = _tracks(bodies)
    if len(tracks) > 1:
        tracks = _remove_short(tracks)
        for track in list(tracks):  # in order of their first frames
            if len(tracks) > 1 and track.is_noisy:
                tracks.remove(track)
        tracks.sort(key=lambda track: -track.clean_motion)
    joints = _assign_tracks(tracks, allowed_overlap=1)
    return joints[joints.any(axis=(1, 2, 3))]


def _select_pyskl(bodies: Bodies) -> np.ndarray:
    tracks = sorted(_tracks(bodies), key=lambda track: -track.motion)
    if len(tracks) > 1:
        tracks = _remove_short(tracks)
    if len(tracks) > 1:
        tracks = [t for t in tracks if not t.is_noisy] or tracks
        tracks.sort(key=lambda track: -track.clean_motion)
    if len(tracks) == 1:
        return tracks[0].joints[:, None]
    joints = _assign_tracks(tracks, allowed_overlap=0)
    size = np.abs(joints).sum(axis=(1, 2, 3))
    if not (frames := np.flatnonzero(size >= EMPTY)).size:
        return joints
    joints = joints[frames[0] : frames[-1] + 1]
    spine = np.abs(joints[0, :, SPINE]).sum(axis=-1)
    return joints[:, ::-1] if spine[0] < EMPTY < spine[1] else joints


def _remove_short(tracks: list[_Track]) -> list[_Track]:
    return [t for t in tracks if len(t.joints) >= MIN_FRAMES] or tracks


def _assign_tracks(tracks: list[_Track], allowed_overlap: int) -> np.ndarray:
    r"""Assigns tracks to one or two bodies, :obj:`[T, M, 25, 3]`."""
    stops = [track.start + len(track.joints) for track in tracks]
    shape = (max(stops, default=0), min(len(tracks), NUM_BODIES))
    out = np.zeros((*shape, NUM_JOINTS, 3), np.float32)
    # The interval of the second body starts with the clip, as in the scripts.
    starts, ends = [tracks[0].start if tracks else 0, 0], [0, 0]
    for track, stop in zip(tracks, stops, strict=True):
        for m in range(NUM_BODIES):
            overlap = min(ends[m], stop) - max(starts[m], track.start)
            if overlap <= allowed_overlap or not ends[m]:
                out[track.start : stop, m] = track.joints
                starts[m] = min(starts[m], track.start)
                ends[m] = max(ends[m], stop)
                break
    return out


class _Track:
    r"""The frames of one tracking number, without gaps and in single
    precision, as in the scripts.

    :obj:`clean_motion` is the motion without noisy frames, if it is smaller.
    """

    def __init__(self, start: int, joints: np.ndarray) -> None:
        self.start = start
        self.joints = joints
        extent = np.ptp(joints, axis=1)  # [T, 3]
        noisy = extent[:, 0] > np.float64(MAX_SPREAD) * extent[:, 1]
        self.is_noisy = bool(noisy.mean() >= MAX_NOISY)
        self.motion = self.clean_motion = _motion(joints)
        if noisy.any() and not self.is_noisy:
            self.clean_motion = min(self.motion, _motion(joints[~noisy]))


def _motion(joints: np.ndarray) -> float:
    return float(joints.reshape(-1, 3).var(axis=0).sum())


def _tracks(bodies: Bodies) -> list[_Track]:
    # Numbers the frames that have a body.
    _, frame = np.unique(bodies.frame, return_inverse=True)
    ids, first = np.unique(bodies.body_id, return_index=True)
    joints = bodies.joints.astype(np.float32)
    return [
        _Track(int(frame[first[k]]), joints[bodies.body_id == ids[k]])
        for k in np.argsort(first)
    ]


SELECTIONS = {
    'agcn': _select_agcn,
    'ctrgcn': _select_ctrgcn,
    'pyskl': _select_pyskl,
}
