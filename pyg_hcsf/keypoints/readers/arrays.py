from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from pyg_hcsf.keypoints.people import (
    MAX_FRAME,
    People,
    Person,
    clean,
    refuse,
    to_number,
    to_points,
    warn,
    warn_unread,
)
from pyg_hcsf.keypoints.readers.array_axes import (
    HOW,
    find_axes,
    may_be_keypoints,
)
from pyg_hcsf.keypoints.readers.detectron import (
    read_detections,
    read_positions,
)
from pyg_hcsf.keypoints.readers.frame_numbers import number_times
from pyg_hcsf.keypoints.readers.json_entries import FRAME, SCORES, TIMES, TRACK
from pyg_hcsf.keypoints.readers.json_joints import LISTS
from pyg_hcsf.safe_io.npy import load_npz
from pyg_hcsf.safe_io.shown import shown

#: What an array of keypoints is called, and what others are.
KEYPOINTS = {'keypoints': None, 'reconstruction': 'h36m17'}
NAMES = (
    *('keypoints', 'scores', 'frames', 'track_ids', 'layout', 'image_size'),
    *('fps', 'times'),
)
#: Other usual names of these, in singular or plural, and their dimensions.
ALIASES = {
    'scores': ((*LISTS, *SCORES), (2, 3, 4)),
    'frames': ((*FRAME, 'frame_indices', 'indices'), (1,)),
    'track_ids': (TRACK, (1, 2)),
    'times': (TIMES, (1,)),
}


def read_arrays(content: bytes, path: Path) -> People:
    r"""Reads an :obj:`.npz` file of keypoints.

    It has ``keypoints``: ``[T, N, 2]`` or ``[T, P, N, 2]`` in pixels, or
    with a confidence as third coordinate; and maybe ``scores``, ``[T, N]``
    or ``[T, P, N]``; ``frames``, the numbers of the frames, or ``times``,
    their time stamps, ``[T]``;
    ``track_ids``, ``[P]`` or ``[T, P]``, negative for nobody; ``layout``;
    ``image_size``, ``[2]``; and ``fps``. Without ``track_ids``, people are
    followed from frame to frame, whatever their order. Axes in another order,
    such as ``[1, T, N, 2]`` or ``[2, N, T]``, are recognised by what moves
    smoothly. ``keypoints`` may be an array of objects ``[T]``, each ``[P, N,
    2 or 3]``, where frames have different numbers of people.

    Also read are ``reconstruction``, as MHFormer, PoseFormerV2, MotionAGFormer
    and others save it (Human3.6M's joints); and VideoPose3D's files of its own
    and Detectron2's keypoints: ``infer_video_d2.py``'s, and
    ``prepare_data_2d_custom.py``'s of one video.

    Args:
        content (bytes): The file. No pickled object but arrays, containers,
            texts and numbers is read, and nothing is run.
        path (pathlib.Path): What errors call it.

    Raises:
        ValueError: If it is damaged or holds something else; names it.

    Example:
        >>> np.savez('keypoints.npz', keypoints=np.zeros((100, 17, 2)))
        >>> people = read_arrays(content, Path('keypoints.npz'))
    """
    try:
        arrays = load_npz(content, str(path))
        if 'positions_2d' in arrays:
            return read_positions(arrays, path)
        if 'keypoints' in arrays and arrays['keypoints'].dtype == object:
            if _ragged(arrays['keypoints']):
                return _read_ragged(arrays, path)
            return read_detections(arrays, path)
        return read_dict(arrays, path)
    except MemoryError:
        refuse(path, '', 'its arrays are larger than the memory: split it')


def read_dict(arrays: dict[str, np.ndarray], path: Path) -> People:
    r"""Reads the arrays that :func:`read_arrays` describes.

    Args:
        arrays (dict): The arrays by name.
        path (pathlib.Path): What errors call the file.

    Raises:
        ValueError: If one is missing or not as described; names it.
    """
    key = next((k for k in KEYPOINTS if k in arrays), None)
    if key is None:
        others = [k for k in arrays if arrays[k].ndim in (3, 4)]
        if len(others) == 1 and may_be_keypoints(arrays[others[0]]):
            (key,) = others
            warn(path, f'array {shown(key, 40)} is taken as its keypoints')
    if key is None:
        refuse(
            path,
            '',
            f"it has no array 'keypoints' (got {shown(sorted(arrays))}): "
            f'{HOW}',
        )
    arrays = usual_names(arrays)
    points = _points(arrays[key], path, key, arrays.get('scores'))
    shape = points.shape[:2]
    frames = _numbers(arrays.get('frames'), path, 'frames', shape[:1])
    times = _numbers(arrays.get('times'), path, 'times', shape[:1])
    rate = None
    if frames is None and times is not None:
        numbers, rate = number_times(times.tolist(), path)
        frames = np.array(numbers)
    if frames is None:
        frames = np.arange(shape[0])
    if ((frames < 0) | (frames > MAX_FRAME) | (frames % 1 != 0)).any():
        refuse(path, "array 'frames'", 'expected numbers of frames')
    given = _numbers(
        arrays.get('track_ids'), path, 'track_ids', shape, shape[1:]
    )
    if given is None:  # the only person, or whoever is nearest
        given = np.array(1.0 if shape[1] == 1 else np.nan)
    ids = np.broadcast_to(given, shape)
    seen = np.argwhere(points[..., 2].any(axis=-1) & ~(ids < 0))
    people = [
        Person(
            int(frames[t]),
            None if np.isnan(ids[t, p]) else f'{ids[t, p]:.0f}',
            points[t, p],
        )
        for t, p in seen
    ]
    size = _numbers(arrays.get('image_size'), path, 'image_size', (2,))
    fps = _numbers(arrays.get('fps'), path, 'fps', (), (1,))
    if size is not None and not (size > 0).all():
        refuse(path, "array 'image_size'", 'expected a width and a height')
    if fps is not None and not (fps > 0).all():
        refuse(path, "array 'fps'", 'expected a positive number')
    warn_unread(path, 'arrays', arrays.keys() - {*NAMES, key})
    return People(
        'npz',
        people,
        _text(arrays.get('layout')),
        None if size is None else (float(size[0]), float(size[1])),
        rate if fps is None else float(fps.reshape(-1)[0]),
        KEYPOINTS.get(key),
    )


def usual_names(arrays: dict[str, Any]) -> dict[str, Any]:
    r"""Arrays by the names that :func:`read_dict` knows, where another usual
    name is clear.
    """
    found = dict(arrays)
    for name, (aliases, dimensions) in ALIASES.items():
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
    r"""How many dimensions numbers have, 0 if these are none."""
    try:
        return np.asarray(values, np.float64).ndim
    except (ValueError, TypeError, OverflowError):
        return 0


def _ragged(frames: np.ndarray) -> bool:
    r"""Whether an array of objects holds the people of each frame."""
    return frames.ndim == 1 and all(
        isinstance(f, np.ndarray)
        and f.dtype.kind in 'iuf'
        and f.ndim in (2, 3)
        for f in frames
    )


def _read_ragged(arrays: dict[str, np.ndarray], path: Path) -> People:
    r"""Reads ``keypoints`` of frames with different numbers of people: an
    array of objects ``[T]``, each ``[P, N, 2 or 3]`` or ``[N, 2 or 3]``.
    """
    arrays = usual_names(arrays)
    rows = arrays['keypoints']
    frames = _numbers(arrays.get('frames'), path, 'frames', rows.shape)
    people = []
    for number, found in enumerate(rows):
        frame = number if frames is None else frames[number].item()
        where = f'frame {number}'
        frame = to_number(frame, path, where)
        for points in found if found.ndim == 3 else found[None]:
            people.append(Person(frame, None, to_points(points, path, where)))
    warn_unread(path, 'arrays', arrays.keys() - {'keypoints', 'frames'})
    return People('npz', people)


def _text(array: np.ndarray | None) -> str | None:
    known = array is not None and array.dtype.kind == 'U' and array.size == 1
    return str(array.reshape(-1)[0]) if known and array is not None else None


def _numbers(
    array: np.ndarray | None,
    path: Path,
    name: str,
    *shapes: tuple[int, ...],
) -> np.ndarray | None:
    if array is None:
        return None
    if array.dtype.kind not in 'iuf' or array.shape not in shapes:
        refuse(
            path,
            f"array '{name}'",
            f'expected numbers of shape {" or ".join(map(str, shapes))} (got '
            f'{array.dtype} of shape {shown(list(array.shape))})',
        )
    if not np.isfinite(array).all():
        refuse(path, f"array '{name}'", 'expected finite numbers')
    return array


def _points(
    array: Any, path: Path, key: str, scores: np.ndarray | None
) -> np.ndarray:
    r"""Checked points ``[T, P, N, 3]``."""
    if not isinstance(array, np.ndarray):
        refuse(
            path, f"array '{key}'", f'expected numbers (got {shown(array)})'
        )
    axes = find_axes(array, path, f"array '{key}'")
    usual = axes[:1] + axes[2:] if axes.people is None else tuple(axes)
    if usual != tuple(range(array.ndim)):
        warn(
            path,
            f"array '{key}' of shape {shown(list(array.shape))} is read as "
            f'frames in dimension {axes.time}, joints in {axes.joints}',
        )
    points = axes.move(array)
    if scores is not None:
        score = _scores(scores, array.shape, axes, path)
    elif points.shape[-1] == 3:
        score = points[..., 2]
    else:
        score = (points != 0).any(axis=-1)
    points = np.concatenate(
        [points[..., :2].astype(np.float64), score[..., None]], axis=-1
    )
    return clean(points, path, f"array '{key}'")


def _scores(
    scores: np.ndarray, shape: tuple[int, ...], axes: Any, path: Path
) -> np.ndarray:
    r"""Confidences in the order of the keypoints, ``[T, P, N]``."""
    without = tuple(n for at, n in enumerate(shape) if at != axes.xy)
    one = (*shape[: axes.xy], 1, *shape[axes.xy + 1 :])
    checked = _numbers(scores, path, 'scores', without, one)
    assert checked is not None
    return axes.move(checked.reshape(one))[..., 0]
