r"""Finds the columns of each joint in a wide table, by their names."""

import re

from pyg_hcsf.keypoints.joint_names import MIN_JOINTS, match_names
from pyg_hcsf.keypoints.readers.json_frames import SCORE_KEYS
from pyg_hcsf.keypoints.readers.table_columns import (
    FRAME_COLUMNS,
    OTHER_COLUMNS,
    PERSON_COLUMNS,
)

#: The columns of x, y and maybe of z and the score of each joint.
Joints = dict[str, dict[str, int]]

_PARTS = '|'.join(
    ['x', 'y', 'z', 'presence', *sorted(SCORE_KEYS, key=len, reverse=True)]
)
_UNITS = 'px|pixels?|coords?|coordinates?|pos|position|loc|norm|2d|image|img'
# nose_x, nose_x_px and nose_pos_x; x0; x_nose; kpt_x_0; joint0x.
_COLUMNS = tuple(
    map(
        re.compile,
        (
            rf'(?P<joint>.+?)(_({_UNITS}))?_(?P<part>{_PARTS})(_({_UNITS}))?',
            rf'(?P<part>{_PARTS})_?(?P<joint>\d+)',
            rf'(?P<part>{_PARTS})_(?P<joint>.+)',
            rf'(?P<group>.+)_(?P<part>{_PARTS})_?(?P<joint>\d+)',
            rf'(?P<joint>.*\d)(?P<part>{_PARTS})',
        ),
    )
)
_NUMBERED = re.compile(r'(.*?)_?([0-9]{1,3})')
_PERSON = re.compile(r'([a-z]*_?[0-9]{1,4})_(.+)')
_BOXES = {'bbox', 'box', 'center', 'bbox_center', 'bb'}
MAX_NAME = 100  # characters; the time of regular expressions is quadratic
#: MediaPipe's landmarks of the body and of the face.
HOLISTIC = 501
_AXES = ('x', 'y', 'score')


def find_joints(names: list[str]) -> dict[str, Joints]:
    r"""The columns of the joints of each person, ``''`` if there is one
    person in a row, such as ``nose_x``, and not ``p1_nose_x``.

    Args:
        names (list[str]): The names of the columns, as
            :func:`~pyg_hcsf.keypoints.readers.table_columns.to_snake` returns
            them.
    """
    joints: Joints = {}
    known = {*FRAME_COLUMNS, *PERSON_COLUMNS, *OTHER_COLUMNS}
    for index, name in enumerate(names):
        if name in known or len(name) > MAX_NAME:
            continue
        found = next((m for c in _COLUMNS if (m := c.fullmatch(name))), None)
        if found is None:
            continue
        groups = found.groupdict()
        joint, part = groups['joint'], groups['part']
        if groups.get('group'):
            joint = f'{groups["group"]}_{joint}'
        if part not in ('x', 'y', 'z', 'presence'):
            part = 'score'
        joints.setdefault(joint, {}).setdefault(part, index)
    joints = {
        joint: parts
        for joint, parts in joints.items()
        if {'x', 'y'} <= parts.keys() and joint not in _BOXES
    }
    if not joints:
        joints = _find_numbered_parts(names)
    if len(joints) == HOLISTIC:
        joints = dict(sorted(joints.items(), key=lambda j: _digits(j[0]))[:33])
    named = [joint for joint in joints if not joint.isdecimal()]
    if match_names(named) is not None:  # numbers are corners of boxes
        joints = {joint: joints[joint] for joint in named}
    return _split_people(_drop_prefix(joints))


def _digits(joint: str) -> int:
    return int(re.sub('[^0-9]', '', joint)[:9] or 0)


def _find_numbered_parts(names: list[str]) -> Joints:
    r"""Joints with x, y and score in ``nose_0``, ``nose_1`` and ``nose_2``."""
    joints: Joints = {}
    for index, name in enumerate(names):
        found = re.fullmatch(r'(.+)_([0-2])', name)
        if found is not None:
            part = _AXES[int(found[2])]
            joints.setdefault(found[1], {})[part] = index
    if match_names(list(joints)) is None:
        return {}
    return {j: parts for j, parts in joints.items() if len(parts) > 1}


def _drop_prefix(joints: Joints) -> Joints:
    r"""Joints without the words that the names of all begin with."""
    words = [joint.split('_') for joint in joints]
    while len(words) >= MIN_JOINTS and (
        len({w[0] for w in words}) == 1 and min(map(len, words)) > 1
    ):
        words = [w[1:] for w in words]
    names = ['_'.join(w) for w in words]
    return dict(zip(names, joints.values(), strict=True))


def _split_people(joints: Joints) -> dict[str, Joints]:
    r"""Joints whose names begin with a numbered person."""
    people: dict[str, Joints] = {}
    for joint, parts in joints.items():
        if (found := _PERSON.fullmatch(joint)) is None:
            return {'': joints}
        people.setdefault(found[1], {})[found[2]] = parts
    if len({frozenset(own) for own in people.values()}) != 1 or (
        len(next(iter(people.values()))) < MIN_JOINTS
    ):
        return {'': joints}
    order = next(iter(people.values()))
    return {
        name: {joint: own[joint] for joint in order}
        for name, own in people.items()
    }


def find_rows(names: list[str]) -> list[int]:
    r"""The columns of numbered values of all joints, such as ``kp_0`` to
    ``kp_50``, in order; empty if there are none.
    """
    groups: dict[str, dict[int, int]] = {}
    for index, name in enumerate(names):
        found = _NUMBERED.fullmatch(name[: MAX_NAME + 1])
        if found is not None and len(name) <= MAX_NAME:
            groups.setdefault(found[1], {})[int(found[2])] = index
    columns = max(groups.values(), key=len, default={})
    numbers = sorted(columns)
    first = numbers[0] if numbers else 0
    if first > 1 or numbers != list(range(first, first + len(numbers))):
        return []
    return [columns[number] for number in numbers]
