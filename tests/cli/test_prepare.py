import re
import shlex
import warnings
import zipfile

import numpy as np
import pytest

from pyg_hcsf.cli import convert, prepare
from pyg_hcsf.cli.command import run_command
from pyg_hcsf.cli.dataset_options import CLASSES
from pyg_hcsf.datasets import UTDMHAD
from pyg_hcsf.datasets.mpi_inf_3dhp.constants import TEST_SEQUENCES
from pyg_hcsf.datasets.ntu import shards as ntu_shards
from pyg_hcsf.datasets.utd_mhad import skeleton_mat as utd_mhad
from tests.cli.prepare_files import (
    SOME,
    listing,
    run,
    write_skeletons,
    write_utd_mhad,
)
from tests.datasets.human36m.human36m_files import (
    H36M17_OF_MPII,
    MPII,
    data_2d,
    motion,
    write_vp3d,
)
from tests.datasets.mpi_inf_3dhp.mpi_inf_3dhp_files import annot_data
from tests.paths import REPO


def test_complete_data_set(tmp_path, utd_mhad_raw, capsys):
    assert run('utd_mhad', '--from', utd_mhad_raw, '--root', tmp_path) == 0
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
    assert (
        len(UTDMHAD(tmp_path / 'UTDMHAD', raw=utd_mhad_raw, log=False)) == 431
    )


def test_data_home(tmp_path, utd_mhad_sample, monkeypatch):
    (tmp_path / 'home' / 'UTDMHAD').mkdir(parents=True)
    utd_mhad_sample.rename(tmp_path / 'home' / 'UTDMHAD' / 'raw')
    monkeypatch.setenv('PYG_HCSF_DATA', str(tmp_path / 'home'))
    run('utd_mhad')
    assert (tmp_path / 'home' / 'UTDMHAD' / 'processed').is_dir()


def test_missing_files_are_named(tmp_path, utd_mhad_raw, capsys):
    left = ('a1_s1_t1', 'a27_s8_t3')
    with zipfile.ZipFile(tmp_path / 'Skeleton.zip', 'w') as archive:
        for path in utd_mhad_raw.iterdir():
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
    monkeypatch.setitem(CLASSES, 'utd_mhad', OnlyTrain)
    raw = write_utd_mhad(tmp_path / 'given', SOME)
    assert run('utd_mhad', '--from', raw, '--root', tmp_path) == 1
    out = capsys.readouterr().out
    assert 'FAIL  train: clips                   3 of 431' in out
    assert '(got none)' in out and 'raw files' in out


def test_left_and_right(tmp_path, capsys):
    raw = write_utd_mhad(tmp_path / 'given', SOME, mirrored=True)
    assert run('utd_mhad', '--from', raw, '--root', tmp_path) == 1
    assert 'FAIL  train: left and right' in capsys.readouterr().out


def test_interrupted_command_runs_again(
    tmp_path, utd_mhad_sample, monkeypatch
):
    args = ('utd_mhad', '--from', utd_mhad_sample, '--root')
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


def test_interrupted_skeletons_are_continued(tmp_path, monkeypatch, capsys):
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


def test_no_traceback(tmp_path, utd_mhad_sample, monkeypatch, capsys):
    path = utd_mhad_sample / 'a10_s7_t2_skeleton.mat'
    path.write_bytes(path.read_bytes()[:-100])
    words = [
        'utd_mhad',
        '--from',
        utd_mhad_sample,
        '--root',
        tmp_path / 'home',
    ]
    monkeypatch.setattr(warnings, 'showwarning', warnings.showwarning)
    with pytest.raises(SystemExit) as error:
        run_command(lambda: run(*words))
    text = f"error: '{path}' is not a skeleton of UTD-MHAD"
    assert error.value.code == 1
    assert capsys.readouterr().err.splitlines()[-1].startswith(text)
    assert listing(tmp_path / 'home') == {}


def test_zip_members_outside_of_the_folder(tmp_path):
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
    assert 'web page: "Log in"' in capsys.readouterr().out
    with pytest.raises(ValueError, match='Nothing in'):
        run('utd_mhad', '--from', tmp_path / 'gone')
    assert 'not there\n  check the path' in capsys.readouterr().out


def test_commands_of_the_documentation():
    text = (REPO / 'docs' / 'data.md').read_text()
    commands = re.findall(r'pyg-hcsf ([^`#\n]*)', text)
    named = set()
    for command in commands:
        name, *words = shlex.split(command)
        if name == 'prepare':
            named.add(prepare.parse(words)[0])
        elif name == 'convert':
            convert.make_parser().parse_args(words)
    assert named == set(CLASSES)
    for cls in CLASSES.values():
        for form in cls.formats:
            assert f'`{form.name}`' in text, (cls, form.name)


def test_keypoints_in_another_order_fail(tmp_path, capsys):
    """In MPII's order, as of VideoPose3D's stacked hourglass files."""
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
        "for split='train' in",
    ):
        assert line in out, line
    assert run('doctor', tmp_path / 'raw') == 1
    assert 'pyg-hcsf prepare mpi_inf_3dhp --from' in capsys.readouterr().out
