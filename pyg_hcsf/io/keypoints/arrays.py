from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from pyg_hcsf.io.keypoints.detectron import read_detections, read_positions
from pyg_hcsf.io.keypoints.people import (
    MAX_FRAME,
    MAX_JOINTS,
    MAX_PEOPLE,
    People,
    Person,
    clean,
    refuse,
)
from pyg_hcsf.io.restricted_pickle import load_npz
from pyg_hcsf.io.shown import shown

MAX_NUMBERS = 10**8
HOW = (
    "save an array 'keypoints' of shape [T, N, 2 or 3] or [T, P, N, 2 or 3] "
    'with numpy.savez'
)


def read_arrays(content: bytes, path: Path) -> People:
    r"""Reads an :obj:`.npz` file of keypoints.

    It has ``keypoints``: ``[T, N, 2]`` or ``[T, P, N, 2]`` in pixels, or
    with a confidence as third coordinate; and maybe ``scores``, ``[T, N]``
    or ``[T, P, N]``; ``frames``, the numbers of the frames, ``[T]``;
    ``track_ids``, ``[P]`` or ``[T, P]``, negative for nobody; ``layout``;
    ``image_size``, ``[2]``; and ``fps``. Without ``track_ids``, people are
    followed from frame to frame, whatever their order.

    Also read are VideoPose3D's files of its own and Detectron2's keypoints:
    ``infer_video_d2.py``'s (of each frame the person with the best box), and
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
    arrays = load_npz(content, str(path))
    if 'positions_2d' in arrays:
        return read_positions(arrays, path)
    if 'keypoints' not in arrays:
        refuse(
            path,
            '',
            f"it has no array 'keypoints' (got {shown(sorted(arrays))}): "
            f'{HOW}',
        )
    if arrays['keypoints'].dtype == object:
        return read_detections(arrays, path)
    points = _points(arrays['keypoints'], path, arrays.get('scores'))
    shape = points.shape[:2]
    frames = _numbers(arrays.get('frames'), path, 'frames', shape[:1])
    if frames is None:
        frames = np.arange(shape[0])
    if ((frames < 0) | (frames > MAX_FRAME) | (frames % 1 != 0)).any():
        refuse(path, "array 'frames'", 'expected numbers of frames')
    given = _numbers(
        arrays.get('track_ids'), path, 'track_ids', shape, shape[1:]
    )
    if given is None:  # the only person, or whoever is nearest
        given = np.array(1.0 if arrays['keypoints'].ndim == 3 else np.nan)
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
    return People(
        'npz',
        people,
        _text(arrays.get('layout')),
        None if size is None else (float(size[0]), float(size[1])),
        None if fps is None else float(fps.reshape(-1)[0]),
    )


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
            f'{array.dtype} of shape {array.shape})',
        )
    if not np.isfinite(array).all():
        refuse(path, f"array '{name}'", 'expected finite numbers')
    return array


def _points(
    array: Any, path: Path, scores: np.ndarray | None = None
) -> np.ndarray:
    r"""Checked points ``[T, P, N, 3]``."""
    if (
        not isinstance(array, np.ndarray)
        or array.dtype.kind not in 'iuf'
        or array.ndim not in (3, 4)
        or array.shape[-1] not in (2, 3)
        or not 0 < array.shape[-2] <= MAX_JOINTS
        or array.size == 0
        or array.size > MAX_NUMBERS
    ):
        what = f'{getattr(array, "dtype", type(array).__name__)}'
        refuse(
            path,
            "array 'keypoints'",
            f'expected numbers of shape [T, N, 2 or 3] or [T, P, N, 2 or 3] '
            f'(got {what} of shape {list(getattr(array, "shape", []))})',
        )
    points = array[:, None] if array.ndim == 3 else array
    if points.shape[1] > MAX_PEOPLE:
        refuse(
            path, "array 'keypoints'", f'expected up to {MAX_PEOPLE} people'
        )
    if scores is not None:
        checked = _numbers(scores, path, 'scores', array.shape[:-1])
        assert checked is not None
        score = checked.reshape(points.shape[:-1])
    elif points.shape[-1] == 3:
        score = points[..., 2]
    else:
        score = (points != 0).any(axis=-1)
    points = np.concatenate(
        [points[..., :2].astype(np.float64), score[..., None]], axis=-1
    )
    return clean(points, path, "array 'keypoints'")
