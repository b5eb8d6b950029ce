import os
import re
import time

import numpy as np
import pytest
import torch

from pyg_hcsf.datasets.mocap.openmocap import (
    SPLITS,
    TEST_SUBJECTS,
    Motion,
    OpenMocap,
    split_of,
)
from pyg_hcsf.geometry import lifting_clips
from pyg_hcsf.skeleton import H36M17
from tests.paths import DATA


@pytest.fixture
def raw(tmp_path, mocap):
    folder = tmp_path / 'given'
    for number in ('01', '02', '03'):
        path = folder / 'cmu' / 'asfamc' / number
        mocap.asf(path / f'{number}.asf')
        mocap.amc(
            path / f'{number}_01.amc', 49, jump=20 if number < '03' else -1
        )
    (folder / 'cmu' / 'cmu-mocap-index.csv').write_text('03_01,walk,Subject')
    for name in ('salsa', 'indian', 'martial'):
        mocap.bvh(folder / 'cmu' / 'bvh' / name / '01.bvh', 49, rest=True)
    for actor in ('bd', 'bk', 'mm'):
        mocap.asf(folder / 'hdm05' / f'HDM_{actor}.asf')
        name = f'HDM_{actor}_squat1Reps_001_120.amc'
        mocap.amc(folder / 'hdm05' / 'squat1Reps' / name, 49)
    return folder


def load(tmp_path, raw, split='train', **kwargs):
    return OpenMocap(tmp_path / 'root', split, raw=raw, log=False, **kwargs)


def test_splits(tmp_path, raw):
    train, val, test = (load(tmp_path, raw, split) for split in SPLITS)
    assert train.subjects == ('CMU01', 'CMU60+61', 'HDM05-bd')
    assert val.subjects == ('CMU02', 'HDM05-bk')
    assert test.subjects == ('CMU03', 'CMU135', 'CMU94', 'HDM05-mm')
    assert train.actions == ('other', 'salsa', 'squat1Reps')
    assert test.actions == (
        *('indian dance', 'martial arts', 'squat1Reps', 'walk'),
    )
    # A knee that jumps and the rest pose of a BVH file.
    glitches = [train.glitch_frames, val.glitch_frames, test.glitch_frames]
    assert glitches == [3 + 2, 3, 2 + 2]
    assert str(train) == 'OpenMocap(16)'
    names = [clip.clip for clip in train[::4]]
    assert names == ['01_01.0', '01_01.1', 'salsa_01'] + [
        'HDM_bd_squat1Reps_001_120'
    ]
    assert (train.fps, train.protocol) == (25.0, 'openmocap')
    assert train.skeleton is H36M17
    # The salsa is at 60 fps whatever its header says: 0.8 s but the rest pose.
    frames = [clip.x.size(1) for clip in train[::4]]
    assert frames == [4, 6, 20, 11]


def test_a_rig_is_kept_for_the_test(tmp_path, raw):
    train, val, test = (
        load(tmp_path, raw, split, held_out='rig') for split in SPLITS
    )
    assert train.subjects == ('CMU01', 'HDM05-bd')
    assert val.subjects == ('CMU02', 'HDM05-bk')  # on the rigs of training
    assert test.subjects == ('CMU135', 'CMU60+61', 'CMU94')
    assert test.actions == ('indian dance', 'martial arts', 'salsa')
    assert train.protocol == 'openmocap-rigs'
    assert load(tmp_path, raw, 'val').protocol == 'openmocap'
    assert len(load(tmp_path, raw)) == 16 != len(train)
    with pytest.raises(ValueError, match="'held_out'.*got 'camera'"):
        load(tmp_path, raw, held_out='camera')


def test_definition_of_the_test_side():
    assert set(TEST_SUBJECTS) == {
        *('CMU03', 'CMU49', 'CMU86', 'CMU94', 'CMU135'),
        *('HDM05-mm', 'HDM05-tr'),
    }
    assert [split_of(s) for s in ('CMU86', 'CMU60+61')] == ['test', 'train']
    rig = [split_of(s, 'rig') for s in ('CMU86', 'CMU60+61', 'CMU94')]
    assert rig == [None, 'test', 'test']


def test_clips(tmp_path, raw):
    dataset = load(tmp_path, raw)
    assert len({clip.camera for clip in dataset[:4]}) == 4
    for data in dataset:
        assert data.x.shape == (17, data.y.size(1), 2)
        assert data.y.size(2) == 3
        assert data.edge_index.shape == (2, 32)
        # The 2D input is the pinhole projection of the target.
        uv = data.y[..., :2] / data.y[..., 2:] * data.focal + data.center
        torch.testing.assert_close(uv.float(), data.x, atol=1e-2, rtol=0)


def test_motion_before_it_is_filmed(tmp_path, raw):
    dataset = load(tmp_path, raw, 'val')
    motion = dataset.motion()
    assert [clip.clip for clip in motion] == [c.clip for c in dataset[::4]]
    assert {clip.subject for clip in motion} == {'CMU02', 'HDM05-bk'}
    again = lifting_clips(motion[0])[0]
    assert torch.equal(again.y, dataset[0].y)
    rig = load(tmp_path, raw, 'test', held_out='rig').motion()
    assert {c.subject for c in rig} >= {'CMU60+61', 'CMU94', 'CMU135'}
    assert 'CMU03' not in {c.subject for c in rig}


def test_keypoints_distortion_and_seed(tmp_path, raw):
    plain = load(tmp_path, raw)
    noisy = load(tmp_path, raw, keypoints='noisy')
    bent = load(tmp_path, raw, distortion='vp3d')
    other = load(tmp_path, raw, seed=1)
    assert noisy[0].confidence.shape == noisy[0].x.shape[:2]
    assert 'confidence' not in plain[0]
    assert not torch.equal(noisy[0].x, plain[0].x)
    assert torch.equal(noisy[0].y, plain[0].y)
    assert not torch.equal(bent[0].x, plain[0].x)
    assert not torch.equal(other[0].y, plain[0].y)
    files = sorted(os.listdir(tmp_path / 'root' / 'processed'))
    pattern = re.compile('_[0-9a-f]{16}_v[0-9]+.clips')
    assert [pattern.sub('', name) for name in files] == [
        'motion_25fps',
        'train_gt_pinhole_seed0_25fps',
        'train_gt_pinhole_seed1_25fps',
        'train_gt_vp3d_seed0_25fps',
        'train_noisy_pinhole_seed0_25fps',
    ]


def test_pre_filter_has_its_own_file(tmp_path, raw):
    def is_salsa(data):
        return data.action == 'salsa'

    plain = load(tmp_path, raw)
    salsa = load(tmp_path, raw, pre_filter=is_salsa)
    assert (len(plain), len(salsa)) == (16, 4)
    assert len(load(tmp_path, raw)) == 16
    assert salsa.raw_fingerprint == plain.raw_fingerprint != ''


def test_motion_is_read_once(tmp_path, raw, monkeypatch):
    load(tmp_path, raw)

    def fail(self):
        raise AssertionError('read again')

    monkeypatch.setattr(Motion, 'read_clips', fail)
    assert len(load(tmp_path, raw, 'val')) == 12
    with pytest.raises(AssertionError, match='read again'):
        load(tmp_path, raw, 'val', force_reload=True)


def test_found(tmp_path, raw):
    assert OpenMocap.found(raw)
    assert OpenMocap.found(str(raw))
    assert not OpenMocap.found(tmp_path)
    (raw / 'cmu' / 'bvh' / 'salsa' / '01.bvh').unlink()
    assert not OpenMocap.found(raw)


def test_errors(tmp_path, raw):
    with pytest.raises(RuntimeError, match='datasets/OpenMocap/README.md'):
        OpenMocap(tmp_path / 'none', log=False)
    with pytest.raises(ValueError, match="'split' .* 'dev'"):
        load(tmp_path, raw, 'dev')
    with pytest.raises(ValueError, match="'keypoints' .* 'cpn'"):
        load(tmp_path, raw, keypoints='cpn')
    with pytest.raises(ValueError, match="'distortion' .* 'fisheye'"):
        load(tmp_path, raw, distortion='fisheye')


REAL = [
    *('cmu/asfamc/02/02.asf', 'cmu/asfamc/02/02_01.amc'),
    *('cmu/asfamc/03/03.asf', 'cmu/asfamc/03/03_02.amc'),
    *('cmu/asfamc/11/11.asf', 'cmu/asfamc/11/11_01.amc'),
    *('cmu/bvh/salsa/10.bvh', 'cmu/bvh/indian/07.bvh'),
    *('cmu/bvh/martial/04.bvh', 'cmu/cmu-mocap-index.csv'),
    *('hdm05/HDM_mm.asf', 'hdm05/HDM_bk.asf'),
    'hdm05/kickLFront1Reps/HDM_mm_kickLFront1Reps_019_120.amc',
    'hdm05/grabHighR/HDM_bk_grabHighR_005_120.amc',
]

# Frames on either side of a step faster than 12 m/s, the rest pose of BVH
# files included: 11_01 has 2 and salsa/10 has 23, on the test side 03_02 has
# 4, indian/07 has 72 and martial/04 has 5.
REAL_GLITCHES = {'train': 25, 'val': 0, 'test': 81}


@pytest.fixture
def real(tmp_path):
    for name in REAL:
        if not (DATA / name).is_file():
            pytest.skip(f'{DATA / name} is absent')
        link = tmp_path / 'given' / name
        link.parent.mkdir(parents=True, exist_ok=True)
        link.symlink_to(DATA / name)
    return tmp_path / 'given'


def test_real_motion(tmp_path, real):
    splits = {split: load(tmp_path, real, split) for split in SPLITS}
    glitches = {name: data.glitch_frames for name, data in splits.items()}
    assert glitches == REAL_GLITCHES
    parents = np.array(H36M17.parents)
    for dataset in splits.values():
        for data in dataset:
            # Bones that are rigid on every rig: hips, legs and arms.
            y = data.y.double().numpy()
            bones = np.linalg.norm(y - y[parents], axis=-1)
            rigid = bones[[1, 2, 3, 4, 5, 6, 12, 13, 15, 16]]
            assert np.ptp(rigid, axis=1).max() < 0.01
            step = np.diff(y - y[:1], axis=1) * 25 / 1000
            assert np.linalg.norm(step, axis=-1).max(initial=0) < 12  # m/s
    by_clip = {data.clip: data for data in splits['test']}
    kick = by_clip['HDM_mm_kickLFront1Reps_019_120'].y[[3, 6], :, 1]
    right, left = kick.amin(dim=1)  # camera y points down
    assert left < right - 300
    assert by_clip['03_02.0'].action == 'walk'

    start = time.process_time()
    load(tmp_path, real, 'train')
    assert time.process_time() - start < 5  # read anew, it is 45
