import pytest

from pyg_hcsf.data.formats import Format
from pyg_hcsf.datasets.checks.doctor import FoundFiles
from pyg_hcsf.datasets.checks.expected_counts import EXPECTED_CONTENTS
from pyg_hcsf.datasets.ntu.benchmarks import BENCHMARKS

NAMES = {
    'Human36M': 'human36m',
    'MPIINF3DHP': 'mpi_inf_3dhp',
    'NTURGBD': 'nturgbd',
    'UTDMHAD': 'utd_mhad',
}
TAKES = [
    f'S001C{camera:03}P002R{replication:03}A{action:03}'
    for camera in (1, 2, 3)
    for replication in (1, 2)
    for action in range(1, 61)
]


def put(folder, *names):
    for name in names:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(b'1')


def missing(name, folder, **options):
    files = sorted(path for path in folder.rglob('*') if path.is_file())
    found = FoundFiles(NAMES[name], Format('', '', lambda path: files), files)
    return EXPECTED_CONTENTS[name](options).missing(found)


def test_utd_mhad(tmp_path):
    put(tmp_path, 'a1_s1_t1_skeleton.mat')
    names = missing('UTDMHAD', tmp_path)
    assert len(names) == 860 and names[0] == 'a1_s1_t2_skeleton.mat'
    assert 'a8_s1_t4_skeleton.mat' not in names  # never contents
    splits = EXPECTED_CONTENTS['UTDMHAD']({}).splits.values()
    assert sum(split.clips for split in splits) == 861
    assert sum(split.frames for split in splits) == 58_299


def test_ntu(tmp_path):
    put(tmp_path, *(f'{take}.skeleton' for take in TAKES[1:]))
    names = missing('NTURGBD', tmp_path, format='skeleton')
    # A subject's clips are named, and setups of which there is nothing.
    setups = [f'S{setup:03}*' for setup in range(2, 18)]
    assert names == [*setups, 'S001C001P002R001A001.skeleton']
    put(tmp_path, f'{TAKES[0]}.skeleton')
    options = {'format': 'skeleton', 'benchmark': 'ntu120-xset'}
    names = missing('NTURGBD', tmp_path, **options)
    assert names == [f'S{setup:03}*' for setup in range(2, 33)]
    put(tmp_path, 'S018C001P008R001A061.skeleton')
    names = missing('NTURGBD', tmp_path, format='skeleton')
    assert 'S019*' in names and 'S018*' not in names
    assert 'S018C003P008R002A120.skeleton' in names
    assert 'S018C001P008R001A060.skeleton' not in names
    assert missing('NTURGBD', tmp_path, format='ctrgcn') == []


def test_clips_without_skeletons_are_not_missed(tmp_path):
    put(tmp_path, 'S001C002P005R001A001.skeleton')
    names = missing('NTURGBD', tmp_path, format='skeleton')
    assert 'S001C002P005R002A009.skeleton' in names
    assert 'S001C002P005R002A008.skeleton' not in names


@pytest.mark.parametrize('benchmark', BENCHMARKS)
def test_ntu_benchmarks(benchmark):
    splits = EXPECTED_CONTENTS['NTURGBD']({'benchmark': benchmark}).splits
    total = 56_578 if benchmark.startswith('ntu60') else 113_945
    assert splits['train'].clips + splits['test'].clips == total


def test_human36m(tmp_path):
    put(tmp_path, 'Poses_D3_Positions_S5.tgz')
    put(tmp_path, 'S1/MyPoseFeatures/D3_Positions/Directions 1.cdf')
    assert missing('Human36M', tmp_path, format='cdf') == [
        'Poses_D3_Positions_S1.tgz (1 of 30 takes found)',
        *(f'Poses_D3_Positions_S{number}.tgz' for number in (6, 7, 8, 9, 11)),
    ]
    put(tmp_path, 'data_2d_h36m_gt.npz')
    names = ['data_3d_h36m.npz']
    assert missing('Human36M', tmp_path, format='vp3d') == names
    put(tmp_path, 'h36m_train.pkl')
    names = ['h36m_test.pkl']
    assert missing('Human36M', tmp_path, format='lcn') == names
    assert missing('Human36M', tmp_path, format='motionbert') == []


def test_human36m_options():
    whole = EXPECTED_CONTENTS['Human36M']({}).splits
    assert whole['train'].frames == 1_559_752 and whole['train'].unit == 1.0
    assert whole['test'].subjects == ('S9', 'S11')
    every = EXPECTED_CONTENTS['Human36M']({'subsample': 5}).splits['train']
    assert (every.clips, every.frames) == (600, 0)
    form = {'format': 'motionbert', 'naming': 'official'}
    other = EXPECTED_CONTENTS['Human36M'](form).splits['train']
    assert (other.unit, other.actions) == (0.0, ())


def test_openmocap_options():
    contents = EXPECTED_CONTENTS['OpenMocap']
    assert contents({}).splits['val'].frames == 41_056
    rig = contents({'held_out': 'rig'}).splits
    assert rig['val'].subjects == ('CMU03', 'CMU16', 'CMU86')
    assert sum(split.frames for split in rig.values()) == 382_164
    slow = EXPECTED_CONTENTS['OpenMocap']({'fps': 10.0}).splits
    assert [split.frames for split in slow.values()] == [0, 0, 0]


def test_mpi_inf_3dhp(tmp_path):
    put(tmp_path, 'S1/Seq1/annot.mat', 'S1/Seq1/camera.calibration')
    put(tmp_path, 'S8/Seq2/annot.mat', 'set/TS6/annot_data.mat')
    names = missing('MPIINF3DHP', tmp_path, format='mat')
    assert len(names) == 2 * 16 - 3 + 5
    assert names[0] == 'S1/Seq2/annot.mat'
    assert 'S8/Seq2/camera.calibration' in names
    assert 'S8/Seq2/annot.mat' not in names
    assert names[-5:] == [f'TS{n}/annot_data.mat' for n in range(1, 6)]
    put(tmp_path, 'data_test_3dhp.npz')
    names = missing('MPIINF3DHP', tmp_path, format='pstmo')
    assert names == ['data_train_3dhp.npz']


def test_mpi_inf_3dhp_options():
    contents = EXPECTED_CONTENTS['MPIINF3DHP']
    whole = contents({}).splits
    assert (whole['train'].clips, whole['train'].frames) == (128, 1_052_736)
    assert (whole['test'].clips, whole['test'].frames) == (6, 2929)
    assert whole['test'].actions == ('GS', 'noGS', 'Outdoor')
    assert contents({'frames': 'all'}).splits['test'].frames == 24_888
    one = contents({'cameras': (0,), 'joints': 'all28'}).splits
    assert list(one) == ['train']
    assert (one['train'].clips, one['train'].frames) == (16, 131_592)
    assert contents({'subsample': 5}).splits['test'].frames == 0
