"""Time, memory and length of reports for hostile files."""

import time
import tracemalloc
import zipfile

import pytest

from pyg_hcsf.datasets.checks.doctor import diagnose
from tests.datasets.checks.small_files import (
    FORMATS,
    NAME,
    put,
)

HOSTILE = {
    'ops.pkl': b'\x80\x04' + b'N0' * 10**6 + b'N.',
    'marks.pkl': b'\x80\x04\x8c\x08keypoint\x94' + b'(' * 10**6 + b'.',
    'names.pkl': f'{NAME} frame_dir keypoint'.encode() * 10**5,
    'train_label.pkl': NAME.encode() * 10**6,
    'open.json': b'[' * 10**7,
    'page.npz': b'<html><title' + b' ' * 10**6,
    'tags.mat': b'MATLAB 5.0 MAT-file'.ljust(126) + b'IM' + bytes(8) * 10**6,
    f'{NAME}.skeleton': b'99999999\n' + b'9\n' * 10**6,
    'a.skeleton': b'',
}


@pytest.mark.parametrize('name', [*HOSTILE, 'header.npz'])
def test_hostile_files(tmp_path, name):
    path = tmp_path / name
    if name == 'header.npz':  # of a gigabyte, in 64 kB
        with (
            zipfile.ZipFile(path, 'w', zipfile.ZIP_DEFLATED) as archive,
            archive.open('positions_3d.npy', 'w') as member,
        ):
            member.write(b'\x93NUMPY\2\0\xff\xff\xff\x3f')
            for _ in range(64):
                member.write(b' ' * 2**20)
    else:
        path.write_bytes(HOSTILE[name])
    start = time.process_time()
    result = diagnose(path, FORMATS)
    assert time.process_time() - start < 2
    texts = [*result.others, *result.advice]
    texts += [kind.text for _, kind in result.broken]
    assert sum(map(len, texts)) < 2000
    tracemalloc.start()
    diagnose(path, FORMATS)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 4 * path.stat().st_size + 2**26


def test_texts_are_bounded(tmp_path):
    long = 'x' * 50_000
    with zipfile.ZipFile(tmp_path / 'a.zip', 'w') as archive:
        archive.writestr(f'a.{long}', b'')
        archive.writestr(long, b'')
    with zipfile.ZipFile(tmp_path / 'b.npz', 'w') as archive:
        for number in range(50):
            archive.writestr(f'{number}{long}.npy', b'')
    (tmp_path / 'c.pkl').write_bytes(b'c' + 2 * (long.encode() + b'\n') + b'.')
    put(
        tmp_path,
        'd.npy',
        b'\x93NUMPY\1\0' + b"\xff\x0f{'descr': '<f4', "
        b"'fortran_order': False, 'shape': (" + b'9' * 3000 + b',), }\n',
    )
    result = diagnose(tmp_path, FORMATS)
    texts = [*result.others, *result.advice]
    texts += [kind.text + kind.remedy for _, kind in result.broken]
    assert len(texts) == 5 and max(map(len, texts)) < 1000
