import re
import zipfile

import numpy as np
import pytest

from pyg_hcsf.datasets.ntu.ctrgcn import read_ctrgcn
from pyg_hcsf.safe_io.archives import (
    close_archives,
    leads_outside,
    list_members,
    list_some,
    read_members,
)
from pyg_hcsf.safe_io.npy import load_npz

ANY = re.compile(r'.*\.txt')


def pack(path, names, method=zipfile.ZIP_DEFLATED):
    with zipfile.ZipFile(path, 'w', method) as archive:
        for name in names:
            archive.writestr(name, name.encode() * 50)
    return path


def test_names_that_lead_outside():
    for name in ('../a', 'a/../../b', '/a', '\\a', 'C:\\a', 'a\\..\\b'):
        assert leads_outside(name)
    for name in ('a', 'a/b..c', 'a/b:c', '..a'):
        assert not leads_outside(name)


@pytest.mark.parametrize(
    'name', ['../a.txt', '/a.txt', 'b/../../a.txt', '..\\\\a.txt', 'C:a.txt']
)
def test_refuses_names_that_lead_outside(tmp_path, name):
    path = pack(tmp_path / 'a.zip', ['b.txt', name])
    with pytest.raises(ValueError, match=r"a\.zip': its member.*outside"):
        list_members(path, ANY, 10**6)


@pytest.mark.parametrize('method', [zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA])
def test_refuses_other_compression_methods(tmp_path, method):
    """LZMA allocates up to 4 GB before it reads a byte."""
    path = pack(tmp_path / 'a.zip', ['a.txt'], method)
    with pytest.raises(ValueError, match=r'a\.zip/a\.txt.*unpack'):
        list_members(path, ANY, 10**6)
    npz = pack(tmp_path / 'a.npz', ['x_train.npy'], method)
    with pytest.raises(ValueError, match=r'a\.npz.*unpack'):
        load_npz(npz.read_bytes(), str(npz))
    with pytest.raises(ValueError, match=r'a\.npz.*unpack'):
        list(read_ctrgcn(npz, 'ntu60-xsub'))


def test_archives_are_kept_open_where_asked(tmp_path):
    paths = [pack(tmp_path / f'{i}.zip', [f'{i}.txt']) for i in range(2)]
    members = list_members(paths, ANY, 10**6)
    kept = {}
    contents = [content for _, content in read_members(members, kept)]
    assert contents == [b'0.txt' * 50, b'1.txt' * 50]
    assert list(kept) == paths
    archives = list(kept.values())
    assert list(read_members(members, kept)) == list(read_members(members))
    assert list(kept.values()) == archives
    close_archives(kept)
    assert kept == {} and all(archive.fp is None for archive in archives)


def test_refuses_members_larger_than_the_archive(tmp_path):
    path = pack(tmp_path / 'a.zip', ['a.txt'], zipfile.ZIP_STORED)
    content = bytearray(path.read_bytes())
    directory = content.index(b'PK\x01\x02')
    content[directory + 23] = 0x40  # compressed size: a gigabyte more
    path.write_bytes(content)
    with pytest.raises(ValueError, match=r'a\.zip/a\.txt. is cut off'):
        list_members(path, ANY, 10**6)


@pytest.mark.parametrize('method', [zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED])
def test_damaged_archives(fuzz, tmp_path, method):
    path = pack(tmp_path / 'a.zip', ['a.txt', 'b/c.txt', 'd.txt'], method)

    def read(content):
        path.write_bytes(content)
        members = list_members(path, ANY, 10**6)
        return list(read_members(members))

    def check(found):
        for member, content in found:
            assert len(content) == member.size

    fuzz(read, path.read_bytes(), check, str(path), slack=2**22)
    assert np.array_equal(list(tmp_path.iterdir()), [path])


def test_warns_of_copies_and_refuses_different_files(tmp_path):
    """An archive with its extracted file beside it."""
    pack(tmp_path / 'b.zip', ['x/a.txt'])
    path = tmp_path / 'a.txt'
    path.write_bytes(b'x/a.txt' * 50)
    text = rf"Skipped 1 copy: '.*b\.zip/x/a\.txt' \('{path}' is read\)"
    with pytest.warns(UserWarning, match=text):
        (member,) = list_members(tmp_path, ANY, 10**6)
    assert member.path == path
    path.write_bytes(b'x')
    with pytest.raises(ValueError, match='a.txt. with 1 bytes and .* 350'):
        list_members(tmp_path, ANY, 10**6)


def test_list_some():
    assert list_some(['a']) == 'a'
    assert list_some('abcde') == 'a; b; c; d; e'
    assert list_some(map(str, range(1007))).endswith('4; and 1,002 more')
