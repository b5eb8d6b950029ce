r"""Smooths the motion of one person from keypoints to poses."""

from collections.abc import Callable
from typing import NamedTuple

import numpy as np
import torch

from pyg_hcsf.geometry.root_ray import body_size
from pyg_hcsf.keypoints.track import Track
from pyg_hcsf.lifting.assumed_camera import AssumedCamera
from pyg_hcsf.lifting.observation import find_root, observe, select
from pyg_hcsf.lifting.smoothing.bands import MISSING
from pyg_hcsf.lifting.smoothing.bones import bone_lengths, fix_bone_lengths
from pyg_hcsf.lifting.smoothing.feet import (
    ANKLES,
    contact_features,
    drop_far_feet,
    find_standing,
    plant_feet,
)
from pyg_hcsf.lifting.smoothing.keypoint_filter import smooth_track
from pyg_hcsf.lifting.smoothing.networks import (
    SmootherNetworks,
    load_smoother,
)
from pyg_hcsf.lifting.smoothing.root_path import fit_root, smooth_depth
from pyg_hcsf.skeleton import H36M17

MIN_FRAMES = 5  # of a motion that is smoothed
MIN_RATE = 2.0  # Hz; steps of a walking person are not seen in slower videos
SPARSE = 20  # frames per known one, above which motion is not smoothed
UNSURE = 0.05  # the lowest weight of a joint, relative to the median


class Motion(NamedTuple):
    r"""The motion of a person in the camera frame, in millimetres.

    Args:
        frames (numpy.ndarray): Frame numbers: ``[T]``.
        pose (numpy.ndarray): Joints relative to the root: ``[T, 17, 3]``.
        root (numpy.ndarray): Position of the root: ``[T, 3]``.
        uncertainty (numpy.ndarray): The expected error of each joint:
            ``[T, 17]``.
        standing (numpy.ndarray): How sure it is that the right and the left
            foot stand since the frame before, 0 to 1: ``[T, 2]``.
    """

    frames: np.ndarray
    pose: np.ndarray
    root: np.ndarray
    uncertainty: np.ndarray
    standing: np.ndarray


class MotionSmoother:
    r"""Makes lifted motion smooth, with constant bones and standing feet.

    1. Each keypoint is split into frequency bands
       (:func:`~pyg_hcsf.lifting.smoothing.bands.split_bands`). A network
       estimates the share of each band that is motion, from the power of the
       bands around each frame; the rest is removed as noise. So fast motion
       keeps its high frequencies and a person who stands does not shake.
       Nothing is delayed. Joints that are missing for up to 0.4 s are
       interpolated.
    2. The poses lifted from these keypoints are smoothed likewise, each joint
       weighted by its expected error.
    3. All bones get their median length, the same left and right, by moving
       uncertain joints most; then the body is scaled to its size.
    4. The distance of the root is smoothed likewise. A network finds the feet
       that stand; the root is moved so that they do not slide, and knees are
       bent for what is left.

    Bones are constant over all frames of the person. Frames in which the
    person is missing for up to 0.4 s are interpolated, longer gaps and jumps
    begin another motion. Motion of fewer than 5 frames, of less than 2 frames
    per second, or with 20 times as many missing as known frames gets constant
    bones alone.

    Args:
        layout (str): The layout of the keypoints.
        camera (AssumedCamera): The camera, which stands still.
        fps (float): Frames per second.
        size (float): The size of the person in mm, see
            :func:`~pyg_hcsf.geometry.root_ray.body_size`.
        networks (SmootherNetworks, optional): :obj:`None` takes those of the
            package. (default: :obj:`None`)
    """

    def __init__(
        self,
        layout: str,
        camera: AssumedCamera,
        fps: float,
        size: float,
        networks: SmootherNetworks | None = None,
    ) -> None:
        self.layout = layout
        self.camera = camera
        self.fps = fps
        self.size = size
        self.networks = networks or load_smoother()

    def __call__(
        self,
        track: Track,
        starts: np.ndarray,
        lift: Callable[[Track], Motion],
    ) -> Motion:
        r"""Lifts a person smoothly.

        Args:
            track (Track): Keypoints in liftable frames.
            starts (numpy.ndarray): The frames in which a motion begins:
                ``[T]``, bool.
            lift (callable): Lifts keypoints, in the frames in which that is
                possible.
        """
        parts = np.split(np.arange(len(starts)), np.flatnonzero(starts)[1:])
        lifted = [self.lift_clip(track.select(part), lift) for part in parts]
        motions, clips = zip(*lifted, strict=True)
        every = Motion._make(map(np.concatenate, zip(*motions, strict=True)))
        ends = np.cumsum([len(motion.frames) for motion in motions])[:-1]
        poses = np.split(self.fix_bones(every), ends)
        out = [
            self.place(motion._replace(pose=pose), clip)
            for motion, pose, clip in zip(motions, poses, clips, strict=True)
        ]
        return Motion._make(map(np.concatenate, zip(*out, strict=True)))

    def lift_clip(
        self, track: Track, lift: Callable[[Track], Motion]
    ) -> tuple[Motion, Track]:
        r"""The smooth poses of frames without long gaps or jumps, and their
        smooth keypoints.
        """
        clip = self.smooth_keypoints(track)
        motion = lift(clip)
        if not len(motion.frames):  # keypoints whose mean is a single point
            clip = fill_frames(track)
            motion = lift(clip)
        return self.smooth_poses(motion, clip), clip

    def rate(self, frames: np.ndarray) -> float:
        r"""Frames per second of a clip without missing frames."""
        return self.fps / float(frames[1] - frames[0])

    def is_smoothed(self, clip: Track) -> bool:
        r"""Whether a clip is long enough to be smoothed, not too slow, and
        without missing frames.
        """
        if len(clip.frames) < MIN_FRAMES:
            return False
        even = np.ptp(np.diff(clip.frames)) == 0
        return bool(even and self.rate(clip.frames) >= MIN_RATE)

    def smooth_keypoints(self, track: Track) -> Track:
        r"""Fills missing frames and smooths keypoints."""
        clip = fill_frames(track)
        if not self.is_smoothed(clip):
            return track
        gains = self.networks.keypoints
        return smooth_track(clip, self.rate(clip.frames), gains)

    def fill_poses(
        self, motion: Motion, frames: np.ndarray
    ) -> tuple[Motion, np.ndarray]:
        r"""Repeats poses in frames in which none could be lifted. Also
        returns the weights of all joints, ``[T, 17]``.
        """
        known = np.isin(frames, motion.frames)
        rows = np.searchsorted(motion.frames, frames)
        rows = rows.clip(max=len(motion.frames) - 1)
        filled = Motion._make(value[rows] for value in motion)
        filled = filled._replace(frames=frames)
        usual = np.median(motion.uncertainty, axis=0)
        trust = usual / np.maximum(filled.uncertainty, 1e-6)
        weight = np.clip(np.square(trust), UNSURE, 1)
        return filled, np.where(known[:, None], weight, MISSING)

    def smooth_poses(self, motion: Motion, clip: Track) -> Motion:
        r"""Smooths poses, also in frames in which none could be lifted."""
        if not self.is_smoothed(clip):
            return motion
        filled, weight = self.fill_poses(motion, clip.frames)
        rate, gains = self.rate(clip.frames), self.networks.pose
        pose = gains.smooth(filled.pose, weight, rate)
        return filled._replace(pose=pose - pose[:, :1])

    def fix_bones(self, motion: Motion) -> np.ndarray:
        r"""The poses with bones of constant length, and the size of the
        person: ``[T, 17, 3]``.
        """
        pose = fix_bone_lengths(
            motion.pose,
            bone_lengths(motion.pose, H36M17),
            np.median(motion.uncertainty, axis=0),
            H36M17,
        )
        # Means over time, and joints that are not seen, shorten bones.
        return pose * (self.size / float(body_size(torch.tensor(pose[0]))))

    def find_root(
        self, pose: np.ndarray, clip: Track
    ) -> tuple[np.ndarray, np.ndarray]:
        r"""The root in each frame by itself, ``[T, 3]``, and its weight,
        ``[T]``.
        """
        observed, liftable = observe(
            clip.xy, clip.score, self.layout, self.camera
        )
        known = liftable.numpy()
        rows = known.nonzero()[0]
        found = find_root(
            torch.from_numpy(pose[rows]), select(observed, liftable)
        ).numpy()
        times = np.arange(len(pose))
        root = np.stack([np.interp(times, rows, x) for x in found.T], axis=-1)
        return root, np.where(known, 1.0, MISSING)

    def describe_feet(
        self, pose: np.ndarray, root: np.ndarray, clip: Track
    ) -> np.ndarray:
        r"""What tells whether feet stand: ``[T, 2, F]``."""
        return contact_features(
            clip.xy,
            clip.score,
            self.layout,
            pose + root[:, None],
            self.camera.focal.numpy(),
            self.rate(clip.frames),
        )

    def place(self, motion: Motion, clip: Track) -> Motion:
        r"""Finds the path of the root, and keeps standing feet still."""
        pose = motion.pose
        root, weight = self.find_root(pose, clip)
        if not self.is_smoothed(clip):
            return motion._replace(root=root)
        rate = self.rate(clip.frames)
        root = smooth_depth(root, weight, rate, self.networks.depth)
        features = self.describe_feet(pose, root, clip)
        standing = find_standing(features, self.networks.contact)
        root = fit_root(root, pose[:, ANKLES], standing, rate)
        position = pose + root[:, None]
        standing = drop_far_feet(position, standing, rate)
        position = plant_feet(position, standing, rate)
        root = position[:, 0]
        return motion._replace(
            pose=position - root[:, None],
            root=root,
            standing=np.concatenate([np.zeros((1, 2)), standing]),
        )


def fill_frames(track: Track) -> Track:
    r"""Inserts missing frames, with joints of confidence 0. If all frame
    numbers are apart by a multiple of some number, as in every second frame
    of a video, only those are inserted; none if they would be more than
    :data:`SPARSE` times as many as there are.
    """
    if len(track.frames) < 2:
        return track
    steps = np.diff(track.frames)
    stride = int(np.gcd.reduce(steps))
    count = int((steps // stride).sum()) + 1
    if count > SPARSE * len(track.frames):
        return track
    return track.at(track.frames[0] + stride * np.arange(count))
