from __future__ import annotations

import codecs
import re
from collections.abc import Callable, Iterator, Mapping
from io import BytesIO
from math import hypot
from pathlib import Path
from typing import NoReturn, Union
from zipfile import Path as ZipPath

import numpy as np

from pyg_hcsf.safe_io.shown import shortened, shown
from pyg_hcsf.skeleton import H36M17

# A file on disk, or a member of a zip archive.
MotionFile = Union[str, Path, ZipPath]
# For each Human3.6M joint one joint of a file, or several to take the middle.
JointMap = Mapping[str, Union[str, tuple[str, ...]]]
LONGEST_LINE = 2**16  # bytes, of Acclaim files
SHOWN = 100  # joints that an error names
CHUNK = 2**17  # rotations at a time, 72 bytes each
SPARE_BYTES = 2**25  # that positions may take whatever the size of a file
LARGEST = 1e30  # far from where float32 overflows, in any unit


def fail(source: MotionFile, line: int | None, message: str) -> NoReturn:
    r"""Raises a :class:`ValueError` that names the file and the line."""
    where = str(source) if line is None else f'{source}, line {line}'
    raise ValueError(shortened(f'{where}: {message}'))


def read_text(source: MotionFile) -> bytes:
    r"""Reads a motion capture text file as UTF-8 with lines that end in
    :obj:`\\n`.

    Files are UTF-8 or UTF-16, with or without a byte order mark, or else in a
    Windows code page: cp932 (Japanese) if most of the characters beyond ASCII
    are in its common rows, otherwise cp1252. NUL and Ctrl-Z at the end are
    dropped.

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
            f'the file cannot be read ({type(e).__name__}: {shown(str(e))}): '
            'check its permissions or get it, or the archive that holds it, '
            'again',
        )
    if content is None:
        fail(source, None, 'there is no such file: check the path')
    if (encoding := _encoding(content)) != 'utf-8':
        content = content.decode(encoding, 'replace').encode()
    content = content.removeprefix(codecs.BOM_UTF8).rstrip(b'\0\x1a \t\r\n')
    if b'\r' in content:
        content = content.replace(b'\r\n', b'\n').replace(b'\r', b'\n')
    if not content:
        fail(source, None, 'the file is empty')
    return content


def _encoding(content: bytes) -> str:
    if content.isascii() and b'\0' not in content[:4]:
        return 'utf-8'
    if content.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return 'utf-16'
    if content[:4:2] == b'\0\0' or content[1:4:2] == b'\0\0':
        return 'utf-16-le' if content[1:2] == b'\0' else 'utf-16-be'
    try:
        content.decode('utf-8')
    except UnicodeDecodeError:
        # Pairs of bytes in Shift JIS. Those of kana and common kanji begin
        # with 0x81 to 0x9f, which are rare in cp1252.
        leads = re.findall(
            rb'([\x81-\x9f\xe0-\xfc])[\x40-\x7e\x80-\xfc]|[\x80-\xff]', content
        )
        common = sum(b'' < lead < b'\xa0' for lead in leads)
        return 'cp932' if common > len(leads) / 2 else 'cp1252'
    return 'utf-8'


def split_words(line: bytes) -> list[str]:
    r"""The words of a line of UTF-8, separated by white space of ASCII: a
    no-break space, for example, may be part of a name.
    """
    if line.isascii():
        return line.decode().split()
    return [word.decode('utf-8', 'replace') for word in line.split()]


def read_lines(source: MotionFile) -> Iterator[list[str]]:
    r"""Reads the words of each line of a motion capture text file, see
    :func:`read_text`.

    Raises:
        ValueError: If it cannot be read, or a line is longer than 64 kB.
    """
    for number, line in enumerate(BytesIO(read_text(source)), 1):
        if len(line) > LONGEST_LINE:
            fail(source, number, f'refused: the line has {len(line):,} bytes')
        yield split_words(line)


def check_size(
    source: MotionFile, joints: int, frames: int, size: int
) -> None:
    r"""Refuses a file of which the joint positions need far more memory than
    the file: joints without channels, which take no room in each frame, can
    fill the memory.

    Args:
        source (str or pathlib.Path): The file that holds the frames.
        joints (int): The number of joints.
        frames (int): The number of frames.
        size (int): The size of the file in bytes.

    Raises:
        ValueError: If the positions take more than 32 MB and twice the size
            of the file.
    """
    needed = 24 * joints * frames  # bytes: three float64
    if needed > SPARE_BYTES + 2 * size:
        fail(
            source,
            None,
            f'refused: {joints} joints in {frames} frames take {needed:,} '
            f'bytes, out of a file of {size:,}: joints without channels '
            'cannot be that many',
        )


def numbers(
    tokens: list[str], source: MotionFile, line: int | None
) -> list[float]:
    r"""Converts words to finite numbers, or says where one is not."""
    try:
        values = list(map(float, tokens))
    except ValueError:
        text = ' '.join(tokens[:20])
        fail(source, line, f'expected numbers (got {shown(text)})')
    if not hypot(*values) < LARGEST:
        fail(source, line, f'expected finite numbers (got {shown(values)})')
    return values


def by_chunks(
    forward: Callable[[np.ndarray], np.ndarray],
    motion: np.ndarray,
    joints: int,
) -> np.ndarray:
    r"""Applies forward kinematics to a number of frames at a time, which
    bounds the memory for rotations.

    Args:
        forward (callable): From some frames of the motion to the positions
            of the joints, :obj:`[t, J, 3]`.
        motion (numpy.ndarray): All frames: :obj:`[T, C]`.
        joints (int): The number of joints.
    """
    out = np.empty((len(motion), joints, 3))
    step = max(1, CHUNK // joints)
    for i in range(0, len(out), step):
        out[i : i + step] = forward(motion[i : i + step])
    return out


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
                f'{", ".join(shown(name) for name in joints[:SHOWN])}'
            )
        out[:, i] = positions[:, [number[n] for n in names]].mean(axis=1)
    return out
