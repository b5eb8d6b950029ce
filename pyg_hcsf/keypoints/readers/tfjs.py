r"""Reads poses of TensorFlow.js (MoveNet, PoseNet, BlazePose) and ml5.

``estimatePoses`` of pose-detection returns a list of poses for each frame,
each with ``keypoints``, a list of ``x``, ``y``, ``score`` and ``name``.
PoseNet's own package calls them ``position``, ``score`` and ``part``. ``id``
is that of a tracker. A list of poses alone is one person in successive frames
if each is close to the one before, else people in an image.
"""

from typing import Any

from pyg_hcsf.keypoints.detections import ParsedFile
from pyg_hcsf.keypoints.readers.json_frames import (
    find_entries,
    first_person,
    is_joint,
)
from pyg_hcsf.keypoints.readers.json_people import read_people


def matches(data: Any) -> bool:
    r"""Whether parsed JSON is of people whose joints are mappings."""
    first = _unwrap(first_person(data))
    joints = first.get('keypoints') if isinstance(first, dict) else None
    return isinstance(joints, list) and is_joint((joints or [0])[0])


def read(data: Any) -> ParsedFile:
    r"""Reads the people of a video or an image."""
    entries = find_entries(data)
    return read_people(
        'tfjs', [e._replace(person=_unwrap(e.person)) for e in entries]
    )


def _unwrap(value: Any) -> Any:
    r"""The pose, which ml5 has under a key ``pose``."""
    inner = value.get('pose') if isinstance(value, dict) else None
    return inner if isinstance(inner, dict) else value
