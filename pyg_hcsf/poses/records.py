r"""What files of poses say about themselves, whatever their format."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NoReturn

import numpy as np

from pyg_hcsf.keypoints import Track
from pyg_hcsf.poses.sequence import AXES, PoseSequence
from pyg_hcsf.safe_io.json_file import load_json
from pyg_hcsf.safe_io.shown import cause, shortened, shown
from pyg_hcsf.skeleton import get_skeleton

FORMAT = 'pyg_hcsf.poses'
VERSION = 1
ARRAYS = ('frames', 'pose', 'uncertainty', 'root')
KEYPOINTS = ('keypoint_xy', 'keypoint_score')


def make_header(people: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    r"""The whole of a file, around its people."""
    return {
        'format': FORMAT,
        'version': VERSION,
        'about': (
            'pose[frame][joint] is x, y, z relative to the root, root[frame] '
            'where that is, uncertainty[frame][joint] the expected error, all '
            'in millimetres; keypoint_xy[frame][joint] in pixels, null or NaN '
            'where missing. bones are pairs of parent and child.'
        ),
        'unit': 'mm',
        'axes': AXES,
        'people': list(people),
    }


def describe(sequence: PoseSequence) -> dict[str, Any]:
    r"""All of a sequence that is not an array."""
    skeleton = get_skeleton(sequence.skeleton)
    size = sequence.image_size
    out: dict[str, Any] = {
        'name': sequence.name,
        'skeleton': sequence.skeleton,
        'joints': list(skeleton.joints),
        'bones': [
            [skeleton.joints[parent], skeleton.joints[child]]
            for child, parent in skeleton.bones
        ],
        'axes': sequence.axes,
        'fps': None if (fps := sequence.fps) is None else float(fps),
        'note': sequence.note,
        'image_size': size and [float(x) for x in size],
    }
    if sequence.keypoints is not None and sequence.layout is not None:
        out['layout'] = sequence.layout
        out['keypoint_joints'] = list(get_skeleton(sequence.layout).joints)
        out['keypoint_name'] = sequence.keypoints.name
    return out


def arrays_of(sequence: PoseSequence) -> dict[str, np.ndarray]:
    r"""All arrays that a sequence has, by name."""
    out = {key: getattr(sequence, key) for key in ARRAYS}
    if sequence.keypoints is not None:
        values = (sequence.keypoints.xy, sequence.keypoints.score)
        out.update(zip(KEYPOINTS, values, strict=True))
    return {key: value for key, value in out.items() if value is not None}


def parse_header(content: str | bytes, name: str) -> list[dict[str, Any]]:
    r"""The people of a file, each a dictionary.

    Args:
        content (str or bytes): What :func:`make_header` made, as JSON.
        name (str): What errors call the file.

    Raises:
        ValueError: If it is something else, or of a later version.
    """
    try:
        header = load_json(content, _no_constant)
    except (ValueError, RecursionError) as e:
        fail(name, f'it is not JSON ({cause(e)})')
    if not isinstance(header, dict) or header.get('format') != FORMAT:
        fail(name, f"its 'format' is not '{FORMAT}'")
    if header.get('version') != VERSION:
        fail(
            name,
            f'it is of version {shown(header.get("version"), 20)}, where this '
            f'release reads {VERSION}: update pyg_hcsf',
        )
    people = header.get('people')
    if (
        not isinstance(people, list)
        or not people
        or not all(isinstance(person, dict) for person in people)
    ):
        fail(name, "its 'people' are not a list of people")
    return people


def restore(
    person: Mapping[str, Any], arrays: Mapping[str, np.ndarray], name: str
) -> PoseSequence:
    r"""A sequence out of what :func:`describe` and :func:`arrays_of` gave.

    Raises:
        ValueError: If anything is missing or does not fit.
    """
    size = person.get('image_size')
    layout = person.get('layout')
    try:
        for key, of in (('joints', 'skeleton'), ('keypoint_joints', 'layout')):
            if (skeleton := person.get(of)) is None:
                continue
            joints = get_skeleton(str(skeleton)).joints
            if person.get(key) != list(joints):
                raise ValueError(
                    f"Expected '{key}' to be those of the skeleton "
                    f"'{skeleton}', {list(joints)}"
                )
        keypoints = None
        if layout is not None:
            keypoints = Track(
                str(person['keypoint_name']),
                arrays['frames'],
                *(arrays[key] for key in KEYPOINTS),
            )
        return PoseSequence(
            name=person['name'],
            skeleton=person['skeleton'],
            axes=person['axes'],
            fps=person['fps'],
            note=person['note'],
            layout=layout,
            keypoints=keypoints,
            image_size=tuple(size) if isinstance(size, list) else size,
            frames=arrays['frames'],
            pose=arrays['pose'],
            uncertainty=arrays.get('uncertainty'),
            root=arrays.get('root'),
        )
    except KeyError as e:
        fail(name, f'{cause(e)} is missing')
    except ValueError as e:
        fail(name, str(e))


def fail(name: str, reason: str) -> NoReturn:
    r"""Raises a :class:`ValueError` that names the file and the remedy."""
    raise ValueError(
        f"Could not read the poses of '{name}': {shortened(reason)}. Write "
        'the file again with pyg_hcsf.poses.write_poses'
    )


def _no_constant(text: str) -> NoReturn:
    raise ValueError(f'{text} is no number of JSON')
