r"""Reads the files of a :obj:`.tgz` archive in bounded memory and time."""

from __future__ import annotations

import zlib
from collections.abc import Callable, Iterator

from pyg_hcsf.io.shown import shown

BLOCK = 512
PART = 2**16  # bytes that are unpacked at a time
LONGEST_NAME = 2**12  # bytes of a header that holds nothing but a long name
LARGEST = 2**25  # bytes of a file; a take of Human3.6M has 5 MB
INFLATION = 8  # the archive may swell to so many times its size,
SLACK = 2**20  # and this
REGULAR = (b'0', b'\0', b'7')
LONG_NAME, LONG_LINK, PAX, PAX_GLOBAL = b'L', b'K', b'x', b'g'


def read_tgz(
    content: bytes, wanted: Callable[[str], object]
) -> Iterator[tuple[str, bytes]]:
    r"""Reads regular files of a :obj:`.tgz` archive one after another, in the
    formats ustar, GNU and PAX; nothing is written to the disk.

    Not :mod:`tarfile`: until Python 3.12.6 a header of PAX of 900 kB, which
    compresses to 1 kB, takes it a minute.

    Args:
        content (bytes): The archive.
        wanted (callable): Whether a file of some name is read.

    Raises:
        ValueError: If it is damaged, or swells to more than 8 times its size.
            Does not name the archive.
        zlib.error: Likewise.

    Example:
        >>> for name, file in read_tgz(content, lambda x: x.endswith('.cdf')):
        ...     print(name, len(file))
    """
    stream = _Inflated(content)
    name = ''  # that of the next file, if a header of its own says it
    special = False
    while (head := stream.read(BLOCK)) and any(head):
        if len(head) < BLOCK:
            raise ValueError('it is cut off')
        # The sum of all bytes, with spaces in place of the sum itself.
        if sum(head) - sum(head[148:156]) + 8 * 32 != _number(head[148:156]):
            raise ValueError('the sum of a header of its files is wrong')
        kind, size = head[156:157], _number(head[124:136])
        if kind in (LONG_NAME, LONG_LINK, PAX, PAX_GLOBAL):
            if size > LONGEST_NAME:
                raise ValueError(f'a header of its files has {size} bytes')
            body = stream.file(size)
            if kind == LONG_NAME:
                name = _text(body)
            elif kind == PAX:
                records = _records(body)
                name = records.get('path', name)
                # Sizes of their own are of sparse files, or beyond 8 GB.
                special = 'size' in records or any(
                    key.startswith('GNU.sparse') for key in records
                )
            continue
        own = _text(head[:100])
        if head[257:263] == b'ustar\0' and (prefix := _text(head[345:500])):
            own = f'{prefix}/{own}'
        if kind in REGULAR and not special and wanted(name or own):
            if size > LARGEST:
                raise ValueError(
                    f'its file {shown(name or own)} has {size} bytes'
                )
            yield name or own, stream.file(size)
        else:
            stream.skip(size + -size % BLOCK)
        name, special = '', False
    while stream.read(PART):  # to its checksum
        pass


class _Inflated:
    r"""The bytes of a gzip stream, unpacked as they are read."""

    def __init__(self, content: bytes) -> None:
        self.inflate = zlib.decompressobj(wbits=31)
        self.rest = memoryview(content)
        self.ready = b''
        self.left = INFLATION * len(content) + SLACK

    def read(self, size: int) -> bytes:
        r"""So many bytes, or fewer at the end."""
        parts = [self.ready[:size]]
        self.ready = self.ready[size:]
        lack = size - len(parts[0])
        while lack and not self.inflate.eof:
            packed: bytes | memoryview = self.inflate.unconsumed_tail
            if not packed:
                packed, self.rest = self.rest[:PART], self.rest[PART:]
            part = self.inflate.decompress(packed, max(lack, PART))
            if not packed and not part:
                raise ValueError('it is cut off')
            self.left -= len(part)
            if self.left < 0:
                raise ValueError(
                    f'it swells to more than {INFLATION} times its size'
                )
            parts.append(part[:lack])
            self.ready = part[lack:]
            lack -= len(parts[-1])
        out = b''.join(parts)
        return out

    def file(self, size: int) -> bytes:
        r"""A file; the rest of its last block is passed over."""
        content = self.read(size)
        if len(content) != size:
            raise ValueError('it is cut off')
        self.skip(-size % BLOCK)
        return content

    def skip(self, size: int) -> None:
        while size > 0:
            if not (part := self.read(min(size, PART))):
                raise ValueError('it is cut off')
            size -= len(part)


def _number(field: bytes) -> int:
    if field[0] == 0x80:  # binary, of large files
        return int.from_bytes(field[1:], 'big')
    digits = field.strip(b' \0')
    if digits.strip(b'01234567'):
        raise ValueError('a header of its files is damaged')
    return int(digits or b'0', 8)


def _text(field: bytes) -> str:
    return field.partition(b'\0')[0].decode('utf-8', 'replace')


def _records(body: bytes) -> dict[str, str]:
    r"""What a header of PAX says: records such as :obj:`'12 path=abc'`, which
    begin with their length.
    """
    out, start = {}, 0
    while start < len(body):
        digits = body[start : start + 8].partition(b' ')[0]
        stop = start + (int(digits) if digits.isdigit() else 0)
        if not start + len(digits) < stop <= len(body):
            raise ValueError('a header of its files is damaged')
        key, _, value = body[start + len(digits) : stop].partition(b'=')
        out[key.strip().decode('utf-8', 'replace')] = _text(value.rstrip())
        start = stop
    return out
