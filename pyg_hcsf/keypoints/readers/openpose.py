from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

from pyg_hcsf.keypoints.people import People, refuse
from pyg_hcsf.keypoints.readers.json_entries import find_entries
from pyg_hcsf.keypoints.readers.json_joints import PersonReader

LAYOUTS = {25: 'body25', 18: 'coco18'}
_KNOWN = (
    *('face_keypoints_2d', 'hand_left_keypoints_2d', 'face_keypoints'),
    *('hand_right_keypoints_2d', 'hand_left_keypoints', 'pose_keypoints_3d'),
    *('hand_right_keypoints', 'face_keypoints_3d', 'hand_left_keypoints_3d'),
    *('hand_right_keypoints_3d', 'foot_keypoints_2d'),
)


def matches(data: Any) -> bool:
    r"""Whether parsed JSON is a frame of OpenPose."""
    people = data.get('people') if isinstance(data, dict) else None
    return isinstance(people, list) and not {'frame', 'frame_id'} & data.keys()


def read(data: dict[str, Any], path: Path) -> People:
    r"""Reads one frame of OpenPose's ``--write_json``: ``people``, each with
    ``pose_keypoints_2d`` (``pose_keypoints`` in old versions): x, y and
    confidence of BODY_25 or of the 18 joints of its COCO model. RTMLib,
    Sports2D and Pose2Sim write COCO's 17 and Halpe's 26 in the same way.

    ``person_id`` is used where there is tracking (not -1). Keypoints of
    hands and faces, and in 3D, are not read.

    Args:
        data (dict): The parsed JSON.
        path (pathlib.Path): What errors call the file.

    Raises:
        ValueError: If it is damaged; names the file and the person.

    Example:
        >>> read(json.loads(path.read_text()), path).layout
        'body25'
    """
    keys = ('pose_keypoints_2d', 'pose_keypoints', 'keypoints')
    reader = PersonReader('openpose', path, keys, _KNOWN)
    entries = find_entries([data], path, ('people',))
    for entry in entries:
        if not isinstance(entry.value, dict):
            refuse(path, entry.where, "expected 'pose_keypoints_2d'")
    found = reader.finish(entries)
    sizes = {len(person.points) for person in found.people}
    layout = LAYOUTS.get(sizes.pop()) if len(sizes) == 1 else None
    return replace(found, layout=found.layout or layout, usual='coco17')
