r"""Reads and writes 3D poses in all supported file formats."""

import re
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple, Optional, Union

from pyg_hcsf.poses.bvh import write_bvh
from pyg_hcsf.poses.csv_table import read_csv, write_csv
from pyg_hcsf.poses.gltf import write_gltf
from pyg_hcsf.poses.records import (
    fail,
    read_json,
    read_npz,
    write_json,
    write_npz,
)
from pyg_hcsf.poses.sequence import PoseSequence
from pyg_hcsf.poses.trc import read_trc
from pyg_hcsf.safe_io.shown import explained, shown

READERS = {
    'csv': read_csv,
    'json': read_json,
    'npz': read_npz,
    'trc': read_trc,
}
WRITERS = {'csv': write_csv, 'json': write_json, 'npz': write_npz}
POSE_FORMATS = (*WRITERS, 'bvh', 'glb', 'gltf')
MAX_BYTES = 2**28  # of a file: hours of one person
MAX_NAME = 60  # characters of a person's name in a file name


class PoseFile(NamedTuple):
    r"""A file that :func:`write_poses` wrote.

    Args:
        path (pathlib.Path): Where it is.
        people (tuple[str, ...]): The names of the people in it.
        deviation (float): The largest distance in millimetres of a joint
            from its given position, without rounding: zero unless the bones
            were made rigid.
    """

    path: Path
    people: tuple[str, ...]
    deviation: float


def write_poses(
    path: Union[str, Path],
    sequences: Sequence[PoseSequence],
    format: Optional[str] = None,
    rigid: bool = False,
) -> list[PoseFile]:
    r"""Writes the poses of people; each file completely or not at all.

    .. list-table::
        :widths: 10 70
        :header-rows: 1

        * - format
          - content
        * - :obj:`json`
          - everything, to 0.0001 mm; documents itself
        * - :obj:`npz`
          - everything, to the bit: :obj:`pose_0` is that of the first person
        * - :obj:`csv`
          - a table of one skeleton without keypoints, to 0.0001 mm, for
            :obj:`pandas.read_csv(path)`
        * - :obj:`bvh`
          - an animated skeleton, y up, in **centimetres** (scale 0.01 in
            Blender), one file per person: :obj:`<stem>_<name>.bvh` if there
            are several. Missing frames are interpolated linearly
        * - :obj:`glb`, :obj:`gltf`
          - an animated skeleton with sticks for bones, y up, in metres

    An animated skeleton has its joints at :obj:`pose`, plus :obj:`root` if
    known. As the bones of lifted poses change their length, joints are also
    translated against their parents; with :obj:`rigid` they only rotate, on
    bones of median length.

    Args:
        path (str or pathlib.Path): The file.
        sequences (sequence of PoseSequence): The people, with distinct
            names.
        format (str, optional): One of the formats above. :obj:`None` uses
            the suffix of :obj:`path`. (default: :obj:`None`)
        rigid (bool, optional): If set to :obj:`True`, bones of an animated
            skeleton are of constant length. (default: :obj:`False`)

    Returns:
        list[PoseFile]: The written files.

    Raises:
        ValueError: If there are no people, two have the same name, the format
            is unknown, :obj:`rigid` is set for a format of joint positions,
            or an animated skeleton has no :obj:`fps`.
        RuntimeError: If a file cannot be written.

    Example:
        >>> write_poses('walk.json', sequences)
        >>> write_poses('walk.bvh', sequences, rigid=True)[0].deviation
        23.1
    """
    path = Path(path)
    kind = _format_of(path, format, POSE_FORMATS)
    if isinstance(sequences, PoseSequence):
        raise ValueError(
            "Expected 'sequences' to be a list of people (got one "
            'PoseSequence): [poses] is such a list'
        )
    names = tuple(sequence.name for sequence in sequences)
    if not names or len(set(names)) < len(names):
        raise ValueError(
            "Expected 'sequences' of one or more people with distinct names "
            f'(got {shown([*names])})'
        )
    if kind in WRITERS:
        if rigid:
            raise ValueError(
                "Expected 'rigid' only with the formats 'bvh', 'glb' and "
                f"'gltf' (got '{kind}')"
            )
        WRITERS[kind](path, sequences)
        return [PoseFile(path, names, 0.0)]
    if kind != 'bvh':
        deviation = write_gltf(path, sequences, rigid, binary=kind == 'glb')
        return [PoseFile(path, names, deviation)]
    return [
        PoseFile(file, (sequence.name,), write_bvh(file, sequence, rigid))
        for file, sequence in zip(
            _one_per_person(path, names), sequences, strict=True
        )
    ]


def read_poses(path: Union[str, Path]) -> list[PoseSequence]:
    r"""Reads a :obj:`.json`, :obj:`.csv` or :obj:`.npz` file of
    :func:`write_poses`, or 3D markers as a :obj:`.trc` file, such as those of
    Pose2Sim and OpenSim.

    Args:
        path (str or pathlib.Path): The file.

    Raises:
        ValueError: If it is missing, damaged, too large or of another format.

    Example:
        >>> read_poses('walk.json')[0].pose.shape
        (250, 17, 3)
    """
    path = Path(path)
    kind = _format_of(path, None, tuple(READERS))
    with explained(f"Could not read '{path}'", 'check the path', (OSError,)):
        if (size := path.stat().st_size) > MAX_BYTES:
            fail(str(path), f'it has {size} bytes, more than {MAX_BYTES}')
        content = path.read_bytes()
    sequences = READERS[kind](content, str(path))
    names = [sequence.name for sequence in sequences]
    if len(set(names)) < len(names):
        fail(str(path), 'two people have the same name')
    return sequences


def _format_of(
    path: Path, format: Optional[str], known: tuple[str, ...]
) -> str:
    kind = path.suffix.lower().removeprefix('.') if format is None else format
    if kind not in known:
        raise ValueError(
            f"Expected 'format', or the suffix of '{path}', to be one of "
            f'{known} (got {shown(kind)})'
        )
    return kind


def _one_per_person(path: Path, names: tuple[str, ...]) -> list[Path]:
    if len(names) == 1:
        return [path]
    safe = [re.sub(r'[^\w.-]', '_', name)[:MAX_NAME] for name in names]
    if len({name.casefold() for name in safe}) < len(safe):
        raise ValueError(
            "Expected 'sequences' of people whose names differ within file "
            f'names (got {safe})'
        )
    return [
        path.with_name(f'{path.stem}_{name}{path.suffix}') for name in safe
    ]
