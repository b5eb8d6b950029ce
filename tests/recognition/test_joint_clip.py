import numpy as np
import pytest

from pyg_hcsf.poses import PoseSequence, write_poses
from pyg_hcsf.recognition.joint_clip import MAX_BYTES, read_joint_clip
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


def test_poses_of_several_people(tmp_path):
    people = []
    for name, frames in (('1', [2, 3, 5]), ('2', [3, 4])):
        pose = RNG.normal(size=(len(frames), 17, 3))
        root = RNG.normal(size=(len(frames), 3))
        rest = {'axes': 'world', 'root': root}
        people.append(
            PoseSequence(name, 'h36m17', np.array(frames), pose, **rest)
        )
    path = tmp_path / 'poses.npz'
    write_poses(path, people)
    clip = read_joint_clip(path)
    assert clip.frames.tolist() == [2, 3, 4, 5]
    one, two = people
    np.testing.assert_array_equal(clip.joints[[0, 1, 3], 0], one.position)
    np.testing.assert_array_equal(clip.joints[[1, 2], 1], two.position)
    assert not clip.joints[[0, 3], 1].any() and not clip.joints[2, 0].any()


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
