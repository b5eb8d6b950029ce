"""Reading one's own arrays."""

import numpy as np
import pytest
import torch

from pyg_hcsf import save_skeleton
from pyg_hcsf.datasets import ArrayPoses
from tests.own_skeletons import HAND, QUADRUPED, moving

CAMERA = {
    'focal': np.array([1000.0, 1010.0]),
    'center': np.array([320.0, 240.0]),
    'image_size': np.array([640, 480]),
}
GIVEN = {'train_subjects': ['ann'], 'val_subjects': ['ben']}
GIVEN['test_subjects'] = ['eva']


def joints(frames=20, seed=0, skeleton=HAND):
    return moving(skeleton, frames, seed) + [10.0, 20.0, 900.0]


def project(x):
    xy = x[..., :2] / x[..., 2:]
    return xy * CAMERA['focal'] + CAMERA['center']


def save(folder, **clips):
    folder.mkdir(parents=True, exist_ok=True)
    for number, subject in enumerate(('ann', 'ben', 'eva')):
        values = {'joints': joints(seed=number), **CAMERA, **clips}
        values = {k: v for k, v in values.items() if v is not None}
        np.savez(folder / f'{subject}.npz', subject=subject, **values)


def load(folder, skeleton=HAND, **options):
    options = {**GIVEN, 'log': False, **options}
    return ArrayPoses(folder.parent, skeleton, raw=folder, **options)


def test_joints_are_projected(tmp_path):
    save(tmp_path / 'raw')
    dataset = load(tmp_path / 'raw')
    assert len(dataset) == 1 and dataset.format == 'arrays'
    clip = dataset[0]
    assert clip.subject == 'ann' and clip.action == 'all'
    assert clip.x.shape == (21, 20, 2) and clip.y.shape == (21, 20, 3)
    np.testing.assert_allclose(
        clip.x.transpose(0, 1), project(joints()), atol=1e-3
    )
    np.testing.assert_allclose(clip.y.transpose(0, 1), joints(), atol=1e-3)
    assert clip.image_size.tolist() == [[640, 480]] and clip.fps == 25
    assert bool((clip.confidence == 1).all())
    assert clip.edge_index.equal(HAND.with_graph('tree').edge_index)


def test_splits(tmp_path):
    save(tmp_path / 'raw')
    found = {
        split: [clip.subject for clip in load(tmp_path / 'raw', split=split)]
        for split in ('train', 'val', 'test', 'all')
    }
    assert found == {
        'train': ['ann'],
        'val': ['ben'],
        'test': ['eva'],
        'all': ['ann', 'ben', 'eva'],
    }


def test_the_default_split_is_said(tmp_path):
    save(tmp_path / 'raw')
    text = 'train on ann, val on ben, test on eva.*test_subjects'
    for split in ('train', 'test'):  # also when the store is only opened
        with pytest.warns(UserWarning, match=text):
            load(
                tmp_path / 'raw',
                split=split,
                train_subjects=(),
                val_subjects=(),
                test_subjects=(),
            )


def test_several_clips_of_a_file_and_folders_of_subjects(tmp_path):
    folder = tmp_path / 'raw'
    for subject in ('ann', 'ben', 'eva'):
        (folder / subject).mkdir(parents=True)
        np.savez(
            folder / subject / 'day1.npz',
            **{'a/joints': joints(8), 'b/joints': joints(9)},
            **{'a/action': 'fist', 'b/action': 'wave', 'b/fps': 50.0},
            **CAMERA,
        )
    clips = list(load(folder))
    assert [clip.clip for clip in clips] == ['ann/day1/a', 'ann/day1/b']
    assert [clip.action for clip in clips] == ['fist', 'wave']
    assert [clip.fps for clip in clips] == [25.0, 50.0]
    assert [clip.x.size(1) for clip in clips] == [8, 9]
    with pytest.raises(ValueError, match="'subject'.*day1.npz"):
        load(folder / 'ann' / 'day1.npz')


def test_given_keypoints_with_confidence(tmp_path):
    given = np.concatenate(
        [project(joints()), np.full((20, 21, 1), 0.5)], axis=-1
    )
    save(tmp_path / 'raw', keypoints=given, joints=joints())
    clip = load(tmp_path / 'raw')[0]
    np.testing.assert_allclose(
        clip.x.transpose(0, 1), given[..., :2], atol=1e-3
    )
    assert bool((clip.confidence == 0.5).all())


def test_world_joints_in_metres(tmp_path):
    turn = np.linalg.qr(np.random.default_rng(0).normal(size=(3, 3)))[0]
    turn *= np.sign(np.linalg.det(turn))
    shift = np.array([0.1, -0.2, 0.3])
    world = (joints() / 1000 - shift) @ turn
    save(tmp_path / 'raw', joints=world, rotation=turn, translation=shift)
    clip = load(tmp_path / 'raw', unit='m')[0]
    np.testing.assert_allclose(clip.y.transpose(0, 1), joints(), atol=1e-3)
    np.testing.assert_allclose(
        clip.x.transpose(0, 1), project(joints()), atol=1e-3
    )


def test_without_a_camera_one_is_assumed_and_said(tmp_path):
    nothing = dict.fromkeys(CAMERA)
    save(tmp_path / 'raw', joints=moving(HAND), **nothing)
    text = "ann.npz' and 2 more clips: no 'keypoints'.*1000 x 1000.*moved in"
    with pytest.warns(UserWarning, match=text):
        clip = load(tmp_path / 'raw')[0]
    assert float(clip.x.min()) > 0 and float(clip.x.max()) < 1000
    extent = clip.x.amax(0) - clip.x.amin(0)
    assert float(extent.max()) > 300  # the image shows it large enough
    assert float(clip.y[..., 2].min()) > 0
    relative = clip.y - clip.y[:1]
    expected = torch.from_numpy(moving(HAND)).transpose(0, 1).float()
    torch.testing.assert_close(relative, expected, atol=1e-3, rtol=0)


def test_keypoints_of_relative_joints_need_an_image_size_only(tmp_path):
    given = {**dict.fromkeys(CAMERA), 'image_size': CAMERA['image_size']}
    given['keypoints'] = project(joints())
    save(tmp_path / 'raw', joints=joints() - joints()[:, :1], **given)
    with pytest.warns(UserWarning, match="no 'focal': .* 704 pixels"):
        clip = load(tmp_path / 'raw')[0]
    np.testing.assert_allclose(
        clip.y.transpose(0, 1), joints() - joints()[:, :1], atol=1e-3
    )
    np.testing.assert_allclose(clip.focal, [[704.0, 704.0]])


def test_a_changed_file_of_equal_size_is_read_again(tmp_path):
    folder = tmp_path / 'raw'
    save(folder)
    before, size = load(folder)[0].y, (folder / 'ann.npz').stat().st_size
    save(folder, joints=joints(seed=7))
    assert (folder / 'ann.npz').stat().st_size == size
    after = load(folder)[0].y
    assert not torch.equal(before, after)


def test_stores_differ_by_options_and_are_used_again(tmp_path):
    folder = tmp_path / 'raw'
    save(folder, joints=joints(skeleton=QUADRUPED))
    save_skeleton(QUADRUPED, folder / 'skeleton.yaml')
    first = load(folder, None)
    assert first.skeleton == QUADRUPED
    assert load(folder, None, fps=50.0)[0].fps == 50.0
    made = first.store.path.stat().st_mtime_ns
    assert load(folder, None).store.path.stat().st_mtime_ns == made
    for file in folder.glob('*.npz'):
        file.unlink()
    assert len(load(folder, QUADRUPED)) == 1


def test_nothing_to_read(tmp_path):
    (tmp_path / 'raw').mkdir()
    with pytest.raises(RuntimeError, match='no raw files.*numpy.savez'):
        load(tmp_path / 'raw')
    with pytest.raises(ValueError, match="'skeleton.yaml' in .*raw"):
        load(tmp_path / 'raw', None)
    with pytest.raises(ValueError, match="'skeleton' .*got 'horse'"):
        load(tmp_path / 'raw', 'horse')
    with pytest.raises(ValueError, match="'unit'.*got 'cm'"):
        load(tmp_path / 'raw', unit='cm')
