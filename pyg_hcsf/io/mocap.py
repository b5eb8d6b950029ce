from __future__ import annotations

from collections.abc import Mapping
from math import hypot
from pathlib import Path
from typing import NoReturn, Union
from zipfile import Path as ZipPath

import numpy as np

from pyg_hcsf.io.shown import cause, shortened, shown
from pyg_hcsf.skeleton import H36M17

# A file on disk, or a member of a zip archive.
Source = Union[str, Path, ZipPath]
# For each Human3.6M joint one joint of a file, or several to take the middle.
JointMap = Mapping[str, Union[str, tuple[str, ...]]]
LARGEST = 1e30  # far from where float32 overflows, in any unit


def fail(source: Source, line: int | None, message: str) -> NoReturn:
    r"""Raises a :class:`ValueError` that names the file and the line."""
    where = str(source) if line is None else f'{source}, line {line}'
    raise ValueError(shortened(f'{where}: {message}'))


def read_lines(source: Source) -> list[str]:
    r"""Reads a motion capture text file, which may hold comments in latin-1
    and lines that end in CRLF.

    Raises:
        ValueError: If there is no such file, or it is empty or damaged.
    """
    source = Path(source) if isinstance(source, str) else source
    try:
        content = source.read_bytes() if source.is_file() else None
    except Exception as e:  # whatever zipfile's decompressors raise
        fail(
            source,
            None,
            f'the file cannot be read ({type(e).__name__}: {cause(e)}): check '
            'its permissions or get it, or the archive that holds it, again',
        )
    if content is None:
        fail(source, None, 'there is no such file: check the path')
    lines = content.decode('latin-1').splitlines()
    if not any(line.strip() for line in lines):
        fail(source, None, 'the file is empty')
    return lines


def numbers(tokens: list[str], source: Source, line: int) -> list[float]:
    r"""Converts words to finite numbers, or says where one is not."""
    try:
        values = list(map(float, tokens))
    except ValueError:
        fail(source, line, f'expected numbers (got {shown(" ".join(tokens))})')
    if not hypot(*values) < LARGEST:
        fail(source, line, f'expected finite numbers (got {values})')
    return values


def z_up(positions: np.ndarray, up: str = 'y') -> np.ndarray:
    r"""Rotates positions about the x-axis so that :obj:`up` becomes z.

    Args:
        positions (numpy.ndarray): Positions of shape :obj:`[..., 3]`.
        up (str, optional): The axis that points up, :obj:`'y'` or
            :obj:`'z'`. (default: :obj:`'y'`)
    """
    if up not in ('y', 'z'):
        raise ValueError(f"Expected 'up' to be 'y' or 'z' (got '{up}')")
    if up == 'z':
        return positions
    return positions[..., [0, 2, 1]] * np.array([1.0, -1.0, 1.0])


def to_h36m17(
    positions: np.ndarray,
    joints: tuple[str, ...],
    joint_map: JointMap,
) -> np.ndarray:
    r"""Picks the 17 joints of Human3.6M.

    Args:
        positions (numpy.ndarray): All joints, of shape :obj:`[T, J, 3]`.
        joints (tuple[str, ...]): Their names.
        joint_map (Mapping): For each of the 17 joints, in any order, the name
            of one joint, or several names for the point midway between them.

    Raises:
        ValueError: If the map is not about the 17 joints, or names a joint
            that there is not.

    Example:
        >>> asf = read_asf('01.asf')
        >>> pose = asf.joint_positions(read_amc('01_01.amc', asf))
        >>> pose = to_h36m17(pose, asf.joints, ASF_JOINTS)  # [T, 17, 3]
    """
    if set(joint_map) != set(H36M17.joints):
        raise ValueError(
            f"Expected 'joint_map' to have the keys {list(H36M17.joints)} "
            f'(got {shown([*joint_map])})'
        )
    number = {name: i for i, name in enumerate(joints)}
    out = np.empty((len(positions), H36M17.num_joints, 3))
    for i, target in enumerate(H36M17.joints):
        entry = joint_map[target]
        names = [entry] if isinstance(entry, str) else list(entry)
        missing = [name for name in names if name not in number]
        if missing or not names:
            raise ValueError(
                f"Expected 'joint_map' to name joints of the file (got "
                f"{shown(missing)} for '{target}'); it has "
                f'{shortened(str([*joints]))}'
            )
        out[:, i] = positions[:, [number[n] for n in names]].mean(axis=1)
    return out
