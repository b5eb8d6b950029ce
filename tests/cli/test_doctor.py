import shlex

import numpy as np
import pytest

from pyg_hcsf.poses import PoseSequence
from pyg_hcsf.viewer import write_page
from tests.cli.prepare_files import (
    run,
    write_skeletons,
)
from tests.datasets.human36m.human36m_files import data_2d, data_3d, motion


def test_a_truncated_file_and_a_copy(tmp_path, capsys):
    raw = write_skeletons(tmp_path / 'given')
    path = raw / 'S001C001P001R001A001.skeleton'
    copy = raw / 'S001C001P002R001A001 (1).skeleton'
    copy.write_bytes((raw / 'S001C001P002R001A001.skeleton').read_bytes())
    path.write_bytes(path.read_bytes()[:-99])
    assert run('doctor', raw) == 1
    out = capsys.readouterr().out
    assert f"Skipped 1 .skeleton file: '{copy}'" in out
    assert f"'{path}' is a .skeleton file that cannot be read: Line " in out
    assert ' --benchmark ntu60-xsub\n' in out
    args = ('nturgbd', '--from', raw, '--num_workers', 1, '--root', tmp_path)
    with pytest.warns(UserWarning) as caught:
        assert run(*args) == 1
    texts = '\n'.join(str(warning.message) for warning in caught)
    assert '1 of 5 .skeleton files cannot be read' in texts
    assert str(path) in texts and str(copy) in texts
    out = capsys.readouterr().out
    assert 'FAIL  train: clips                   3 of 40,091' in out
    assert 'FAIL  test: clips                    1 of 16,487' in out


def test_doctor(tmp_path, utd_mhad_sample, capsys):
    (utd_mhad_sample / 'clip.bvh').write_text('HIERARCHY')
    assert run('doctor', utd_mhad_sample) == 1
    out = capsys.readouterr().out
    commands = [
        line for line in out.splitlines() if 'pyg-hcsf prepare' in line
    ]
    assert [shlex.split(c)[2] for c in commands] == ['utd_mhad']
    assert 'skipped: ' in out and 'clip.bvh, line 1: expected' in out
    assert '  missing a1_s1_t2_skeleton.mat, ' in out
    assert ' and 837 more\n' in out
    # What it says can be run.
    words = shlex.split(commands[0])[2:]
    assert run(*words, '--root', tmp_path / 'home') == 1
    assert (tmp_path / 'home' / 'UTDMHAD').is_dir()


def test_doctor_says_an_error_once(tmp_path, capsys):
    for folder, size in (('a', 3), ('b', 4)):
        path = tmp_path / folder / 'S001C001P001R001A001.skeleton'
        path.parent.mkdir()
        path.write_bytes(b'0' * size)
    assert run('doctor', tmp_path) == 1
    out = capsys.readouterr().out
    assert out.count('Expected one file of the clip') == 1


def test_doctor_has_the_number_of_joints(tmp_path, capsys):
    raw = tmp_path / 'raw'
    raw.mkdir()
    (raw / 'data_3d_h36m.npz').write_bytes(data_3d(motion(('S1',))))
    for name in ('cpn', 'sh_ft_h36m'):
        path = raw / f'data_2d_h36m_{name}.npz'
        path.write_bytes(data_2d(motion(('S1',))))
    run('doctor', raw)
    out = capsys.readouterr().out
    assert '  --keypoints is gt, or cpn or sh_ft_h36m --joints 16\n' in out


def test_doctor_of_a_complete_data_set(utd_mhad_raw, capsys):
    assert run('doctor', utd_mhad_raw) == 0
    assert 'missing' not in capsys.readouterr().out


def test_doctor_of_our_own_output(tmp_path, capsys):
    pose = np.zeros((2, 17, 3))
    poses = [PoseSequence('1', 'h36m17', np.arange(2), pose)]
    write_page(tmp_path / 'walk.html', {'lifted': poses})
    assert run('doctor', tmp_path) == 1
    out, err = capsys.readouterr()
    assert 'Not read: 1 file, a page that plays 3D poses' in out
    assert '3D poses for pyg-hcsf view' in out
    assert 'Looking' not in err  # a progress bar is for a terminal


def test_doctor_names_some_of_many(tmp_path, capsys):
    for number in range(30):
        (tmp_path / f'{number:02}.mat').touch()
    (tmp_path / '99.jpg').write_bytes(b'\xff\xd8\xff')
    assert run('doctor', tmp_path) == 1
    out = capsys.readouterr().out
    assert "19.mat' is an empty file\n  download it again" in out
    assert '20.mat' not in out
    assert '... and 10 more that cannot be read' in out
    assert 'Not read: 1 file, an image (JPEG), not poses' in out
    assert 'No data set was found here' in out
