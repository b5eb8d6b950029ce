r"""Finds what JSON says of a video besides its keypoints: the size of the
image, the frame rate and the names of joints.
"""

import re
from collections.abc import Iterable
from typing import Any, NamedTuple

from pyg_hcsf.keypoints.detections import MAX_JOINTS, parse_size
from pyg_hcsf.keypoints.joint_names import MIN_JOINTS, is_joint_name
from pyg_hcsf.keypoints.messages import warn_unread
from pyg_hcsf.keypoints.readers.json_frames import (
    PEOPLE_KEYS,
    first_entry,
    first_key,
    is_frame_mapping,
    is_joint,
)

MAX_FPS = 10_000
_FRAMES_KEYS = (
    'frames', 'data', 'results', 'frame_data', 'frame_results', 'sequence',
)  # fmt: skip
_META_KEYS = (
    'metadata', 'meta', 'meta_data', 'video', 'video_info', 'videoInfo',
    'video_metadata', 'info', 'header',
)  # fmt: skip
_RATE_KEYS = (
    'fps', 'frame_rate', 'framerate', 'frameRate', 'video_fps', 'FPS',
    'frames_per_second',
)  # fmt: skip
_NAMES_KEYS = (
    'joint_names', 'keypoint_names', 'keypoints_names', 'landmark_names',
    'jointNames', 'keypointNames', 'joint_order', 'keypoint_labels',
    'joints', 'names', 'bodyparts', 'body_parts', 'labels',
)  # fmt: skip
_SIDES = (
    *((f'{kind}width', f'{kind}height')
      for kind in ('', 'image_', 'canvas_', 'video_', 'frame_', 'img_')),
    *((f'{kind}Width', f'{kind}Height')
      for kind in ('image', 'canvas', 'video', 'frame')),
    ('w', 'h'),
)  # fmt: skip
_SIZE_KEYS = (
    'image_size', 'img_size', 'imageSize', 'imgSize', 'resolution',
    'frame_size', 'video_size', 'canvas_size', 'video_resolution',
)  # fmt: skip
# These are the shapes of arrays: height, width and maybe channels.
_SHAPE_KEYS = (
    'img_shape', 'ori_shape', 'orig_shape', 'original_shape', 'image_shape',
    'frame_shape',
)  # fmt: skip

_ALL_SIZE_KEYS = {*sum(_SIDES, ()), *_SIZE_KEYS, *_SHAPE_KEYS}

Size = tuple[float, float] | None


class Header(NamedTuple):
    r"""What JSON says of a video, :obj:`None` where it says nothing."""

    size: Size = None
    fps: float | None = None
    names: list[str] | None = None


def find_size(value: dict[str, Any]) -> Size:
    r"""The width and height of the image in a mapping, if any."""
    if not _ALL_SIZE_KEYS & value.keys():
        return None
    for sides in _SIDES:
        if (size := parse_size(*map(value.get, sides))) is not None:
            return size
    for key in _SIZE_KEYS + _SHAPE_KEYS:
        found = value.get(key)
        if isinstance(found, dict):
            return find_size(found)
        if isinstance(found, str):
            found = [float(n) for n in re.findall(r'[0-9]{1,6}', found[:40])]
        if isinstance(found, list) and len(found) in (2, 3):
            width, height = found[:2]
            if key in _SHAPE_KEYS:
                width, height = height, width
            return parse_size(width, height)
    return None


def read_header(data: Any) -> tuple[Any, Header]:
    r"""The frames or people of JSON, and what it says of the video.

    Many programs write a mapping of the frames and of the properties of the
    video, which may be in a mapping of their own.
    """
    if not isinstance(data, dict):
        return data, Header()
    metas = [v for k in _META_KEYS if isinstance(v := data.get(k), dict)]
    size = _first(map(find_size, [data] + metas))
    fps = _first(map(_find_rate, [data] + metas))
    names_key, names = _find_names(data)
    for meta in metas:
        names = names or _find_names(meta)[1]
    header = Header(size, fps, names)
    key = _find_frames(data)
    if key is None:
        return {k: v for k, v in data.items() if k != names_key}, header
    known = {
        *_META_KEYS, *_RATE_KEYS, *_ALL_SIZE_KEYS, names_key, key, 'version',
        'model', 'num_frames', 'total_frames', 'frame_count', 'duration',
    }  # fmt: skip
    warn_unread('keys', data.keys() - known)
    return data[key], header


def _find_frames(data: dict[str, Any]) -> str | None:
    r"""The key of the frames, if they are in this mapping."""
    frames: dict[str, Any] = data.get('keypoints') or {}
    if is_frame_mapping(frames) and not is_joint(list(frames.values())[0]):
        return 'keypoints'
    if first_key(data, ('keypoints', 'annotations', 'instance_info')):
        return None
    key = first_key(data, _FRAMES_KEYS)
    if key and isinstance(first_entry(data[key]), (dict, list)):
        return key
    for key in PEOPLE_KEYS:  # a list of lists of people
        value = data.get(key)
        if not isinstance(value, list) or len(value) < 2:
            continue
        if all(isinstance(frame, list) for frame in value):
            return key if isinstance(first_entry(value), dict) else None
    return None


def _find_rate(value: dict[str, Any]) -> float | None:
    rate = value.get(first_key(value, _RATE_KEYS) or '')
    if not isinstance(rate, (int, float)) or not 0 < rate <= MAX_FPS:
        return None
    return float(rate)


def _find_names(value: dict[str, Any]) -> tuple[str | None, list[str] | None]:
    r"""The names of joints and their key, if there are any."""
    for key in _NAMES_KEYS:
        names = value.get(key)
        if isinstance(names, dict):  # from numbers to names
            if not all(number.isdecimal() for number in names):
                continue
            names = [names[number] for number in sorted(names, key=int)]
        if (
            isinstance(names, list)
            and len(names) <= MAX_JOINTS
            and all(isinstance(name, str) for name in names)
            and sum(map(is_joint_name, names)) >= MIN_JOINTS
        ):
            return key, names
    return None, None


def _first(values: Iterable[Any]) -> Any:
    return next((value for value in values if value is not None), None)
