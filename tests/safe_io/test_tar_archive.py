import gzip
import io
import tarfile
import time

import pytest

from pyg_hcsf.safe_io.tar_archive import LARGEST, read_tgz

FILES = {
    'S1/a.cdf': b'a' * 1000,
    'S1/b.cdf': b'b' * 512,
    f'{"folder/" * 30}long.cdf': b'',
    'ä☃.cdf': b'c',
}


def archive(files, **kwargs):
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode='w:gz', **kwargs) as tar:
        for name, content in files.items():
            info = tarfile.TarInfo(name)
            info.size = len(content)
            info.mtime = 1.5  # needs a header of PAX
            tar.addfile(info, io.BytesIO(content))
        link = tarfile.TarInfo('S1/link.cdf')
        link.type, link.linkname = tarfile.SYMTYPE, '/etc/passwd'
        tar.addfile(link)
    return out.getvalue()


@pytest.mark.parametrize('format', [tarfile.PAX_FORMAT, tarfile.GNU_FORMAT])
def test_read_tgz(format):
    content = archive(FILES, format=format)
    assert dict(read_tgz(content, lambda name: True)) == FILES
    one = dict(read_tgz(content, lambda name: name.endswith('b.cdf')))
    assert one == {'S1/b.cdf': b'b' * 512}


def test_ustar_prefix():
    files = {f'{"folder/" * 20}a.cdf': b'a'}
    content = archive(files, format=tarfile.USTAR_FORMAT)
    assert dict(read_tgz(content, lambda name: True)) == files


def test_refuses_archives_that_are_cut_off():
    content = archive(FILES)
    for stop in range(0, len(content), 7):
        with pytest.raises((ValueError, EOFError)):
            list(read_tgz(content[:stop], lambda name: True))


def header(kind, size):
    info = tarfile.TarInfo('x')
    info.type, info.size = kind, size
    return info.tobuf(tarfile.GNU_FORMAT)


def pax(text):
    record = f'{len(text) + 4} {text}\n'.encode()
    return header(b'x', len(record)) + record.ljust(512, b'\0')


@pytest.mark.parametrize(
    'content, why',
    [
        (header(b'x', 900_000) + b'1' * 900_000, '900000 bytes'),
        (header(b'L', 900_000) + b'1' * 900_000, '900000 bytes'),
        (header(b'0', 2**40), 'bytes'),
        (header(b'0', LARGEST + 1), 'bytes'),
        (header(b'5', 2**30) + bytes(2**20), 'bytes'),
        (header(b'0', 5)[:-1] + b'!' + bytes(512), 'bad checksum'),
        (header(b'0', 5), 'unexpected end'),
        (bytes(2**25), '8 times'),
        (pax('size=99999999999') + header(b'0', 5), '8 times'),
        (pax('size=-9999') + header(b'0', 5), '8 times'),
        (header(b'0', 2**24) + bytes(2**24), '8 times'),
    ],
)
def test_refuses(content, why):
    start = time.process_time()
    with pytest.raises(ValueError, match=why):
        list(read_tgz(gzip.compress(content), lambda name: True))
    assert time.process_time() - start < 2


def test_many_small_headers_are_fast():
    start = time.process_time()
    digits = (header(b'x', 512) + b'1' * 512) * 1000
    with pytest.raises(ValueError, match='recursion|header'):
        list(read_tgz(gzip.compress(digits), lambda name: True))
    good = header(b'0', 0) * 1500
    found = list(read_tgz(gzip.compress(good, 1), lambda name: True))
    assert len(found) == 1500
    assert time.process_time() - start < 2
