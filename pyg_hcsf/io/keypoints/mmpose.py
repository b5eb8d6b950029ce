from __future__ import annotations

from pathlib import Path
from typing import Any

from pyg_hcsf.io.keypoints.confidence import box_score
from pyg_hcsf.io.keypoints.names import DATASETS, layout_of
from pyg_hcsf.io.keypoints.people import (
    People,
    Person,
    refuse,
    to_number,
    to_points,
)


def read_mmpose(data: Any, path: Path) -> People:
    r"""Reads predictions of MMPose 1.x: of its inferencer for a video, a list
    of ``frame_id`` and ``instances``, or for an image, a list of instances,
    and of its demos, a mapping of ``meta_info`` and ``instance_info``.

    An instance has ``keypoints``, a list of x and y,
    ``keypoint_scores``, and ``track_id`` if people are tracked.

    Args:
        data (dict or list): The parsed JSON.
        path (pathlib.Path): What errors call the file.

    Raises:
        ValueError: If an entry is damaged; names it.

    Example:
        >>> read_mmpose(json.loads(path.read_text()), path).layout
        'coco17'
    """
    layout = None
    if isinstance(data, dict):
        layout = _layout(data.get('meta_info'))
        data = data.get('instance_info')
    if not isinstance(data, list):
        refuse(path, '', "expected a list called 'instance_info'")
    if not all(isinstance(v, dict) and 'instances' in v for v in data):
        return People('mmpose', read_instances(data, path, 'image', 0), layout)
    people = []
    for number, value in enumerate(data):
        entry = f'entry {number}'
        frame = to_number(value.get('frame_id', number), path, entry)
        people += read_instances(value['instances'], path, entry, frame)
    return People('mmpose', people, layout)


def read_instances(
    instances: Any, path: Path, entry: str, frame: int
) -> list[Person]:
    r"""Reads the people of one frame.

    Args:
        instances (list): The instances, or a list that holds their list.
        path (pathlib.Path): What errors call the file.
        entry (str): What errors call the frame.
        frame (int): Its number.

    Raises:
        ValueError: If one is damaged; names it.
    """
    people = []
    if isinstance(instances, list) and len(instances) == 1:
        inner = instances[0]
        instances = inner if isinstance(inner, list) else instances
    if not isinstance(instances, list):
        refuse(path, entry, 'expected a list of instances')
    for number, value in enumerate(instances):
        where = f'{entry}, instance {number}'
        rows = value.get('keypoints') if isinstance(value, dict) else None
        scores = value.get('keypoint_scores') if rows is not None else None
        if not isinstance(rows, list) or not isinstance(scores, list):
            refuse(path, where, "expected 'keypoints' and 'keypoint_scores'")
        if len(rows) != len(scores) or not all(
            isinstance(row, list) and len(row) == 2 for row in rows
        ):
            refuse(
                path,
                where,
                "expected x and y in 'keypoints', and as many "
                "'keypoint_scores'",
            )
        name = value.get('track_id')
        known = isinstance(name, int) and name >= 0
        points = [[*row, s] for row, s in zip(rows, scores, strict=True)]
        people.append(
            Person(
                frame,
                str(name) if known else None,
                to_points(points, path, where),
                box_score(value.get('bbox_score')),
            )
        )
    return people


def _layout(meta: Any) -> str | None:
    if not isinstance(meta, dict):
        return None
    names = meta.get('keypoint_id2name')
    found = layout_of(list(names.values()) if isinstance(names, dict) else [])
    return found or DATASETS.get(str(meta.get('dataset_name')))
