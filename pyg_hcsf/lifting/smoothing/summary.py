r"""What a lifted motion is like, in a sentence."""

from collections.abc import Sequence

import numpy as np
import torch

from pyg_hcsf.lifting.smoothing.feet import ANKLES
from pyg_hcsf.lifting.smoothing.smoother import Motion
from pyg_hcsf.metrics import acceleration, bone_spread
from pyg_hcsf.skeleton import H36M17


def describe_motion(motions: Sequence[Motion], fps: float) -> str:
    r"""Accelerations, lengths of bones and sliding of feet, as means over all
    people.

    Args:
        motions (sequence of Motion): The people.
        fps (float): Frames per second.

    Example:
        >>> describe_motion([motion], fps=25.0)
        'Joints accelerate by 5.1 mm per squared frame, bones vary by 0.0 mm.'
    """
    long = [m for m in motions if len(m.frames) > 2]
    if not long:
        return ''
    poses = [torch.from_numpy(m.pose) for m in long]
    weight = np.array([len(m.frames) for m in long])
    shake, bones = (
        np.average([float(measure(p)) for p in poses], weights=weight)
        for measure in (acceleration, _bone_spread)
    )
    text = (
        f'Joints accelerate by {shake:.1f} mm per squared frame, bones vary '
        f'by {bones:.1f} mm'
    )
    speeds = [_standing_speeds(m, fps) for m in long]
    steps = sum(2 * (len(m.frames) - 1) for m in long)
    slow = np.concatenate(speeds)
    if len(slow):
        text += (
            f', feet that stand ({len(slow) / steps:.0%} of the time) slide '
            f'at {slow.mean():.0f} mm/s'
        )
    return f'{text}.'


def _bone_spread(pose: torch.Tensor) -> torch.Tensor:
    return bone_spread(pose, H36M17.parents)


def _standing_speeds(motion: Motion, fps: float) -> np.ndarray:
    r"""The speeds in mm/s of feet that stand, from a frame to the next."""
    feet = motion.pose[:, ANKLES] + motion.root[:, None]
    seconds = np.diff(motion.frames)[:, None] / fps
    speed = np.linalg.norm(np.diff(feet, axis=0), axis=-1) / seconds
    return speed[motion.standing[1:] > 0.5]
