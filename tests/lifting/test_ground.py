import numpy as np
import pytest
import roma
import torch

from pyg_hcsf.datasets.synthetic.dataset import motion_clip
from pyg_hcsf.lifting.ground import find_ground, to_world
from pyg_hcsf.poses import PoseSequence

# A camera that looks along +y of a world with z up.
LEVEL = torch.tensor([[1, 0, 0], [0, 0, -1], [0, 1, 0]]).double()


def bodies(action='Walking', frames=100):
    pos = motion_clip('S9', action, 1, frames).pos.transpose(0, 1)
    return (pos - pos[:, :1]).double()


@pytest.mark.parametrize(
    'tilt, roll', [(0.0, 0.0), (0.3, 0.0), (-0.5, 0.1), (0.0, -0.2)]
)
def test_finds_up_whatever_the_tilt(tilt, roll):
    turn = roma.rotvec_to_rotmat(torch.tensor([tilt, 0.0, roll]).double())
    camera = turn @ LEVEL
    ground = find_ground(bodies() @ camera.T)
    assert ground.standing > 30
    up = camera[:, 2]
    assert ground.rotation[2] @ up > np.cos(np.deg2rad(4))
    torch.testing.assert_close(
        ground.rotation @ ground.rotation.T, torch.eye(3).double()
    )
    assert torch.linalg.det(ground.rotation) > 0
    # Away from the camera is +y, and x is level.
    assert ground.rotation[1, 2] > 0
    assert abs(ground.rotation[0, 2]) < 0.1
    assert 'standing bodies' in ground.note


def test_looks_straight_down():
    down = torch.tensor([[1.0, 0, 0], [0, -1, 0], [0, 0, -1]]).double()
    turned = roma.rotvec_to_rotmat(torch.tensor([0.9, 0.0, 0.0]).double())
    ground = find_ground(bodies() @ (turned @ down).T)
    assert ground.rotation.isfinite().all()


@pytest.mark.parametrize(
    'action, frames', [('SittingDown', 20), ('Eating', 5)]
)
def test_level_camera_where_nobody_stands(action, frames):
    pose = bodies(action, frames)[-9:] @ LEVEL.T
    ground = find_ground(pose)
    assert ground.standing == 0
    torch.testing.assert_close(ground.rotation @ LEVEL, torch.eye(3).double())
    assert 'level camera' in ground.note


def test_lying_people_are_not_up():
    lying = torch.tensor([[0.0, 1, 0], [0, 0, 1], [1, 0, 0]]).double()
    ground = find_ground(bodies() @ lying.T)
    assert ground.standing == 0


def test_ground_of_each_person_is_zero():
    pose = bodies() @ LEVEL.T
    people = [
        PoseSequence(
            str(i),
            'h36m17',
            np.arange(100),
            pose.numpy(),
            root=np.tile([100.0 * i, 50.0 * i, 3000.0 + 900 * i], (100, 1)),
            note='So.',
        )
        for i in range(3)
    ]
    out = to_world(people)
    for i, person in enumerate(out):
        assert person.axes == 'world' and person.note.startswith('So. Up is')
        lowest = person.position[:, [3, 6], 2].min(axis=1)
        assert np.quantile(lowest, 0.1) == pytest.approx(0, abs=1e-9)
        assert person.root[0, 1] == pytest.approx(3000 + 900 * i, rel=0.1)
    assert to_world([]) == []
