import os
import re
import zipfile

import numpy as np
import pytest
import torch

from pyg_hcsf.datasets.mocap import openmocap_clips
from pyg_hcsf.datasets.mocap.openmocap import Motion, OpenMocap
from pyg_hcsf.datasets.mocap.openmocap_clips import (
    ListedClip,
    has_openmocap,
    read_openmocap,
)
from pyg_hcsf.datasets.mocap.openmocap_people import (
    SPLITS,
    rig_of,
    split_of,
    subjects_of,
)
from pyg_hcsf.geometry import lifting_clips
from pyg_hcsf.skeleton import H36M17
from tests.datasets.mocap.test_cmu_thorax import BONES, JOINTS, write_bvh

LISTED = {
    '01_01': ListedClip('walk', 49, 1),
    '03_01': ListedClip('walk', 49, 1),
    '05_01': ListedClip('dance', 49, 1),
    '06_02': ListedClip('sport', 49, 1),
    '38_02': ListedClip('everyday', 29, 21),
    'salsa_01': ListedClip('salsa', 49, 1),
    'indian_01': ListedClip('indian dance', 49, 1),
    **{
        f'HDM_{actor}_squat1Reps_001_120': ListedClip('squat1Reps', 49, 1)
        for actor in ('bd', 'mm')
    },
}


@pytest.fixture
def raw(tmp_path, mocap, monkeypatch):
    monkeypatch.setattr(openmocap_clips, 'listed_clips', lambda: LISTED)
    folder = tmp_path / 'given'
    for number in ('01', '03'):
        path = folder / 'cmu' / 'asfamc' / number
        mocap.asf(path / f'{number}.asf')
        mocap.amc(
            path / f'{number}_01.amc', 49, jump=20 if number == '01' else -1
        )
    official = tmp_path / 'official'
    for name in ('05_01', '38_02', '64_01'):  # the last one is not listed
        mocap.asf(official / name[:2] / f'{name[:2]}.asf')
        mocap.amc(official / name[:2] / f'{name}.amc', 49)
    pack(official, folder / 'cmu_people' / 'allasfamc.zip')
    values = np.zeros((50, 3 * len(JOINTS)))
    values[0] = 40  # the rest pose
    path = folder / 'cmu_people' / 'bvh' / '06' / '06_02.bvh'
    write_bvh(path, BONES['thorax'], values=values)
    for name in ('salsa', 'indian'):
        mocap.bvh(folder / 'cmu' / 'bvh' / name / '01.bvh', 49, rest=True)
    for actor in ('bd', 'mm'):
        mocap.asf(folder / 'hdm05' / f'HDM_{actor}.asf')
        name = f'HDM_{actor}_squat1Reps_001_120.amc'
        mocap.amc(folder / 'hdm05' / 'squat1Reps' / name, 49)
    return folder


def pack(folder, archive):
    archive.parent.mkdir(parents=True, exist_ok=True)
    with zipfile.ZipFile(archive, 'w') as file:
        for path in folder.rglob('*.a*'):
            name = f'all_asfamc/subjects/{path.relative_to(folder)}'
            file.write(path, name)


def load(tmp_path, raw, split='train', **kwargs):
    return OpenMocap(tmp_path / 'root', split, raw=raw, log=False, **kwargs)


def test_splits(tmp_path, raw):
    train, val, test = (load(tmp_path, raw, split) for split in SPLITS)
    assert train.subjects == (
        *('CMU01', 'CMU06', 'CMU38', 'CMU60+61', 'CMU94', 'HDM05-bd'),
    )
    assert val.subjects == ('CMU03', 'HDM05-mm')
    assert test.subjects == ('CMU05',)
    assert val.actions == ('squat1Reps', 'walk')
    assert test.actions == ('dance',)
    # A knee that jumps and the rest poses of two BVH files of the DAZ rig.
    glitches = [train.glitch_frames, val.glitch_frames, test.glitch_frames]
    assert glitches == [3 + 2 + 2, 0, 0]
    assert str(train) == 'OpenMocap(28)'
    frames = {clip.clip: clip.x.size(1) for clip in train[::4]}
    # The salsa is at 60 fps whatever its header says: 0.8 s but the rest
    # pose. 38_02 is cut to its last 29 frames.
    assert frames == {
        '01_01.0': 4,
        '01_01.1': 6,
        '38_02': 6,
        '06_02': 11,
        'salsa_01': 20,
        'indian_01': 10,
        'HDM_bd_squat1Reps_001_120': 11,
    }
    assert (train.fps, train.protocol) == (25.0, 'openmocap')
    assert train.skeleton is H36M17


def test_other_rigs_are_kept_for_the_test(tmp_path, raw):
    train, val, test = (
        load(tmp_path, raw, split, held_out='rig') for split in SPLITS
    )
    assert train.subjects == ('CMU01', 'CMU06', 'CMU38')
    assert val.subjects == ('CMU03',)
    assert test.subjects == ('CMU60+61', 'CMU94', 'HDM05-bd', 'HDM05-mm')
    assert {rig_of(s) for s in test.subjects} == {'DAZ', 'HDM05'}
    assert train.protocol == 'openmocap-rigs'
    assert load(tmp_path, raw, 'val').protocol == 'openmocap'
    with pytest.raises(ValueError, match="'held_out'.*got 'camera'"):
        load(tmp_path, raw, held_out='camera')


def test_definition_of_the_splits():
    assert subjects_of('test') == (
        *('CMU05', 'CMU09', 'CMU12', 'CMU17', 'CMU29', 'CMU39', 'CMU55'),
        *('CMU127', 'CMU135'),
    )
    assert subjects_of('val') == ('CMU03', 'CMU16', 'CMU86', 'HDM05-mm')
    assert len(subjects_of('train')) == 19
    assert subjects_of('val', 'rig') == ('CMU03', 'CMU16', 'CMU86')
    hdm05 = [f'HDM05-{actor}' for actor in ('bd', 'bk', 'dg', 'mm', 'tr')]
    assert set(subjects_of('test', 'rig')) == {*hdm05, 'CMU60+61', 'CMU94'}
    assert len(subjects_of('train', 'rig')) == 13
    # Those who test other people test no other rig; others are in no split.
    assert split_of('CMU05', 'rig') is split_of('CMU64') is None


def test_version_1_is_refused(tmp_path, raw):
    with pytest.raises(ValueError, match=r'(?s)got 1.*up to 0\.5 .* choices'):
        load(tmp_path, raw, version=1)


def test_official_archive_alone(tmp_path, raw, mocap):
    """CMU's archive has every subject, and the BVH files' trials too."""
    before = list(read_openmocap(raw))
    for path in (raw / 'cmu' / 'asfamc').glob('*'):
        path.rename(tmp_path / 'official' / path.name)
    mocap.asf(tmp_path / 'official' / '06' / '06.asf')
    mocap.amc(tmp_path / 'official' / '06' / '06_02.amc', 49)
    (raw / 'cmu_people' / 'allasfamc.zip').unlink()
    pack(tmp_path / 'official', raw / 'allasfamc.zip')
    after = {clip.name: clip for clip in read_openmocap(raw)}
    assert {clip.name for clip in before} == set(after) == set(LISTED)
    for clip in before:
        assert after[clip.name].joints.shape == clip.joints.shape
        assert after[clip.name].subject == clip.subject
        if clip.name != '06_02':  # another body in these tests
            assert np.array_equal(after[clip.name].joints, clip.joints)


def test_missing_and_other_files(tmp_path, raw, mocap):
    (raw / 'cmu_people' / 'bvh' / '06' / '06_02.bvh').unlink()
    with pytest.warns(UserWarning, match='1 of 9 clips are missing: 06_02'):
        assert len(list(read_openmocap(raw))) == 8
    mocap.amc(raw / 'cmu' / 'asfamc' / '01' / '01_01.amc', 48)
    with pytest.warns(UserWarning) as caught:
        list(read_openmocap(raw))
    assert '01_01 (48, not 49)' in str(caught[-1].message)


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
    assert {clip.subject for clip in motion} == {'CMU03', 'HDM05-mm'}
    again = lifting_clips(motion[0])[0]
    assert torch.equal(again.y, dataset[0].y)
    rig = load(tmp_path, raw, 'test', held_out='rig').motion()
    assert {c.subject for c in rig} >= {'CMU60+61', 'CMU94', 'HDM05-bd'}
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
        'motion2_25fps',
        'v2_train_gt_pinhole_seed0_25fps',
        'v2_train_gt_pinhole_seed1_25fps',
        'v2_train_gt_vp3d_seed0_25fps',
        'v2_train_noisy_pinhole_seed0_25fps',
    ]


def test_pre_filter_has_its_own_file(tmp_path, raw):
    def is_salsa(data):
        return data.action == 'salsa'

    plain = load(tmp_path, raw)
    salsa = load(tmp_path, raw, pre_filter=is_salsa)
    assert (len(plain), len(salsa)) == (28, 4)
    assert len(load(tmp_path, raw)) == 28
    assert salsa.raw_fingerprint == plain.raw_fingerprint != ''


def test_motion_is_read_once(tmp_path, raw, monkeypatch):
    load(tmp_path, raw)

    def fail(self):
        raise AssertionError('read again')

    monkeypatch.setattr(Motion, 'read_clips', fail)
    assert len(load(tmp_path, raw, 'val')) == 8
    with pytest.raises(AssertionError, match='read again'):
        load(tmp_path, raw, 'val', force_reload=True)


def test_found(tmp_path, raw):
    assert OpenMocap.found(raw)
    assert OpenMocap.found(str(raw))
    assert not OpenMocap.found(tmp_path)
    (raw / 'cmu' / 'bvh' / 'salsa' / '01.bvh').unlink()
    assert not has_openmocap(raw)


def test_errors(tmp_path, raw):
    with pytest.raises(RuntimeError, match='datasets/OpenMocap/README.md'):
        OpenMocap(tmp_path / 'none', log=False)
    with pytest.raises(ValueError, match="'split' .* 'dev'"):
        load(tmp_path, raw, 'dev')
    with pytest.raises(ValueError, match="'keypoints' .* 'cpn'"):
        load(tmp_path, raw, keypoints='cpn')
    with pytest.raises(ValueError, match="'distortion' .* 'fisheye'"):
        load(tmp_path, raw, distortion='fisheye')
