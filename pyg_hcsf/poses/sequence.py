from __future__ import annotations

from dataclasses import dataclass
from numbers import Real
from typing import Any, Optional

import numpy as np

from pyg_hcsf.keypoints import Track
from pyg_hcsf.safe_io.shown import shown
from pyg_hcsf.skeleton import get_skeleton

# What the names of axes mean.
AXES = {
    'camera': 'x to the right, y down, z away from the camera',
    'world': 'z up, x and y on the ground',
}
NAME_LENGTH = 200
MAX_MM = 1e9  # 1000 km: what is further is no person
FPS = (0.1, 1e6)  # the range that makes sense


@dataclass(frozen=True, eq=False)
class PoseSequence:
    r"""The 3D poses of one person through a video.

    Args:
        name (str): The id of the person.
        skeleton (str): The name of the skeleton whose joints they are.
        frames (numpy.ndarray): The numbers of the frames, ascending:
            ``[T]``.
        pose (numpy.ndarray): Joints in millimetres, the root at the origin:
            ``[T, N, 3]``.
        axes (str): :obj:`"camera"`: x to the right, y down, z away from the
            camera; :obj:`"world"`: z up, x and y on the ground.
        fps (float, optional): Frames per second, if known.
            (default: :obj:`None`)
        uncertainty (numpy.ndarray, optional): The expected error of each
            joint in millimetres: ``[T, N]``. (default: :obj:`None`)
        root (numpy.ndarray, optional): Where the root is in the same axes, in
            millimetres: ``[T, 3]``. (default: :obj:`None`)
        keypoints (Track, optional): What the poses were lifted from, the same
            frames. (default: :obj:`None`)
        layout (str, optional): The skeleton of :obj:`keypoints`.
            (default: :obj:`None`)
        image_size (tuple[float, float], optional): Width and height of the
            image in pixels. (default: :obj:`None`)
        note (str): What was assumed, such as the height of the person, in a
            sentence for the reader of the file. (default: :obj:`''`)

    Raises:
        ValueError: If parts do not fit, a joint is not finite, or the
            skeleton is not known; names the part and the person.

    Example:
        >>> pose = np.zeros((25, 17, 3))
        >>> PoseSequence('1', 'h36m17', np.arange(25), pose, fps=25.0)
    """

    name: str
    skeleton: str
    frames: np.ndarray
    pose: np.ndarray
    axes: str = 'camera'
    fps: Optional[float] = None
    uncertainty: Optional[np.ndarray] = None
    root: Optional[np.ndarray] = None
    keypoints: Optional[Track] = None
    layout: Optional[str] = None
    image_size: Optional[tuple[float, float]] = None
    note: str = ''

    def __post_init__(self) -> None:
        self._check_texts()
        self._check_numbers('frames', self.frames, 'iu', (None,))
        frames = len(self.frames)
        if not frames or (self.frames[1:] <= self.frames[:-1]).any():
            raise self._wrong('frames', 'one or more, ascending', self.frames)
        joints = get_skeleton(self.skeleton).num_joints
        self._check_numbers('pose', self.pose, 'f', (frames, joints, 3))
        if self.uncertainty is not None:
            self._check_numbers(
                'uncertainty', self.uncertainty, 'f', (frames, joints)
            )
            if (self.uncertainty < 0).any():
                raise self._wrong(
                    'uncertainty', 'no negative number', self.uncertainty
                )
        if self.root is not None:
            self._check_numbers('root', self.root, 'f', (frames, 3))
        if (self.keypoints is None) != (self.layout is None):
            raise self._wrong(
                'layout', "a name where there are 'keypoints'", self.layout
            )
        if self.keypoints is not None and self.layout is not None:
            joints = get_skeleton(self.layout).num_joints
            xy, score = self.keypoints.xy, self.keypoints.score
            self._check_numbers('keypoints.xy', xy, 'f', (frames, joints, 2))
            self._check_numbers(
                'keypoints.score', score, 'f', (frames, joints)
            )
            if not np.array_equal(self.keypoints.frames, self.frames):
                raise self._wrong(
                    'keypoints.frames',
                    "the same as 'frames'",
                    self.keypoints.frames,
                )

    @property
    def position(self) -> np.ndarray:
        r"""The joints where they are, as far as known, in millimetres:
        ``[T, N, 3]``.
        """
        pose = np.asarray(self.pose, np.float64)
        return pose if self.root is None else pose + self.root[:, None]

    def _check_texts(self) -> None:
        for key in ('name', 'skeleton', 'axes', 'note'):
            if not isinstance(value := getattr(self, key), str):
                raise self._wrong(key, 'a text', value)
        if not self.name.isprintable() or len(self.name) > NAME_LENGTH:
            raise self._wrong(
                'name',
                f'at most {NAME_LENGTH} characters that can be printed',
                self.name,
            )
        if self.axes not in AXES:
            raise self._wrong('axes', f'one of {list(AXES)}', self.axes)
        if self.layout is not None and not isinstance(self.layout, str):
            raise self._wrong('layout', 'a text or None', self.layout)
        if self.fps is not None and not (
            isinstance(self.fps, Real) and FPS[0] <= self.fps <= FPS[1]
        ):
            raise self._wrong(
                'fps',
                '{:g} to {:g} per second, or None'.format(*FPS),
                self.fps,
            )
        if (size := self.image_size) is not None and not (
            isinstance(size, tuple)
            and len(size) == 2
            and all(isinstance(x, Real) and 0 < x < 1e6 for x in size)
        ):
            raise self._wrong(
                'image_size', 'a tuple of width and height in pixels', size
            )

    def _check_numbers(
        self,
        key: str,
        value: Any,
        kinds: str,
        shape: tuple[Optional[int], ...],
    ) -> None:
        if (
            not isinstance(value, np.ndarray)
            or value.dtype.kind not in kinds
            or value.dtype.itemsize > 8
            or value.ndim != len(shape)
            or any(
                n is not None and n != m
                for n, m in zip(shape, value.shape, strict=True)
            )
        ):
            kind = 'integers' if kinds == 'iu' else 'floats'
            expected = ', '.join('T' if n is None else str(n) for n in shape)
            raise self._wrong(key, f'{kind} of shape [{expected}]', value)
        if kinds == 'f':
            # A joint of keypoints may be missing, one of a pose may not.
            good = np.abs(value) <= MAX_MM
            if key == 'keypoints.xy':
                good |= np.isnan(value)
            if not good.all():
                frame = self.frames[np.argwhere(~good)[0][0]]
                raise ValueError(
                    f"Expected finite numbers in '{key}' of person "
                    f'{shown(self.name)} (got {value[~good][0]} in frame '
                    f'{frame}): '
                    'leave the frame out, or fill the gap first'
                )

    def _wrong(self, key: str, expected: str, value: Any) -> ValueError:
        if isinstance(value, np.ndarray):
            got = f'{value.dtype} of shape {list(value.shape)}'
        elif isinstance(value, (str, int, float, type(None))):
            got = f'{shown(value, 80)}'
        else:
            got = f'a {type(value).__name__}'
        return ValueError(
            f"Expected '{key}' of person {shown(self.name, 80)} to be "
            f'{expected} '
            f'(got {got})'
        )
