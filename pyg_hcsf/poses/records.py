r"""3D poses as JSON and NPZ: metadata and arrays of each person."""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, NoReturn

import numpy as np

from pyg_hcsf.keypoints import Track
from pyg_hcsf.poses.sequence import AXES, PoseSequence
from pyg_hcsf.poses.skeleton_fields import skeleton_fields, skeleton_of
from pyg_hcsf.safe_io.atomic_write import atomic_write
from pyg_hcsf.safe_io.json_file import load_json
from pyg_hcsf.safe_io.npy import load_npz
from pyg_hcsf.safe_io.shown import cause, shortened, shown

FORMAT = 'pyg_hcsf.poses'
VERSION = 1
DECIMALS = 4  # of millimetres and pixels in text files
POSE_ARRAYS = ('frames', 'pose', 'uncertainty', 'root')
ARRAYS = (*POSE_ARRAYS, 'keypoint_xy', 'keypoint_score')
OTHERS = (
    '2D keypoints are lifted by pyg-hcsf lift; arrays of joints are shown '
    'by pyg-hcsf view --skeleton'
)
ABOUT = (
    'pose[frame][joint] is x, y, z relative to the root, root[frame] '
    'where that is, uncertainty[frame][joint] the expected error, all '
    'in millimetres; keypoint_xy[frame][joint] in pixels, null or NaN '
    'where missing. bones are pairs of parent and child, pairs are of '
    'left and right.'
)


def write_json(path: Path, sequences: Sequence[PoseSequence]) -> None:
    r"""Writes poses as JSON:

    .. code-block:: text

        {"format": "pyg_hcsf.poses", "version": 1, "about": "...",
         "unit": "mm", "axes": {"camera": "x to the right, ...", ...},
         "people": [{
           "name": "1", "skeleton": "h36m17", "joints": ["Hip", ...],
           "bones": [["Hip", "RHip"], ...],
           "pairs": [["LHip", "RHip"], ...], "axes": "camera",
           "fps": 25.0, "note": "...", "image_size": [1920.0, 1080.0],
           "frames": [0, 1, ...], "pose": [[[x, y, z], ...], ...],
           "uncertainty": [[e, ...], ...], "root": [[x, y, z], ...],
           "layout": "coco17", "keypoint_joints": ["Nose", ...],
           "keypoint_bones": ..., "keypoint_pairs": ...,
           "keypoint_name": "1", "keypoint_xy": [[[u, v], ...], ...],
           "keypoint_score": [[s, ...], ...]}]}

    :obj:`pose` is relative to the root, and :obj:`root` is its position, both
    in the axes of :obj:`axes`; :obj:`uncertainty` is the expected error of
    each joint. All are in millimetres. :obj:`fps` and
    :obj:`image_size` may be null; :obj:`uncertainty`, :obj:`root` and all
    from :obj:`layout` on are left out if unknown.
    """
    people = []
    for sequence in sequences:
        arrays = arrays_of(sequence).items()
        lists = {key: _to_lists(value) for key, value in arrays}
        people.append({**describe(sequence), **lists})
    with atomic_write(path) as part:
        text = json.dumps(make_header(people), allow_nan=False)
        part.write_text(text + '\n', encoding='utf-8')


def read_json(content: bytes, name: str) -> list[PoseSequence]:
    r"""Parses a file of :func:`write_json`."""
    out = []
    for person in parse_header(content, name):
        arrays = {}
        for key in ARRAYS:
            if (values := person.pop(key, None)) is None:
                continue
            try:
                arrays[key] = np.array(
                    values, None if key == 'frames' else np.float64
                )
            except (ValueError, TypeError, OverflowError) as e:
                fail(name, f"'{key}' is no array of numbers ({cause(e)})")
        out.append(restore(person, arrays, name))
    return out


def write_npz(path: Path, sequences: Sequence[PoseSequence]) -> None:
    r"""Writes poses as arrays :obj:`frames_0`, :obj:`pose_0`, ... of the
    first person and so on, and everything else as JSON in :obj:`meta`.
    """
    header = make_header([describe(sequence) for sequence in sequences])
    arrays = {'meta': np.array(json.dumps(header, allow_nan=False))}
    for i, sequence in enumerate(sequences):
        for key, value in arrays_of(sequence).items():
            arrays[f'{key}_{i}'] = value
    with atomic_write(path) as part, part.open('wb') as file:
        np.savez(file, allow_pickle=False, **arrays)


def read_npz(content: bytes, name: str) -> list[PoseSequence]:
    r"""Parses a file of :func:`write_npz`, without unpickling."""
    members = load_npz(content, name)
    meta = members.get('meta')
    if meta is None or meta.dtype.kind != 'U' or meta.shape != ():
        fail(name, f"it has no text 'meta' ({OTHERS})")
    out = []
    for i, person in enumerate(parse_header(str(meta), name)):
        arrays = {
            key: members[f'{key}_{i}'].copy()
            for key in ARRAYS
            if f'{key}_{i}' in members
        }
        out.append(restore(person, arrays, name))
    return out


def make_header(people: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    r"""The content of a file with these people."""
    return {
        'format': FORMAT,
        'version': VERSION,
        'about': ABOUT,
        'unit': 'mm',
        'axes': AXES,
        'people': list(people),
    }


def describe(sequence: PoseSequence) -> dict[str, Any]:
    r"""All fields of a sequence that are not arrays."""
    size = sequence.image_size
    out: dict[str, Any] = {
        'name': sequence.name,
        **skeleton_fields(sequence.skeleton),
        'axes': sequence.axes,
        'fps': None if sequence.fps is None else float(sequence.fps),
        'note': sequence.note,
        'image_size': size and [float(x) for x in size],
    }
    if sequence.keypoints is not None:
        out |= skeleton_fields(sequence.layout, 'layout', 'keypoint_')
        out['keypoint_name'] = sequence.keypoints.name
    return out


def arrays_of(sequence: PoseSequence) -> dict[str, np.ndarray]:
    r"""The arrays of a sequence by name, out of :data:`ARRAYS`."""
    out = {key: getattr(sequence, key) for key in POSE_ARRAYS}
    if sequence.keypoints is not None:
        out['keypoint_xy'] = sequence.keypoints.xy
        out['keypoint_score'] = sequence.keypoints.score
    return {key: value for key, value in out.items() if value is not None}


def parse_header(content: str | bytes, name: str) -> list[dict[str, Any]]:
    r"""Parses JSON that was made from :func:`make_header`.

    Args:
        content (str or bytes): The JSON.
        name (str): The name of the file for error messages.

    Returns:
        The people, each a dictionary.

    Raises:
        ValueError: If it is other JSON, or of another version.
    """
    try:
        header = load_json(content, _reject_constant)
    except (ValueError, RecursionError) as e:
        fail(name, f'it is not JSON ({cause(e)})')
    if not isinstance(header, dict) or header.get('format') != FORMAT:
        fail(name, f"its 'format' is not '{FORMAT}' ({OTHERS})")
    if (version := header.get('version')) != VERSION:
        fail(
            name,
            f'its version is {shown(version, 20)}, where this release reads '
            f'{VERSION}: update pyg_hcsf',
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
    r"""Builds a sequence from :func:`describe` and :func:`arrays_of`."""
    size = person.get('image_size')
    try:
        skeleton, keypoints, layout = skeleton_of(person), None, None
        if person.get('layout') is not None:
            layout = skeleton_of(person, 'layout', 'keypoint_')
            keypoints = Track(
                str(person['keypoint_name']),
                arrays['frames'],
                arrays['keypoint_xy'],
                arrays['keypoint_score'],
            )
        return PoseSequence(
            name=person['name'],
            skeleton=skeleton,
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


def _to_lists(array: np.ndarray) -> Any:
    if array.dtype.kind != 'f':
        return array.tolist()
    rounded = np.asarray(array, np.float64).round(DECIMALS)
    if not (missing := np.isnan(rounded)).any():
        return rounded.tolist()
    objects = rounded.astype(object)
    objects[missing] = None  # JSON has no NaN
    return objects.tolist()


def _reject_constant(text: str) -> NoReturn:
    raise ValueError(f'{text} is no number of JSON')
