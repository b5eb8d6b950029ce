"""Runs the commands that doctor prints."""

import shlex
import zipfile

import pytest

from pyg_hcsf.cli.dataset_options import CLASSES
from pyg_hcsf.datasets.checks.expected_counts import (
    EXPECTED_CONTENTS,
    ExpectedContents,
)
from pyg_hcsf.datasets.mocap import openmocap_clips
from tests.cli.prepare_files import run
from tests.datasets.conftest import MocapWriter
from tests.datasets.human36m import human36m_files as human36m
from tests.datasets.mpi_inf_3dhp import mpi_inf_3dhp_files as mpi_inf_3dhp
from tests.datasets.ntu import ntu_files as ntu
from tests.datasets.utd_mhad import utd_mhad_files as utd_mhad

MOCAP = MocapWriter()


def work_of(folder):
    """A folder that doctor does not look into."""
    return folder.parents[1] / 'work' / folder.name


def write_ntu(form):
    def write(folder):
        ntu.write_form(form, folder, work_of(folder))

    return write


def write_utd_zip(folder):
    utd_mhad.write_utd_mhad(work_of(folder))
    folder.mkdir(parents=True)
    utd_mhad.zip_utd_mhad(work_of(folder), folder / 'Skeleton.zip')


def write_cmu(folder):
    for number in ('01', '02'):
        MOCAP.asf(folder / number / f'{number}.asf')
        MOCAP.amc(folder / number / f'{number}_01.amc', 30)


def write_cmu_zip(folder):
    write_cmu(work_of(folder))
    folder.mkdir(parents=True)
    with zipfile.ZipFile(folder / 'subjects.zip', 'w') as archive:
        for path in sorted((work_of(folder)).rglob('*.a??')):
            archive.write(path, f'all/{path.parent.name}/{path.name}')


def write_hdm05(folder):
    MOCAP.asf(folder / 'HDM_bd.asf')
    MOCAP.amc(folder / 'walk' / 'HDM_bd_walk2StepsLstart_001_120.amc', 60)


def write_bvh(folder):
    MOCAP.bvh(folder / 'walk.bvh', 30)


def write_openmocap(folder):
    for number in ('01', '03', '05'):  # of each split
        path = folder / 'cmu' / 'asfamc' / number / f'{number}_01.amc'
        MOCAP.asf(path.with_name(f'{number}.asf'))
        MOCAP.amc(path, 49)
    for name in ('salsa', 'indian'):
        MOCAP.bvh(folder / 'cmu' / 'bvh' / name / '01.bvh', 49, rest=True)
    MOCAP.asf(folder / 'hdm05' / 'HDM_bd.asf')
    path = folder / 'hdm05' / 'walk' / 'HDM_bd_walk2StepsLstart_001_120.amc'
    MOCAP.amc(path, 49)


WRITERS = {
    **{f'human36m {k}': v for k, v in human36m.WRITERS.items()},
    'human36m archives': human36m.write_archives,
    'human36m cdf.mat': human36m.write_cdfmat,
    **{f'mpi_inf_3dhp {k}': v for k, v in mpi_inf_3dhp.WRITERS.items()},
    **{
        f'nturgbd {form}': write_ntu(form)
        for form in ('skeleton', 'zip', 'pyskl', 'ctrgcn', 'agcn', 'sgn')
    },
    'utd_mhad mat': utd_mhad.write_utd_mhad,
    'utd_mhad zip': write_utd_zip,
    'cmu_mocap asf_amc': write_cmu,
    'cmu_mocap archive': write_cmu_zip,
    'hdm05 asf_amc': write_hdm05,
    'bvh_motion bvh': write_bvh,
}


@pytest.fixture(autouse=True)
def any_size(monkeypatch):
    """Files of tests are few, and their people of any shape."""

    def forget(known):
        def of_any_size(options):
            splits = {
                split: expected._replace(
                    unit=0.0, clips=0, frames=0, subjects=(), actions=()
                )
                for split, expected in known(options).splits.items()
            }
            return ExpectedContents(splits)

        return of_any_size

    for name, known in list(EXPECTED_CONTENTS.items()):
        monkeypatch.setitem(EXPECTED_CONTENTS, name, forget(known))


def printed(path, capsys):
    """The commands that doctor prints, without the name of the script."""
    run('doctor', path)
    lines = capsys.readouterr().out.splitlines()
    commands = [shlex.split(line) for line in lines if 'pyg-hcsf ' in line]
    assert all(c[:2] == ['pyg-hcsf', 'prepare'] for c in commands)
    return [command[2:] for command in commands]


@pytest.mark.parametrize('kind', WRITERS)
def test_each_format(tmp_path, capsys, kind):
    folder = tmp_path / "somebody's data" / kind
    WRITERS[kind](folder)
    (command,) = printed(folder, capsys)
    assert command[0] == kind.split()[0]
    assert run(*command, '--root', tmp_path / 'home') == 0


def test_openmocap(tmp_path, capsys, monkeypatch):
    """Its parts are data sets of their own too."""
    names = ('01_01', '03_01', '05_01', 'salsa_01', 'indian_01')
    listed = dict.fromkeys(names, openmocap_clips.ListedClip('walk', 49, 1))
    monkeypatch.setattr(openmocap_clips, 'listed_clips', lambda: listed)
    write_openmocap(tmp_path / 'given')
    found = printed(tmp_path / 'given', capsys)
    names = ['openmocap', 'cmu_mocap', 'hdm05', 'bvh_motion']
    assert [command[0] for command in found] == names
    for command in found:
        assert run(*command, '--root', tmp_path / 'home') == 0


@pytest.mark.filterwarnings('ignore:(Skipped|Skipped)')
def test_all_formats_in_one_folder(tmp_path, capsys):
    folder = tmp_path / 'data'
    for kind, write in WRITERS.items():
        if kind not in ('human36m archives', 'human36m cdf.mat'):
            write(folder / kind)
    commands = printed(folder, capsys)
    names = [command[0] for command in commands]
    assert set(names) == {kind.split()[0] for kind in WRITERS}
    for number, command in enumerate(commands):
        home = str(tmp_path / f'home{number}')
        assert run(*command, '--root', home) == 0, command


def test_every_format_of_every_class():
    known = {
        f'{name} {form.name}'
        for name, cls in CLASSES.items()
        for form in cls.formats
    }
    assert known - set(WRITERS) == {'openmocap openmocap'}
