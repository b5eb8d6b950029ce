r"""Reads results of Ultralytics' pose models (``Results.to_json()``).

A result is a list of people, each with ``box``, maybe ``track_id``, and
``keypoints``: a mapping of the lists ``x``, ``y`` and ``visible``. A video is
a list of results. The joints are those that the model was trained with,
COCO's 17 for the published models.
"""

from typing import Any

from pyg_hcsf.keypoints.detections import ParsedFile
from pyg_hcsf.keypoints.readers.json_frames import find_entries, first_person
from pyg_hcsf.keypoints.readers.json_people import read_people


def matches(data: Any) -> bool:
    r"""Whether parsed JSON is of people whose keypoints have lists of x."""
    first = first_person(data)
    joints = first.get('keypoints') if isinstance(first, dict) else None
    return isinstance(joints, dict) and isinstance(joints.get('x'), list)


def read(data: Any) -> ParsedFile:
    r"""Reads the people of a video or an image."""
    return read_people(
        'ultralytics',
        find_entries(data),
        ('keypoints',),
        box_key='confidence',
        default_layout='coco17',
    )
