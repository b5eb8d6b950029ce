from __future__ import annotations

from pathlib import Path
from typing import Any

from pyg_hcsf.io.keypoints.confidence import box_score
from pyg_hcsf.io.keypoints.people import (
    People,
    Person,
    refuse,
    to_points,
)


def read_ultralytics(data: list[Any], path: Path) -> People:
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
        >>> read_ultralytics(json.loads(results[0].to_json()), path)
    """
    frames = data if all(isinstance(v, list) for v in data) else [data]
    people = []
    for frame, entries in enumerate(frames):
        for number, value in enumerate(entries):
            entry = f'frame {frame}, person {number}'
            people.append(_person(value, path, entry, frame))
    return People('ultralytics', people)


def _person(value: Any, path: Path, entry: str, frame: int) -> Person:
    points = value.get('keypoints') if isinstance(value, dict) else None
    points = points if isinstance(points, dict) else {}
    x, y = points.get('x'), points.get('y')
    if not isinstance(x, list) or not isinstance(y, list):
        refuse(path, entry, "expected 'keypoints' with lists 'x' and 'y'")
    rows = [x, y]
    if points.get('visible') is not None:
        rows.append(points['visible'])
    if not all(isinstance(r, list) and len(r) == len(x) for r in rows):
        refuse(path, entry, "expected 'x', 'y' and 'visible' of one length")
    name = value.get('track_id')
    known = isinstance(name, int) and not isinstance(name, bool)
    return Person(
        frame,
        str(name) if known else None,
        to_points([list(row) for row in zip(*rows, strict=True)], path, entry),
        box_score(value.get('confidence')),
    )
