r"""Decompresses ``.gz`` files in bounded memory and time."""

from __future__ import annotations

import gzip
import io

from pyg_hcsf.safe_io.archives import ZIP_ERRORS
from pyg_hcsf.safe_io.shown import explained

BLOCK = 2**20  # bytes that are decompressed at a time
INFLATION = 64  # A file may decompress to 64 times its size,
SLACK = 2**22  # plus 4 MiB. JSON of keypoints has 3 to 20 times its size.


def gunzip(content: bytes, largest: int, name: str) -> bytes:
    r"""Returns the content of a gzip file, and other content as it is.

    Args:
        content (bytes): The file.
        largest (int): The largest number of bytes.
        name (str): The name of the file for error messages.

    Raises:
        ValueError: If the file is damaged, or decompresses to more bytes, or
            to more than 64 times its size.

    Example:
        >>> gunzip(gzip.compress(b'[]'), 2**20, 'file.json.gz')
        b'[]'
    """
    if not content.startswith(b'\x1f\x8b'):
        return content
    limit = min(largest, INFLATION * len(content) + SLACK)
    out = bytearray()
    with (
        explained(f"'{name}' cannot be decompressed", errors=ZIP_ERRORS),
        gzip.GzipFile(fileobj=io.BytesIO(content)) as file,
    ):
        while block := file.read(BLOCK):
            out += block
            if len(out) > limit:
                raise ValueError(
                    f'it decompresses to more than {limit:,} bytes'
                )
    return bytes(out)
