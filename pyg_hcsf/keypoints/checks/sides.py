r"""Tells left from right in 2D: a small network looks at poses."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from pyg_hcsf.keypoints.checks.body import FRAMES, SIDED, weights
from pyg_hcsf.keypoints.convert import common_names
from pyg_hcsf.keypoints.track import Keypoints, Track

#: What the network says of a pose: whether left is left at the hips, and
#: whether the sides of two joints of a limb are the same.
OUTPUTS = (
    ('Hip', 'Hip'),
    ('Shoulder', 'Hip'),
    ('Shoulder', 'Elbow'),
    ('Elbow', 'Wrist'),
    ('Hip', 'Knee'),
    ('Knee', 'Ankle'),
)
#: What is exchanged by mistake: legs (or arms, which look the same), and
#: parts of them.
EXCHANGES = (
    ('Hip', 'Knee', 'Ankle'),
    ('Knee', 'Ankle'),
    ('Elbow', 'Wrist'),
    ('Ankle',),
    ('Wrist',),
)
LEAST = 10  # frames; fewer say too little
REACH = 0.24  # seconds before and after, over which motion is looked at
FPS = 30.0  # where the file does not tell
CLIP = 6.0  # the most that one frame can say
CLEAR = 0.5  # the gain or loss of likelihood that a frame must show
# What a mirror does to what the network sees: left and right, and signs.
MIRROR = np.array([*range(6, 12), *range(6), 12, 13])
SIGNS = np.ones((14, 2))
SIGNS[:13, 0] = -1.0  # x, and x of motion; not growth


def pose_features(track: Track, layout: str, fps: float | None) -> np.ndarray:
    r"""What the network sees of the frames in which no limb is missing.

    Args:
        track (Track): A person.
        layout (str): What the joints are.
        fps (float, optional): Frames per second.

    Returns:
        ``[F, 14, 2]``: the six left and six right joints of arms and legs
        from the middle of the hips, in units of the root mean square
        distance from their mean; how that mean moves, in the same units, and
        how the unit grows.
    """
    names = common_names(layout)
    order = [names.index(side + name) for side in 'LR' for name in SIDED]
    points = track.xy[:, order]
    whole = np.isfinite(points).all(axis=(1, 2))
    points, frames = points[whole], track.frames[whole]
    if not len(points):
        return np.empty((0, 14, 2))
    center = points.mean(axis=1)
    scale = np.square(points - center[:, None]).sum(axis=-1).mean(axis=1)
    scale = np.sqrt(scale) + 1e-6
    step = max(1, round(REACH * (fps or FPS)))
    before = np.searchsorted(frames, frames - step)
    after = np.searchsorted(frames, frames + step, side='right') - 1
    motion = (center[after] - center[before]) / scale[:, None]
    growth = np.log(scale[after] / scale[before]).clip(-1, 1)
    hip = points[:, [3, 9]].mean(axis=1, keepdims=True)
    pose = (points - hip) / scale[:, None, None]
    extra = np.stack(
        [
            motion.clip(-2, 2),
            np.stack([5 * growth, np.zeros(len(growth))], axis=1),
        ],
        axis=1,
    )
    return np.concatenate([pose, extra], axis=1)


def side_logits(poses: np.ndarray) -> np.ndarray:
    r"""What the network says of each pose: ``[F, 14, 2]`` to ``[F, 6]``, in
    the order of :obj:`OUTPUTS`, positive for yes.

    It is asked of the pose, its mirror image, and both with left and right
    exchanged.
    """
    exchanged = poses[:, MIRROR]
    asked = (poses, exchanged * SIGNS, exchanged, poses * SIGNS)
    logits = np.stack([_network(x.reshape(len(x), -1)[:, :27]) for x in asked])
    out = logits.mean(axis=0)
    out[:, 0] = (logits[:2] - logits[2:]).mean(axis=0)[:, 0] / 2
    return out


def _network(x: np.ndarray) -> np.ndarray:
    w = weights()
    for layer in range(2):
        x = np.maximum(x @ w[f'weight{layer}'].T + w[f'bias{layer}'], 0.0)
    return x @ w['weight2'].T + w['bias2']


class Sides(NamedTuple):
    r"""What the network says of a file.

    Args:
        left (float): The mean of its first output: positive if left is left.
        joints (tuple[str, ...]): The entry of :obj:`EXCHANGES` after whose
            exchange poses look most like a body's.
        gain (float): By how much: the gain in the mean logarithm of the
            probability that all sides are the same; negative if poses are
            best as they are.
        share (float): The share of frames that gain by it among those that
            clearly gain or lose. A detector that takes one leg for the other
            where it sees people from the side does so in some frames only.
        frames (int): How many showed arms and legs.
    """

    left: float = 0.0
    joints: tuple[str, ...] = ()
    gain: float = -np.inf
    share: float = 0.0
    frames: int = 0


def tell_sides(keypoints: Keypoints) -> Sides:
    r"""Compares the poses of a file with those after each usual exchange.

    Args:
        keypoints (Keypoints): The file.
    """
    poses = np.concatenate(
        [
            pose_features(track, keypoints.layout, keypoints.fps)
            for track in keypoints.tracks
        ]
    )
    if not len(poses):
        return Sides()
    seen = poses[:: -(-len(poses) // FRAMES)]
    logits = side_logits(seen).clip(-CLIP, CLIP)
    gains = np.stack(
        [_likelihood(side_logits(_exchange(seen, j))) for j in EXCHANGES]
    ) - _likelihood(logits)
    best = int(gains.mean(axis=1).argmax())
    gain = gains[best]
    clear = np.abs(gain) > CLEAR
    return Sides(
        left=float(logits[:, 0].mean()),
        joints=EXCHANGES[best],
        gain=float(gain.mean()),
        share=float((gain[clear] > 0).mean()) if clear.any() else 0.0,
        frames=len(poses),
    )


def _likelihood(logits: np.ndarray) -> np.ndarray:
    r"""The logarithm of the probability that the sides of all pairs of joints
    are the same: ``[F, 6]`` to ``[F]``.
    """
    same = logits[:, 1:].clip(-CLIP, CLIP)
    return -np.log1p(np.exp(-same)).sum(axis=1)


def _exchange(poses: np.ndarray, joints: tuple[str, ...]) -> np.ndarray:
    order = np.arange(len(MIRROR))
    for joint in map(SIDED.index, joints):
        order[[joint, joint + 6]] = joint + 6, joint
    return poses[:, order]
