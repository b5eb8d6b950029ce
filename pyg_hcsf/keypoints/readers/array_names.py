r"""Finds keypoints, confidences and what else is known among named arrays."""

import re
from typing import Any

import numpy as np

from pyg_hcsf.keypoints.detections import parse_size
from pyg_hcsf.keypoints.messages import IS_3D, file_error, listed, warn
from pyg_hcsf.keypoints.readers.array_axes import REMEDY, may_be_keypoints
from pyg_hcsf.keypoints.readers.flat_rows import find_width
from pyg_hcsf.keypoints.readers.json_frames import (
    FRAME_KEYS,
    SCORE_KEYS,
    TIME_KEYS,
    TRACK_KEYS,
)
from pyg_hcsf.keypoints.readers.json_people import (
    KEYPOINT_KEYS,
    SCORE_LIST_KEYS,
)
from pyg_hcsf.keypoints.readers.movenet import joints_of
from pyg_hcsf.keypoints.readers.unknown import ARRAY_FORMS, nearest
from pyg_hcsf.safe_io.shown import shown

#: Names of an array of keypoints, and the default layout of each.
KEYPOINTS = {'keypoints': None, 'reconstruction': 'h36m17'}
NAMES = (
    'keypoints', 'scores', 'frames', 'track_ids', 'layout', 'image_size',
    'fps', 'times', 'names',
)  # fmt: skip
# Other usual names, in singular or plural, and the numbers of dimensions.
_ALIASES = {
    'scores': ((*SCORE_LIST_KEYS, *SCORE_KEYS), (2, 3, 4)),
    'frames': ((*FRAME_KEYS, 'frame_indices', 'indices'), (1,)),
    'track_ids': (TRACK_KEYS, (1, 2)),
    'times': (TIME_KEYS, (1,)),
}
# Other usual names of keypoints, the likeliest first.
_KEYPOINT_NAMES = (
    *KEYPOINT_KEYS, 'keypoint', 'keypoints_xy', 'kps', 'kp', 'kps2d', 'kps_2d',
    'kpts2d', 'kpts_2d', 'poses_2d', 'pose_2d', 'poses2d', 'pose2d',
    'joints_2d', 'joints2d', 'pred_keypoints', 'poses', 'xy', 'xyn', 'preds',
    'skeletons', 'data', 'arr_0',
)  # fmt: skip
_SCORE_WORDS = {
    'score', 'scores', 'conf', 'confs', 'confidence', 'confidences', 'vis',
    'visibility', 'prob', 'probs', 'likelihood', 'maxvals', 'c',
}  # fmt: skip
_JOINT_NAMES = (
    'joint_names', 'keypoint_names', 'keypoints_names', 'kpt_names',
    'landmark_names', 'node_names', 'bodyparts', 'body_parts', 'joints',
    'names', 'keypoints',
)  # fmt: skip
# Width and height; height and width, as OpenMMLab and Ultralytics save them.
_SIZES = (
    'image_size', 'img_size', 'frame_size', 'video_size', 'resolution', 'wh',
    'size',
)  # fmt: skip
_SHAPES = ('img_shape', 'image_shape', 'original_shape', 'orig_shape', 'hw')
_IS_3D = re.compile(r'(.*[^a-z0-9])?(xyz|.*3d|world)([^a-z0-9].*)?', re.I)


def find_arrays(arrays: dict[str, Any]) -> tuple[str, dict[str, Any]]:
    r"""The name of the keypoints, and all arrays, of which others are named
    as in :obj:`NAMES` where it is clear what they are.
    """
    found = unwrap(arrays)
    key = _find_keypoints(found)
    found = rename_arrays(found)
    points = found[key]
    if 'scores' not in found and isinstance(points, np.ndarray):
        _name_scores(found, key, points.shape)
    _name_sizes(found)
    for name in _JOINT_NAMES:
        if name != key and _are_texts(found.get(name)):
            found.setdefault('names', found.pop(name))
    return key, found


def unwrap(arrays: dict[str, Any]) -> dict[str, Any]:
    r"""Arrays without the groups of HDF5 around their names, and with the
    values of mappings, that are saved as an array of one object.
    """
    out: dict[str, Any] = {}
    ends = [name.rsplit('/', 1)[-1] for name in arrays]
    for name, end in zip(arrays, ends, strict=True):
        value = arrays[name]
        if not isinstance(value, np.ndarray):
            pass
        elif value.dtype == object:
            inner = value.item() if value.size == 1 else None
            if isinstance(inner, dict) and all(
                isinstance(k, str) for k in inner
            ):
                out |= {k: _to_array(v) for k, v in inner.items()}
                continue
        elif (people := joints_of(value)) is not None:
            value = people
        elif value.ndim > 4:  # [1, C, T, N, P] of graph networks
            value = value.squeeze()
        out[end if ends.count(end) == 1 else name] = value
    return out


def _to_array(value: Any) -> Any:
    if isinstance(value, (list, int, float, str)):
        try:
            return np.array(value)
        except (ValueError, TypeError, OverflowError):
            return value
    return value


def _find_keypoints(arrays: dict[str, Any]) -> str:
    r"""The name of the keypoints, or of the only array that may be them."""
    for key in KEYPOINTS:
        if key in arrays and not _are_texts(arrays[key]):
            return key
    lower = {name.lower(): name for name in arrays}
    known = [lower[name] for name in _KEYPOINT_NAMES if name in lower]
    planar = [n for n in arrays if not _IS_3D.fullmatch(n) and not _words(n)]
    found = [n for n in known if _may_be(arrays[n])][:1]
    found = found or [n for n in planar if _may_be(arrays[n])]
    if len(found) == 1:
        warn(f'array {shown(found[0], 40)} is taken as its keypoints')
        return found[0]
    if not arrays:
        raise file_error(
            'it has no arrays of NumPy: save a workbook of Excel as .csv'
        )
    if any(map(_IS_3D.fullmatch, arrays)):
        raise file_error(IS_3D)
    described = [f'{name[:40]} {_described(a)}' for name, a in arrays.items()]
    raise file_error(
        f"it has no array 'keypoints' (got {listed(described)})"
        f'{nearest(arrays.keys(), ARRAY_FORMS)}: {REMEDY}'
    )


def _described(array: Any) -> str:
    if not isinstance(array, np.ndarray):
        return f'({type(array).__name__})'
    return f'{list(array.shape)} of {array.dtype}'


def _may_be(array: Any) -> bool:
    if not isinstance(array, np.ndarray):
        return False
    if array.dtype == object:
        return array.ndim == 1
    flat = array.ndim == 2 and array.dtype.kind in 'iuf'
    return may_be_keypoints(array) or (
        flat and find_width(array.shape[1]) is not None
    )


def _words(name: str) -> set[str]:
    r"""The words of a name that are usual for confidences."""
    return {*re.split(r'[^a-z]+', name.lower())} & _SCORE_WORDS


def _are_texts(value: Any) -> bool:
    if not isinstance(value, np.ndarray) or value.ndim != 1 or not value.size:
        return False
    return value.dtype.kind == 'U' or (
        value.dtype == object and all(isinstance(v, str) for v in value)
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


def _name_scores(
    arrays: dict[str, Any], key: str, shape: tuple[int, ...]
) -> None:
    r"""Renames the array that has a number for each joint, if its name is
    usual for confidences, or if it is the only one.
    """
    shapes = set()
    for axis, size in enumerate(shape):
        if size == 2:
            shapes |= {
                (*shape[:axis], *shape[axis + 1 :]),
                (*shape[:axis], 1, *shape[axis + 1 :]),
            }
    like = [
        name
        for name, array in arrays.items()
        if isinstance(array, np.ndarray)
        and name != key
        and array.dtype.kind in 'iuf'
        and array.shape in shapes
    ]
    named = [name for name in like if _words(name)] or like
    if len(named) == 1:
        if not _words(named[0]):
            warn(f'array {shown(named[0], 40)} is taken as its confidences')
        arrays['scores'] = arrays.pop(named[0])


def _name_sizes(arrays: dict[str, Any]) -> None:
    r"""Sets the size of the image to that under another usual name."""
    sizes = [(name, 1) for name in _SIZES] + [(name, -1) for name in _SHAPES]
    for name, step in sizes:
        value = arrays.get(name)
        if isinstance(value, np.ndarray) and value.shape in ((2,), (3,)):
            arrays.setdefault('image_size', arrays.pop(name)[:2][::step])
    for kind in ('', 'image_', 'img_', 'frame_', 'video_'):
        for names in (('width', 'height'), ('w', 'h')):
            sides = [arrays.get(kind + name) for name in names]
            if all(isinstance(s, np.ndarray) and s.size == 1 for s in sides):
                pair = [s.item() for s in sides if s is not None]
                if parse_size(*pair) is not None:
                    arrays.setdefault('image_size', np.array(pair))
                    for name in names:
                        del arrays[kind + name]
