from __future__ import annotations

from pathlib import Path
from typing import Any

from pyg_hcsf.io.keypoints.people import People, Person, refuse, to_points

LAYOUTS = {25: 'body25', 18: 'coco18'}


def read_openpose(data: dict[str, Any], path: Path) -> People:
    r"""Reads one frame of OpenPose's ``--write_json``: ``people``, each with
    ``pose_keypoints_2d`` (``pose_keypoints`` in old versions): x, y and
    confidence of BODY_25 or of the 18 joints of its COCO model.

    ``person_id`` is used where there is tracking (not -1). Keypoints of
    hands and faces, and in 3D, are not read.

    Args:
        data (dict): The parsed JSON.
        path (pathlib.Path): What errors call the file.

    Raises:
        ValueError: If it is damaged; names the file and the person.

    Example:
        >>> read_openpose(json.loads(path.read_text()), path).layout
        'body25'
    """
    entries = data.get('people')
    if not isinstance(entries, list):
        refuse(path, '', "expected a list called 'people' as of OpenPose")
    people = [
        _person(value, path, f'person {number}')
        for number, value in enumerate(entries)
    ]
    sizes = {len(person.points) for person in people}
    layout = LAYOUTS.get(sizes.pop()) if len(sizes) == 1 else None
    return People('openpose', people, layout)


def _person(value: Any, path: Path, entry: str) -> Person:
    value = value if isinstance(value, dict) else {}
    flat = value.get('pose_keypoints_2d', value.get('pose_keypoints'))
    if not isinstance(flat, list):
        refuse(path, entry, "expected a list called 'pose_keypoints_2d'")
    name = value.get('person_id')
    name = name[0] if isinstance(name, list) and name else name
    known = isinstance(name, int) and name >= 0
    points = to_points(flat, path, entry)
    return Person(0, str(name) if known else None, points)
