r"""Reads NumPy's :obj:`.npy` and :obj:`.npz` files without running code."""

from __future__ import annotations

import io
import math
import re
import zipfile
from collections.abc import Collection
from typing import IO, BinaryIO, NamedTuple

import numpy as np

from pyg_hcsf.safe_io.archives import ZIP_ERRORS, check_compression
from pyg_hcsf.safe_io.pickle_globals import make_array, make_dtype
from pyg_hcsf.safe_io.pickle_interpreter import SLACK
from pyg_hcsf.safe_io.pickle_reader import load_pickle
from pyg_hcsf.safe_io.shown import cause, shown

INFLATION = 16  # A .npz file may decompress to 16 times its size, plus SLACK.
BLOCK = 2**20  # bytes that are decompressed at a time
NPY_HEADER = re.compile(
    rb"\{'descr': '([^']{1,12})', 'fortran_order': (False|True), "
    rb"'shape': \(((?:\d+L?, ?)*(?:\d+L?)?)\), ?\} *\n"
)
NUMBERS = re.compile(rb'[<|][iuf][1248]')


class NpyHeader(NamedTuple):
    r"""The header of an :obj:`.npy` file: shape and type of the array, and the
    position of the first number in bytes.
    """

    shape: tuple[int, ...]
    dtype: np.dtype
    offset: int

    @property
    def row_bytes(self) -> int:
        r"""The size in bytes of one entry of the first dimension."""
        return self.dtype.itemsize * math.prod(self.shape[1:])

    @property
    def size(self) -> int:
        r"""The size of the file in bytes."""
        return self.offset + self.dtype.itemsize * math.prod(self.shape)


def read_npy_header(file: IO[bytes]) -> NpyHeader:
    r"""Reads the header of an :obj:`.npy` file of numbers in C order, which
    NumPy's own reader evaluates as Python code, or raises a
    :class:`ValueError`.

    Args:
        file (file object): Open at its start; afterwards at the first number.
    """
    start = file.read(10)
    size = int.from_bytes(start[8:], 'little')
    match = NPY_HEADER.fullmatch(header := file.read(size))
    if start[:8] != b'\x93NUMPY\x01\x00' or len(header) != size or not match:
        raise ValueError('it has no header of the .npy format, version 1.0')
    descr, fortran, _ = match.groups()
    if not NUMBERS.fullmatch(descr) or fortran == b'True':
        raise ValueError(f'it holds {shown(descr)} where numbers are expected')
    shape = _shape(match)
    if not shape:
        raise ValueError('it holds a single number')
    return NpyHeader(shape, np.dtype(descr.decode()), 10 + size)


def load_npy(content: bytes | bytearray, name: str) -> np.ndarray:
    r"""Loads an :obj:`.npy` file, arrays of objects included.

    Args:
        content (bytes): The file.
        name (str): The name of the file for error messages.

    Returns:
        The array. An array of numbers is a read-only view of :obj:`content`.

    Raises:
        ValueError: If the file is damaged, or its objects are refused by
            :func:`~pyg_hcsf.safe_io.pickle_reader.load_pickle`.
    """
    size = {b'\x01\x00': 2, b'\x02\x00': 4}.get(bytes(content[6:8]), 0)
    start = 8 + size
    stop = start + int.from_bytes(content[8:start], 'little')
    match = NPY_HEADER.fullmatch(content[start : min(stop, start + 10_000)])
    if content[:6] != b'\x93NUMPY' or not size or match is None:
        raise ValueError(
            f"'{name}' is not a .npy file of numbers, texts or objects: its "
            'header is damaged or of another format; get it again'
        )
    shape = _shape(match)
    try:
        dtype = make_dtype((match[1].decode('latin1'),))
        if dtype.hasobject:
            array = load_pickle(content, name, stop)
            if type(array) is not np.ndarray or array.shape != shape:
                raise ValueError(
                    f'its header announces objects in shape {shape}'
                )
            return array
        body = memoryview(content).toreadonly()[stop:]
        order = 'F' if match[2] == b'True' else 'C'
        return make_array(body, dtype, shape, order)
    except (ValueError, TypeError, OverflowError, MemoryError) as e:
        if repr(name) in str(e):
            raise
        raise ValueError(
            f"The array '{name}' is damaged ({cause(e)}): get it again"
        ) from e


def load_npz(
    content: bytes | BinaryIO,
    name: str,
    keys: Collection[str] | None = None,
) -> dict[str, np.ndarray]:
    r"""Loads an :obj:`.npz` file, arrays of objects included.

    Args:
        content (bytes or file object): The file.
        name (str): The name of the file for error messages.
        keys (collection of str, optional): The arrays to read. :obj:`None`
            reads all. (default: :obj:`None`)

    Raises:
        ValueError: If the file is damaged, decompresses to more than 16 times
            its size, one of :obj:`keys` is missing, or an array is refused by
            :func:`load_npy`.

    Example:
        >>> arrays = load_npz(content, 'data_3d_h36m.npz')
        >>> arrays['positions_3d'].item()['S1']['Walking'].shape
    """
    file = io.BytesIO(content) if isinstance(content, bytes) else content
    try:
        return _load_npz(file, name, keys)
    except (*ZIP_ERRORS, TypeError, MemoryError) as e:
        if isinstance(e, ValueError) and f"'{name}" in str(e):
            raise
        raise ValueError(
            f"'{name}' is not a complete .npz archive ({cause(e)}): get it "
            'again'
        ) from e


def _load_npz(
    file: BinaryIO, name: str, keys: Collection[str] | None
) -> dict[str, np.ndarray]:
    arrays = {}
    left = file.seek(0, io.SEEK_END) * INFLATION + SLACK
    with zipfile.ZipFile(file) as archive:
        for info in archive.infolist():
            check_compression(info, name)
            left -= info.file_size
            if left < 0:
                raise ValueError(
                    f'it decompresses to more than {INFLATION} times its size'
                )
            key = info.filename.removesuffix('.npy')
            if key == info.filename or not (keys is None or key in keys):
                continue
            if key in arrays:
                raise ValueError(f'it has two arrays {shown(key)}')
            body = bytearray()  # grows in place: the size may be wrong
            with archive.open(info) as member:
                while len(body) <= info.file_size and (
                    block := member.read(BLOCK)
                ):
                    body += block
            if len(body) != info.file_size:
                raise ValueError(f'{shown(info.filename)} has another size')
            arrays[key] = load_npy(body, f'{name}/{info.filename}')
    if missing := sorted({*(keys or ())} - arrays.keys()):
        raise ValueError(f'it has no array {shown(missing)}')
    return arrays


def _shape(match: re.Match[bytes]) -> tuple[int, ...]:
    return tuple(map(int, re.findall(rb'\d{1,19}', match[3])))
