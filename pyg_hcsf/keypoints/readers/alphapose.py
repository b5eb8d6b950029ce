r"""Reads AlphaPose's and PoseFlow's results."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

from pyg_hcsf.keypoints.people import People, Person
from pyg_hcsf.keypoints.readers.json_entries import (
    by_image,
    find_entries,
    first_of,
)
from pyg_hcsf.keypoints.readers.json_joints import PersonReader
from pyg_hcsf.keypoints.readers.openpose import LAYOUTS

_PEOPLE = ('people', 'bodies')
_KEYS = ('keypoints', 'joints', 'pose_keypoints_2d')


def matches(data: Any) -> bool:
    r"""Whether parsed JSON is a result of AlphaPose or PoseFlow."""
    first = first_of(data)
    if not isinstance(first, dict):
        return False
    if by_image(data):
        return by_image(first) or any(k in first for k in (*_PEOPLE, *_KEYS))
    if not isinstance(first.get('keypoints'), list):
        return False
    return isinstance(first.get('image_id'), str) or (
        'image_id' in first and 'idx' in first
    )


def read(data: Any, path: Path) -> People:
    r"""Reads ``alphapose-results.json``: a list of people, or with ``--format
    cmu`` or ``open`` a mapping from images to ``bodies`` or ``people``, and
    what PoseFlow makes of it, a mapping from images to people. Also read is
    a mapping from people to frames.

    People are those of ``idx``, where they are tracked. Frames are numbered
    by the names of images.

    Args:
        data (dict or list): The parsed JSON.
        path (pathlib.Path): What errors call the file.

    Raises:
        ValueError: If an entry is damaged; names it.

    Example:
        >>> read(json.loads(path.read_text()), path).source
        'alphapose'
    """
    reader = PersonReader('alphapose', path, _KEYS)
    if by_image(data) and all(by_image(part) for part in data.values()):
        people: list[Person] = []
        for name, frames in data.items():
            one = PersonReader('alphapose', path, _KEYS)
            part = one.finish(find_entries(frames, path, _PEOPLE))
            people += [p._replace(name=name[:80]) for p in part.people]
        return People('alphapose', people, usual='coco17')
    found = reader.finish(find_entries(data, path, _PEOPLE))
    sizes = {len(person.points) for person in found.people}
    layout = LAYOUTS.get(sizes.pop()) if len(sizes) == 1 else None
    return replace(found, layout=found.layout or layout, usual='coco17')
