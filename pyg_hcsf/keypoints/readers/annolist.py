r"""Reads PoseTrack 2017's annotations and the results of its evaluation.

``annolist`` has an entry for each image, with the ``name`` of the ``image``
and people (``annorect``) with a ``track_id`` and points of ``id``, ``x``,
``y`` and maybe ``score``. All values are in lists of one value. The ids are
those of ``Joint`` in ``py/eval_helpers.py`` of github.com/leonid-pishchulin/
poseval.
"""

from typing import Any

from pyg_hcsf.keypoints.detections import ParsedFile
from pyg_hcsf.keypoints.messages import unexpected
from pyg_hcsf.keypoints.readers.json_frames import Entry, find_entries
from pyg_hcsf.keypoints.readers.json_people import read_people

NAMES = (
    'right_ankle', 'right_knee', 'right_hip', 'left_hip', 'left_knee',
    'left_ankle', 'right_wrist', 'right_elbow', 'right_shoulder',
    'left_shoulder', 'left_elbow', 'left_wrist', 'upper_neck', 'nose',
    'head_top',
)  # fmt: skip


def matches(data: Any) -> bool:
    r"""Whether parsed JSON is a list of annotations of images."""
    return isinstance(data, dict) and isinstance(data.get('annolist'), list)


def read(data: dict[str, Any]) -> ParsedFile:
    r"""Reads the people of a video."""
    frames = [_unwrap(value) for value in data['annolist']]
    for number, frame in enumerate(frames):
        if not isinstance(frame, dict):
            raise unexpected('a mapping', frame, f'entry {number}')
        image = _unwrap(frame.get('image'))
        frame['image'] = image.get('name') if isinstance(image, dict) else None
    entries = find_entries(frames, ('annorect',))
    return read_people('posetrack', map(_read_person, entries))


def _read_person(entry: Entry) -> Entry:
    person = entry.person if isinstance(entry.person, dict) else {}
    points = _unwrap(person.get('annopoints'))
    points = points.get('point') if isinstance(points, dict) else points
    joints = {}
    for point in points if isinstance(points, list) else []:
        found = (
            {key: _unwrap(value) for key, value in point.items()}
            if (isinstance(point, dict))
            else {}
        )
        number = found.pop('id', None)
        if number not in range(len(NAMES)):
            raise unexpected(f"an 'id' below {len(NAMES)}", point, entry.where)
        joints[NAMES[number]] = found
    track = _unwrap(person.get('track_id'))
    return entry._replace(person={'keypoints': joints, 'track_id': track})


def _unwrap(value: Any) -> Any:
    r"""The value in a list of one value."""
    return value[0] if isinstance(value, list) and len(value) == 1 else value
