r"""Describes data in no known form: their structure, and the nearest form."""

from collections.abc import Iterator, Mapping, Set
from itertools import islice
from typing import Any

import numpy as np

from pyg_hcsf.keypoints.readers.json_keys import KEYPOINT_KEYS, KEYS_3D
from pyg_hcsf.safe_io.shown import shown

LENGTH = 400  # characters of a structure
DEPTH = 4  # of containers that are shown
_KEYS = 8  # of a mapping that are shown
_VISITED = 2000  # containers in which known keys are searched
# The keys of a file by its producer, the frequent ones.
_FORMS = {
    'OpenPose': {'version', 'people', 'pose_keypoints_2d', 'person_id'},
    'AlphaPose': {'image_id', 'category_id', 'keypoints', 'score', 'idx'},
    'MMPose': {
        'instance_info', 'instances', 'frame_id', 'keypoints', 'bbox',
        'keypoint_scores', 'pred_instances', 'meta_info',
    },
    'COCO': {
        'images', 'annotations', 'categories', 'keypoints', 'image_id',
        'num_keypoints', 'file_name', 'iscrowd',
    },
    'Ultralytics': {'name', 'class', 'confidence', 'box', 'keypoints'},
    'MediaPipe': {
        'landmarks', 'pose_landmarks', 'poseLandmarks', 'landmark', 'x', 'y',
        'z', 'visibility', 'presence',
    },
    'TensorFlow.js': {'score', 'keypoints', 'x', 'y', 'name', 'part', 'pose'},
    'OpenPifPaf': {'frame', 'predictions', 'keypoints', 'bbox', 'score'},
    'MMAction2': {'keypoint', 'keypoint_score', 'frame_dir', 'img_shape'},
    'records': {'frame', 'track', 'person', 'id', 'keypoints', 'joints'},
}  # fmt: skip
#: The names of arrays in a file by its producer.
ARRAY_FORMS = {
    'numpy.savez': {'keypoints', 'scores', 'frames', 'track_ids'},
    'SLEAP': {
        'tracks', 'node_names', 'track_names', 'point_scores',
        'track_occupancy',
    },
    'SLEAP projects': {'frames', 'instances', 'points', 'pred_points'},
    'VideoPose3D': {'positions_2d', 'metadata'},
    'Detectron2': {'keypoints', 'boxes', 'segments', 'metadata'},
    'MMAction2': {'keypoint', 'keypoint_score', 'frame_dir', 'img_shape'},
}  # fmt: skip
#: The columns of a table by its producer.
TABLE_FORMS = {
    'a line for each joint': {'frame', 'person', 'joint', 'x', 'y', 'score'},
    'DeepLabCut': {'scorer', 'individuals', 'bodyparts', 'coords'},
    'SLEAP': {'track', 'frame_idx', 'instance_score'},
    'Ultralytics': {'name', 'class', 'confidence', 'box', 'keypoints'},
}  # fmt: skip
_RECORDS = (
    "mappings of 'frame', 'track' and 'keypoints' (rows of x, y and "
    'confidence)'
)


def describe(data: Any) -> str:
    r"""What data in no known form hold, how close they are to a known form,
    and the remedy; bounded in length and time.

    Example:
        >>> describe({'foo': [[1.5, 2.0], [3.0, 4.0]]})
        "its structure is {'foo': [2 x [2 x float]]}: save ..."
    """
    keys = set(_keys(data))
    text = f'its structure is {structure(data)}'
    found_3d = [key for key in KEYS_3D if key in keys]
    if found_3d and not keys & {*KEYPOINT_KEYS}:
        return (
            f"it has 3D positions ('{found_3d[0]}') but no 2D keypoints; "
            f'{text}: save the 2D keypoints that the detector found, too'
        )
    return (
        f'{text}{nearest(keys)}: write {_RECORDS}, or save an array '
        "'keypoints' [T, N, 3] with numpy.savez instead"
    )


def nearest(keys: Set[str], forms: Mapping[str, Set[str]] = _FORMS) -> str:
    r"""Names the form that shares most keys with a file, empty if none does.

    Example:
        >>> nearest({'tracks', 'node_names'}, ARRAY_FORMS)
        "; nearest to the form of SLEAP (it has 'node_names', ...)"
    """
    shared = {name: len(form & keys) for name, form in forms.items()}
    name = max(shared, key=lambda form: shared[form] / len(forms[form]))
    if shared[name] < 2 and not (keys & {*KEYPOINT_KEYS} and shared[name]):
        return ''
    known = ', '.join(map(repr, sorted(forms[name] & keys)))
    lacks = ', '.join(map(repr, sorted(forms[name] - keys)[:5]))
    near = f'; nearest to the form of {name} (it has {known}'
    return near + (f' but not {lacks})' if lacks else ')')


def structure(value: Any) -> str:
    r"""The keys, types and lengths of nested data, up to 400 characters."""
    text = _structure(value, DEPTH)
    return text if len(text) <= LENGTH else f'{text[: LENGTH - 3]}...'


def _structure(value: Any, depth: int) -> str:
    if isinstance(value, dict):
        if depth == 0:
            return f'{{{len(value)} keys}}'
        items = [
            f'{shown(key, 30)}: {_structure(item, depth - 1)}'
            for key, item in islice(value.items(), _KEYS)
        ]
        more = len(value) - len(items)
        items += [f'{more} more'] if more else []
        return f'{{{", ".join(items)}}}'
    if isinstance(value, (list, tuple)):
        if not value or depth == 0:
            return f'[{len(value)}]'
        return f'[{len(value)} x {_structure(value[0], depth - 1)}]'
    if isinstance(value, np.ndarray):
        return shown(value, 60)
    return 'null' if value is None else type(value).__name__


def _keys(data: Any) -> Iterator[str]:
    r"""Keys of mappings near the root, in bounded time."""
    left, queue = _VISITED, [data]
    for value in queue:  # which grows
        left -= 1
        items: list[Any] = []
        if isinstance(value, dict):
            yield from map(str, islice(value, _VISITED))
            items = list(islice(value.values(), 20))
        elif isinstance(value, (list, tuple)):
            items = list(value[:3])
        queue += items
        if left <= 0:
            return
