r"""Reads predictions of OpenPifPaf (``--json-output``).

``openpifpaf.video`` writes lines of ``frame`` and ``predictions``,
``openpifpaf.predict`` the predictions of an image. Only those of category 1,
people, are read.
"""

from typing import Any

from pyg_hcsf.keypoints.detections import ParsedFile
from pyg_hcsf.keypoints.readers.json_frames import (
    find_entries,
    first_entry,
    first_mapping,
)
from pyg_hcsf.keypoints.readers.json_people import read_people


def matches(data: Any) -> bool:
    r"""Whether parsed JSON is of predictions of OpenPifPaf."""
    first = first_mapping(data)
    if isinstance(first.get('predictions'), list):
        person = first_entry(first['predictions'])
        return not person or (
            isinstance(person, dict)
            and isinstance(person.get('keypoints'), list)
        )
    known = {'keypoints', 'bbox', 'category_id'} <= first.keys()
    return known and not {'image_id', 'frame', 'frame_id'} & first.keys()


def read(data: Any) -> ParsedFile:
    r"""Reads the people of a video or an image."""
    people = [
        entry
        for entry in find_entries(data, ('predictions',))
        if not isinstance(entry.person, dict)
        or entry.person.get('category_id', 1) == 1
    ]
    return read_people(
        'openpifpaf', people, ('keypoints',), default_layout='coco17'
    )
