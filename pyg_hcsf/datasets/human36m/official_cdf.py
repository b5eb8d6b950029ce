r"""Reads the official :obj:`.cdf` files of Human3.6M.

Their records follow NASA's `CDF Internal Format Description
<https://cdf.gsfc.nasa.gov/>`_ of the Common Data Format, versions 2.5 to 3.
"""

from __future__ import annotations

import math
import zlib
from collections.abc import Iterator

import numpy as np

from pyg_hcsf.safe_io.shown import PARSE_ERRORS, explained

MAGIC = {b'\xcd\xf3\x00\x01': 3, b'\xcd\xf2\x60\x02': 2}
UNCOMPRESSED, COMPRESSED = b'\x00\x00\xff\xff', b'\xcc\xcc\x00\x01'
# Types of records: descriptors of the file, of all variables, and of one of
# the older or newer kind; index of values, and values.
CDR, GDR, R_VARIABLE, INDEX, VALUES, Z_VARIABLE = 1, 2, 3, 6, 7, 8
COMPRESSED_VALUES = 13
BIG_ENDIAN = (1, 2, 5, 7, 9, 11, 12, 18)
LITTLE_ENDIAN = (4, 6, 13, 16, 17)
FLOATS = {21: 'f4', 44: 'f4', 22: 'f8', 45: 'f8'}
INFLATION = 8  # A file may decompress to 8 times its size,
SLACK = 2**20  # plus 1 MiB.


def read_cdf_pose(content: bytes, name: str) -> np.ndarray:
    r"""Reads the variable :obj:`Pose` of an official CDF file; :obj:`name` is
    for error messages. A damaged file raises a :class:`ValueError`.

    Replaces the library for the format, which follows endless chains of
    records in damaged files and allocates the memory that a header asks for.

    Returns:
        The records with the shape of the variable: :obj:`[1, T, 96]` in
        millimetres.
    """
    problem = f"'{name}' is not a CDF file with the positions 'Pose'"
    remedy = 'get it again or remove it'
    with explained(problem, remedy, (*PARSE_ERRORS, zlib.error)):
        return _File(_decompress(content)).read('Pose')


def _decompress(content: bytes) -> bytes:
    kind = content[4:8]
    if content[:4] not in MAGIC or kind not in (UNCOMPRESSED, COMPRESSED):
        raise ValueError('its first bytes are not those of a CDF file')
    if kind == UNCOMPRESSED:
        return content
    # The record of a compressed file: size, type, offset of parameters,
    # uncompressed size, reserved, gzip stream. Offsets and sizes of version 3
    # have 8 bytes, those of version 2 have 4.
    is_v3 = MAGIC[content[:4]] == 3
    size = int.from_bytes(content[8 : 16 if is_v3 else 12], 'big')
    body = content[40 if is_v3 else 28 : 8 + size]
    return content[:4] + UNCOMPRESSED + _gunzip(body, len(content))


def _gunzip(body: bytes, file_size: int) -> bytes:
    stream = zlib.decompressobj(wbits=31)
    out = stream.decompress(body, INFLATION * file_size + SLACK)
    if not stream.eof:
        raise ValueError(
            'a compressed part is cut off, or decompresses to more than '
            f'{INFLATION} times its size'
        )
    return out


class _Record:
    r"""The fields of a record, which are read one after another."""

    def __init__(self, content: bytes, word: int) -> None:
        self.content = content
        self.word = word  # bytes of an offset
        self.pos = 0
        # Each record begins with its size and its type.
        self.offset()  # of the record itself
        self.kind = self.number()

    def take(self, size: int) -> bytes:
        part = self.content[self.pos : self.pos + size]
        if size < 0 or len(part) < size:
            raise ValueError('a record is too short')
        self.pos += size
        return part

    def number(self) -> int:
        return int.from_bytes(self.take(4), 'big', signed=True)

    def numbers(self, count: int) -> list[int]:
        return np.frombuffer(self.take(4 * count), '>i4').tolist()

    def offset(self) -> int:
        return int.from_bytes(self.take(self.word), 'big', signed=True)

    def rest(self) -> bytes:
        return self.content[self.pos :]


class _File:
    r"""The records of a file that is not compressed as a whole."""

    def __init__(self, content: bytes) -> None:
        self.content = content
        self.word = 8 if MAGIC[content[:4]] == 3 else 4
        head = self.record(8, CDR)
        variables = self.record(head.offset(), GDR)
        _, _, encoding, flags = head.numbers(4)  # after version, release
        if encoding not in BIG_ENDIAN + LITTLE_ENDIAN:
            raise ValueError(f'numbers in the encoding {encoding}')
        self.order = '>' if encoding in BIG_ENDIAN else '<'
        self.row_major = bool(flags & 1)
        r_head, z_head = variables.offset(), variables.offset()
        self.heads = ((Z_VARIABLE, z_head), (R_VARIABLE, r_head))
        # Attributes, end of the file; numbers of variables and attributes,
        # last record.
        variables.take(2 * self.word + 12)
        num_dims = variables.number()
        # Number of z variables; unused records; three reserved.
        variables.take(4 + self.word + 12)
        self.r_sizes = variables.numbers(min(max(num_dims, 0), 16))

    def record(self, at: int, *kinds: int) -> _Record:
        r"""The record of one of some types at an offset."""
        size = int.from_bytes(self.content[at : at + self.word], 'big')
        content = self.content[at : at + size]
        if at >= 8 and self.word + 4 <= len(content) == size:
            record = _Record(content, self.word)
            if record.kind in kinds:
                return record
        raise ValueError(f'no record of type {kinds} at byte {at}')

    def variables(self) -> Iterator[_Record]:
        # Each kind of variables is a linked list of descriptors.
        for kind, at in self.heads:
            visited = set()
            while at > 0:
                if at in visited:
                    raise ValueError('a chain of variables without end')
                visited.add(at)
                record = self.record(at, kind)
                at = record.offset()
                yield record

    def read(self, name: str) -> np.ndarray:
        names = []
        for record in self.variables():
            data_type, last = record.numbers(2)
            index = record.offset()
            # Last index; flags, sparse records, three reserved, elements,
            # number; compression; blocking.
            record.take(self.word + 28 + self.word + 4)
            found = record.take(256 if self.word == 8 else 64)
            names.append(found.rstrip(b'\0 ').decode('latin1'))
            if names[-1] == name:
                shape = (last + 1, *self.record_shape(record))
                return self.array(data_type, shape, index)
        raise ValueError(f"no '{name}' among {names[:10]}")

    def record_shape(self, record: _Record) -> list[int]:
        sizes = self.r_sizes
        if record.kind == Z_VARIABLE:
            sizes = record.numbers(record.number())
        varies = record.numbers(len(sizes))
        return [s for s, v in zip(sizes, varies, strict=True) if v]

    def array(
        self, data_type: int, shape: tuple[int, ...], index: int
    ) -> np.ndarray:
        if data_type not in FLOATS:
            raise ValueError(f'numbers of type {data_type}')
        if min(shape) < 1:
            raise ValueError(f'records in shape {shape}')
        dtype = np.dtype(self.order + FLOATS[data_type])
        body = self.values(index)
        size = math.prod(shape) * dtype.itemsize
        if len(body) < size:
            raise ValueError(
                f'records in shape {shape} need {size} bytes (got {len(body)})'
            )
        values = np.frombuffer(body[:size], dtype)
        if self.row_major:
            values = values.reshape(shape)
        else:  # [T, *sizes] from [T, *reversed sizes]
            values = values.reshape(shape[0], *shape[:0:-1])
            values = values.transpose(0, *range(len(shape) - 1, 0, -1))
        if not np.isfinite(values).all():
            raise ValueError('numbers that are not finite')
        return values.astype(dtype.newbyteorder('='))

    def values(self, at: int) -> bytes:
        r"""The bytes of the values that an index leads to."""
        parts: list[bytes] = []
        visited: set[int] = set()
        # An index holds offsets of values or of further indices, in order.
        stack = [at]
        while stack:
            at = stack.pop()
            if at in visited:
                raise ValueError('an index without end')
            visited.add(at)
            record = self.record(at, INDEX, VALUES, COMPRESSED_VALUES)
            if record.kind == VALUES:
                parts.append(record.rest())
            elif record.kind == COMPRESSED_VALUES:
                record.take(4)  # reserved
                packed = record.take(record.offset())
                parts.append(_gunzip(packed, len(self.content)))
            else:
                following = record.offset()
                entries, used = record.numbers(2)
                record.take(8 * entries)  # first and last records
                body = record.take(self.word * used)
                offsets = np.frombuffer(body, f'>i{self.word}').tolist()
                stack += [following] if following > 0 else []
                stack += reversed(offsets)
            if sum(map(len, parts)) > INFLATION * len(self.content) + SLACK:
                raise ValueError(
                    f'it decompresses to more than {INFLATION} times its size'
                )
        return b''.join(parts)
