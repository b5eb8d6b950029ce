r"""Finds the people and frames in parsed JSON, however they are nested."""

from collections.abc import Iterable, Sequence
from typing import Any, NamedTuple

from pyg_hcsf.keypoints.detections import MAX_JOINTS
from pyg_hcsf.keypoints.joint_names import MIN_JOINTS, is_joint_name
from pyg_hcsf.keypoints.messages import file_error, unexpected, warn
from pyg_hcsf.keypoints.readers.frame_numbers import (
    number_frames,
    number_times,
    times_of_names,
)
from pyg_hcsf.keypoints.readers.json_keys import KEYPOINT_KEYS, KEYS_3D
from pyg_hcsf.safe_io.shown import shown

# Keys of a frame's number, of its people, of a person's id, of confidences
# and of time stamps.
FRAME_KEYS = (
    'frame', 'frame_id', 'frame_idx', 'frame_index', 'frame_number',
    'frame_num', 'frame_no', 'frameId', 'frameIndex', 'frameNumber',
    'image_id', 'image', 'image_name', 'img_name', 'file_name', 'filename',
    'file', 'img_id', 'img_path', 'image_path', 'imgname',
)  # fmt: skip
PEOPLE_KEYS = (
    'people', 'persons', 'instances', 'predictions', 'poses', 'detections',
    'annotations', 'bodies', 'results', 'humans', 'pose_results', 'players',
)  # fmt: skip
TRACK_KEYS = (
    'track_id', 'track', 'idx', 'person_id', 'tracking_id', 'trackId',
    'id_', 'instance_id', 'person', 'personId', 'player_id', 'playerId',
    'subject_id', 'object_id', 'tracker_id', 'body_id', 'skeleton_id', 'id',
)  # fmt: skip
SCORE_KEYS = (
    'score', 'confidence', 'conf', 'likelihood', 'visibility', 'visible',
    'prob', 'probability', 'certainty', 'inFrameLikelihood', 'vis', 'c', 's',
    'v', 'p',
)  # fmt: skip
TIME_KEYS = tuple(
    f'{name}{unit}'
    for name in ('timestamp', 'time_stamp', 'time', 't')
    for unit in ('', '_s', '_sec', '_seconds', '_ms', 'Ms', '_us', '_ns')
)


class Entry(NamedTuple):
    r"""One person in one frame of parsed JSON: the frame number (-1 if entries
    have none), the place for errors, the value of the person, and the values
    of the frame, empty if it has none.
    """

    frame: int
    where: str
    person: Any
    frame_values: dict[str, Any]


def first_entry(data: Any) -> Any:
    r"""The first value in nested lists that is not empty, or the first value
    of a mapping from frames.
    """
    if is_frame_mapping(data):
        data = list(data.values())
    while isinstance(data, list):
        data = next((value for value in data if value), None)
    return data


def first_mapping(data: Any) -> dict[str, Any]:
    r"""The first entry if it is a mapping, else an empty one."""
    first = first_entry(data)
    return first if isinstance(first, dict) else {}


def first_person(data: Any) -> Any:
    r"""The first person in the frames, or the first entry if frames have no
    list of people.
    """
    if is_frame_mapping(data):
        data = list(data.values())
    frames = data if isinstance(data, list) else [data]
    keys = all_people_keys(frames, PEOPLE_KEYS)
    for frame in frames:
        key = first_key(frame, keys)
        person = first_entry(frame if key is None else frame[key])
        if person is not None and person != {}:
            return person
    return None


def all_people_keys(
    frames: list[Any], known: Sequence[str]
) -> tuple[str, ...]:
    r"""The known keys of people, and that of the frames in this file if none
    of these: a list of mappings with keypoints.
    """
    for frame in frames:
        if not isinstance(frame, dict) or any(key in frame for key in known):
            break
        for key, people in frame.items():
            person = people[0] if isinstance(people, list) and people else None
            if isinstance(person, dict) and has_keypoints(person):
                return (*known, key)
        if has_keypoints(frame):
            break
    return tuple(known)


def has_keypoints(person: dict[str, Any]) -> bool:
    r"""Whether a mapping has keypoints, or joints by their names."""
    if any(key in person for key in KEYPOINT_KEYS):
        return True
    if len(person) > 2 * MAX_JOINTS:
        return False
    return sum(map(is_joint_name, person)) >= MIN_JOINTS


def first_key(value: Any, keys: Iterable[str]) -> str | None:
    r"""The first of these keys that a mapping has with a value."""
    if isinstance(value, dict):
        for key in keys:
            if value.get(key) is not None:
                return key
    return None


def nesting(value: Any) -> int:
    r"""How many lists are nested around the first number, 0 if there is no
    number.
    """
    depth = 0
    while isinstance(value, list) and value and depth < 9:
        value, depth = value[0], depth + 1
    return depth if isinstance(value, (int, float)) else 0


def is_joint(value: Any) -> bool:
    r"""Whether this is a mapping with the x and y of a joint."""
    if not isinstance(value, dict):
        return False
    if 'position' in value:  # of PoseNet
        return isinstance(value['position'], dict)
    return isinstance(value.get('x'), (int, float)) and 'y' in value


def is_frame_mapping(data: Any) -> bool:
    r"""Whether this maps image names or frame numbers to frames."""
    return (
        isinstance(data, dict)
        and bool(data)
        and all(map(_is_frame, data.values()))
        and all(any(c in '0123456789' for c in key[-80:]) for key in data)
        and not {*KEYPOINT_KEYS, *KEYS_3D} & data.keys()
    )


def _is_frame(value: Any) -> bool:
    if isinstance(value, list) and value:
        value = value[0]
        if isinstance(value, list):
            return bool(value) and isinstance(
                value[0], (int, float, list, dict)
            )
        return isinstance(value, dict)
    return isinstance(value, (dict, list))


def find_entries(
    data: Any, people_keys: Sequence[str] = PEOPLE_KEYS
) -> list[Entry]:
    r"""Lists the people of all frames.

    The file is a list of frames or maps image names to them. A frame is a
    list of people, or a mapping with such a list and maybe its number.
    Or the file is a list of people, each with a frame number or none.
    """
    if is_frame_mapping(data):
        numbers, names = number_frames(list(data)), list(data)
        places = [f'frame {shown(name, 60)}' for name in names]
        data = list(data.values())
        people_keys = all_people_keys(data, people_keys)
    else:
        if isinstance(data, dict):
            inner: Any = data.get(first_key(data, people_keys) or '')
            if isinstance(inner, list) and first_key(
                first_entry(inner), FRAME_KEYS
            ):
                return find_entries(inner, people_keys)
            data = [data]
        if not isinstance(data, list):
            raise file_error('expected a list of frames or people')
        if data and is_joint(data[0]):
            data = [data]
        people_keys = all_people_keys(data, people_keys)
        if not any(
            isinstance(v, list)
            or v is None
            or (isinstance(v, dict) and any(key in v for key in people_keys))
            for v in data
        ):
            return _list_people(data)
        numbers = frame_numbers(data)
        places = [f'entry {number}' for number in range(len(data))]
    return [
        entry
        for frame, where, value in zip(numbers, places, data, strict=True)
        for entry in _people_of_frame(frame, where, value, people_keys)
    ]


def _people_of_frame(
    frame: int, where: str, value: Any, people_keys: Sequence[str]
) -> list[Entry]:
    frame_values: dict[str, Any] = {}
    if isinstance(value, dict):
        key = next((key for key in people_keys if key in value), None)
        if key is None:
            return [Entry(frame, where, value, {})]
        frame_values, value = value, value[key]
        if key not in PEOPLE_KEYS:  # and is known to be read
            frame_values = {
                k: frame_values[k] for k in frame_values if k != key
            }
    if isinstance(value, dict):
        value = list(value.values()) if is_frame_mapping(value) else [value]
    if value is not None and not isinstance(value, list):
        raise unexpected('a list of people', value, where)
    if value and is_joint(value[0]):
        value = [value]
    elif value and isinstance(value[0], list) and value[0]:
        # Rows of joints are one person, lists of rows are several.
        inner = value[0][0]
        if isinstance(inner, (int, float)):
            value = [value]
        elif isinstance(inner, dict) and not is_joint(inner):
            value = [person for part in value for person in part or []]
    return [
        Entry(frame, f'{where}, person {number}', person, frame_values)
        for number, person in enumerate(value or [])
    ]


def _list_people(data: list[Any]) -> list[Entry]:
    r"""People in a list, all with frame numbers or all without."""
    places = [f'entry {number}' for number in range(len(data))]
    for where, value in zip(places, data, strict=True):
        if not isinstance(value, dict):
            raise unexpected('a mapping', value, where)
    numbers = [-1] * len(data)
    if any(first_key(v, FRAME_KEYS) for v in data) or time_stamps(data):
        numbers = frame_numbers(data)
    return [
        Entry(frame, where, value, {})
        for frame, where, value in zip(numbers, places, data, strict=True)
    ]


def frame_numbers(data: list[Any]) -> list[int]:
    r"""The frame numbers of frames or people: those in the file, else by time
    stamps, else in their order.
    """
    keys = [first_key(value, FRAME_KEYS) for value in data]
    if not any(keys):
        times = time_stamps(data)
        if times is None:
            return list(range(len(data)))
        numbers, _ = number_times(times)
        if numbers[-1] >= len(data):
            warn('its frames are numbered by time stamps, with gaps')
        return numbers
    if not all(keys):
        where = f'entry {keys.index(None)}'
        raise file_error('expected a frame number as in the others', where)
    return number_frames([v[k] for v, k in zip(data, keys, strict=True)])


def time_stamps(data: Any) -> list[float] | None:
    r"""The time stamps of frames or people without frame numbers, if all of
    them have one.
    """
    if is_frame_mapping(data):
        return times_of_names(list(data))
    first = first_entry(data) if isinstance(data, list) else None
    key = first_key(first, TIME_KEYS)
    if key is None or any(first_key(value, FRAME_KEYS) for value in data):
        return None
    found = [v.get(key) if isinstance(v, dict) else None for v in data]
    times = [
        float(v)
        for v in found
        if isinstance(v, (int, float)) and abs(v) < 1e300
    ]
    return times if len(times) == len(found) else None
