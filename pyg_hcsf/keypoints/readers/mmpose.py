from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

from pyg_hcsf.keypoints.joint_names import DATASETS, in_order
from pyg_hcsf.keypoints.people import People
from pyg_hcsf.keypoints.readers.json_entries import find_entries, first_of
from pyg_hcsf.keypoints.readers.json_joints import PersonReader

_SCORED = {'keypoint_scores', 'instances'}


def matches(data: Any) -> bool:
    r"""Whether parsed JSON is of predictions of MMPose."""
    if isinstance(data, dict) and 'instance_info' in data:
        return True
    first = first_of(data)
    if not isinstance(first, dict):
        return False
    rows = first.get('keypoints')
    outer = rows[0] if isinstance(rows, list) and rows else None
    old = isinstance(outer, list)
    if isinstance(outer, list) and isinstance((outer or [0])[0], list):
        return False  # arrays of several people or frames
    old = old and 'bbox' in first and 'image_id' not in first
    return bool(_SCORED & first.keys()) or old


def read(data: Any, path: Path) -> People:
    r"""Reads predictions of MMPose 1.x: of its inferencer for a video, a list
    of ``frame_id`` and ``instances``, or for an image, a list of instances,
    and of its demos, a mapping of ``meta_info`` and ``instance_info``; and of
    MMPose 0.x: the results of each frame, in a list.

    An instance has ``keypoints``, a list of x and y (and in 0.x a score),
    ``keypoint_scores``, and ``track_id`` if people are tracked.

    Args:
        data (dict or list): The parsed JSON.
        path (pathlib.Path): What errors call the file.

    Raises:
        ValueError: If an entry is damaged; names it.

    Example:
        >>> read(json.loads(path.read_text()), path).layout
        'coco17'
    """
    meta = data.get('meta_info') if isinstance(data, dict) else None
    if isinstance(data, dict) and 'instance_info' in data:
        data = data['instance_info']
    entries = [
        part._replace(value=value)
        for part in find_entries(data, path, ('instances',))
        # The inferencer has a list in the list for some models.
        for value in (part.value if _nested(part.value) else [part.value])
    ]
    found = PersonReader('mmpose', path).finish(entries)
    if not isinstance(meta, dict):
        return replace(found, usual='coco17')
    names = meta.get('keypoint_id2name')
    names = list(names.values()) if isinstance(names, dict) else []
    layout = DATASETS.get(str(meta.get('dataset_name')))
    return in_order(replace(found, usual='coco17'), names, path, layout)


def _nested(value: Any) -> bool:
    return isinstance(value, list) and all(isinstance(v, dict) for v in value)
