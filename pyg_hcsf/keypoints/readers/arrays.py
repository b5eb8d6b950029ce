r"""Reads ``.npz`` files of keypoints.

The arrays are ``keypoints``, ``[T, N, 2]`` or ``[T, P, N, 2]`` in pixels, or
with a confidence as third coordinate, and optionally

* ``scores``, ``[T, N]`` or ``[T, P, N]``;
* ``frames``, the frame numbers, or ``times``, time stamps: ``[T]``;
* ``track_ids``, ``[P]`` or ``[T, P]``, negative for nobody; without them,
  people are followed from frame to frame, in whatever order they are;
* ``layout``, ``image_size`` (``[2]``) and ``fps``.

Axes in another order, such as ``[1, T, N, 2]`` or ``[2, N, T]``, are
recognised by the motion. Frames with different numbers of people are an array
of objects ``[T]``, each ``[P, N, 2 or 3]``. ``reconstruction``, as MHFormer,
PoseFormerV2, MotionAGFormer and others save it, has Human3.6M's joints.
"""

from typing import Any

import numpy as np

from pyg_hcsf.keypoints.detections import (
    MAX_FRAME,
    Detection,
    ParsedFile,
    parse_frame_number,
    parse_joints,
)
from pyg_hcsf.keypoints.messages import (
    file_error,
    unexpected,
    warn,
    warn_unread,
)
from pyg_hcsf.keypoints.readers.array_axes import (
    Axes,
    find_axes,
    may_be_keypoints,
)
from pyg_hcsf.keypoints.readers.frame_numbers import number_times
from pyg_hcsf.keypoints.readers.json_frames import (
    FRAME_KEYS,
    SCORE_KEYS,
    TIME_KEYS,
    TRACK_KEYS,
)
from pyg_hcsf.keypoints.readers.json_people import SCORE_LIST_KEYS
from pyg_hcsf.safe_io.shown import shown

#: Names of an array of keypoints, and the default layout of each.
KEYPOINTS = {'keypoints': None, 'reconstruction': 'h36m17'}
NAMES = (
    'keypoints', 'scores', 'frames', 'track_ids', 'layout', 'image_size',
    'fps', 'times',
)  # fmt: skip
# Other usual names, in singular or plural, and the numbers of dimensions.
_ALIASES = {
    'scores': ((*SCORE_LIST_KEYS, *SCORE_KEYS), (2, 3, 4)),
    'frames': ((*FRAME_KEYS, 'frame_indices', 'indices'), (1,)),
    'track_ids': (TRACK_KEYS, (1, 2)),
    'times': (TIME_KEYS, (1,)),
}


def matches(arrays: dict[str, np.ndarray]) -> bool:
    r"""Any file: :func:`read` names the arrays that it expects."""
    return True


def read(arrays: dict[str, np.ndarray]) -> ParsedFile:
    r"""Reads the people of a video."""
    key = _find_keypoints(arrays)
    if key == 'keypoints' and is_ragged(arrays[key]):
        return _read_ragged(arrays)
    arrays = rename_arrays(arrays)
    joints = _parse_joints(arrays[key], key, arrays.get('scores'))
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
            where=f"array '{key}'",
        )
        for t, p in np.argwhere(seen)
    ]
    size = check_numbers(arrays.get('image_size'), 'image_size', (2,))
    fps = check_numbers(arrays.get('fps'), 'fps', (), (1,))
    for name, value in (('image_size', size), ('fps', fps)):
        if value is not None and not (value > 0).all():
            raise unexpected('positive numbers', value, f"array '{name}'")
    warn_unread('arrays', arrays.keys() - {*NAMES, key})
    return ParsedFile(
        source='npz',
        detections=people,
        layout=_parse_text(arrays.get('layout')),
        image_size=None if size is None else (float(size[0]), float(size[1])),
        fps=rate if fps is None else float(fps.reshape(-1)[0]),
        default_layout=KEYPOINTS.get(key),
    )


def is_ragged(frames: np.ndarray) -> bool:
    r"""Whether an array of objects has an array of joints for each frame."""
    if not isinstance(frames, np.ndarray) or frames.dtype != object:
        return False
    return frames.ndim == 1 and all(
        isinstance(f, np.ndarray)
        and f.dtype.kind in 'iuf'
        and f.ndim in (2, 3)
        for f in frames
    )


def _read_ragged(arrays: dict[str, np.ndarray]) -> ParsedFile:
    arrays = rename_arrays(arrays)
    rows = arrays['keypoints']
    frames = check_numbers(arrays.get('frames'), 'frames', rows.shape)
    people = []
    for number, found in enumerate(rows):
        where = f'frame {number}'
        frame = number if frames is None else frames[number].item()
        frame = parse_frame_number(frame, where)
        for values in found if found.ndim == 3 else found[None]:
            joints = parse_joints(values, where)
            people.append(Detection(frame, None, joints, where=where))
    warn_unread('arrays', arrays.keys() - {'keypoints', 'frames'})
    return ParsedFile('npz', people)


def _find_keypoints(arrays: dict[str, np.ndarray]) -> str:
    r"""The name of the keypoints, or of the only array that may be them."""
    for key in KEYPOINTS:
        if key in arrays:
            return key
    others = [k for k in arrays if arrays[k].ndim in (3, 4)]
    if len(others) == 1 and may_be_keypoints(arrays[others[0]]):
        warn(f'array {shown(others[0], 40)} is taken as its keypoints')
        return others[0]
    raise file_error(
        f"it has no array 'keypoints' (got {shown(sorted(arrays))}): save one "
        'of shape [T, N, 2 or 3] or [T, P, N, 2 or 3] with numpy.savez'
    )


def rename_arrays(arrays: dict[str, Any]) -> dict[str, Any]:
    r"""Arrays by the names of :obj:`NAMES`, where another usual name for one
    is clear.
    """
    found = dict(arrays)
    for name, (aliases, dimensions) in _ALIASES.items():
        other = [
            k
            for k in arrays.keys() - {*NAMES}
            if {k, k.removesuffix('s')} & {*aliases}
            and _dimensions(arrays[k]) in dimensions
        ]
        if name not in arrays and len(other) == 1:
            found[name] = found.pop(other[0])
    return found


def _dimensions(values: Any) -> int:
    r"""How many dimensions numbers have, 0 if the values are no numbers."""
    try:
        return np.asarray(values, np.float64).ndim
    except (ValueError, TypeError, OverflowError):
        return 0


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
    array: Any, key: str, scores: np.ndarray | None
) -> np.ndarray:
    r"""The joints: ``[T, P, N, 3]``."""
    where = f"array '{key}'"
    if not isinstance(array, np.ndarray):
        raise unexpected('numbers', array, where)
    axes = find_axes(array, where)
    if not axes.is_usual:
        warn(
            f'{where} of shape {shown(list(array.shape))} is read with '
            f'frames in dimension {axes.time}, joints in {axes.joints}'
        )
    joints = axes.move(array)  # [T, P, N, C]
    if scores is not None:
        score = _move_scores(scores, array.shape, axes)
    elif joints.shape[-1] == 3:
        score = joints[..., 2]
    else:
        score = (joints != 0).any(axis=-1)
    xy = joints[..., :2].astype(np.float64)
    return np.concatenate([xy, score[..., None]], axis=-1)


def _move_scores(
    scores: np.ndarray, shape: tuple[int, ...], axes: Axes
) -> np.ndarray:
    r"""Confidences in the order of the joints, ``[T, P, N]``."""
    without = shape[: axes.xy] + shape[axes.xy + 1 :]
    one = (*shape[: axes.xy], 1, *shape[axes.xy + 1 :])
    check_numbers(scores, 'scores', without, one)
    return axes.move(scores.reshape(one))[..., 0]
