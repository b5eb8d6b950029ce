import pickle
import re
import runpy
import shlex
import sys
import warnings
import zipfile

import numpy as np
import pytest
from scipy.io import savemat

from pyg_hcsf.cli import prepare
from pyg_hcsf.datasets import NTURGBD, UTDMHAD
from pyg_hcsf.datasets.ntu import shards as ntu_shards
from pyg_hcsf.datasets.ntu.ctrgcn import read_ctrgcn
from pyg_hcsf.datasets.ntu.pyskl import read_pyskl
from pyg_hcsf.datasets.utd_mhad import dataset as utd_mhad
from pyg_hcsf.skeleton import get_skeleton
from tests.paths import REPO

# Someone who faces a Kinect, with bent knees: metres, y up, z away from it.
STANDING = {
    **{'HipCenter': (0, 0.9, 3), 'Spine': (0, 1.1, 3)},
    **{'ShoulderCenter': (0, 1.4, 3), 'Head': (0, 1.6, 3)},
    **{'LShoulder': (-0.2, 1.4, 3), 'RShoulder': (0.2, 1.4, 3)},
    **{'LElbow': (-0.2, 1.1, 3), 'RElbow': (0.2, 1.1, 3)},
    **{'LWrist': (-0.2, 0.85, 3), 'RWrist': (0.2, 0.85, 3)},
    **{'LHand': (-0.2, 0.8, 3), 'RHand': (0.2, 0.8, 3)},
    **{'LHip': (-0.1, 0.85, 3), 'RHip': (0.1, 0.85, 3)},
    **{'LKnee': (-0.1, 0.5, 2.8), 'RKnee': (0.1, 0.5, 2.8)},
    **{'LAnkle': (-0.1, 0.1, 3), 'RAnkle': (0.1, 0.1, 3)},
    **{'LFoot': (-0.1, 0.05, 2.9), 'RFoot': (0.1, 0.05, 2.9)},
}
SPLIT = {1: 'train', 0: 'test'}
FRAMES = {'train': 29_199, 'test': 29_100}  # of 431 and 430 clips


def pose(skeleton='kinect20'):
    names = get_skeleton(skeleton).joints
    return np.array([STANDING[name] for name in names], np.float32)


def write_utd_mhad(folder, takes=None, mirrored=False):
    """Writes the names and lengths of the real files."""
    folder.mkdir(parents=True, exist_ok=True)
    joints = pose() * ([-1, 1, 1] if mirrored else 1)
    numbers = {'train': 0, 'test': 0}
    for action in range(1, 28):
        for subject in range(1, 9):
            for take in range(1, 5):
                name = f'a{action}_s{subject}_t{take}'
                side = SPLIT[subject % 2]
                if name in ('a8_s1_t4', 'a23_s6_t4', 'a27_s8_t4'):
                    continue
                num_clips = 431 if side == 'train' else 430
                whole, rest = divmod(FRAMES[side], num_clips)
                num_frames = whole + (numbers[side] < rest)
                numbers[side] += 1
                if takes is None or name in takes:
                    clip = np.repeat(joints[..., None], num_frames, axis=2)
                    path = folder / f'{name}_skeleton.mat'
                    savemat(path, {'d_skel': clip.astype(np.float32)})
    return folder


SOME = ('a1_s1_t1', 'a27_s2_t4', 'a10_s7_t2', 'a3_s3_t3')


@pytest.fixture(scope='module')
def whole(tmp_path_factory):
    return write_utd_mhad(tmp_path_factory.mktemp('utd'))


@pytest.fixture
def some(tmp_path):
    return write_utd_mhad(tmp_path / 'given', SOME)


def run(*words):
    return prepare.main([str(word) for word in words])


def listing(folder):
    return {
        path.relative_to(folder).as_posix(): path.read_bytes()
        for path in sorted(folder.rglob('*'))
        if path.is_file()
    }


def test_a_whole_data_set(tmp_path, whole, capsys):
    assert run('utd_mhad', '--from', whole, '--root', tmp_path) == 0
    out, err = capsys.readouterr()
    assert (
        "861 files, format 'mat': the official a<action>_s<subject>_t<take>"
        in out
    )
    assert 'train: clips                   431 of 431' in out
    assert 'test: frames                   29,100 of 29,100' in out
    assert 'FAIL' not in out and out.endswith('All checks passed.\n')
    assert 'Reading mat: 100%' in err and 'Checking test: 100%' in err
    # Nothing is copied.
    (folder,) = (tmp_path / 'UTDMHAD').iterdir()
    assert [path.suffix for path in folder.iterdir()] == ['.clips']
    assert len(UTDMHAD(tmp_path / 'UTDMHAD', raw=whole, log=False)) == 431


def test_data_home(tmp_path, some, monkeypatch):
    (tmp_path / 'home' / 'UTDMHAD').mkdir(parents=True)
    some.rename(tmp_path / 'home' / 'UTDMHAD' / 'raw')
    monkeypatch.setenv('PYG_HCSF_DATA', str(tmp_path / 'home'))
    run('utd_mhad')
    assert (tmp_path / 'home' / 'UTDMHAD' / 'processed').is_dir()


def test_missing_files_are_named(tmp_path, whole, capsys):
    left = ('a1_s1_t1', 'a27_s8_t3')
    with zipfile.ZipFile(tmp_path / 'Skeleton.zip', 'w') as archive:
        for path in whole.iterdir():
            if not path.name.startswith(left):
                archive.write(path, f'Skeleton/{path.name}')
    args = ('utd_mhad', '--from', tmp_path / 'Skeleton.zip')
    assert run(*args, '--root', tmp_path) == 1
    out = capsys.readouterr().out
    names = ', '.join(f'{name}_skeleton.mat' for name in left)
    assert f'raw files                      missing {names}\n' in out
    assert 'FAIL  train: clips                   430 of 431' in out
    assert out.endswith('5 checks failed.\n')


def test_one_split_only(tmp_path, monkeypatch, capsys):
    class OnlyTrain(UTDMHAD):
        def __init__(self, root, split, raw):
            super().__init__(root, split, raw=raw, log=False)
            if split == 'test':
                raise ValueError('Expected clips of split=test (got none)')

    OnlyTrain.__name__ = 'UTDMHAD'
    monkeypatch.setitem(prepare.CLASSES, 'utd_mhad', OnlyTrain)
    raw = write_utd_mhad(tmp_path / 'given', SOME)
    assert run('utd_mhad', '--from', raw, '--root', tmp_path) == 1
    out = capsys.readouterr().out
    assert 'FAIL  train: clips                   3 of 431' in out
    assert '(got none)' in out and 'raw files' in out


def test_left_and_right(tmp_path, capsys):
    raw = write_utd_mhad(tmp_path / 'given', SOME, mirrored=True)
    assert run('utd_mhad', '--from', raw, '--root', tmp_path) == 1
    assert 'FAIL  train: left and right' in capsys.readouterr().out


def test_interrupted_and_started_again(tmp_path, some, monkeypatch):
    args = ('utd_mhad', '--from', some, '--root')
    run(*args, tmp_path / 'straight')
    read = utd_mhad.read_utd_mhad

    def interrupt(content, name, where):
        if name.startswith('a27'):
            raise KeyboardInterrupt
        return read(content, name, where)

    with monkeypatch.context() as patch:
        patch.setattr(utd_mhad, 'read_utd_mhad', interrupt)
        with pytest.raises(KeyboardInterrupt):
            run(*args, tmp_path / 'twice')
    assert listing(tmp_path / 'twice') == {}
    run(*args, tmp_path / 'twice')
    assert listing(tmp_path / 'twice') == listing(tmp_path / 'straight')


def write_skeletons(folder):
    folder.mkdir(parents=True)
    joint = '0 0 0 0 1 0 0 0 2\n'
    for number in range(1, 6):
        body = '72057594037944738 0 1 1 1 1 0 0.1 0.2 2\n25\n' + ''.join(
            f'0.{number} 1.{i} 3.5 {joint[:-1]} \n' for i in range(25)
        )
        name = f'S001C001P00{number}R001A001.skeleton'
        (folder / name).write_text('2\n' + f'1\n{body}' * 2)
    return folder


def test_going_on_where_it_stood(tmp_path, monkeypatch, capsys):
    raw = write_skeletons(tmp_path / 'given')
    monkeypatch.setattr(ntu_shards, 'SHARD', 2)
    args = ('nturgbd', '--from', raw, '--num_workers', 1, '--root')
    assert run(*args, tmp_path / 'straight') == 1
    out = capsys.readouterr().out
    assert 'S001C002P001R001A001.skeleton' in out and 'S002*' in out
    write, written = ntu_shards.write_shard, []

    def interrupt(files, selection, path):
        if len(written) == 2:
            raise KeyboardInterrupt
        written.append(path.name)
        write(files, selection, path)

    for num_shards in (2, 3):
        if num_shards == 2:
            monkeypatch.setattr(ntu_shards, 'write_shard', interrupt)
            with pytest.raises(KeyboardInterrupt):
                run(*args, tmp_path / 'twice')
        else:
            written.pop()
            run(*args, tmp_path / 'twice')
    assert written == ['00000.npy', '00002.npy']
    assert listing(tmp_path / 'twice') == listing(tmp_path / 'straight')


def test_a_truncated_file_and_a_copy(tmp_path, capsys):
    raw = write_skeletons(tmp_path / 'given')
    path = raw / 'S001C001P001R001A001.skeleton'
    copy = raw / 'S001C001P002R001A001 (1).skeleton'
    copy.write_bytes((raw / 'S001C001P002R001A001.skeleton').read_bytes())
    path.write_bytes(path.read_bytes()[:-99])
    assert run('doctor', raw) == 1
    out = capsys.readouterr().out
    assert f"Passed over 1 .skeleton file: '{copy}'" in out
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


def test_export(tmp_path, capsys):
    raw = write_skeletons(tmp_path / 'given')
    home = ('--root', tmp_path / 'home')
    pkl, npz = tmp_path / 'ntu60_3danno.pkl', tmp_path / 'NTU60_CS.npz'
    assert run('export', 'pyskl', pkl, '--from', raw, *home) == 0
    assert (
        f"'{pkl}': 5 clips of ntu60, format 'pyskl'" in capsys.readouterr()[0]
    )
    assert run('export', 'ctrgcn', npz, '--from', raw, *home) == 0
    out, err = capsys.readouterr()
    assert 'clips of ntu60-xsub' in out and 'Writing ctrgcn: 100%' in err
    # The bodies are chosen as pyskl and CTR-GCN do.
    for form in ('pyskl', 'ctrgcn'):
        made = list((tmp_path / 'home').rglob(f'*_skeleton_{form}_*.clips'))
        assert len(made) == 1
    data = NTURGBD(
        tmp_path / 'home' / 'NTURGBD',
        *('ntu60-xsub', 'all'),
        raw=raw,
        bodies='pyskl',
        log=False,
    )
    clips = read_pyskl(pkl).clips
    assert [clip.name for clip in clips] == data.names
    for i, clip in enumerate(clips):
        half = data.joints(i).astype(np.float16)
        np.testing.assert_array_equal(clip.joints, half)
    names = [clip.name for clip in read_ctrgcn(npz, 'ntu60-xsub', data.names)]
    assert sorted(names) == data.names
    with pytest.raises(ValueError, match='skes_available_name.txt beside'):
        run('export', 'pyskl', pkl, '--from', npz, *home)
    npz.with_name('skes_available_name.txt').write_text('\n'.join(names))
    assert (
        run('export', 'pyskl', tmp_path / 'b.pkl', '--from', npz, *home) == 0
    )
    again = read_pyskl(tmp_path / 'b.pkl').clips
    assert [clip.name for clip in again] == data.names


def test_what_is_normalised_is_not_exported(tmp_path):
    names = ['S001C001P001R001A001.skeleton']
    (tmp_path / 'train_label.pkl').write_bytes(pickle.dumps((names, [0])))
    path = tmp_path / 'train_data_joint.npy'
    np.save(path, np.ones((1, 3, 300, 25, 2), np.float32))
    with pytest.raises(ValueError, match="format 'agcn'.*export from .skel"):
        run('export', 'pyskl', tmp_path / 'a.pkl', '--from', tmp_path)
    assert not (tmp_path / 'a.pkl').exists()


def test_no_traceback(tmp_path, some, monkeypatch, capsys):
    path = some / 'a10_s7_t2_skeleton.mat'
    path.write_bytes(path.read_bytes()[:-100])
    words = ['utd_mhad', '--from', some, '--root', tmp_path / 'home']
    monkeypatch.setattr(sys, 'argv', ['prepare.py', *map(str, words)])
    monkeypatch.setattr(warnings, 'showwarning', warnings.showwarning)
    with pytest.raises(SystemExit) as error:
        runpy.run_path(str(REPO / 'tools' / 'prepare.py'), run_name='__main__')
    text = f"error: '{path}' is not a skeleton of UTD-MHAD"
    assert error.value.code == 1
    assert capsys.readouterr().err.splitlines()[-1].startswith(text)
    assert listing(tmp_path / 'home') == {}


def test_members_that_leave_the_folder(tmp_path):
    path = tmp_path / 'bad.zip'
    with zipfile.ZipFile(path, 'w') as archive:
        archive.writestr('a1_s1_t1_skeleton.mat', b'')
        archive.writestr('../../a1_s1_t2_skeleton.mat', b'')
    with pytest.raises(ValueError, match='points outside'):
        run('utd_mhad', '--from', path, '--root', tmp_path / 'home')
    assert list(listing(tmp_path)) == ['bad.zip']
    assert run('doctor', path) == 1


def test_nothing_to_prepare(tmp_path, capsys):
    page = tmp_path / 'Skeleton.zip'
    page.write_bytes(b'<html><title>Log in</title>')
    with pytest.raises(ValueError, match=r"Nothing in '.*' can be read by U"):
        run('utd_mhad', '--from', page, '--root', tmp_path / 'home')
    assert 'page of a web site: "Log in"' in capsys.readouterr().out
    with pytest.raises(ValueError, match='Nothing in'):
        run('utd_mhad', '--from', tmp_path / 'gone')
    assert 'not there\n  check the path' in capsys.readouterr().out


def test_doctor(tmp_path, some, capsys):
    (some / 'clip.bvh').write_text('HIERARCHY')
    assert run('doctor', some) == 1
    out = capsys.readouterr().out
    commands = [line for line in out.splitlines() if 'prepare.py' in line]
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


def test_doctor_has_the_number_of_joints(tmp_path, capsys, monkeypatch):
    monkeypatch.syspath_prepend(str(REPO / 'tests' / 'datasets'))
    from tests.datasets.human36m.human36m_files import data_2d, data_3d, motion

    raw = tmp_path / 'raw'
    raw.mkdir()
    (raw / 'data_3d_h36m.npz').write_bytes(data_3d(motion(('S1',))))
    for name in ('cpn', 'sh_ft_h36m'):
        path = raw / f'data_2d_h36m_{name}.npz'
        path.write_bytes(data_2d(motion(('S1',))))
    run('doctor', raw)
    out = capsys.readouterr().out
    assert '  --keypoints is gt, or cpn or sh_ft_h36m --joints 16\n' in out


def test_doctor_of_a_whole_data_set(whole, capsys):
    assert run('doctor', whole) == 0
    assert 'missing' not in capsys.readouterr().out


def test_doctor_names_some_of_many(tmp_path, capsys):
    for number in range(30):
        (tmp_path / f'{number:02}.mat').touch()
    (tmp_path / '99.jpg').write_bytes(b'\xff\xd8\xff')
    assert run('doctor', tmp_path) == 1
    out = capsys.readouterr().out
    assert "19.mat' is an empty file\n  get it again" in out
    assert '20.mat' not in out
    assert '... and 10 more that cannot be read' in out
    assert 'Not read: 1 file, an image (JPEG), not poses' in out
    assert 'No data set was found here' in out


def test_commands_of_the_documentation():
    text = (REPO / 'docs' / 'data.md').read_text()
    commands = re.findall(r'python tools/prepare\.py [^`#\n]*', text)
    named = set()
    for command in commands:
        args = prepare.make_parser().parse_args(shlex.split(command)[2:])
        named.add(args.command)
    assert named == {*prepare.CLASSES, 'doctor', 'export'}
    for cls in prepare.CLASSES.values():
        for form in cls.formats:
            assert f'`{form.name}`' in text, (cls, form.name)


def test_keypoints_in_another_order_fail(tmp_path, capsys):
    """In MPII's order, as of VideoPose3D's stacked hourglass files."""
    from tests.datasets.human36m.human36m_files import (
        H36M17_OF_MPII,
        MPII,
        data_2d,
        motion,
        write_vp3d,
    )

    takes = motion(takes=[('Walking', '')])
    raw = tmp_path / 'raw'
    write_vp3d(raw, takes)
    words = ['human36m', '--from', raw, '--root', tmp_path, '--joints', '16']
    for name, sides, passed in (
        ('sh', MPII, 'ok  '),
        ('wrong', [[4, 5, 6, 10, 11, 12], [1, 2, 3, 13, 14, 15]], 'FAIL'),
    ):
        path = raw / f'data_2d_h36m_{name}.npz'
        path.write_bytes(
            data_2d(takes, joints=H36M17_OF_MPII, keypoints_symmetry=sides)
        )
        with warnings.catch_warnings():
            warnings.simplefilter('ignore')
            assert run(*words, '--keypoints', name) == 1  # clips are missing
        lines = capsys.readouterr().out.splitlines()
        found = [line for line in lines if '2D against 3D' in line]
        assert [line[:4] for line in found] == [passed] * 2
        assert all(
            ('RFoot is at' in line) is (name == 'wrong') for line in found
        )


def test_mpi_inf_3dhp(tmp_path, capsys):
    """Test files of the published lengths pass; what lacks is named."""
    from pyg_hcsf.datasets.mpi_inf_3dhp.annotation import TEST_SEQUENCES
    from tests.datasets.mpi_inf_3dhp.mpi_inf_3dhp_files import annot_data

    for name, known in TEST_SEQUENCES.items():
        valid = np.zeros((known.frames, 1))
        valid[-known.valid :] = 1
        path = tmp_path / 'raw' / name / 'annot_data.mat'
        path.parent.mkdir(parents=True)
        annot_data(path, name, known.frames, valid_frame=valid)
    words = ['mpi_inf_3dhp', '--from', tmp_path / 'raw', '--root', tmp_path]
    assert run(*words) == 1  # there is nothing to train on
    out = capsys.readouterr().out
    for line in (
        'ok    test: clips                   6 of 6',
        'ok    test: frames                  2,929 of 2,929',
        'ok    test: actions                 all 3',
        'ok    test: left and right',
        'ok    test: 2D against 3D           median 0.0 px apart, 0.0 px at',
        'missing S1/Seq1/annot.mat, S1/Seq1/camera.calibration, ',
        "Expected files for split='train'",
    ):
        assert line in out, line
    assert run('doctor', tmp_path / 'raw') == 1
    assert 'prepare.py mpi_inf_3dhp --from' in capsys.readouterr().out
