"""One's own arrays as poses to look at."""

import numpy as np
import pytest

from pyg_hcsf.cli import view
from pyg_hcsf.datasets.arrays import read_array_poses
from tests.datasets.arrays.test_dataset import CAMERA, joints, project
from tests.own_skeletons import HAND, HAND_FILE, moving


def save(path, **values):
    np.savez(path, joints=joints() / 1000, **CAMERA, **values)
    return path


def test_poses_with_keypoints(tmp_path):
    path = save(tmp_path / 'ann.npz', fps=50)
    (person,) = read_array_poses(path, HAND_FILE, 'm')
    assert person.name == 'ann' and person.skeleton == HAND
    assert person.fps == 50 and person.image_size == (640, 480)
    np.testing.assert_allclose(person.position, joints(), atol=1e-3)
    np.testing.assert_allclose(person.pose[:, 0], 0, atol=1e-6)
    np.testing.assert_allclose(
        person.keypoints.xy, project(joints()), atol=1e-3
    )


def test_several_clips_and_warnings(tmp_path):
    path = tmp_path / 'all.npz'
    np.savez(path, **{'a/joints': moving(HAND, 9), 'b/joints': moving(HAND)})
    with pytest.warns(UserWarning, match='all/a.*and 1 more clips.*assumed'):
        people = read_array_poses(path, HAND)
    assert [person.name for person in people] == ['all/a', 'all/b']
    assert [len(person.pose) for person in people] == [9, 40]


def test_command(tmp_path, capsys):
    path, page = save(tmp_path / 'ann.npz'), tmp_path / 'ann.html'
    args = [str(path), '--skeleton', str(HAND_FILE), '--unit', 'm']
    view.main([*args, '--truth', str(path), '--out', str(page)])
    assert 'LittleTip' in page.read_text()
    with pytest.raises(ValueError, match="ann.npz'.*unit='m'"):
        view.main([*args[:3], '--out', str(page)])
    with pytest.raises(ValueError, match="'skeleton'.*got 'horse'"):
        view.main([args[0], '--skeleton', 'horse', '--out', str(page)])
    with pytest.raises(ValueError, match="'results' to exist.*nowhere.npz'"):
        args[0] = str(tmp_path / 'nowhere.npz')
        view.main([*args, '--out', str(page)])
