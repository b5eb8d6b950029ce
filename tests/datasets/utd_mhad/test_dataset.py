import zipfile

import numpy as np
import pytest
import torch
from scipy.io import savemat

from pyg_hcsf.datasets.utd_mhad.dataset import UTDMHAD
from tests.datasets.utd_mhad.utd_mhad_files import (
    joints,
    write_utd_mhad,
    zip_utd_mhad,
)
from tests.paths import DATA


@pytest.fixture
def raw(tmp_path):
    write_utd_mhad(tmp_path / 'given')
    return tmp_path / 'given'


def test_clips(tmp_path, raw):
    train = UTDMHAD(tmp_path / 'root', raw=raw, log=False)
    assert [clip.clip for clip in train] == ['a10_s7_t2', 'a1_s1_t1']
    clip = train[1]
    assert clip.x.shape == (20, 5, 3) and clip.x.dtype == torch.float32
    np.testing.assert_allclose(clip.x[7, 3], joints(0)[7, :, 3], rtol=1e-6)
    assert clip.y.tolist() == [0] and clip.num_nodes == 20
    assert (clip.subject, clip.action, clip.fps) == ('1', 'swipe left', 30.0)
    assert clip.edge_index.shape == (2, 38)
    test = UTDMHAD(tmp_path / 'root', 'test', raw=raw, log=False)
    assert [(c.clip, c.y.item(), c.action) for c in test] == [
        ('a27_s2_t4', 26, 'squat')
    ]
    assert (test.num_classes, len(set(test.actions))) == (27, 27)
    assert test.skeleton.num_joints == 20


def test_shared_arguments_are_passed_on(tmp_path, raw):
    options = {'raw': raw, 'log': False}
    short = UTDMHAD(tmp_path, pre_filter=lambda clip: clip.y > 0, **options)
    assert [clip.clip for clip in short] == ['a10_s7_t2']
    with pytest.raises(TypeError, match='filter'):
        UTDMHAD(tmp_path, filter=None, **options)


def test_validation_is_taken_out_of_train(tmp_path, raw):
    sides = {
        split: [
            clip.subject
            for clip in UTDMHAD(tmp_path, split, [7], raw, log=False)
        ]
        for split in ('train', 'val', 'test')
    }
    assert sides == {'train': ['1'], 'val': ['7'], 'test': ['2']}


@pytest.mark.parametrize('val_subjects', [[2], [1, 1], [1, 3, 5, 7], [9]])
def test_wrong_val_subjects(tmp_path, raw, val_subjects):
    with pytest.raises(ValueError, match="'val_subjects'"):
        UTDMHAD(tmp_path, 'train', val_subjects, raw, log=False)


def test_wrong_splits(tmp_path, raw):
    with pytest.raises(ValueError, match="'split'.*'all'"):
        UTDMHAD(tmp_path, 'all', raw=raw, log=False)
    with pytest.raises(ValueError, match='no official validation'):
        UTDMHAD(tmp_path, 'val', raw=raw, log=False)


def test_zip_equals_folder(tmp_path, raw):
    zip_utd_mhad(raw, tmp_path / 'Skeleton.zip')
    folder = UTDMHAD(tmp_path / 'a', raw=raw, log=False)
    zipped = UTDMHAD(tmp_path / 'b', raw=tmp_path / 'Skeleton.zip', log=False)
    assert [clip.clip for clip in zipped] == [clip.clip for clip in folder]
    for one, two in zip(folder, zipped, strict=True):
        assert torch.equal(one.x, two.x)


def test_new_raw_files_are_noticed(tmp_path, raw):
    UTDMHAD(tmp_path / 'root', raw=raw, log=False)
    savemat(raw / 'a2_s3_t1_skeleton.mat', {'d_skel': joints(9)})
    assert len(UTDMHAD(tmp_path / 'root', raw=raw, log=False)) == 3


def test_processed_file_does_without_raw_files(tmp_path, raw):
    UTDMHAD(tmp_path / 'root', raw=raw, log=False)
    gone = UTDMHAD(tmp_path / 'root', raw=tmp_path / 'gone', log=False)
    assert len(gone) == 2


def test_missing_raw_files(tmp_path):
    with pytest.raises(RuntimeError, match=r'Skeleton\.zip'):
        UTDMHAD(tmp_path, log=False)


@pytest.mark.parametrize(
    'name', ['../a1_s1_t1_skeleton.mat', '/etc/x', 'C:\\x', 'a\\..\\b']
)
def test_escaping_members(tmp_path, name):
    with zipfile.ZipFile(tmp_path / 'bad.zip', 'w') as archive:
        archive.writestr(name, b'')
    with pytest.raises(ValueError, match='points outside'):
        UTDMHAD(tmp_path / 'root', raw=tmp_path / 'bad.zip', log=False)
    assert not list((tmp_path / 'root').rglob('*.clips'))


def test_two_files_of_one_name(tmp_path, raw):
    path = raw / 'a1_s1_t1_skeleton.mat'
    savemat(path, {'d_skel': joints(0)})
    with pytest.warns(UserWarning, match='Skipped 1 copy'):
        UTDMHAD(tmp_path / 'root', raw=raw, log=False)
    savemat(path, {'d_skel': joints(0) + 1})  # of the same size
    with pytest.raises(ValueError, match='which differ'):
        UTDMHAD(tmp_path / 'other', raw=raw, log=False)


def test_large_and_damaged_members(tmp_path):
    path = tmp_path / 'bad.zip'
    name = 'a1_s1_t1_skeleton.mat'
    with zipfile.ZipFile(path, 'w', zipfile.ZIP_DEFLATED) as archive:
        archive.writestr(name, bytes(2**21))
    with pytest.raises(ValueError, match='2097152 bytes'):
        UTDMHAD(tmp_path / 'root', raw=path, log=False)
    with zipfile.ZipFile(path, 'w') as archive:
        archive.writestr(name, b'something of some length')
    path.write_bytes(path.read_bytes().replace(b'something', b'somebitss'))
    with pytest.raises(ValueError, match='cannot be read'):
        UTDMHAD(tmp_path / 'root', raw=path, log=False)
    path.write_bytes(b'')
    with pytest.raises(ValueError, match='not a complete zip'):
        UTDMHAD(tmp_path / 'root', raw=path, log=False)


def test_real_files(tmp_path):
    raw = DATA / 'utd_mhad'
    if not raw.is_dir():
        pytest.skip(f"UTD-MHAD is not in '{raw}'")
    sides = {
        split: UTDMHAD(tmp_path, split, [7], raw, log=False)
        for split in ('train', 'val', 'test')
    }
    clips = [clip for side in sides.values() for clip in side]
    assert {k: len(v) for k, v in sides.items()} == {
        'train': 323,
        'val': 108,
        'test': 430,
    }
    assert sum(clip.x.size(1) for clip in clips) == 58_299
    assert {clip.y.item() for clip in clips} == set(range(27))
    x = torch.cat([clip.x for clip in clips], dim=1).double()
    head, ankle, foot = x[0], x[[14, 18]], x[[15, 19]]
    # Metres, y up, z away; who faces the sensor has the left side at -x.
    assert 1.3 < (head - ankle.mean(0))[:, 1].median() < 1.7
    assert 1.5 < x[3, :, 2].median() < 4
    assert (foot - ankle)[..., 2].median() < 0
    assert (x[4] - x[8])[:, 0].median() < -0.2
