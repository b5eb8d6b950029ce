r"""Reads OpenPose's frames (``--write_json``).

Each has ``people`` with ``pose_keypoints_2d`` (``pose_keypoints`` in old
versions): x, y and confidence of BODY_25, of the 18 joints of its COCO model,
or of another one. RTMLib, Sports2D and Pose2Sim write COCO's 17 and Halpe's 26
joints in the same way. ``person_id`` is used where people are tracked (not
-1). Hands, faces and 3D keypoints are not read. A file may also be a list of
frames.
"""

from typing import Any

from pyg_hcsf.keypoints.detections import ParsedFile, only
from pyg_hcsf.keypoints.joint_names import order_by_names
from pyg_hcsf.keypoints.messages import file_error
from pyg_hcsf.keypoints.readers.json_frames import find_entries, first_mapping
from pyg_hcsf.keypoints.readers.json_people import read_people
from pyg_hcsf.skeleton import get_skeleton

#: Models whose joints are no layout, by number of joints: MPI and BODY_19, as
#: in OpenPose's ``poseParameters.cpp``. MPI's neck is MPII's upper neck.
MODELS = {
    15: (
        'HeadTop', 'UpperNeck', 'RShoulder', 'RElbow', 'RWrist', 'LShoulder',
        'LElbow', 'LWrist', 'RHip', 'RKnee', 'RAnkle', 'LHip', 'LKnee',
        'LAnkle', 'Chest',
    ),
    19: get_skeleton('body25').joints[:19],
}  # fmt: skip
_KEYS = ('pose_keypoints_2d', 'pose_keypoints', 'keypoints')


def matches(data: Any) -> bool:
    r"""Whether parsed JSON is a frame of OpenPose."""
    if isinstance(data, list):
        people = first_mapping(data).get('people')
        return isinstance(people, list) and any(
            isinstance(person, dict) and {*_KEYS[:2]} & person.keys()
            for person in people[:1]
        )
    people = data.get('people') if isinstance(data, dict) else None
    return isinstance(people, list) and not {'frame', 'frame_id'} & data.keys()


def read(data: Any) -> ParsedFile:
    r"""Reads the people of a frame, or of several."""
    frames = data if isinstance(data, list) else [data]
    entries = find_entries(frames, ('people',))
    for entry in entries:
        if not isinstance(entry.person, dict):
            raise file_error("expected 'pose_keypoints_2d'", entry.where)
    parsed = read_people('openpose', entries, _KEYS, default_layout='coco17')
    count = only(len(d.joints) for d in parsed.detections)
    return order_by_names(parsed, MODELS.get(count or 0))
