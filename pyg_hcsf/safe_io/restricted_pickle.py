from __future__ import annotations

import contextlib
import gc
import io
import re
import struct
import zipfile
import zlib
from collections.abc import Collection, Iterator
from typing import Any, BinaryIO

import numpy as np

from pyg_hcsf.safe_io.members import check_packing
from pyg_hcsf.safe_io.pickle_globals import make_array, make_dtype
from pyg_hcsf.safe_io.pickle_machine import SLACK, Machine
from pyg_hcsf.safe_io.shown import cause, shown

INFLATION = 16  # times its compressed size, and SLACK, for a member
PART = 2**20  # bytes that are unpacked at a time
NPY_HEADER = re.compile(
    rb"\{'descr': '([^']{1,12})', 'fortran_order': (False|True), "
    rb"'shape': \(((?:\d+L?, ?)*(?:\d+L?)?)\), ?\} *\n"
)


def load_pickle(content: bytes | bytearray, name: str, start: int = 0) -> Any:
    r"""Reads a pickle that holds NumPy arrays, their scalars and types, and
    Python's own containers, texts and numbers, and runs nothing.

    Pickles of Python 2 are read with their strings as Latin-1. Keys of
    dictionaries and items of sets are texts and integers, or tuples of texts:
    hashes of others can be made to take for ever. No size is believed before
    the bytes are there, and what would take more than 6 times the memory of
    the pickle, and 2 MiB, is refused.

    Args:
        content (bytes): The pickle, of any protocol.
        name (str): What errors call the file.
        start (int, optional): Where in :obj:`content` it begins.
            (default: :obj:`0`)

    Raises:
        ValueError: If the pickle asks for anything else, or is damaged; names
            the file, the position and, if so, the class or function.

    Example:
        >>> load_pickle(Path('h36m_test.pkl').read_bytes(), 'h36m_test.pkl')
    """
    machine = Machine(content, start)
    collects = gc.isenabled()
    gc.disable()  # it would look through all that is read, again and again
    try:
        return machine.run()
    except (
        *(ValueError, TypeError, LookupError, OverflowError),
        *(struct.error, MemoryError, AttributeError),
    ) as e:
        reason = str(e) if type(e) is ValueError else _describe(e)
        raise ValueError(
            f"Refused the pickle '{name}' at byte {machine.start - start} "
            f'of {len(content) - start}: {reason}. Only arrays of NumPy and '
            'built-in types are read; get the file again if it should hold no '
            'more'
        ) from e
    finally:
        if collects:
            gc.enable()


def load_npy(content: bytes | bytearray, name: str) -> np.ndarray:
    r"""Reads an :obj:`.npy` file, arrays of objects too, and runs nothing.

    Args:
        content (bytes): The file.
        name (str): What errors call it.

    Returns:
        The array; of numbers, a view of :obj:`content` that is not writable.

    Raises:
        ValueError: If it is damaged, or its objects are refused by
            :func:`load_pickle`; names the file.

    Example:
        >>> load_npy(content, 'positions_3d.npy').item().keys()
    """
    size = {b'\x01\x00': 2, b'\x02\x00': 4}.get(bytes(content[6:8]), 0)
    start = 8 + size
    stop = start + int.from_bytes(content[8:start], 'little')
    match = NPY_HEADER.fullmatch(content[start : min(stop, start + 10_000)])
    if content[:6] != b'\x93NUMPY' or not size or match is None:
        raise ValueError(
            f"'{name}' is not a .npy file of numbers, texts or objects: it "
            'begins with another or a damaged header; get it again'
        )
    descr, fortran, numbers = match.groups()
    shape = tuple(map(int, re.findall(rb'\d{1,19}', numbers)))
    try:
        dtype = make_dtype((descr.decode('latin1'),))
        if dtype.hasobject:
            array = load_pickle(content, name, stop)
            if type(array) is not np.ndarray or array.shape != shape:
                raise ValueError(
                    f'its header promises objects in shape {shape}'
                )
            return array
        body = memoryview(content).toreadonly()[stop:]
        order = 'F' if fortran == b'True' else 'C'
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
    r"""Reads all arrays of an :obj:`.npz` file, arrays of objects too, and
    runs nothing.

    Args:
        content (bytes or file object): The file.
        name (str): What errors call it.
        keys (collection of str, optional): The arrays to read. :obj:`None`
            reads all. (default: :obj:`None`)

    Raises:
        ValueError: If it is damaged, swells to more than 16 times its size,
            one of :obj:`keys` is missing, or an array is refused by
            :func:`load_npy`; names the file.

    Example:
        >>> arrays = load_npz(content, 'data_3d_h36m.npz')
        >>> arrays['positions_3d'].item()['S1']['Walking'].shape
    """
    arrays = {}
    file = io.BytesIO(content) if isinstance(content, bytes) else content
    left = file.seek(0, io.SEEK_END) * INFLATION + SLACK
    with _explained(name), zipfile.ZipFile(file) as archive:
        for info in archive.infolist():
            check_packing(info, name)
            left -= info.file_size
            if left < 0:
                raise ValueError(
                    f'it swells to more than {INFLATION} times its size'
                )
            key = info.filename.removesuffix('.npy')
            if key != info.filename and (keys is None or key in keys):
                where = f'{name}/{info.filename}'
                body = bytearray()  # grows in place; no size is believed
                with archive.open(info) as member:
                    while len(body) <= info.file_size:
                        if not (part := member.read(PART)):
                            break
                        body += part
                if len(body) != info.file_size:
                    raise ValueError(
                        f'{shown(info.filename)} has another size'
                    )
                arrays[key] = load_npy(body, where)
        if lacking := sorted({*(keys or ())} - arrays.keys()):
            raise ValueError(f'it has no array {shown(lacking)}')
    return arrays


@contextlib.contextmanager
def _explained(name: str) -> Iterator[None]:
    try:
        yield
    except (
        *(ValueError, OSError, RuntimeError, NotImplementedError),
        *(LookupError, EOFError, TypeError, struct.error),
        *(zipfile.BadZipFile, zlib.error, OverflowError, MemoryError),
    ) as e:
        if isinstance(e, ValueError) and f"'{name}" in str(e):
            raise
        raise ValueError(
            f"'{name}' is not a whole .npz archive ({cause(e)}): get it again"
        ) from e


def _describe(error: BaseException) -> str:
    if isinstance(error, LookupError):
        return 'an instruction finds nothing to work on'
    return cause(error)
