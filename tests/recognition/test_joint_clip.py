import numpy as np
import pytest

from pyg_hcsf.poses import PoseSequence, write_poses
from pyg_hcsf.recognition.joint_clip import (
    MAX_BYTES,
    read_joint_clip,
    read_people,
)
from tests.datasets.utd_mhad.utd_mhad_files import joints, write_utd_mhad

RNG = np.random.default_rng(0)


def save(path, **arrays):
    np.savez(path, **arrays)
    return path


@pytest.mark.parametrize('shape', [(5, 20, 3), (5, 2, 25, 3)])
def test_arrays(tmp_path, shape):
    x = RNG.normal(size=shape).astype(np.float32)
    clip = read_joint_clip(save(tmp_path / 'a.npz', joints=x))
    np.testing.assert_array_equal(clip.joints.reshape(shape), x)
    assert clip.joints.ndim == 4
    assert clip.frames.tolist() == [0, 1, 2, 3, 4]
    frames = np.array([3, 4, 8, 9, 20])
    path = save(tmp_path / 'a.npz', joints=x, frames=frames)
    assert read_joint_clip(path).frames.tolist() == frames.tolist()


def test_utd_mhad(tmp_path):
    write_utd_mhad(tmp_path, ['a1_s1_t1'])
    path = tmp_path / 'Skeleton' / 'a1_s1_t1_skeleton.mat'
    clip = read_joint_clip(path)
    expected = joints(0).transpose(2, 0, 1)
    np.testing.assert_allclose(clip.joints[:, 0], expected)


def poses(name, numbers):
    pose = RNG.normal(scale=300, size=(len(numbers), 17, 3))
    pose -= pose[:, :1]
    root = RNG.normal(scale=300, size=(len(numbers), 3))
    rest = {'axes': 'world', 'root': root, 'fps': 25.0}
    return PoseSequence(name, 'h36m17', np.array(numbers), pose, **rest)


@pytest.mark.parametrize('kind', ['npz', 'json', 'csv'])
def test_poses_of_several_people(tmp_path, kind):
    people = [poses('1', [2, 3, 5]), poses('2', [3, 4])]
    path = tmp_path / f'poses.{kind}'
    write_poses(path, people)
    for one, two in zip(people, read_people(path), strict=True):
        assert two.frames.tolist() == one.frames.tolist()
        assert (two.name, two.fps, two.axes) == (one.name, 25.0, 'world')
        close = {'atol': 1e-3, 'rtol': 0}  # mm
        np.testing.assert_allclose(two.position, one.position, **close)
    if kind == 'npz':
        with pytest.raises(ValueError, match="poses in millimetres.*'cmu'"):
            read_joint_clip(path)


def test_arrays_of_people(tmp_path):
    x = RNG.normal(scale=300, size=(5, 2, 17, 3))
    x[3:, 1] = 0
    frames = np.array([3, 4, 8, 9, 20])
    one, two = read_people(save(tmp_path / 'a.npz', joints=x, frames=frames))
    np.testing.assert_allclose(one.position, x[:, 0])
    assert two.frames.tolist() == [3, 4, 8] and one.fps is None
    with pytest.raises(ValueError, match='17, 3'):
        read_people(save(tmp_path / 'a.npz', joints=x[:, :, :16]))


@pytest.mark.parametrize(
    'arrays, words',
    [
        ({'x': np.zeros((5, 20, 3))}, "an array 'joints'.*got .'x'"),
        ({'joints': np.zeros((5, 20, 2))}, r'\[5, 20, 2\] of float64'),
        ({'joints': np.zeros((5, 20, 3), int)}, 'of int64'),
        ({'joints': np.zeros((0, 20, 3))}, 'at least one frame'),
        ({'joints': np.full((5, 20, 3), np.inf)}, 'finite'),
        (
            {'joints': np.ones((2, 20, 3)), 'frames': np.array([3, 3])},
            "'frames'.*ascending.*2 frames",
        ),
        (
            {'joints': np.ones((2, 20, 3)), 'frames': np.array([3])},
            "'frames'.*one for each of 2",
        ),
        (
            {'joints': np.ones((1, 20, 3)), 'frames': np.array([2.5])},
            "'frames'",
        ),
    ],
)
def test_wrong_arrays(tmp_path, arrays, words):
    path = save(tmp_path / 'a.npz', **arrays)
    with pytest.raises(ValueError, match=words) as e:
        read_joint_clip(path)
    assert str(path) in str(e.value)


def test_other_files(tmp_path):
    with pytest.raises(ValueError, match="'.npz'.*a.bvh"):
        read_joint_clip(tmp_path / 'a.bvh')
    with pytest.raises(ValueError, match='Could not read the clip'):
        read_joint_clip(tmp_path / 'a.npz')
    path = tmp_path / 'a.npz'
    path.touch()
    with path.open('r+b') as file:
        file.truncate(MAX_BYTES + 1)
    with pytest.raises(ValueError, match='at most'):
        read_joint_clip(path)
    objects = np.array([None, {}], object)
    save(path, joints=objects)
    with pytest.raises(ValueError, match=r"a\.npz' .*'joints' as numbers"):
        read_joint_clip(path)


def test_damaged(tmp_path, fuzz):
    x = RNG.normal(size=(3, 20, 3))
    path = save(tmp_path / 'a.npz', joints=x, frames=np.arange(3))

    def read(content):
        path.write_bytes(content)
        return read_joint_clip(path)

    def check(clip):
        assert np.isfinite(clip.joints).all() and clip.joints.ndim == 4
        assert clip.frames.shape == clip.joints.shape[:1]

    fuzz(read, path.read_bytes(), check, 'a.npz', num=100)
