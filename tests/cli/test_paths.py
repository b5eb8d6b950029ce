from pathlib import Path

import pytest

from pyg_hcsf.cli.command import UsageError
from pyg_hcsf.cli.paths import check_folder, check_input, check_output


def test_input(tmp_path):
    (tmp_path / 'poses.npz').touch()
    check_input('input', tmp_path / 'poses.npz')
    check_input('input', tmp_path)
    with pytest.raises(ValueError, match=r"'input' to exist .*'poses\.npz'\?"):
        check_input('input', tmp_path / 'pose.npz')
    with pytest.raises(ValueError, match=r"exist \(got '.*/far'\)$"):
        check_input('input', tmp_path / 'no' / 'far')


def test_output(tmp_path):
    check_output('--out', tmp_path / 'new' / 'a.HTML', ('.html', '.json'))
    assert not (tmp_path / 'new').exists()
    with pytest.raises(UsageError, match=r"in .html or .json \(got 'a'\)$"):
        check_output('--out', Path('a'), ('.html', '.json'))
    with pytest.raises(ValueError, match="'--out' to be a file"):
        check_output('--out', tmp_path)
    (tmp_path / 'file').touch()
    with pytest.raises(ValueError, match=r"file' is no folder\): choose"):
        check_output('--out', tmp_path / 'file' / 'new' / 'a.html')


def test_folders_that_cannot_be_written(tmp_path, monkeypatch):
    check_folder('--out', tmp_path)
    monkeypatch.setattr('os.access', lambda path, mode: False)
    with pytest.raises(ValueError, match='cannot be written to'):
        check_folder('--out', tmp_path / 'new')
