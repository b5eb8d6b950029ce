r"""Reads the results of AlphaPose and PoseFlow.

``alphapose-results.json`` is a list of people, or with ``--format cmu`` or
``open`` a mapping from images to ``bodies`` or ``people``, of which each image
has a file in ``sep-json``, too. PoseFlow writes a
mapping from images to people. A mapping from people to frames, which other
tools write, is read too.
``idx`` is the id of a person; frames are numbered by the names of images.
"""

from typing import Any

from pyg_hcsf.keypoints.detections import ParsedFile
from pyg_hcsf.keypoints.readers.json_frames import (
    find_entries,
    first_mapping,
    is_frame_mapping,
    nesting,
)
from pyg_hcsf.keypoints.readers.json_people import read_people

_PEOPLE_KEYS = ('people', 'bodies')
_KEYS = ('keypoints', 'joints', 'pose_keypoints_2d')


def matches(data: Any) -> bool:
    r"""Whether parsed JSON is a result of AlphaPose or PoseFlow."""
    first = first_mapping(data)
    if nesting(first.get('keypoints')) > 2:
        return False  # arrays are for the reader of records
    if is_frame_mapping(data):
        known = {*_PEOPLE_KEYS, *_KEYS} & first.keys()
        return is_frame_mapping(first) or bool(known)
    if not isinstance(first.get('keypoints'), list):
        return False
    return isinstance(first.get('image_id'), str) or (
        {'image_id', 'idx'} <= first.keys()
    )


def read(data: Any) -> ParsedFile:
    r"""Reads the people of a video."""
    if is_frame_mapping(data) and all(map(is_frame_mapping, data.values())):
        return _read_people(data)
    return _read(data)


def _read_people(data: dict[str, dict[str, Any]]) -> ParsedFile:
    r"""Reads a mapping from people to frames, or from frames to people, of
    which there are fewer.
    """
    turned: dict[str, dict[str, Any]] = {}
    for frame, found in data.items():
        for name, person in found.items():
            turned.setdefault(name, {})[frame] = person
    if len(turned) < len(data):
        data = turned
    people = [
        detection._replace(track_id=name[:80])
        for name, frames in data.items()
        for detection in _read(frames).detections
    ]
    return ParsedFile('alphapose', people, default_layout='coco17')


def _read(data: Any) -> ParsedFile:
    return read_people(
        'alphapose',
        find_entries(data, _PEOPLE_KEYS),
        _KEYS,
        default_layout='coco17',
    )
