r"""Reads predictions of OpenPifPaf."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

from pyg_hcsf.keypoints.people import People
from pyg_hcsf.keypoints.readers.json_entries import find_entries, first_of
from pyg_hcsf.keypoints.readers.json_joints import PersonReader


def matches(data: Any) -> bool:
    r"""Whether parsed JSON is of predictions of OpenPifPaf."""
    first = first_of(data)
    if not isinstance(first, dict):
        return False
    if isinstance(first.get('predictions'), list):
        inner = first_of(first['predictions'])
        first = {} if inner is None else inner
        return isinstance(first, dict) and (
            not first or isinstance(first.get('keypoints'), list)
        )
    known = {'keypoints', 'bbox', 'category_id'} <= first.keys()
    return known and not {'image_id', 'frame', 'frame_id'} & first.keys()


def read(data: Any, path: Path) -> People:
    r"""Reads ``--json-output`` of ``openpifpaf.video``, lines of ``frame`` and
    ``predictions``, or of ``openpifpaf.predict``, the predictions of an image.
    Predictions of other categories than the first, people, are not read.

    Args:
        data (dict or list): The parsed JSON, or the list of its lines.
        path (pathlib.Path): What errors call the file.

    Raises:
        ValueError: If an entry is damaged; names it.

    Example:
        >>> read([{'frame': 1, 'predictions': []}], path).source
        'openpifpaf'
    """
    entries = find_entries(data, path, ('predictions',))
    people = [e for e in entries if _is_person(e.value)]
    reader = PersonReader('openpifpaf', path, ('keypoints',))
    return replace(reader.finish(people), usual='coco17')


def _is_person(value: Any) -> bool:
    return not isinstance(value, dict) or value.get('category_id', 1) == 1
