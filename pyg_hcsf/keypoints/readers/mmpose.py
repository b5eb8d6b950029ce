r"""Reads predictions of MMPose.

MMPose 1.x: the inferencer writes a list of ``frame_id`` and ``instances`` for
a video, a list of instances for an image; the demos write a mapping of
``meta_info`` and ``instance_info``. MMPose 0.x: a list of the results of each
frame. An instance has ``keypoints``, rows of x and y (and in 0.x a score),
``keypoint_scores``, and ``track_id`` if people are tracked.
"""

from typing import Any

from pyg_hcsf.keypoints.detections import ParsedFile
from pyg_hcsf.keypoints.joint_names import order_by_names
from pyg_hcsf.keypoints.readers.json_frames import find_entries, first_mapping
from pyg_hcsf.keypoints.readers.json_people import read_people

#: The layouts of the data sets whose joints MMPose's models find.
DATASETS = {
    'coco': 'coco17', 'coco_wholebody': 'coco17', 'halpe': 'halpe26',
    'halpe26': 'halpe26', 'mpii': 'mpii16', 'h36m': 'h36m17',
}  # fmt: skip


def matches(data: Any) -> bool:
    r"""Whether parsed JSON is of predictions of MMPose."""
    if isinstance(data, dict) and 'instance_info' in data:
        return True
    first = first_mapping(data)
    rows = first.get('keypoints')
    row = rows[0] if isinstance(rows, list) and rows else None
    if isinstance(row, list) and row and isinstance(row[0], list):
        return False  # [[[x, y], ...], ...] is for the reader of records
    if {'keypoint_scores', 'instances'} & first.keys():
        return True
    old = isinstance(row, list) and 'bbox' in first
    return old and 'image_id' not in first


def read(data: Any) -> ParsedFile:
    r"""Reads the people of a video or an image."""
    meta = data.get('meta_info') if isinstance(data, dict) else None
    if isinstance(data, dict) and 'instance_info' in data:
        data = data['instance_info']
    entries = [
        entry._replace(person=person)
        for entry in find_entries(data, ('instances',))
        # For some models, the inferencer has a list in the list.
        for person in (
            entry.person if _is_nested(entry.person) else [entry.person]
        )
    ]
    parsed = read_people('mmpose', entries, default_layout='coco17')
    if not isinstance(meta, dict):
        return parsed
    names = meta.get('keypoint_id2name')
    names = list(names.values()) if isinstance(names, dict) else []
    return order_by_names(
        parsed, names, DATASETS.get(str(meta.get('dataset_name')))
    )


def _is_nested(value: Any) -> bool:
    return isinstance(value, list) and all(isinstance(v, dict) for v in value)
