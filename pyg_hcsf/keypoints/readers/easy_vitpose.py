r"""Reads results of easy_ViTPose (``--save-json``).

``keypoints`` has a mapping for each frame, from the id of a person to rows of
y, x and score; ``skeleton`` has the names of joints by their numbers.
"""

from typing import Any

from pyg_hcsf.keypoints.detections import Detection, ParsedFile, parse_joints
from pyg_hcsf.keypoints.joint_names import order_by_names
from pyg_hcsf.keypoints.messages import file_error, warn_unread


def matches(data: Any) -> bool:
    r"""Whether parsed JSON is a result of easy_ViTPose."""
    return (
        isinstance(data, dict)
        and isinstance(data.get('skeleton'), dict)
        and isinstance(data.get('keypoints'), list)
    )


def read(data: dict[str, Any]) -> ParsedFile:
    r"""Reads the people of a video."""
    people = []
    for frame, persons in enumerate(data['keypoints']):
        if not isinstance(persons, dict):
            raise file_error('expected a mapping of people', f'frame {frame}')
        for name, rows in persons.items():
            where = f'frame {frame}, person {name[:40]}'
            joints = parse_joints(rows, where)[:, [1, 0, 2]]
            people.append(Detection(frame, name[:80], joints, where=where))
    warn_unread('keys', data.keys() - {'keypoints', 'skeleton'})
    parsed = ParsedFile('easy_vitpose', people, default_layout='coco17')
    return order_by_names(parsed, list(data['skeleton'].values()))
