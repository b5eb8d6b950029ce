r"""Checks whether left and right are exchanged, at all joints or at some.

A small network estimates from each 2D pose whether sides are swapped.
"""

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np

from pyg_hcsf.keypoints.checks.body import (
    MAX_FRAMES,
    SIDED,
    Limbs,
    sided_joints,
    weights,
)
from pyg_hcsf.keypoints.checks.issue import Issue
from pyg_hcsf.keypoints.track import Keypoints, Track

#: The outputs of the network: whether left is left at the hips, and whether
#: two joints of a limb are on the same side.
OUTPUTS = (
    ('Hip', 'Hip'), ('Shoulder', 'Hip'), ('Shoulder', 'Elbow'),
    ('Elbow', 'Wrist'), ('Hip', 'Knee'), ('Knee', 'Ankle'),
)  # fmt: skip
#: Joints that are exchanged by mistake: legs (exchanged arms look the same),
#: and parts of them.
SWAPS = (
    ('Hip', 'Knee', 'Ankle'), ('Knee', 'Ankle'), ('Elbow', 'Wrist'),
    ('Ankle',), ('Wrist',),
)  # fmt: skip
MIN_FRAMES = 10  # with both arms and legs
MOTION = 0.24  # seconds before and after a frame, in which motion is measured
FPS = 30.0  # if it is unknown
MAX_LOGIT = 6.0  # of one frame
CLEAR_GAIN = 0.5  # of log likelihood, in frames that are counted
#: What a mirror does to the features of a pose: it exchanges left and right,
#: and changes the sign of x, also of the motion, but not of the growth.
MIRROR = np.array([*range(6, 12), *range(6), 12, 13])
SIGNS = np.ones((14, 2))
SIGNS[:13, 0] = -1.0
# Limits that few files without a mistake exceed, see docs/keypoints.md: of
# the mean logit that left is left; of the gain in log likelihood by a swap,
# and the share of frames that gain; and of the logit and twice the agreement
# of ears and shoulders.
MIN_LEFT, MAX_GAIN, MAX_SHARE, MIN_FACE = -1.25, 0.3, 0.85, -0.9
#: A gain is certain in so many frames, or if it is as large as this. Noise
#: has gains of up to 1.4 in 12 frames, a mistake mostly more.
SURE_FRAMES, SURE_GAIN = 25, 1.5


class SideEvidence(NamedTuple):
    r"""What the network finds in a video.

    Args:
        left (float): The mean of its first output: positive if left is left.
        swap (tuple[str, ...]): The entry of :obj:`SWAPS` after which poses
            look most like those of people.
        gain (float): The mean gain by this swap in the log probability that
            the joints of each limb are on the same side; negative if poses
            are best without any swap.
        share (float): The share of frames with a gain, among those that
            clearly gain or lose. It is small for a detector that mistakes
            one leg for the other in frames seen from the side only.
        frames (int): The number of frames with both arms and legs.
    """

    left: float = 0.0
    swap: tuple[str, ...] = ()
    gain: float = -np.inf
    share: float = 0.0
    frames: int = 0

    @property
    def is_mirrored(self) -> bool:
        r"""Whether left and right are exchanged at all joints."""
        return self.frames >= MIN_FRAMES and self.left < MIN_LEFT


def check_left_right(keypoints: Keypoints) -> Iterator[Issue]:
    r"""Checks whether left is left, at all joints or at some."""
    found = side_evidence(keypoints)
    if found.frames < MIN_FRAMES:
        return
    face = _face_agreement(keypoints)
    if found.gain > MAX_GAIN and found.share > MAX_SHARE:
        joints = ', '.join(f'{joint.lower()}s' for joint in found.swap)
        is_sure = found.frames >= SURE_FRAMES or found.gain > SURE_GAIN
        yield Issue(
            'some sides',
            'limbs look more like those of a person with left and right '
            f'exchanged at the {joints} only',
            'check the order of the joints',
            found.gain,
            level='error' if is_sure else 'warning',
        )
    elif found.left + 2 * face < MIN_FACE:
        yield Issue(
            'some sides',
            'left and right of the face and of the shoulders contradict each '
            'other',
            'check the order of the joints',
            face,
        )
    elif found.is_mirrored:
        yield Issue(
            'sides',
            'people stand and move as if left and right were exchanged',
            'draw the joints into the video: if they lie on its people, '
            'exchange left and right by swap_sides(keypoints); if they '
            'lie on their mirror image, subtract x from the width',
            found.left,
            level='warning',
        )


def side_evidence(keypoints: Keypoints) -> SideEvidence:
    r"""Compares the poses of a video with those after each of the usual
    swaps of left and right joints.
    """
    layout, fps = keypoints.layout, keypoints.fps
    poses = np.concatenate(
        [pose_features(track, layout, fps) for track in keypoints.tracks]
    )
    if not len(poses):
        return SideEvidence()
    sample = poses[:: -(-len(poses) // MAX_FRAMES)]
    logits = side_logits(sample).clip(-MAX_LOGIT, MAX_LOGIT)
    swapped = [_log_likelihood(side_logits(_swap(sample, s))) for s in SWAPS]
    gains = np.stack(swapped) - _log_likelihood(logits)  # [swaps, F]
    best = int(gains.mean(axis=1).argmax())
    clear = gains[best][np.abs(gains[best]) > CLEAR_GAIN]
    return SideEvidence(
        left=float(logits[:, 0].mean()),
        swap=SWAPS[best],
        gain=float(gains[best].mean()),
        share=float((clear > 0).mean()) if len(clear) else 0.0,
        frames=len(poses),
    )


def pose_features(track: Track, layout: str, fps: float | None) -> np.ndarray:
    r"""The inputs of the network, for frames with both arms and legs:
    ``[F, 14, 2]``.

    These are the left and the right joints of :obj:`SIDED`, relative to the
    middle of the hips, in units of the root mean square distance of the
    joints from their mean; the motion of this mean in the same units; and the
    growth of the unit, with a zero.
    """
    points = track.xy[:, sided_joints(layout)]
    complete = np.isfinite(points).all(axis=(1, 2))
    points, frames = points[complete], track.frames[complete]
    if not len(points):
        return np.empty((0, 14, 2))
    center = points.mean(axis=1)
    size = np.square(points - center[:, None]).sum(axis=-1).mean(axis=1)
    size = np.sqrt(size) + 1e-6
    step = max(1, round(MOTION * (fps or FPS)))
    before = np.searchsorted(frames, frames - step)
    after = np.searchsorted(frames, frames + step, side='right') - 1
    motion = (center[after] - center[before]) / size[:, None]
    growth = np.log(size[after] / size[before]).clip(-1, 1)
    hip = points[:, [3, 9]].mean(axis=1, keepdims=True)
    pose = (points - hip) / size[:, None, None]
    growth = np.column_stack([5 * growth, np.zeros(len(growth))])
    extra = np.stack([motion.clip(-2, 2), growth], axis=1)
    return np.concatenate([pose, extra], axis=1)


def side_logits(poses: np.ndarray) -> np.ndarray:
    r"""The logits of the network for each pose, in the order of
    :obj:`OUTPUTS`, positive for yes: ``[F, 14, 2]`` to ``[F, 6]``.

    They are averaged over the pose and its mirror image, and over both with
    left and right exchanged, which changes the sign of the first output.
    """
    swapped = poses[:, MIRROR]
    # The first two are poses of the same sidedness, the last two of the other.
    inputs = (poses, swapped * SIGNS, swapped, poses * SIGNS)
    logits = np.stack([_network(x.reshape(len(x), -1)) for x in inputs])
    out = logits.mean(axis=0)
    out[:, 0] = (logits[:2] - logits[2:]).mean(axis=0)[:, 0] / 2
    return out


def _network(x: np.ndarray) -> np.ndarray:
    w, x = weights(), x[:, :27]  # without the zero at the end
    for layer in range(2):
        x = np.maximum(x @ w[f'weight{layer}'].T + w[f'bias{layer}'], 0.0)
    return x @ w['weight2'].T + w['bias2']


def _log_likelihood(logits: np.ndarray) -> np.ndarray:
    r"""The log probability that all limbs have both joints on the same side:
    ``[F, 6]`` to ``[F]``.
    """
    same = logits[:, 1:].clip(-MAX_LOGIT, MAX_LOGIT)
    return -np.log1p(np.exp(-same)).sum(axis=1)


def _swap(poses: np.ndarray, joints: tuple[str, ...]) -> np.ndarray:
    order = np.arange(len(MIRROR))
    for joint in map(SIDED.index, joints):
        order[[joint, joint + 6]] = joint + 6, joint
    return poses[:, order]


def _face_agreement(keypoints: Keypoints) -> float:
    r"""The correlation of the vectors from right to left of ears and
    shoulders, from -1 to 1; 1 if there are none.
    """
    limbs = Limbs(keypoints.tracks, keypoints.layout)
    ears, shoulders = limbs.across('Ear'), limbs.across('Shoulder')
    seen = np.isfinite(ears + shoulders).all(axis=1)
    ears, shoulders = ears[seen], shoulders[seen]
    if not len(ears):
        return 1.0
    size = np.sqrt(np.square(ears).sum() * np.square(shoulders).sum())
    return float((ears * shoulders).sum() / (size + 1e-9))
