from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

from pyg_hcsf.keypoints.people import People
from pyg_hcsf.keypoints.readers.json_entries import (
    PEOPLE,
    find_entries,
    first_of,
    key_of,
)
from pyg_hcsf.keypoints.readers.json_joints import PersonReader


def matches(data: Any) -> bool:
    r"""Whether parsed JSON is of people whose keypoints are lists of x."""
    first = first_of(data)
    if isinstance(first, dict) and key_of(first, PEOPLE):
        first = first_of(first[str(key_of(first, PEOPLE))])
    points = first.get('keypoints') if isinstance(first, dict) else None
    return isinstance(points, dict) and isinstance(points.get('x'), list)


def read(data: Any, path: Path) -> People:
    r"""Reads what ``Results.to_json()`` of Ultralytics' pose models gives: a
    list of people, each with ``box``, maybe ``track_id``, and ``keypoints``:
    a mapping of the lists ``x``, ``y`` and ``visible``. For a video, a list
    of such lists, one a frame. Layout as trained, of the published models
    COCO's 17 keypoints.

    Args:
        data (list): The parsed JSON.
        path (pathlib.Path): What errors call the file.

    Raises:
        ValueError: If an entry is damaged; names it.

    Example:
        >>> read(json.loads(results[0].to_json()), path)
    """
    reader = PersonReader(
        'ultralytics', path, ('keypoints',), box='confidence'
    )
    found = reader.finish(find_entries(data, path))
    return replace(found, usual='coco17')
