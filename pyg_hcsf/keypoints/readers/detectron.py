r"""Reads Detectron2's keypoints as VideoPose3D's ``infer_video_d2.py`` saves
them.

``keypoints`` has for each frame and class (the second one is people) an array
``[P, 4, 17]`` of x, y, logit and score, see
:func:`~pyg_hcsf.keypoints.confidence.density_confidence`; ``boxes`` likewise
``[P, 5]`` with the score of the box last; ``metadata`` has ``w`` and ``h``.
"""

from typing import Any

import numpy as np

from pyg_hcsf.keypoints.confidence import density_confidence, parse_box_score
from pyg_hcsf.keypoints.detections import (
    MAX_PEOPLE,
    Detection,
    ParsedFile,
    parse_joints,
    parse_size,
)
from pyg_hcsf.keypoints.messages import file_error


def matches(arrays: dict[str, np.ndarray]) -> bool:
    r"""Whether there are boxes and an array of objects with keypoints."""
    found = arrays.get('keypoints')
    known = {'boxes', 'metadata'} & arrays.keys()
    return found is not None and found.dtype == object and bool(known)


def read(arrays: dict[str, np.ndarray]) -> ParsedFile:
    r"""Reads the people of a video."""
    people = []
    boxes = _items(arrays.get('boxes'))
    for frame, classes in enumerate(_items(arrays['keypoints'])):
        where = f'frame {frame}'
        if len(_items(classes)) != 2:
            raise file_error('expected the keypoints of two classes', where)
        found = _items(classes[1])
        if len(found) > MAX_PEOPLE:
            raise file_error(f'expected up to {MAX_PEOPLE} people', where)
        for number, person in enumerate(found):
            where = f'frame {frame}, person {number}'
            if (
                not isinstance(person, np.ndarray)
                or person.dtype.kind != 'f'
                or person.shape != (4, 17)
            ):
                raise file_error('expected numbers of shape [4, 17]', where)
            joints = parse_joints(person[[0, 1, 3]].T, where)
            joints[:, 2] = density_confidence(joints[:, 2])
            box = parse_box_score(_box_score(boxes, frame, number))
            people.append(Detection(frame, None, joints, box, where))
    metadata = single_mapping(arrays.get('metadata'))
    size = parse_size(metadata.get('w'), metadata.get('h'))
    return ParsedFile('detectron', people, 'coco17', size)


def _box_score(boxes: Any, frame: int, number: int) -> Any:
    r"""The last number of a person's box, or :obj:`None`."""
    classes: Any = _items(boxes[frame]) if frame < len(boxes) else ()
    rows: Any = _items(classes[1]) if len(classes) == 2 else ()
    row = rows[number] if number < len(rows) else None
    if isinstance(row, np.ndarray) and row.ndim == 1 and row.size == 5:
        return row.tolist()[4]
    return None


def _items(value: Any) -> Any:
    r"""An array or a list, empty if the value is none."""
    if isinstance(value, np.ndarray):
        return value if value.ndim else ()
    return value if isinstance(value, (list, tuple)) else ()


def single_mapping(array: np.ndarray | None) -> dict[str, Any]:
    r"""The mapping in an array of one object, empty if there is none."""
    if array is None or array.dtype != object or array.size != 1:
        return {}
    item = array.reshape(-1)[0]
    return item if isinstance(item, dict) else {}
