r"""Reads poses of TensorFlow.js (MoveNet, PoseNet, BlazePose) and ml5."""

from __future__ import annotations

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
    r"""Whether parsed JSON is of poses whose keypoints are mappings."""
    first = first_of(data)
    if isinstance(first, dict) and key_of(first, PEOPLE):
        first = first_of(first[str(key_of(first, PEOPLE))])
    first = _pose(first)
    marks = first.get('keypoints') if isinstance(first, dict) else None
    return isinstance(marks, list) and isinstance((marks or [0])[0], dict)


def read(data: Any, path: Path) -> People:
    r"""Reads what ``estimatePoses`` of pose-detection (MoveNet, PoseNet,
    BlazePose) gave for each frame: a list of poses, each with ``keypoints``,
    a list of ``x``, ``y``, ``score`` and ``name``, or as PoseNet's own
    package writes them, ``position``, ``score`` and ``part``. A list of
    poses is that of one person in successive frames if each is near the one
    before, else those in an image. ``id`` is that of a tracker.

    Args:
        data (list): The parsed JSON.
        path (pathlib.Path): What errors call the file.

    Raises:
        ValueError: If an entry is damaged; names it.

    Example:
        >>> read([[{'keypoints': [{'x': 5, 'y': 6, ...}]}]], path).source
        'tfjs'
    """
    entries = [
        entry._replace(value=_pose(entry.value))
        for entry in find_entries(data, path)
    ]
    return PersonReader('tfjs', path).finish(entries)


def _pose(value: Any) -> Any:
    r"""The pose, which ml5 wraps."""
    inner = value.get('pose') if isinstance(value, dict) else None
    return inner if isinstance(inner, dict) else value
