r"""The 3D poses of one person over time."""

from dataclasses import dataclass
from numbers import Real
from typing import Any, Optional

import numpy as np

from pyg_hcsf.keypoints import Track
from pyg_hcsf.safe_io.shown import cause, shown
from pyg_hcsf.skeleton import (
    Skeleton,
    as_skeleton,
    available_skeletons,
    get_skeleton,
)

#: The coordinate frames of :attr:`PoseSequence.axes`.
AXES = {
    'camera': 'x to the right, y down, z away from the camera',
    'world': 'z up, x and y on the ground',
}
MAX_NAME = 200  # characters
MAX_MM = 1e9  # 1000 km, to reject garbage
FPS_RANGE = (0.1, 1e6)


@dataclass(frozen=True, eq=False)
class PoseSequence:
    r"""The 3D poses of one person through a video.

    Args:
        name (str): The id of the person.
        skeleton (Skeleton, str or pathlib.Path): The skeleton of :obj:`pose`,
            its name or its YAML file. The attribute is always a
            :class:`~pyg_hcsf.Skeleton`.
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
        root (numpy.ndarray, optional): The position of the root in the same
            axes, in millimetres: ``[T, 3]``. (default: :obj:`None`)
        keypoints (Track, optional): The 2D keypoints that the poses were
            lifted from, of the same frames. (default: :obj:`None`)
        layout (Skeleton, str or pathlib.Path, optional): The skeleton of
            :obj:`keypoints`, as :obj:`skeleton`. (default: :obj:`None`)
        image_size (tuple[float, float], optional): Width and height of the
            image in pixels. (default: :obj:`None`)
        note (str): The assumptions made, such as the height of the person,
            in sentences for the reader of a file. (default: :obj:`''`)

    Raises:
        ValueError: If shapes do not match, a joint is not finite, or the
            skeleton is unknown; names the field and the person.

    Example:
        >>> pose = np.zeros((25, 17, 3))
        >>> PoseSequence('1', 'h36m17', np.arange(25), pose, fps=25.0)
        >>> PoseSequence('1', 'my_hand.yaml', np.arange(25), hands)
    """

    name: str
    skeleton: Any
    frames: np.ndarray
    pose: np.ndarray
    axes: str = 'camera'
    fps: Optional[float] = None
    uncertainty: Optional[np.ndarray] = None
    root: Optional[np.ndarray] = None
    keypoints: Optional[Track] = None
    layout: Any = None
    image_size: Optional[tuple[float, float]] = None
    note: str = ''

    @property
    def position(self) -> np.ndarray:
        r"""The joints in millimetres, at their place if :obj:`root` is known:
        ``[T, N, 3]``.
        """
        pose = np.asarray(self.pose, np.float64)
        return pose if self.root is None else pose + self.root[:, None]

    def __post_init__(self) -> None:
        self._check_metadata()
        for key in ('skeleton', 'layout'):
            if (given := getattr(self, key)) is not None:
                object.__setattr__(self, key, self._skeleton(key, given))
        self._check_array('frames', self.frames, (None,), 'iu')
        t = len(self.frames)
        if not t or (self.frames[1:] <= self.frames[:-1]).any():
            raise self._error('frames', 'one or more, ascending', self.frames)
        n = self.skeleton.num_joints
        self._check_array('pose', self.pose, (t, n, 3))
        if (error := self.uncertainty) is not None:
            self._check_array('uncertainty', error, (t, n))
            if (error < 0).any():
                raise self._error('uncertainty', 'no negative number', error)
        if self.root is not None:
            self._check_array('root', self.root, (t, 3))
        if (self.keypoints is None) != (self.layout is None):
            raise self._error(
                'layout', "a skeleton if there are 'keypoints'", self.layout
            )
        if self.keypoints is not None and self.layout is not None:
            n, track = self.layout.num_joints, self.keypoints
            self._check_array('keypoints.xy', track.xy, (t, n, 2))
            self._check_array('keypoints.score', track.score, (t, n))
            if not np.array_equal(track.frames, self.frames):
                raise self._error(
                    'keypoints.frames', "the same as 'frames'", track.frames
                )

    def _skeleton(self, key: str, given: Any) -> Skeleton:
        try:
            skeleton = as_skeleton(given)
        except ValueError as e:
            raise ValueError(
                f"'{key}' of person {shown(self.name, 80)}: {cause(e)}"
            ) from e
        names = (skeleton.name, *skeleton.joints)
        if not all(n.isprintable() and len(n) <= MAX_NAME for n in names):
            expected = f'of names of at most {MAX_NAME} printable characters'
            raise self._error(key, expected, skeleton.name)
        if skeleton.name in available_skeletons():
            own = get_skeleton(skeleton.name)
            if (own.joints, own.parents) != (
                skeleton.joints,
                skeleton.parents,
            ):
                raise self._error(
                    key,
                    'a skeleton of its own name, as built-in skeletons have '
                    'other joints: rename it',
                    skeleton.name,
                )
        return skeleton

    def _check_metadata(self) -> None:
        for key in ('name', 'axes', 'note'):
            if not isinstance(value := getattr(self, key), str):
                raise self._error(key, 'a text', value)
        if not self.name.isprintable() or len(self.name) > MAX_NAME:
            expected = f'at most {MAX_NAME} printable characters'
            raise self._error('name', expected, self.name)
        if self.axes not in AXES:
            raise self._error('axes', f'one of {list(AXES)}', self.axes)
        low, high = FPS_RANGE
        if (fps := self.fps) is not None and not (
            isinstance(fps, Real) and low <= fps <= high
        ):
            expected = f'{low:g} to {high:g} per second, or None'
            raise self._error('fps', expected, fps)
        if (size := self.image_size) is not None and not (
            isinstance(size, tuple)
            and len(size) == 2
            and all(isinstance(x, Real) and 0 < x < 1e6 for x in size)
        ):
            raise self._error(
                'image_size', 'a tuple of width and height in pixels', size
            )

    def _check_array(
        self,
        key: str,
        value: Any,
        shape: tuple[Optional[int], ...],
        kinds: str = 'f',
    ) -> None:
        if (
            not isinstance(value, np.ndarray)
            or value.dtype.kind not in kinds
            or value.dtype.itemsize > 8
            or value.ndim != len(shape)
            or any(
                n not in (None, m)
                for n, m in zip(shape, value.shape, strict=True)
            )
        ):
            kind = 'integers' if kinds == 'iu' else 'floats'
            expected = ', '.join('T' if n is None else str(n) for n in shape)
            expected = f'a NumPy array of {kind} of shape [{expected}]'
            raise self._error(key, expected, value)
        if kinds != 'f':
            return
        good = np.abs(value) <= MAX_MM
        if key == 'keypoints.xy':  # keypoints may be missing
            good |= np.isnan(value)
        if not good.all():
            frame = self.frames[np.argwhere(~good)[0][0]]
            raise ValueError(
                f"Expected finite numbers in '{key}' of person "
                f'{shown(self.name)} (got {value[~good][0]} in frame '
                f'{frame}): leave the frame out, or fill the gap first'
            )

    def _error(self, key: str, expected: str, value: Any) -> ValueError:
        if isinstance(value, np.ndarray):
            got = f'{value.dtype} of shape {list(value.shape)}'
        elif isinstance(value, (str, int, float, type(None))):
            got = f'{shown(value, 80)}'
        else:
            got = f'a {type(value).__name__}'
        return ValueError(
            f"Expected '{key}' of person {shown(self.name, 80)} to be "
            f'{expected} (got {got})'
        )
