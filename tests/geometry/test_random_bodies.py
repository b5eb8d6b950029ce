import pytest
import torch

from pyg_hcsf.datasets.synthetic.dataset import motion_clip
from pyg_hcsf.geometry.random_bodies import (
    coco_joints,
    tumble,
    vary_bodies,
    vary_proportions,
)
from pyg_hcsf.skeleton import H36M17, get_skeleton

COCO = get_skeleton('coco17').joints
PARENTS = [max(parent, 0) for parent in H36M17.parents]


@pytest.fixture(scope='module')
def windows():
    pos = motion_clip('S1', 'Walking', 1, 100).pos.transpose(0, 1)
    return pos.unfold(0, 9, 1).movedim(-1, 1)


@pytest.fixture
def generator():
    return torch.Generator().manual_seed(0)


def test_bones_change_by_one_factor_in_their_direction(windows, generator):
    out = vary_proportions(windows, 0.1, generator)
    old, new = (x - x[..., PARENTS, :] for x in (windows, out))
    factor = new.norm(dim=-1)[..., 1:] / old.norm(dim=-1)[..., 1:]
    assert torch.allclose(factor, factor[:, :1].expand_as(factor), atol=1e-3)
    mirrored = [i - 1 for i in H36M17.mirrored[1:]]
    assert torch.allclose(factor, factor[..., mirrored], atol=1e-3)
    assert abs(float(factor[:, 0].log().std()) - 0.1) < 0.02
    assert torch.allclose(
        new[..., 1:, :], factor[..., None] * old[..., 1:, :], atol=1.0
    )
    assert torch.equal(out[..., 0, :], windows[..., 0, :])


def test_zero_spread_changes_nothing(windows, generator):
    out = vary_proportions(windows, 0.0, generator)
    assert torch.allclose(out, windows, atol=0.01)


def test_keypoints_move_with_their_joints(windows, generator):
    focal = torch.tensor([1145.0, 1143.0]).view(1, 1, 1, 2)
    y = windows + windows.new_tensor([200.0, -900.0, 4000.0])
    error = 5 * torch.randn(y[..., :2].shape, generator=generator)
    x = y[..., :2] / y[..., 2:] * focal + 500 + error
    new, other = vary_bodies(x, y, 0.1, focal, generator)
    assert torch.equal(other[..., 0, :], y[..., 0, :])
    assert float((other - y).norm(dim=-1).mean()) > 20
    exact = other[..., :2] / other[..., 2:] * focal + 500
    assert torch.allclose(new - exact, error, atol=1e-2)


def test_bodies_too_close_to_the_camera_are_kept(windows, generator):
    focal = torch.ones(1, 1, 1, 2)
    y = windows[:2] + torch.tensor([4000.0, 150.0]).view(2, 1, 1, 1)
    y[1, ..., 2] = y[1, ..., 2] - y[1, ..., 2].min() + 101
    x = torch.zeros_like(y[..., :2])
    kept = []
    for _ in range(9):
        new, other = vary_bodies(x, y, 0.3, focal, generator)
        assert not torch.equal(other[0], y[0])
        assert float(other[..., 2].min()) >= 100
        kept.append(torch.equal(other[1], y[1]))
        assert torch.equal(new[1], x[1]) == kept[-1]
    assert any(kept) and not all(kept)


def test_windows_are_rotated_rigidly_in_all_directions(windows, generator):
    out = tumble(windows, 0.5, generator)
    assert torch.allclose(out[:, -1, 0], windows[:, -1, 0], atol=0.1)
    flat = [x.double().flatten(1, 2) for x in (out, windows)]
    first, second = (torch.cdist(x, x) for x in flat)
    assert torch.allclose(first, second, atol=0.1)
    changed = ((out - windows).abs() > 1).flatten(1).any(dim=1)
    assert 0.3 < float(changed.float().mean()) < 0.7
    up = out[changed, -1, 10, 2] - out[changed, -1, 0, 2]
    assert 0.25 < float((up > 0).float().mean()) < 0.75


@pytest.fixture
def named(windows, generator):
    r"""The joints of COCO and of Human3.6M by name."""
    coco = coco_joints(windows, generator)
    return (
        dict(zip(COCO, coco.unbind(-2), strict=True)),
        dict(zip(H36M17.joints, windows.unbind(-2), strict=True)),
    )


def test_limbs_are_kept(named):
    coco, h36m = named
    assert torch.equal(coco['LAnkle'], h36m['LFoot'])
    assert torch.equal(coco['RWrist'], h36m['RWrist'])


def test_faces_look_where_the_person_walks(windows, named):
    coco, _ = named
    walk = windows[:, -1, 0] - windows[:, 0, 0]
    walk[:, 2] = 0
    walk = walk / walk.norm(dim=-1, keepdim=True)
    ears = (coco['LEar'] + coco['REar']) / 2
    nose = ((coco['Nose'] - ears)[:, -1] * walk).sum(-1)
    assert nose.median() > 50


def test_faces_have_the_sides_and_the_size_of_the_body(named):
    coco, h36m = named
    side = h36m['LShoulder'] - h36m['RShoulder']
    for part in ('Eye', 'Ear'):
        left = coco[f'L{part}'] - coco[f'R{part}']
        assert ((left * side).sum(-1)).median() > 0
    ears = (coco['LEar'] + coco['REar']) / 2
    assert (ears[..., 2] > h36m['Neck'][..., 2]).all()
    width = (coco['LEar'] - coco['REar']).norm(dim=-1)
    assert 120 < width.median() < 180


def test_heads_have_a_random_yaw(windows, generator):
    out = coco_joints(windows[:1].expand(500, -1, -1, -1), generator)
    ahead = out[:, -1, 0] - out[:, -1, 3:5].mean(dim=1)
    angle = torch.atan2(ahead[:, 1], ahead[:, 0])
    angle = angle - angle.median()
    yaw = torch.atan2(angle.sin(), angle.cos())
    assert 20 < float(yaw.rad2deg().std()) < 45


def test_faces_do_not_change_within_a_window(windows, generator):
    still = coco_joints(windows[:1, :1].expand(1, 9, -1, -1), generator)
    assert torch.allclose(still, still[:, :1].expand_as(still), atol=0.01)
