from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from pyg_hcsf.io.keypoints.confidence import box_score, has_densities
from pyg_hcsf.io.keypoints.names import layout_of
from pyg_hcsf.io.keypoints.people import (
    People,
    Person,
    frame_numbers,
    refuse,
    to_number,
    to_points,
)


def read_results(data: list[Any], path: Path) -> People:
    r"""Reads a list of people: AlphaPose's ``alphapose-results.json``, or
    results in COCO's format, as Detectron2 and MMPose save for evaluation.

    Each entry has ``image_id``, a number or a file name, and ``keypoints``:
    x, y and confidence of each joint in one list, and maybe ``score``, that of
    the box. AlphaPose tracks by ``idx``, others by ``track_id``. Frames are
    numbered by the last number in the file names if it tells all images apart,
    else in their order.

    Args:
        data (list): The parsed JSON.
        path (pathlib.Path): What errors call the file.

    Raises:
        ValueError: If an entry is damaged; names it.

    Example:
        >>> read_results(json.loads(path.read_text()), path).source
        'alphapose'
    """
    entries = []
    for number, value in enumerate(data):
        entry = f'entry {number}'
        if not isinstance(value, dict) or 'keypoints' not in value:
            refuse(path, entry, "expected a mapping with 'keypoints'")
        entries.append((entry, value))
    frames = _frames([v.get('image_id') for _, v in entries], path)
    alphapose = any(
        isinstance(value.get('image_id'), str) or 'idx' in value
        for _, value in entries
    )
    dense = has_densities(value for _, value in entries)
    people = []
    for frame, (entry, value) in zip(frames, entries, strict=True):
        points = to_points(value['keypoints'], path, entry, dense)
        # AlphaPose adds the scores of joints to that of the box.
        box = None if alphapose else box_score(value.get('score'))
        people.append(Person(frame, _name(value, entry, path), points, box))
    return People('alphapose' if alphapose else 'coco', people)


def read_annotations(data: dict[str, Any], path: Path) -> People:
    r"""Reads an annotation file in COCO's format: ``images`` with ``id``,
    ``width``, ``height`` and ``file_name`` or ``frame_id``, and
    ``annotations`` with ``image_id``, ``keypoints`` and maybe ``track_id``;
    the third number of a joint is its visibility, of which 0 means missing
    and others that it is there. ``categories`` names the joints.

    Args:
        data (dict): The parsed JSON.
        path (pathlib.Path): What errors call the file.

    Raises:
        ValueError: If an entry is damaged; names it.

    Example:
        >>> read_annotations(data, path).layout
        'coco17'
    """
    images, entries = data.get('images'), data.get('annotations')
    if not isinstance(images, list) or not isinstance(entries, list):
        refuse(path, '', "expected lists called 'images' and 'annotations'")
    names: dict[int, Any] = {}
    sizes: set[tuple[float, float]] = set()
    for number, image in enumerate(images):
        entry = f'image {number}'
        if not isinstance(image, dict):
            refuse(path, entry, 'expected a mapping')
        key = to_number(image.get('id'), path, entry)
        names[key] = image.get('frame_id', image.get('file_name', key))
        sizes.add((_side(image.get('width')), _side(image.get('height'))))
    frames = dict(zip(names, _frames(list(names.values()), path), strict=True))
    people = []
    for number, value in enumerate(entries):
        entry = f'annotation {number}'
        if not isinstance(value, dict):
            refuse(path, entry, 'expected a mapping')
        if not value.get('keypoints'):
            continue
        where = to_number(value.get('image_id'), path, entry)
        if where not in frames:
            refuse(path, entry, f"'image_id' names no image (got {where})")
        points = to_points(value['keypoints'], path, entry)
        points[:, 2] = np.ceil(points[:, 2])
        people.append(Person(frames[where], _name(value, entry, path), points))
    categories = data.get('categories')
    layout = None
    for category in categories if isinstance(categories, list) else []:
        if isinstance(category, dict) and category.get('keypoints'):
            layout = layout_of(category['keypoints'])
    size = sizes.pop() if len(sizes) == 1 else (0.0, 0.0)
    known = size if all(size) else None
    return People('coco annotations', people, layout, known)


def _side(value: Any) -> float:
    known = isinstance(value, (int, float)) and 0 < value <= 1e6
    return float(value) if known else 0.0


def _name(value: dict[str, Any], entry: str, path: Path) -> str | None:
    name = value.get('idx', value.get('track_id'))
    while isinstance(name, list) and len(name) == 1:
        name = name[0]  # AlphaPose's trackers wrap it
    if name is None or isinstance(name, list):
        return None
    if not isinstance(name, (int, float, str)):
        refuse(path, entry, f'expected an id (got {name!r:.40})')
    return f'{name:g}' if isinstance(name, float) else str(name)[:80]


def _frames(ids: list[Any], path: Path) -> list[int]:
    r"""Numbers of frames, of numbers or names of images."""
    if not all(isinstance(value, str) for value in ids):
        return [
            to_number(value, path, f'entry {number}')
            for number, value in enumerate(ids)
        ]
    names = sorted(set(ids))
    found = frame_numbers(names) or range(len(names))
    number = dict(zip(names, found, strict=True))
    return [number[value] for value in ids]
