r"""Reads what VideoPose3D makes of Detectron2's keypoints."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from pyg_hcsf.keypoints.checks.body import misfit
from pyg_hcsf.keypoints.confidence import box_score
from pyg_hcsf.keypoints.convert import common_names
from pyg_hcsf.keypoints.people import (
    MAX_PEOPLE,
    People,
    Person,
    clean,
    refuse,
    to_points,
    warn,
)
from pyg_hcsf.keypoints.pixels import is_normalised
from pyg_hcsf.keypoints.track import Track
from pyg_hcsf.safe_io.shown import shown

#: How much worse bodies fit that are squashed to the shape of a landscape
#: image, at least (0.22 to 0.93 of ten people of five detectors); those that
#: are stretched fit up to 0.2 better, or worse.
SQUASHED = 0.2


def read_detections(arrays: dict[str, np.ndarray], path: Path) -> People:
    r"""Reads what VideoPose3D's ``infer_video_d2.py`` saves of a video.

    Args:
        arrays (dict): Its arrays of objects: ``keypoints``, of each frame and
            class (the second is people) ``[P, 4, 17]``: x, y, logit and
            score, see :func:`density_confidence`; ``boxes``, likewise
            ``[P, 5]`` with the score of the box last; and ``metadata`` with
            ``w`` and ``h``.
        path (pathlib.Path): What errors call the file.

    Raises:
        ValueError: If a frame is damaged; names it.
    """
    people = []
    boxes = _items(arrays.get('boxes'))
    for frame, classes in enumerate(_items(arrays['keypoints'])):
        entry = f'frame {frame}'
        if len(_items(classes)) != 2:
            refuse(path, entry, 'expected the keypoints of two classes')
        found = _items(classes[1])
        if len(found) > MAX_PEOPLE:
            refuse(path, entry, f'expected up to {MAX_PEOPLE} people')
        for number, person in enumerate(found):
            where = f'{entry}, person {number}'
            if (
                not isinstance(person, np.ndarray)
                or person.dtype.kind != 'f'
                or person.shape != (4, 17)
            ):
                refuse(path, where, 'expected numbers of shape [4, 17]')
            points = to_points(person[[0, 1, 3]].T, path, where, dense=True)
            box = box_score(_box(boxes, frame, number))
            people.append(Person(frame, None, points, box))
    metadata = _item(arrays.get('metadata'))
    size = _size(metadata)
    return People('detectron', people, 'coco17', size)


def read_positions(arrays: dict[str, np.ndarray], path: Path) -> People:
    r"""Reads what VideoPose3D's ``prepare_data_2d_custom.py`` saves, if it is
    of one video.

    Args:
        arrays (dict): ``positions_2d``, by video and ``'custom'`` a list of
            ``[T, 17, 2]``, and ``metadata``.
        path (pathlib.Path): What errors call the file.

    Raises:
        ValueError: If it is of several videos, or damaged; names it.
    """
    videos = _item(arrays['positions_2d'])
    if not isinstance(videos, dict) or len(videos) != 1:
        names = list(videos)[:5] if isinstance(videos, dict) else []
        refuse(
            path,
            "array 'positions_2d'",
            f'expected one video (got {shown(names)}): save the array of '
            "one as 'keypoints' with numpy.savez",
        )
    ((video, takes),) = videos.items()
    views: Any = list(takes.values()) if isinstance(takes, dict) else []
    if isinstance(views, list) and len(views) == 1:
        (views,) = views
    if isinstance(views, (list, tuple)) and len(views) == 1:
        (views,) = views
    if (
        not isinstance(views, np.ndarray)
        or views.dtype.kind != 'f'
        or views.ndim != 3
        or views.shape[2] != 2
    ):
        refuse(
            path, f'video {shown(video, 40)}', 'expected one array [T, N, 2]'
        )
    metadata = _item(arrays.get('metadata'))
    sizes = metadata.get('video_metadata') if metadata else None
    size = _size(sizes.get(video) if isinstance(sizes, dict) else None)
    name = metadata.get('layout_name') if metadata else None
    known = {'coco': 'coco17', 'h36m': 'h36m17'}
    layout = known.get(name) if isinstance(name, str) else None
    there = (views != 0).any(axis=-1, keepdims=True)
    points = np.concatenate([views.astype(np.float64), there], axis=-1)
    points = clean(points, path, f'video {shown(video, 40)}')
    people = [Person(t, '1', row) for t, row in enumerate(points)]
    found = People('videopose3d', people, layout, size, usual='coco17')
    if size is not None and is_normalised(found):
        return _by_width(found, size, path)
    return found


def _by_width(found: People, size: tuple[float, float], path: Path) -> People:
    r"""Makes pixels of parts of the image. VideoPose3D divides x and y by the
    width, others y by the height: limbs tell which.
    """
    people, layout = found.people, found.layout or 'coco17'
    if len(people[0].points) != len(common_names(layout)):
        return found
    costs = []
    for height in sorted(size):
        xy = np.stack([p.points[:, :2] * (size[0], height) for p in people])
        track = Track('1', np.arange(len(xy)), xy, np.ones(xy.shape[:2]))
        costs.append(misfit([track], layout))
    width, height = size[0], sorted(size)[costs[0] - costs[1] > SQUASHED]
    warn(
        path,
        "its coordinates are parts of the image's size and are multiplied by "
        f'{width:g} and {height:g} pixels, by which limbs are most like those '
        'of a body',
    )
    pixels = np.array([width, height, 1.0])
    people = [p._replace(points=p.points * pixels) for p in people]
    return replace(found, people=people)


def _box(boxes: Any, frame: int, number: int) -> Any:
    r"""The last number of a person's box, or None."""
    classes: Any = _items(boxes[frame]) if frame < len(boxes) else ()
    rows: Any = _items(classes[1]) if len(classes) == 2 else ()
    row = rows[number] if number < len(rows) else None
    if isinstance(row, np.ndarray) and row.ndim == 1 and row.size == 5:
        return row.tolist()[4]
    return None


def _items(value: Any) -> Any:
    if isinstance(value, np.ndarray):
        return value if value.ndim else ()
    return value if isinstance(value, (list, tuple)) else ()


def _item(array: np.ndarray | None) -> Any:
    whole = array is not None and array.dtype == object and array.size == 1
    item = array.reshape(-1)[0] if whole and array is not None else None
    return item if isinstance(item, dict) else None


def _size(value: Any) -> tuple[float, float] | None:
    sides = [value.get(k) for k in 'wh'] if isinstance(value, dict) else []
    known = [float(s) for s in sides if isinstance(s, (int, float)) and s > 0]
    return (known[0], known[1]) if len(known) == 2 else None
