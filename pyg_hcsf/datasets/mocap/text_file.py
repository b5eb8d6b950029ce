"""Reads motion capture text files (ASF, AMC, BVH) in any usual encoding."""

from __future__ import annotations

import codecs
import re
from collections.abc import Iterator
from io import BytesIO
from math import hypot
from pathlib import Path
from typing import NoReturn, Union
from zipfile import Path as ZipPath

from pyg_hcsf.safe_io.shown import shortened, shown

# A file on disk, or a member of a zip archive.
MotionFile = Union[str, Path, ZipPath]
LONGEST_LINE = 2**16  # bytes, of Acclaim files
SPARE_BYTES = 2**25  # memory that positions may take for a file of any size
LARGEST = 1e30  # far below the overflow of float32, in any unit


class TextFile:
    r"""A text file whose errors name the file and the line.

    Args:
        source (str, pathlib.Path or zipfile.Path): The file.
    """

    def __init__(self, source: MotionFile) -> None:
        self.source = Path(source) if isinstance(source, str) else source

    def __str__(self) -> str:
        return str(self.source)

    def fail(self, line: int | None, message: str) -> NoReturn:
        r"""Raises a :class:`ValueError`; a line of :obj:`None` stands for the
        whole file.
        """
        where = str(self) if line is None else f'{self}, line {line}'
        raise ValueError(shortened(f'{where}: {message}'))

    def read(self) -> bytes:
        r"""Reads the file as UTF-8 with lines that end in LF.

        The file may be UTF-8 or UTF-16, with or without a byte order mark.
        Other files are in a Windows code page: cp932 (Japanese) if most of
        the characters beyond ASCII belong to its common rows, else cp1252.
        NUL and Ctrl-Z at the end are removed.

        Raises:
            ValueError: If the file is missing, empty or damaged.
        """
        try:
            exists = self.source.is_file()
            content = self.source.read_bytes() if exists else None
        except Exception as e:  # the decompressors of zipfile raise any error
            self.fail(
                None,
                f'the file cannot be read ({type(e).__name__}: '
                f'{shown(str(e))}): check its permissions, or download it or '
                'its archive again',
            )
        if content is None:
            self.fail(None, 'there is no such file: check the path')
        if (encoding := _encoding(content)) != 'utf-8':
            content = content.decode(encoding, 'replace').encode()
        content = content.removeprefix(codecs.BOM_UTF8)
        content = content.rstrip(b'\0\x1a \t\r\n')
        if b'\r' in content:
            content = content.replace(b'\r\n', b'\n').replace(b'\r', b'\n')
        if not content:
            self.fail(None, 'the file is empty')
        return content

    def lines(self) -> Iterator[list[str]]:
        r"""Reads the words of each line."""
        for number, line in enumerate(BytesIO(self.read()), 1):
            if len(line) > LONGEST_LINE:
                self.fail(number, f'refused: the line has {len(line):,} bytes')
            if line.isascii():
                yield line.decode().split()
            else:  # only ASCII white space separates words
                yield [
                    word.decode('utf-8', 'replace') for word in line.split()
                ]

    def numbers(self, words: list[str], line: int | None) -> list[float]:
        r"""Converts words to finite numbers."""
        try:
            values = list(map(float, words))
        except ValueError:
            text = ' '.join(words[:20])
            self.fail(line, f'expected numbers (got {shown(text)})')
        # One call for all numbers. The comparison is false for NaN, too.
        if not hypot(*values) < LARGEST:
            self.fail(line, f'expected finite numbers (got {shown(values)})')
        return values

    def check_size(self, joints: int, frames: int, size: int) -> None:
        r"""Raises a :class:`ValueError` if the joint positions take more than
        32 MB and twice the size of the file: joints without channels, which
        take no space in the frames, could exhaust the memory.
        """
        needed = 24 * joints * frames  # bytes: three float64
        if needed > SPARE_BYTES + 2 * size:
            self.fail(
                None,
                f'refused: {joints} joints in {frames} frames take '
                f'{needed:,} bytes, out of a file of {size:,}: joints without '
                'channels cannot be that many',
            )


def _encoding(content: bytes) -> str:
    if content.isascii() and b'\0' not in content[:4]:
        return 'utf-8'
    if content.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return 'utf-16'
    # ASCII characters in UTF-16 have a zero byte each.
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
