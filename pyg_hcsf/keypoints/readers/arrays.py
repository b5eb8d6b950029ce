r"""Reads ``.npz`` files, HDF5 files and others of keypoints in arrays.

The arrays are ``keypoints``, ``[T, N, 2]`` or ``[T, P, N, 2]`` in pixels, or
with a confidence as third coordinate, and optionally

* ``scores``, ``[T, N]`` or ``[T, P, N]``;
* ``frames``, the frame numbers, or ``times``, time stamps: ``[T]``;
* ``track_ids``, ``[P]`` or ``[T, P]``, negative for nobody; without them,
  people are followed from frame to frame, in whatever order they are;
* ``names`` of the joints, ``[N]``, in any order;
* ``layout``, ``image_size`` (``[2]``) and ``fps``.

Other usual names are known. Axes in another order, such as ``[1, T, N, 2]``
or ``[2, N, T]``, are recognised by the motion; ``[T, 2 * N]`` and
``[T, 3 * N]`` by their size. Frames with different numbers of people are an
array of objects, see :mod:`~pyg_hcsf.keypoints.readers.ragged`.
``reconstruction``, as MHFormer, PoseFormerV2, MotionAGFormer and others save
it, has Human3.6M's joints.
"""

import numpy as np

from pyg_hcsf.keypoints.detections import MAX_FRAME, Detection, ParsedFile
from pyg_hcsf.keypoints.joint_names import order_by_names
from pyg_hcsf.keypoints.messages import (
    file_error,
    unexpected,
    warn,
    warn_unread,
)
from pyg_hcsf.keypoints.readers import ragged
from pyg_hcsf.keypoints.readers.array_axes import Axes, find_axes
from pyg_hcsf.keypoints.readers.array_names import (
    KEYPOINTS,
    NAMES,
    find_arrays,
    rename_arrays,
)
from pyg_hcsf.keypoints.readers.flat_rows import (
    are_scores,
    check_depth,
    split_rows,
)
from pyg_hcsf.keypoints.readers.frame_numbers import number_times
from pyg_hcsf.safe_io.shown import shown

__all__ = ['NAMES', 'matches', 'read', 'rename_arrays']


def matches(arrays: dict[str, np.ndarray]) -> bool:
    r"""Any file: :func:`read` names the arrays that it expects."""
    return True


def read(arrays: dict[str, np.ndarray]) -> ParsedFile:
    r"""Reads the people of a video."""
    key, arrays = find_arrays(arrays)
    where = f"array '{key[:80]}'"
    if not isinstance(arrays[key], np.ndarray):
        raise unexpected('numbers', arrays[key], where)
    if arrays[key].dtype == object:
        people, rate = _read_ragged(key, arrays), None
    else:
        people, rate = _read_regular(key, arrays, where)
    size = check_numbers(arrays.get('image_size'), 'image_size', (2,))
    fps = check_numbers(arrays.get('fps'), 'fps', (), (1,))
    for name, value in (('image_size', size), ('fps', fps)):
        if value is not None and not (value > 0).all():
            raise unexpected('positive numbers', value, f"array '{name}'")
    warn_unread('arrays', arrays.keys() - {*NAMES, key})
    parsed = ParsedFile(
        source='npz',
        detections=people,
        layout=_parse_text(arrays.get('layout')),
        image_size=None if size is None else (float(size[0]), float(size[1])),
        fps=rate if fps is None else float(fps.reshape(-1)[0]),
        default_layout=KEYPOINTS.get(key),
    )
    names = arrays.get('names')
    return order_by_names(parsed, None if names is None else names.tolist())


def _read_regular(
    key: str, arrays: dict[str, np.ndarray], where: str
) -> tuple[list[Detection], float | None]:
    r"""The people of an array of numbers, and the frames per second of time
    stamps.
    """
    joints = _parse_joints(arrays[key], where, arrays.get('scores'))
    shape = joints.shape[:2]  # [T, P]
    frames, rate = _number_frames(arrays, shape[0])
    ids = check_numbers(arrays.get('track_ids'), 'track_ids', shape, shape[1:])
    if ids is None:  # NaN: unknown
        ids = np.array(1.0 if shape[1] == 1 else np.nan)
    ids = np.broadcast_to(ids, shape)
    seen = (joints[..., 2] > 0).any(axis=-1) & ~(ids < 0)
    people = [
        Detection(
            int(frames[t]),
            None if np.isnan(ids[t, p]) else f'{ids[t, p]:.0f}',
            joints[t, p],
            where=where,
        )
        for t, p in np.argwhere(seen)
    ]
    return people, rate


def _read_ragged(key: str, arrays: dict[str, np.ndarray]) -> list[Detection]:
    rows = arrays[key]
    if rows.ndim != 1:
        raise unexpected('an entry for each frame', rows, f"array '{key}'")
    scores = arrays.get('scores')
    if scores is not None and scores.shape != rows.shape:
        raise unexpected('confidences of each frame', scores)
    frames = check_numbers(arrays.get('frames'), 'frames', rows.shape)
    numbers = range(len(rows)) if frames is None else frames.tolist()
    return ragged.read(rows, scores, numbers)


def _number_frames(
    arrays: dict[str, np.ndarray], count: int
) -> tuple[np.ndarray, float | None]:
    r"""The frame numbers, and the frames per second of time stamps."""
    frames = check_numbers(arrays.get('frames'), 'frames', (count,))
    times = check_numbers(arrays.get('times'), 'times', (count,))
    rate = None
    if frames is None and times is not None:
        numbers, rate = number_times(times.tolist())
        frames = np.array(numbers)
    if frames is None:
        frames = np.arange(count)
    if ((frames < 0) | (frames > MAX_FRAME) | (frames % 1 != 0)).any():
        raise file_error('expected frame numbers', "array 'frames'")
    return frames, rate


def _parse_text(array: np.ndarray | None) -> str | None:
    if array is None or array.dtype.kind != 'U' or array.size != 1:
        return None
    return str(array.reshape(-1)[0])


def check_numbers(
    array: np.ndarray | None, name: str, *shapes: tuple[int, ...]
) -> np.ndarray | None:
    r"""Checks that an array has finite numbers of one of these shapes."""
    if array is None:
        return None
    where = f"array '{name}'"
    if array.dtype.kind not in 'iuf' or array.shape not in shapes:
        expected = f'numbers of shape {" or ".join(map(str, shapes))}'
        raise unexpected(expected, array, where)
    if not np.isfinite(array).all():
        raise file_error('expected finite numbers', where)
    return array


def _parse_joints(
    array: np.ndarray, where: str, scores: np.ndarray | None
) -> np.ndarray:
    r"""The joints: ``[T, P, N, 3]``."""
    if array.ndim == 2 and array.dtype.kind in 'iuf' and array.shape[1] > 3:
        array = split_rows(array, where)
    axes = find_axes(array, where, scores)
    if not axes.is_usual:
        warn(
            f'{where} of shape {shown(list(array.shape))} is read with '
            f'frames in dimension {axes.time}, joints in {axes.joints}'
        )
    joints = axes.move(array).astype(np.float64)  # [T, P, N, C]
    if scores is not None:
        score = _move_scores(scores, array.shape, axes)
    elif joints.shape[-1] == 4 or (
        joints.shape[-1] == 3 and are_scores(joints[..., 2])
    ):
        score = joints[..., -1]
    else:
        if joints.shape[-1] == 3:
            check_depth(joints[..., :2], joints[..., 2], where)
        score = (joints[..., :2] != 0).any(axis=-1)
    return np.concatenate([joints[..., :2], score[..., None]], axis=-1)


def _move_scores(
    scores: np.ndarray, shape: tuple[int, ...], axes: Axes
) -> np.ndarray:
    r"""Confidences in the order of the joints, ``[T, P, N]``."""
    without = shape[: axes.xy] + shape[axes.xy + 1 :]
    one = (*shape[: axes.xy], 1, *shape[axes.xy + 1 :])
    check_numbers(scores, 'scores', without, one)
    return axes.move(scores.reshape(one))[..., 0]
