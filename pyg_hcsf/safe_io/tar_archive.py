r"""Reads the files of a :obj:`.tgz` archive in bounded memory and time."""

from __future__ import annotations

import gzip
import io
import tarfile
from collections.abc import Callable, Iterator

from pyg_hcsf.safe_io.archives import ZIP_ERRORS
from pyg_hcsf.safe_io.shown import cause, shown

BLOCK = 2**16  # bytes that are decompressed at a time
LONGEST_NAME = 2**9  # bytes of a header that extends a name
LARGEST = 2**25  # bytes of a file; a sequence of Human3.6M has 5 MB
INFLATION = 8  # An archive may decompress to 8 times its size,
SLACK = 2**20  # plus 1 MiB.
EXTENDED_HEADERS = (
    tarfile.XHDTYPE,
    tarfile.XGLTYPE,
    tarfile.SOLARIS_XHDTYPE,
    tarfile.GNUTYPE_LONGNAME,
    tarfile.GNUTYPE_LONGLINK,
)


class _Header(tarfile.TarInfo):
    r"""Checks the size in a header before the data are read: until Python
    3.12.6 :mod:`tarfile` takes quadratic time for a PAX header, and a minute
    for one of 900 kB.
    """

    @classmethod
    def frombuf(
        cls, buf: bytes | bytearray, encoding: str, errors: str
    ) -> _Header:
        header = super().frombuf(buf, encoding, errors)
        extended = header.type in EXTENDED_HEADERS
        largest = LONGEST_NAME if extended else LARGEST
        if header.size > largest:
            raise ValueError(
                f'its member {shown(header.name)} has {header.size} bytes, '
                f'more than {largest}'
            )
        return header


def read_tgz(
    content: bytes, wanted: Callable[[str], object]
) -> Iterator[tuple[str, bytes]]:
    r"""Reads the regular files of a :obj:`.tgz` archive one after another,
    without writing them to the disk.

    Args:
        content (bytes): The archive.
        wanted (callable): Whether the file with a given name is read.

    Raises:
        ValueError: If the archive is damaged, has a file of more than 32 MB
            or decompresses to more than 8 times its size. The message does
            not name the archive.
    """
    limit = INFLATION * len(content) + SLACK
    too_large = ValueError(
        f'it decompresses to more than {INFLATION} times its size'
    )
    try:
        with (
            gzip.GzipFile(fileobj=io.BytesIO(content)) as stream,
            tarfile.open(fileobj=stream, mode='r|', tarinfo=_Header) as tar,
        ):
            for member in tar:
                end = member.offset_data + member.size
                if member.size < 0 or end > limit:
                    raise too_large
                if member.isreg() and not member.issparse():
                    file = tar.extractfile(member)
                    if file is not None and wanted(member.name):
                        yield member.name, file.read()
            while stream.read(BLOCK):  # up to the checksum at the end
                if stream.tell() > limit:
                    raise too_large
    except (*ZIP_ERRORS, tarfile.TarError) as e:
        raise ValueError(cause(e)) from e
