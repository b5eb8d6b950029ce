import gzip

import pytest

from pyg_hcsf.safe_io.gzip_file import gunzip


def test_contents():
    assert gunzip(gzip.compress(b'abc', mtime=0), 10, 'x') == b'abc'
    assert gunzip(b'abc', 1, 'x') == b'abc'  # as it is
    several = gzip.compress(b'ab', mtime=0) + gzip.compress(b'c')
    assert gunzip(several, 10, 'x') == b'abc'


@pytest.mark.parametrize(
    'content, largest, reason',
    [
        (gzip.compress(b'abc', mtime=0), 2, 'more than 2 bytes'),
        (gzip.compress(bytes(10**7), mtime=0), 10**9, 'more than 4,8'),
        (gzip.compress(b'abc', mtime=0)[:-1], 10, 'end-of-stream'),
        (b'\x1f\x8bx', 10, "'x' cannot be decompressed"),
        (gzip.compress(b'abc', mtime=0)[:-8] + bytes(8), 10, 'CRC'),
    ],
)
def test_refused(content, largest, reason):
    with pytest.raises(ValueError, match=reason):
        gunzip(content, largest, 'x')
