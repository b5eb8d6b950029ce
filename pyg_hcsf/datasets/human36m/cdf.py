r"""Reads the Common Data Format (CDF) files of Human3.6M.

The layout of the records is that of NASA's `CDF Internal Format Description
<https://cdf.gsfc.nasa.gov/>`_, versions 2.5 to 3.
"""

from __future__ import annotations

import math
import zlib
from collections.abc import Iterator

import numpy as np

from pyg_hcsf.safe_io.shown import cause

MAGIC = {b'\xcd\xf3\x00\x01': 3, b'\xcd\xf2\x60\x02': 2}
WHOLE, COMPRESSED = b'\x00\x00\xff\xff', b'\xcc\xcc\x00\x01'
# Types of records.
CDR, GDR, R_VARIABLE, INDEX, VALUES, Z_VARIABLE = 1, 2, 3, 6, 7, 8
PACKED_FILE, PACKED_VALUES = 10, 13
BIG_ENDIAN = (1, 2, 5, 7, 9, 11, 12, 18)
LITTLE_ENDIAN = (4, 6, 13, 16, 17)
FLOATS = {21: 'f4', 44: 'f4', 22: 'f8', 45: 'f8'}
INFLATION = 8  # a compressed file may swell to so many times its size,
SLACK = 2**20  # and this


def read_cdf_pose(content: bytes, name: str) -> np.ndarray:
    r"""Reads the variable :obj:`Pose` of a CDF file, as Human3.6M's.

    The reader is our own, since files from strangers are damaged now and
    then: the library for the format follows chains of records without end,
    and takes the memory that a header asks for.

    Args:
        content (bytes): The file, of version 2.5 or later, compressed or not.
        name (str): What errors call it.

    Returns:
        The numbers of all records, in their shape: :obj:`[1, T, 96]`.

    Raises:
        ValueError: If it is damaged, or has no such variable of finite
            floating point numbers; names it.

    Example:
        >>> read_cdf_pose(path.read_bytes(), str(path)).reshape(-1, 32, 3)
    """
    try:
        return _File(_unpack(content)).read('Pose')
    except (ValueError, LookupError, zlib.error, OverflowError) as e:
        raise ValueError(
            f"'{name}' is not a CDF file with the positions 'Pose' "
            f'({cause(e)}): get '
            'it again or remove it'
        ) from e


def _unpack(content: bytes) -> bytes:
    if content[:4] not in MAGIC or content[4:8] not in (WHOLE, COMPRESSED):
        raise ValueError('it begins otherwise')
    if content[4:8] == WHOLE:
        return content
    wide = MAGIC[content[:4]] == 3
    size = int.from_bytes(content[8 : 16 if wide else 12], 'big')
    start = 40 if wide else 28
    body = inflate(content[start : 8 + size], len(content))
    return content[:4] + WHOLE + body


def inflate(body: bytes, size: int) -> bytes:
    r"""Unpacks a gzip stream of a file of some size, which must not swell."""
    inflate = zlib.decompressobj(wbits=31)
    out = inflate.decompress(body, INFLATION * size + SLACK)
    if not inflate.eof:
        raise ValueError(
            'what is compressed is cut off, or swells to more than '
            f'{INFLATION} times its size'
        )
    return out


class _File:
    r"""The records of a file that is not compressed as a whole."""

    def __init__(self, content: bytes) -> None:
        self.content = content
        self.wide = MAGIC[content[:4]] == 3
        self.word = 8 if self.wide else 4  # bytes of an offset
        head = self.record(8, CDR)
        start = self.word + 4
        gdr = self.offset(head, start)
        # After the offset: version, release, encoding, flags.
        encoding = self.number(head, start + self.word + 8)
        flags = self.number(head, start + self.word + 12)
        if encoding not in BIG_ENDIAN + LITTLE_ENDIAN:
            raise ValueError(f'numbers in the encoding {encoding}')
        self.order = '>' if encoding in BIG_ENDIAN else '<'
        self.row_major = bool(flags & 1)
        globals_ = self.record(gdr, GDR)
        self.heads = (
            (Z_VARIABLE, self.offset(globals_, start + self.word)),
            (R_VARIABLE, self.offset(globals_, start)),
        )
        counts = start + 4 * self.word
        num_dims = self.number(globals_, counts + 12)
        sizes = counts + 32 + self.word
        self.r_sizes = [
            self.number(globals_, sizes + 4 * i)
            for i in range(min(num_dims, 16))
        ]

    def record(self, at: int, *kinds: int) -> bytes:
        r"""The record of one of some types at an offset."""
        size = int.from_bytes(self.content[at : at + self.word], 'big')
        record = self.content[at : at + size]
        if (
            at < 8
            or len(record) < self.word + 4
            or len(record) < size
            or self.number(record, self.word) not in kinds
        ):
            raise ValueError(f'no record of type {kinds} at byte {at}')
        return record

    def number(self, record: bytes, at: int) -> int:
        if at + 4 > len(record):
            raise ValueError('a record is too short')
        return int.from_bytes(record[at : at + 4], 'big', signed=True)

    def offset(self, record: bytes, at: int) -> int:
        if at + self.word > len(record):
            raise ValueError('a record is too short')
        return int.from_bytes(record[at : at + self.word], 'big', signed=True)

    def variables(self) -> Iterator[tuple[int, bytes]]:
        for kind, at in self.heads:
            seen = set()
            while at > 0:
                if at in seen:
                    raise ValueError('a chain of variables without end')
                seen.add(at)
                record = self.record(at, kind)
                yield kind, record
                at = self.offset(record, self.word + 4)

    def read(self, name: str) -> np.ndarray:
        names = []
        word = self.word
        for kind, record in self.variables():
            # Type, next, data type, last record, index (first, last), flags,
            # sparseness, 3 reserved, elements, number, compression, blocking.
            start = word + 4 + word
            at = start + 8 + 2 * word + 4 + 4 + 12 + 4 + 4 + word + 4
            length = 256 if self.wide else 64
            found = record[at : at + length].rstrip(b'\0 ').decode('latin1')
            if found == name:
                return self.read_variable(kind, record, start, at + length)
            names.append(found)
        raise ValueError(f"no '{name}' among {names[:10]}")

    def read_variable(
        self, kind: int, record: bytes, start: int, end: int
    ) -> np.ndarray:
        data_type = self.number(record, start)
        last = self.number(record, start + 4)
        if data_type not in FLOATS:
            raise ValueError(f'numbers of type {data_type}')
        if kind == Z_VARIABLE:
            num_dims = self.number(record, end)
            end += 4
            sizes = [self.number(record, end + 4 * i) for i in range(num_dims)]
            end += 4 * num_dims
        else:
            sizes = self.r_sizes
        varies = [self.number(record, end + 4 * i) for i in range(len(sizes))]
        shape = [s for s, v in zip(sizes, varies, strict=True) if v]
        dtype = np.dtype(self.order + FLOATS[data_type])
        if min([last + 1, *shape]) < 1:
            raise ValueError(f'{last + 1} records in shape {shape}')
        body = self.values(self.offset(record, start + 8))
        size = (last + 1) * math.prod(shape) * dtype.itemsize
        if len(body) < size:
            raise ValueError(
                f'{last + 1} records in shape {shape} need {size} bytes (got '
                f'{len(body)})'
            )
        values = np.frombuffer(body[:size], dtype)
        if self.row_major:
            values = values.reshape(last + 1, *shape)
        else:
            flipped = values.reshape(last + 1, *reversed(shape))
            values = flipped.transpose(0, *range(len(shape), 0, -1))
        if not np.isfinite(values).all():
            raise ValueError('numbers that are not finite')
        return values.astype(dtype.newbyteorder('='))

    def values(self, at: int) -> bytes:
        r"""What the records of a variable hold, by its index."""
        parts: list[bytes] = []
        seen: set[int] = set()
        stack = [at]
        word, start = self.word, self.word + 4
        while stack:
            at = stack.pop()
            if at in seen:
                raise ValueError('an index without end')
            seen.add(at)
            record = self.record(at, INDEX, VALUES, PACKED_VALUES)
            kind = self.number(record, word)
            if kind == VALUES:
                parts.append(record[start:])
            elif kind == PACKED_VALUES:
                size = self.offset(record, start + 4)
                begin = start + 4 + word
                packed = record[begin : begin + size]
                parts.append(inflate(packed, len(self.content)))
            else:
                following = self.offset(record, start)
                entries = self.number(record, start + word)
                used = self.number(record, start + word + 4)
                first = start + word + 8 + 8 * entries
                if used < 0 or first + word * used > len(record):
                    raise ValueError(f'an index of {used} entries')
                stack += [following] if following > 0 else []
                stack += [
                    self.offset(record, first + word * i)
                    for i in reversed(range(used))
                ]
            if sum(map(len, parts)) > INFLATION * len(self.content) + SLACK:
                raise ValueError(f'it swells to over {INFLATION} times')
        return b''.join(parts)
