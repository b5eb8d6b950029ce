r"""Reads MATLAB files of format 5, which :obj:`save` writes without
:obj:`-v7.3`.
"""

from __future__ import annotations

import math
import zlib
from collections.abc import Collection, Iterator
from itertools import islice
from typing import NamedTuple, Union

import numpy as np

MatlabValue = Union[np.ndarray, list['MatlabValue'], None]

# Types of the numbers in elements, and classes of arrays.
TYPES = {
    1: 'i1', 2: 'u1', 3: 'i2', 4: 'u2', 5: 'i4', 6: 'u4',
    7: 'f4', 9: 'f8', 12: 'i8', 13: 'u8',
}  # fmt: skip
MATRIX, COMPRESSED = 14, 15
CELL = 1
CLASSES = {
    6: 'f8', 7: 'f4', 8: 'i1', 9: 'u1', 10: 'i2', 11: 'u2',
    12: 'i4', 13: 'u4', 14: 'i8', 15: 'u8',
}  # fmt: skip
COMPLEX = 0x800
MAX_DEPTH = 4  # of cells in cells
HEAD = 2**10  # bytes with the flags, shape and name of a variable


class _Element(NamedTuple):
    kind: int
    body: memoryview


def read_matlab(
    content: bytes,
    names: Collection[str],
    limit: int,
    stored: bool = False,
) -> dict[str, MatlabValue]:
    r"""Reads variables of a MATLAB file of format 5.

    Replaces scipy's :obj:`loadmat`, which damaged files can crash. Sizes are
    checked before memory is allocated, and arrays are views of
    :obj:`content` where it is not compressed.

    Args:
        content (bytes): The file.
        names (collection of str): The variables to read.
        limit (int): The largest size in bytes that a compressed variable may
            decompress to.
        stored (bool, optional): If set to :obj:`True`, numbers keep the type
            that they are stored in, which may be smaller than the type of
            the array. (default: :obj:`False`)

    Returns:
        The variables that are there: an array of real numbers or a list of
        cells, both in Fortran order, or :obj:`None` for anything else, such
        as a text. A damaged file raises a
        :class:`ValueError`.

    Example:
        >>> read_matlab(content, ['d_skel'], 2**23)['d_skel'].shape
        (20, 3, 52)
    """
    order = {b'IM': '<', b'MI': '>'}.get(content[126:128])
    if order is None:
        raise ValueError(f'no header in its {len(content)} bytes')
    found: dict[str, MatlabValue] = {}
    for kind, body in _elements(memoryview(content)[128:], order):
        if kind == COMPRESSED:
            if _compressed_name(body, order) not in names:
                continue  # without decompressing it
            kind, body = _decompress(body, order, limit)
        if kind == MATRIX:
            parts = list(islice(_elements(body, order), 4))
            name = bytes(parts[2].body) if len(parts) > 2 else b''
            key = name.decode('ascii', 'replace')
            if key in found:
                raise ValueError(f"'{key}' comes twice")
            if key in names:
                found[key] = _Decoder(order, stored).value(body, key)
    return found


def _inflate(body: memoryview, limit: int) -> tuple[memoryview, bool]:
    r"""The first bytes of a compressed element, and whether they are all."""
    stream = zlib.decompressobj()
    try:
        return memoryview(stream.decompress(body, limit)), stream.eof
    except zlib.error as e:
        raise ValueError(str(e)) from e


def _compressed_name(body: memoryview, order: str) -> str:
    start, _ = _inflate(body, HEAD)
    try:  # after the tag of the matrix: flags, shape, name
        *_, name = islice(_elements(start[8:], order), 3)
    except ValueError:
        return ''
    return bytes(name.body).decode('ascii', 'replace')


def _decompress(body: memoryview, order: str, limit: int) -> _Element:
    content, complete = _inflate(body, limit)
    if not complete:
        raise ValueError(
            f'a compressed variable is cut off or has more than {limit} bytes'
        )
    return next(_elements(content, order), _Element(0, body[:0]))


class _Decoder(NamedTuple):
    order: str
    stored: bool

    def value(
        self, body: memoryview, name: str, depth: int = 0
    ) -> MatlabValue:
        # Flags, shape, name, and the first part of the data.
        parts = list(islice(_elements(body, self.order), 4))
        if len(parts) < 3:
            raise ValueError(f"'{name}' is cut off")
        flags, sizes = (_numbers(part, self.order) for part in parts[:2])
        flag = int(flags[0]) if len(flags) else 0
        shape = [int(size) for size in sizes]
        if len(shape) < 2 or min(shape) < 0:
            raise ValueError(f"'{name}' has shape {shape}")
        kind = flag & 0xFF
        if kind == CELL:
            return self.cells(body, name, shape, depth)
        if kind not in CLASSES or flag & COMPLEX:
            return None
        values = np.empty(0, self.order + CLASSES[kind])
        if len(parts) > 3:
            values = _numbers(parts[3], self.order)
        if len(values) != math.prod(shape):
            raise ValueError(
                f"'{name}' of shape {shape} holds {len(values)} numbers"
            )
        if not self.stored:
            values = values.astype(CLASSES[kind], copy=False)
        return values.reshape(shape, order='F')

    def cells(
        self, body: memoryview, name: str, shape: list[int], depth: int
    ) -> list[MatlabValue]:
        if depth == MAX_DEPTH:
            raise ValueError(f"'{name}' has cells in cells in cells")
        cells = []
        elements = islice(_elements(body, self.order), 3, None)
        for number, (kind, cell) in enumerate(elements, 1):
            if kind != MATRIX:
                raise ValueError(f"'{name}' has a cell of the kind {kind}")
            cells.append(self.value(cell, f'{name}{{{number}}}', depth + 1))
        if len(cells) != math.prod(shape):
            raise ValueError(
                f"'{name}' of shape {shape} has {len(cells)} cells"
            )
        return cells


def _numbers(part: _Element, order: str) -> np.ndarray:
    if part.kind not in TYPES:
        raise ValueError(f'numbers of the unknown type {part.kind}')
    return np.frombuffer(part.body, np.dtype(order + TYPES[part.kind]))


def _elements(content: memoryview, order: str) -> Iterator[_Element]:
    r"""Iterates over tagged elements, which are padded to eight bytes."""
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
