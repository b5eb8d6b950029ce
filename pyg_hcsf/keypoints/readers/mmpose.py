r"""Reads predictions of MMPose.

MMPose 1.x: the inferencer writes a list of ``frame_id`` and ``instances`` for
a video, a list of instances for an image; the demos write a mapping of
``meta_info`` and ``instance_info``, and so does Sapiens. Data samples have
``pred_instances``, the arrays of all people of an image. MMPose 0.x: a list of
the results of each frame, or of its evaluation, with ``preds``, the arrays of
people in the images ``image_paths``. An instance has ``keypoints``, rows of x
and y (and in 0.x a score), ``keypoint_scores``, and ``track_id`` if people are
tracked.
"""

from typing import Any

from pyg_hcsf.keypoints.detections import ParsedFile
from pyg_hcsf.keypoints.joint_names import order_by_names
from pyg_hcsf.keypoints.messages import unexpected
from pyg_hcsf.keypoints.readers.json_frames import (
    Entry,
    find_entries,
    first_mapping,
)
from pyg_hcsf.keypoints.readers.json_groups import split_people
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
    known = {'keypoint_scores', 'instances', 'pred_instances'} & first.keys()
    lists = ({'preds', 'image_paths'}, {'predictions', 'visualization'})
    if known or any(keys <= first.keys() for keys in lists):
        return True
    old = isinstance(row, list) and 'bbox' in first
    return old and 'image_id' not in first


def read(data: Any) -> ParsedFile:
    r"""Reads the people of a video or an image."""
    meta = data.get('meta_info') if isinstance(data, dict) else None
    if isinstance(data, dict) and 'instance_info' in data:
        data = data['instance_info']
    if isinstance(data, list):
        data = [frame for value in data for frame in _frames(value)]
    keys = ('instances', 'predictions')
    entries = find_entries(data, keys)
    if 'pred_instances' in first_mapping(data):
        entries = list(map(_open_sample, entries))
    parsed = read_people(
        'mmpose', split_people(entries), default_layout='coco17'
    )
    if not isinstance(meta, dict):
        return parsed
    names = meta.get('keypoint_id2name')
    names = list(names.values()) if isinstance(names, dict) else []
    return order_by_names(
        parsed, names, DATASETS.get(str(meta.get('dataset_name')))
    )


def _frames(value: Any) -> list[Any]:
    r"""The people of a batch of MMPose 0.x, or else the frame itself."""
    if not isinstance(value, dict) or 'preds' not in value:
        return [value]
    preds, paths = value['preds'], value.get('image_paths')
    if not isinstance(preds, list) or not isinstance(paths, list):
        raise unexpected("lists called 'preds' and 'image_paths'", value)
    if len(preds) != len(paths):
        raise unexpected(f'{len(preds)} image paths', len(paths))
    return [
        {'image': path, 'keypoints': rows}
        for path, rows in zip(paths, preds, strict=True)
    ]


def _open_sample(entry: Entry) -> Entry:
    r"""The arrays of the people in a data sample."""
    sample = entry.person
    found = sample.get('pred_instances') if isinstance(sample, dict) else None
    if not isinstance(found, dict):
        raise unexpected("'pred_instances'", sample, entry.where)
    return entry._replace(person=found, frame_values=sample)
