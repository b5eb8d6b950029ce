r"""Smooths the motion of one person without looking ahead."""

from typing import NamedTuple

import numpy as np

from pyg_hcsf.lifting.smoothing.live_bones import LiveBones
from pyg_hcsf.lifting.windows import MAX_GAP
from pyg_hcsf.skeleton import H36M17


class Tuning(NamedTuple):
    r"""The parameters of :class:`CausalFilter`.

    Args:
        cutoff (float): The cut-off frequency at rest, in Hz.
        gain (float): How much it grows with the speed, in units of the noise
            per second.
        speed_cutoff (float): The cut-off frequency of the speed, in Hz.
        trend (float): Seconds for which a velocity is expected to last.
        floor (float): The smallest noise.
    """

    cutoff: float
    gain: float
    speed_cutoff: float
    trend: float
    floor: float


# Fitted by experiments/fitting/live_smoother.py.
KEYPOINT = Tuning(1.33, 0.0159, 0.62, 0.4, 1e-3)  # pixels
POSE = Tuning(0.37, 0.0068, 2.2, 0.01, 1e-2)  # mm
DIRECTION = Tuning(0.28, 0.0006, 2.6, 10.0, 1e-6)  # unit vector of the root
DEPTH = Tuning(0.24, 0.0039, 0.55, 10.0, 1e-6)  # logarithm of mm
LAG = 0.04  # seconds by which motion is late, see docs/tutorials/lift.md
NEVER = -(2**62)  # the frame of a joint that was not seen
MEMORY = 1.0  # seconds over which noise is estimated
OUTLIER = 9.0  # times the variance: larger squares do not raise the noise


class CausalFilter:
    r"""A low-pass filter of joints whose cut-off frequency grows with their
    speed, as in the One-Euro filter (Casiez et al., CHI 2012), but relative
    to their noise, which it estimates:

    .. math::
        f = f_0 + \beta \, \lVert \hat{\mathbf{v}} \rVert / \hat{\sigma},
        \qquad \theta = e^{-2 \pi f \Delta t}, \qquad
        \mathbf{e} = \mathbf{x} - \mathbf{y} - \phi \dot{\mathbf{y}} \Delta t

    .. math::
        \mathbf{y} \leftarrow \mathbf{x} - \theta^2 \mathbf{e}, \qquad
        \dot{\mathbf{y}} \leftarrow \phi \dot{\mathbf{y}} +
        (1 - \theta)^2 \mathbf{e} / \Delta t

    with the low-passed velocity :math:`\hat{\mathbf{v}}` and :math:`\phi =
    e^{-\Delta t / \tau}`. For a long :math:`\tau` this is a Kalman filter of
    constant velocity in its steady state, critically damped; for a short one
    it is a filter of first order.

    The variance :math:`\hat{\sigma}^2` is a running mean of the squared errors
    of extrapolating the last two values, divided by what they would be for
    noise of variance 1. As fast joints look noisy, it is averaged (as a
    logarithm) with that of the median joint.

    Joints that are missing (NaN) stay so; after 0.4 s they start anew.

    Args:
        tuning (Tuning): The parameters.
        joints (int): The number of joints.
        channels (int): The number of coordinates.
        fps (float): Frames per second.
    """

    def __init__(
        self, tuning: Tuning, joints: int, channels: int, fps: float
    ) -> None:
        self.tuning = tuning
        self.fps = fps
        self.max_gap = max(1, round(MAX_GAP * fps))  # frames
        zeros = np.zeros((joints, channels))
        self.last, self.slope, self.smooth = zeros.copy(), zeros.copy(), zeros
        self.velocity, self.speed = zeros.copy(), zeros.copy()
        self.frame = np.full(joints, NEVER)
        self.step = np.zeros(joints)  # 0 if there was only one value
        self.variance, self.count = np.zeros(joints), np.zeros(joints)

    def __call__(self, x: np.ndarray, frame: int) -> np.ndarray:
        r"""The smooth values of ``[N, C]`` in a frame. If that is not after
        the last frame of a joint, the joint starts anew.
        """
        seen = np.isfinite(x).all(axis=-1)
        step = frame - self.frame
        fresh = seen & ((step < 1) | (step > self.max_gap))
        if fresh.any():
            for value in (self.velocity, self.speed, self.step):
                value[fresh] = 0.0
            self.smooth[fresh] = self.last[fresh] = x[fresh]
            self.frame[fresh] = frame
        old = seen & ~fresh
        if old.any():
            # A slice is faster, if all joints are seen.
            self._update(x, frame, slice(None) if old.all() else old)
        return np.where(seen[:, None], self.smooth, np.nan)

    def _update(
        self, x: np.ndarray, frame: int, rows: slice | np.ndarray
    ) -> None:
        r"""Filters joints that were seen not long ago."""
        x, step = x[rows], (frame - self.frame[rows]) / self.fps
        noise = self._find_noise(x, step, rows)
        self._follow(x, step[:, None], noise[:, None], rows)
        self.last[rows], self.frame[rows] = x, frame

    def _find_noise(
        self, x: np.ndarray, step: np.ndarray, rows: slice | np.ndarray
    ) -> np.ndarray:
        r"""The standard deviation of the noise of some joints."""
        before = self.step[rows]
        ratio = step / np.where(before > 0, before, step)
        off = x - self.last[rows] - self.slope[rows] * step[:, None]
        # The factors of the three values, squared: 1, 1 + ratio and ratio.
        factors = off.shape[-1] * (1 + (1 + ratio) ** 2 + ratio**2)
        square = np.square(off).sum(axis=-1) / factors
        self.slope[rows] = (x - self.last[rows]) / step[:, None]
        self.step[rows] = step
        known = before > 0
        count, variance = self.count[rows] + known, self.variance[rows]
        share = np.maximum(
            1 / np.maximum(count, 1), 1 - np.exp(-step / MEMORY)
        )
        limit = np.where(count > 1, OUTLIER * variance, np.inf)
        change = share * (np.minimum(square, limit) - variance)
        variance = variance + np.where(known, change, 0.0)
        variance = np.maximum(variance, self.tuning.floor**2)
        self.count[rows], self.variance[rows] = count, variance
        middle = np.sort(variance)[len(variance) // 2]  # the median
        return (variance * middle) ** 0.25

    def _follow(
        self,
        x: np.ndarray,
        step: np.ndarray,
        noise: np.ndarray,
        rows: slice | np.ndarray,
    ) -> None:
        r"""Moves the state of some joints towards their values."""
        tuning, smooth = self.tuning, self.smooth[rows]
        keep = np.exp(-2 * np.pi * tuning.speed_cutoff * step)
        speed = (x - smooth) / step
        speed = speed + keep * (self.speed[rows] - speed)
        fast = np.sqrt(np.square(speed).sum(-1, keepdims=True)) / noise
        cutoff = tuning.cutoff + tuning.gain * fast
        theta = np.exp(-2 * np.pi * cutoff * step)
        trend = np.exp(-step / tuning.trend) * self.velocity[rows]
        error = x - smooth - trend * step
        self.smooth[rows] = x - theta**2 * error
        self.velocity[rows] = trend + (1 - theta) ** 2 * error / step
        self.speed[rows] = speed


class LiveSmoother:
    r"""Smooths the keypoints of one person before they are lifted, and
    afterwards the pose, and the direction and distance of the root, each by a
    :class:`CausalFilter`; bones get constant lengths.

    Args:
        joints (int): The number of keypoints.
        fps (float): Frames per second.
    """

    def __init__(self, joints: int, fps: float) -> None:
        self.joints = joints
        self.fps = fps
        self.clear()

    def clear(self) -> None:
        r"""Forgets the person, as after a gap or a jump."""
        fps, joints = self.fps, H36M17.num_joints
        self._keypoints = CausalFilter(KEYPOINT, self.joints, 2, fps)
        self._pose = CausalFilter(POSE, joints, 3, fps)
        self._direction = CausalFilter(DIRECTION, 1, 3, fps)
        self._depth = CausalFilter(DEPTH, 1, 1, fps)
        self._bones = LiveBones(H36M17)

    def smooth_keypoints(
        self, frame: int, xy: np.ndarray, score: np.ndarray
    ) -> np.ndarray:
        r"""Smooths keypoints ``[N, 2]`` where confidences ``[N]`` are not
        0; the others become NaN.
        """
        found = np.where(score[:, None] > 0, xy, np.nan)
        return self._keypoints(found, frame)

    def smooth_pose(
        self, frame: int, pose: np.ndarray, root: np.ndarray
    ) -> tuple[np.ndarray, np.ndarray]:
        r"""Smooths a pose ``[17, 3]`` and its root ``[3]`` in the camera
        frame, lifted from smooth keypoints.
        """
        pose = self._bones(self._pose(pose, frame))
        distance = np.linalg.norm(root)
        direction = self._direction(root[None] / distance, frame)[0]
        depth = self._depth(np.log(distance).reshape(1, 1), frame)[0]
        return pose, direction * np.exp(depth)
