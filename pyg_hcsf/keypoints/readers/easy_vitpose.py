r"""Reads results of easy_ViTPose."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from pyg_hcsf.keypoints.joint_names import in_order
from pyg_hcsf.keypoints.people import (
    People,
    Person,
    refuse,
    to_points,
    warn_unread,
)


def matches(data: Any) -> bool:
    r"""Whether parsed JSON is a result of easy_ViTPose."""
    if not isinstance(data, dict) or not isinstance(
        data.get('skeleton'), dict
    ):
        return False
    return isinstance(data.get('keypoints'), list)


def read(data: dict[str, Any], path: Path) -> People:
    r"""Reads ``--save-json`` of easy_ViTPose: ``keypoints``, for each frame a
    mapping from the id of a person to rows of y, x and score, and
    ``skeleton``, the names of joints by their numbers.

    Args:
        data (dict): The parsed JSON.
        path (pathlib.Path): What errors call the file.

    Raises:
        ValueError: If a frame is damaged; names it.

    Example:
        >>> read(json.loads(path.read_text()), path).layout
        'coco17'
    """
    people = []
    for frame, persons in enumerate(data['keypoints']):
        if not isinstance(persons, dict):
            refuse(path, f'frame {frame}', 'expected a mapping of people')
        for name, rows in persons.items():
            where = f'frame {frame}, person {name[:40]}'
            points = to_points(rows, path, where)
            people.append(Person(frame, name[:80], points[:, [1, 0, 2]]))
    warn_unread(path, 'keys', data.keys() - {'keypoints', 'skeleton'})
    found = People('easy_vitpose', people, usual='coco17')
    return in_order(found, list(data['skeleton'].values()), path)
