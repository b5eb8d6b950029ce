import os
import re
import subprocess
import sys
import time

import pytest

from pyg_hcsf.safe_io import atomic_write as module
from pyg_hcsf.safe_io.atomic_write import atomic_write, part_path


def names(folder):
    return [path.name for path in folder.iterdir()]


def test_writes_a_file_in_a_new_folder(tmp_path):
    path = tmp_path / 'new' / 'a.txt'
    with atomic_write(path) as part:
        part.write_text('text')
        assert part.parent == path.parent and not path.exists()
    assert path.read_text() == 'text'
    assert names(path.parent) == ['a.txt']


def test_content_is_on_the_disk_before_the_old_file_goes(
    tmp_path, monkeypatch
):
    """Else a power failure can leave an empty file under the name."""
    calls = []
    fsync, replace = os.fsync, os.replace

    def synced(fd):
        calls.append(('fsync', os.fstat(fd).st_ino))
        fsync(fd)

    def replaced(source, target):
        calls.append(('replace', os.stat(source).st_ino))
        replace(source, target)

    monkeypatch.setattr(os, 'fsync', synced)
    monkeypatch.setattr(os, 'replace', replaced)
    path = tmp_path / 'a.txt'
    with atomic_write(path) as part:
        part.write_text('text')
    inode = path.stat().st_ino
    assert calls == [('fsync', inode), ('replace', inode)]


@pytest.mark.parametrize(
    'error, raised, message',
    [
        (OSError(28, 'disk full'), RuntimeError, "a.txt': disk full.*buy one"),
        (OSError('no reason'), RuntimeError, "a.txt': no reason. .*buy one"),
        (RuntimeError('wrong shape'), RuntimeError, '^wrong shape$'),
        (KeyError('x'), KeyError, "^'x'$"),
    ],
)
def test_failed_write_keeps_the_old_file(tmp_path, error, raised, message):
    path = tmp_path / 'a.txt'
    path.write_text('old')
    with (
        pytest.raises(raised, match=message),
        atomic_write(path, 'buy one') as part,
    ):
        part.write_text('ne')
        raise error
    assert names(tmp_path) == ['a.txt']
    assert path.read_text() == 'old'


def test_error_names_the_reason_that_another_library_replaced(tmp_path):
    with (
        pytest.raises(RuntimeError, match="Could not write '.*': disk full"),
        atomic_write(tmp_path / 'a.pt'),
    ):
        try:
            raise OSError(28, 'disk full')
        finally:
            raise RuntimeError('unexpected pos 704 vs 598')


def test_refuses_a_folder_that_is_a_file(tmp_path):
    (tmp_path / 'file').write_text('')
    with (
        pytest.raises(RuntimeError, match="Could not write '.*file/a.txt'"),
        atomic_write(tmp_path / 'file' / 'a.txt'),
    ):
        pass


def test_killed_process_leaves_at_most_a_hidden_file(tmp_path):
    path = tmp_path / 'a.txt'
    path.write_text('old')
    code = (
        'import os, sys\n'
        'from pyg_hcsf.safe_io.atomic_write import atomic_write\n'
        'with atomic_write(sys.argv[1]) as part:\n'
        '    part.write_text("ne")\n'
        '    os.kill(os.getpid(), 9)\n'
    )
    done = subprocess.run([sys.executable, '-c', code, str(path)])
    assert done.returncode == -9
    assert path.read_text() == 'old'
    (left,) = set(names(tmp_path)) - {'a.txt'}
    assert left.startswith('.a.txt.') and left.endswith('.part')
    with atomic_write(tmp_path / 'b.txt') as part:  # removes the leftover
        part.write_text('new')
    assert sorted(names(tmp_path)) == ['a.txt', 'b.txt']


@pytest.fixture
def parts(tmp_path, monkeypatch):
    """Names of temporary files of four kinds of processes."""
    own = part_path(tmp_path / 'a.txt').name
    process = re.search(r'-(\d+)\.part$', own)[1]
    assert int(process) == os.getpid()
    monkeypatch.setattr(module, '_machine', lambda: '01234567')
    other = part_path(tmp_path / 'a.txt').name
    monkeypatch.undo()
    dead = f'-{2**22 + 1}.'  # Linux gives no such number
    found = {
        'alive': own,
        'dead': own.replace(f'-{process}.', dead),
        'alive elsewhere': other,
        'dead elsewhere': other.replace(f'-{process}.', dead),
    }
    for name in found.values():
        (tmp_path / name).write_text('')
    return found


def test_files_of_dead_processes_of_this_machine_are_removed(tmp_path, parts):
    foreign = {'.x.part', 'y.part', '.a.txt.4194305.part'}
    for name in foreign:
        (tmp_path / name).write_text('')
    with atomic_write(tmp_path / 'a.txt') as part:
        part.write_text('new')
    kept = {*parts.values(), *foreign, 'a.txt'} - {parts['dead']}
    assert set(names(tmp_path)) == kept


def test_files_of_other_machines_are_removed_after_a_day(tmp_path, parts):
    yesterday = time.time() - 90_000
    os.utime(tmp_path / parts['dead elsewhere'], (yesterday, yesterday))
    with atomic_write(tmp_path / 'a.txt') as part:
        part.write_text('new')
    kept = {parts['alive'], parts['alive elsewhere'], 'a.txt'}
    assert set(names(tmp_path)) == kept
