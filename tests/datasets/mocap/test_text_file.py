import zipfile
from pathlib import Path

import pytest

from pyg_hcsf.datasets.mocap.asf_amc import (
    read_amc,
    read_asf,
)
from tests.datasets.mocap.asf_amc_files import (
    AMC,
    ASF,
    write,
)


def test_reads_from_zip(tmp_path):
    with zipfile.ZipFile(tmp_path / 'a.zip', 'w') as archive:
        archive.writestr('s/1.asf', ASF.encode('latin-1'))
        archive.writestr('s/1.amc', AMC.encode('latin-1'))
    asf = read_asf(zipfile.Path(tmp_path / 'a.zip', 's/1.asf'))
    motion = read_amc(zipfile.Path(tmp_path / 'a.zip', 's/1.amc'), asf)
    assert motion.shape == (2, 10)


def test_missing_files(tmp_path):
    with pytest.raises(ValueError, match='gone.asf: there is no such'):
        read_asf(tmp_path / 'gone.asf')
    asf = read_asf(write(tmp_path / 'a.asf', ASF))
    with pytest.raises(ValueError, match='gone.amc: there is no such'):
        read_amc(tmp_path / 'gone.amc', asf)


def test_folder_for_a_file(tmp_path):
    with pytest.raises(ValueError, match=f'{tmp_path}: there is no such'):
        read_asf(tmp_path)


def test_unreadable_file(tmp_path, monkeypatch):
    def refuse(self):
        raise PermissionError(13, 'Permission denied', str(self))

    path = write(tmp_path / 'a.asf', ASF)
    monkeypatch.setattr(Path, 'read_bytes', refuse)
    with pytest.raises(ValueError, match='a.asf: .*Permission denied.* check'):
        read_asf(path)


@pytest.mark.parametrize(
    ('compression', 'at'),
    [
        (zipfile.ZIP_STORED, 200),  # the checksum
        (zipfile.ZIP_DEFLATED, 60),  # zlib.error
        (zipfile.ZIP_BZIP2, 60),  # OSError
        (zipfile.ZIP_LZMA, 60),  # lzma.LZMAError
        (zipfile.ZIP_STORED, 0),  # the member's header
    ],
)
def test_damaged_member(tmp_path, compression, at):
    path = tmp_path / 'a.zip'
    with zipfile.ZipFile(path, 'w', compression) as archive:
        archive.writestr('s/1.asf', ASF.encode('latin-1'))
    content = bytearray(path.read_bytes())
    content[at : at + 8] = b'\xff' * 8
    path.write_bytes(content)
    member = zipfile.Path(path, 's/1.asf')
    message = 'a.zip/s/1.asf: the file cannot be read .*its archive again'
    with pytest.raises(ValueError, match=message):
        read_asf(member)
