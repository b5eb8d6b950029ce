r"""Reads the keypoints of one video that VideoPose3D's
``prepare_data_2d_custom.py`` saves.

``positions_2d`` maps the video to ``'custom'`` and a list with an array
``[T, 17, 2 or 3]`` for each person; ``metadata`` has the size of the image.
"""

import re
from typing import Any

import numpy as np

from pyg_hcsf.keypoints.checks.body import misfit
from pyg_hcsf.keypoints.detections import Detection, ParsedFile, parse_size
from pyg_hcsf.keypoints.layouts import common_names
from pyg_hcsf.keypoints.messages import file_error, warn
from pyg_hcsf.keypoints.pixels import is_normalised, scale
from pyg_hcsf.keypoints.readers.detectron import single_mapping
from pyg_hcsf.keypoints.track import Track
from pyg_hcsf.safe_io.shown import shown

#: By how much the misfit of people increases at least if they are squashed to
#: the shape of a landscape image (0.22 to 0.93 for ten people of five
#: detectors). Stretching changes it by up to 0.2 in either direction.
MIN_SQUASHED = 0.2
_SUBJECT = re.compile(r'S\d{1,2}')
LAYOUTS = {'coco': 'coco17', 'h36m': 'h36m17'}


def matches(arrays: dict[str, np.ndarray]) -> bool:
    r"""Whether there is an array ``positions_2d``."""
    return 'positions_2d' in arrays


def read(arrays: dict[str, np.ndarray]) -> ParsedFile:
    r"""Reads the people of a video."""
    videos = single_mapping(arrays['positions_2d'])
    if videos and all(map(_is_human36m, videos, videos.values())):
        raise file_error(
            'it has the keypoints of the subjects and cameras of Human3.6M, '
            'which pyg-hcsf prepare reads: to lift a video, save one array, '
            "such as positions_2d.item()['S9']['Walking'][0], as 'keypoints' "
            'with numpy.savez'
        )
    if len(videos) != 1:
        raise file_error(
            f'expected one video (got {shown(list(videos)[:5])}): save the '
            "array of one as 'keypoints' with numpy.savez",
            "array 'positions_2d'",
        )
    ((video, cameras),) = videos.items()
    where = f'video {shown(video, 40)}'
    people = _find_people(cameras)
    if not people:
        raise file_error('expected arrays [T, N, 2 or 3]', where)
    metadata = single_mapping(arrays.get('metadata'))
    sizes, name = metadata.get('video_metadata'), metadata.get('layout_name')
    value = sizes.get(video) if isinstance(sizes, dict) else None
    known = value if isinstance(value, dict) else {}
    size = parse_size(known.get('w'), known.get('h'))
    parsed = ParsedFile(
        source='videopose3d',
        detections=[
            Detection(frame, f'{number}', row, where=where)
            for number, joints in enumerate(people, start=1)
            for frame, row in enumerate(joints)
        ],
        layout=LAYOUTS.get(name) if isinstance(name, str) else None,
        image_size=size,
        default_layout='coco17',
    )
    if size is not None and is_normalised(parsed):
        return _to_pixels(parsed, size)
    return parsed


def _is_human36m(video: Any, cameras: Any) -> bool:
    r"""Whether it is a subject of Human3.6M with its actions."""
    known = isinstance(cameras, dict) and 'custom' not in cameras
    return known and _SUBJECT.fullmatch(str(video)[:9]) is not None


def _find_people(value: Any, depth: int = 3) -> list[np.ndarray]:
    r"""The joints of each person, ``[T, N, 3]``, however they are nested."""
    if not depth:
        return []
    if isinstance(value, dict):
        value = list(value.values())
    if isinstance(value, np.ndarray) and value.dtype == object:
        value = value.tolist()
    if isinstance(value, (list, tuple)):
        return [
            joints
            for item in value
            for joints in _find_people(item, depth - 1)
        ]
    if (
        not isinstance(value, np.ndarray)
        or value.dtype.kind not in 'iuf'
        or value.ndim != 3
        or value.shape[2] not in (2, 3)
    ):
        return []
    joints = value.astype(np.float64)
    if value.shape[2] == 3:
        return [joints]
    seen = np.isfinite(joints).all(axis=-1) & (joints != 0).any(axis=-1)
    return [np.concatenate([joints, seen[..., None]], axis=-1)]


def _to_pixels(parsed: ParsedFile, size: tuple[float, float]) -> ParsedFile:
    r"""Converts normalised coordinates to pixels. VideoPose3D divides x and y
    by the width, others y by the height: the lengths of limbs decide.
    """
    people, layout = parsed.detections, parsed.layout or 'coco17'
    joints = len(common_names(layout))
    if any(len(person.joints) != joints for person in people):
        return parsed
    costs = []
    for height in sorted(size):
        xy = np.stack([d.joints[:, :2] * (size[0], height) for d in people])
        track = Track('1', np.arange(len(xy)), xy, np.ones(xy.shape[:2]))
        costs.append(misfit([track], layout))
    width, height = size[0], sorted(size)[costs[0] - costs[1] > MIN_SQUASHED]
    warn(
        'its coordinates are fractions of the image size and are multiplied '
        f'by {width:g} and {height:g} pixels, after which limbs have most '
        'nearly the proportions of people'
    )
    return scale(parsed, (width, height))
