from __future__ import annotations

import math
import zlib
from collections.abc import Collection, Iterator
from typing import NamedTuple, Union

import numpy as np

MatlabValue = Union[np.ndarray, str, list['MatlabValue'], None]

# MATLAB's format 5: types of the numbers in elements, and classes of arrays.
TYPES = {
    **{1: 'i1', 2: 'u1', 3: 'i2', 4: 'u2', 5: 'i4', 6: 'u4'},
    **{7: 'f4', 9: 'f8', 12: 'i8', 13: 'u8'},
}
TEXT_TYPES = {16: 'utf-8', 17: 'utf-16', 18: 'utf-32'}
MATRIX, COMPRESSED = 14, 15
CELL, CHAR = 1, 4
CLASSES = {
    **{6: 'f8', 7: 'f4', 8: 'i1', 9: 'u1', 10: 'i2', 11: 'u2'},
    **{12: 'i4', 13: 'u4', 14: 'i8', 15: 'u8'},
}
COMPLEX = 0x800
MAX_DEPTH = 4  # of cells in cells
HEAD = 2**10  # bytes that hold the flags, sizes and name of a variable


class _Element(NamedTuple):
    kind: int
    body: memoryview


def read_matlab(
    content: bytes,
    names: Collection[str],
    limit: int,
    stored: bool = False,
) -> dict[str, MatlabValue]:
    r"""Reads variables of a MATLAB file of format 5, what :obj:`save` writes
    without :obj:`-v7.3`.

    Not scipy's :obj:`loadmat`: damaged files make it read outside of its
    memory, which ends the process. No size is believed before the bytes are
    there, and arrays are views of them.

    Args:
        content (bytes): The file.
        names (collection of str): The variables to read; others are passed
            over.
        limit (int): How many bytes a compressed variable may unpack to.
        stored (bool, optional): Leave numbers in the type that they are
            stored in, which may be of fewer bytes than their own.
            (default: :obj:`False`)

    Returns:
        Of each variable that is there an array of real numbers, whose memory
        may be in Fortran's order, a text, or a list of the cells, in
        Fortran's order; :obj:`None` for all else, such as structures.

    Raises:
        ValueError: If it is no such file, or is damaged.

    Example:
        >>> read_matlab(content, ['d_skel'], 2**23)['d_skel'].shape
        (20, 3, 52)
    """
    order = {b'IM': '<', b'MI': '>'}.get(content[126:128])
    if order is None:
        raise ValueError(f'no header in its {len(content)} bytes')
    found: dict[str, MatlabValue] = {}
    for kind, body in _elements(memoryview(content)[128:], order):
        packed = kind == COMPRESSED
        if packed and _name(_start(body), order) not in names:
            continue  # without unpacking it
        if packed:
            kind, body = _inflate(body, order, limit)
        if kind == MATRIX:
            parts = list(_head(body, order))
            name = bytes(parts[2].body) if len(parts) > 2 else b''
            key = name.decode('ascii', 'replace')
            if key in found:
                raise ValueError(f"'{key}' comes twice")
            if key in names:
                found[key] = _value(parts, body, order, key, 0, stored)
    return found


def _start(body: memoryview) -> memoryview:
    try:
        return memoryview(zlib.decompressobj().decompress(body, HEAD))
    except zlib.error as e:
        raise ValueError(str(e)) from e


def _name(start: memoryview, order: str) -> str:
    r"""The name of the variable that begins an unpacked element, if any."""
    at, field = 8, start[:0]  # after the tag of the whole
    for _ in range(3):  # flags, sizes, name
        if len(start) < at + 8:
            return ''
        kind, size = np.frombuffer(start[at : at + 8], order + 'u4').tolist()
        if kind >> 16:  # up to four bytes fit into the tag
            field, at = start[at + 4 : at + 4 + (kind >> 16)], at + 8
        else:
            field, at = start[at + 8 : at + 8 + size], at + 8 + size
            at += -size % 8
    return bytes(field).decode('ascii', 'replace')


def _inflate(body: memoryview, order: str, limit: int) -> _Element:
    inflate = zlib.decompressobj()
    try:
        inflated = inflate.decompress(body, limit)
    except zlib.error as e:
        raise ValueError(str(e)) from e
    if not inflate.eof:
        raise ValueError(
            f'a compressed variable is cut off or has more than {limit} bytes'
        )
    return next(_elements(memoryview(inflated), order), _Element(0, body[:0]))


def _head(body: memoryview, order: str) -> Iterator[_Element]:
    r"""The first four parts: flags, sizes, name, and the first of the data."""
    for _, element in zip(range(4), _elements(body, order), strict=False):
        yield element


def _value(
    parts: list[_Element],
    body: memoryview,
    order: str,
    name: str,
    depth: int,
    stored: bool,
) -> MatlabValue:
    if len(parts) < 3:
        raise ValueError(f"'{name}' is cut off")
    flags, sizes = (_numbers(part, order) for part in parts[:2])
    flag = int(flags[0]) if len(flags) else 0
    shape = [int(size) for size in sizes]
    if len(shape) < 2 or min(shape) < 0:
        raise ValueError(f"'{name}' has shape {shape}")
    kind = flag & 0xFF
    if kind == CELL:
        return _cells(body, order, name, shape, depth, stored)
    if kind == CHAR:
        return _text(parts[3], order) if len(parts) > 3 else ''
    if kind not in CLASSES or flag & COMPLEX:
        return None
    empty = np.empty(0, order + CLASSES[kind])
    values = _numbers(parts[3], order) if len(parts) > 3 else empty
    if len(values) != math.prod(shape):
        raise ValueError(
            f"'{name}' of shape {shape} holds {len(values)} numbers"
        )
    if not stored:
        values = values.astype(CLASSES[kind], copy=False)
    return values.reshape(shape, order='F')


def _cells(
    body: memoryview,
    order: str,
    name: str,
    shape: list[int],
    depth: int,
    stored: bool,
) -> list[MatlabValue]:
    if depth == MAX_DEPTH:
        raise ValueError(f"'{name}' has cells in cells in cells")
    cells = []
    for number, (kind, cell) in enumerate(_elements(body, order)):
        if number < 3:
            continue
        if kind != MATRIX:
            raise ValueError(f"'{name}' has a cell of the kind {kind}")
        where = f'{name}{{{number - 2}}}'
        parts = list(_head(cell, order))
        cells.append(_value(parts, cell, order, where, depth + 1, stored))
    if len(cells) != math.prod(shape):
        raise ValueError(f"'{name}' of shape {shape} has {len(cells)} cells")
    return cells


def _text(part: _Element, order: str) -> str:
    if part.kind in TEXT_TYPES:
        return str(part.body, TEXT_TYPES[part.kind], 'replace')
    codes = _numbers(part, order)
    return codes.astype(f'{order}u2').tobytes().decode('utf-16', 'replace')


def _numbers(part: _Element, order: str) -> np.ndarray:
    if part.kind not in TYPES:
        raise ValueError(f'numbers of the unknown type {part.kind}')
    return np.frombuffer(part.body, np.dtype(order + TYPES[part.kind]))


def _elements(content: memoryview, order: str) -> Iterator[_Element]:
    start = 0
    while start < len(content):
        tag = np.frombuffer(content[start : start + 8], order + 'u4')
        if len(tag) != 2:
            raise ValueError(f'it ends in a tag, {len(content)} bytes in')
        kind, size = int(tag[0]), int(tag[1])
        start += 8
        if kind >> 16:  # up to four bytes fit into the tag
            kind, size, start = kind & 0xFFFF, kind >> 16, start - 4
            stop = start + 4
        else:
            stop = start + size + (0 if kind == COMPRESSED else -size % 8)
        if start + size > min(stop, len(content)):
            raise ValueError(
                f'an element of {size} bytes does not fit into it'
            )
        yield _Element(kind, content[start : start + size])
        start = stop
