r"""Reads OpenPose's frames (``--write_json``).

Each has ``people`` with ``pose_keypoints_2d`` (``pose_keypoints`` in old
versions): x, y and confidence of BODY_25 or of the 18 joints of its COCO
model. RTMLib, Sports2D and Pose2Sim write COCO's 17 and Halpe's 26 joints in
the same way. ``person_id`` is used where people are tracked (not -1). Hands,
faces and 3D keypoints are not read.
"""

from dataclasses import replace
from typing import Any

from pyg_hcsf.keypoints.detections import ParsedFile, only
from pyg_hcsf.keypoints.messages import file_error
from pyg_hcsf.keypoints.readers.json_frames import find_entries
from pyg_hcsf.keypoints.readers.json_people import read_people

LAYOUTS = {25: 'body25', 18: 'coco18'}
_KEYS = ('pose_keypoints_2d', 'pose_keypoints', 'keypoints')
_OTHER_KEYS = (
    'face_keypoints_2d', 'hand_left_keypoints_2d', 'face_keypoints',
    'hand_right_keypoints_2d', 'hand_left_keypoints', 'pose_keypoints_3d',
    'hand_right_keypoints', 'face_keypoints_3d', 'hand_left_keypoints_3d',
    'hand_right_keypoints_3d', 'foot_keypoints_2d',
)  # fmt: skip


def matches(data: Any) -> bool:
    r"""Whether parsed JSON is a frame of OpenPose."""
    people = data.get('people') if isinstance(data, dict) else None
    return isinstance(people, list) and not {'frame', 'frame_id'} & data.keys()


def read(data: dict[str, Any]) -> ParsedFile:
    r"""Reads the people of a frame."""
    entries = find_entries([data], ('people',))
    for entry in entries:
        if not isinstance(entry.person, dict):
            raise file_error("expected 'pose_keypoints_2d'", entry.where)
    return set_layout(
        read_people(
            'openpose', entries, _KEYS, _OTHER_KEYS, default_layout='coco17'
        )
    )


def set_layout(parsed: ParsedFile) -> ParsedFile:
    r"""Sets the layout to OpenPose's with as many joints, if none is set."""
    count = only(len(d.joints) for d in parsed.detections)
    return replace(parsed, layout=parsed.layout or LAYOUTS.get(count or 0))
