import pytest
import torch

from pyg_hcsf.datasets.synthetic.dataset import motion_clip
from pyg_hcsf.geometry.bodies import (
    coco_joints,
    layout_joints,
    shift_joints,
    tumble,
    vary_bodies,
    vary_proportions,
)
from pyg_hcsf.geometry.bodies.table import BONES, body_table
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


def test_limbs_are_near_their_joints(named):
    coco, h36m = named
    for name, other, most in (
        ('LAnkle', 'LFoot', 30),
        ('RKnee', 'RKnee', 40),
        ('LHip', 'LHip', 60),
        ('RShoulder', 'RShoulder', 60),
        ('LElbow', 'LElbow', 30),
        ('RWrist', 'RWrist', 80),
    ):
        distance = (coco[name] - h36m[other]).norm(dim=-1)
        assert 2 < float(distance.median()) < most


def test_wrists_end_a_forearm_of_people_on_any_rig(windows, generator):
    # A rig whose forearms end before the wrist, and one whose do not
    table, pos = body_table(), windows.clone()
    low, high = table['limits']['forearm']
    at = {name: i for i, name in enumerate(H36M17.joints)}
    for length in (0.22, 0.29):
        for side in 'LR':
            elbow = pos[..., at[f'{side}Elbow'], :]
            step = pos[..., at[f'{side}Wrist'], :] - elbow
            step = step / step.norm(dim=-1, keepdim=True)
            wrist = elbow + length * _leg(pos)[..., None] * step
            pos[..., at[f'{side}Wrist'], :] = wrist
        coco = coco_joints(pos, generator)
        at_coco = dict(zip(COCO, coco.unbind(-2), strict=True))
        forearm = (at_coco['LWrist'] - at_coco['LElbow']).norm(dim=-1)
        ratio = forearm / _leg(pos)
        # Between the rig's own joint and that of people
        assert min(length, low) - 1e-3 < float(ratio.min())
        assert low < float(ratio.max()) < high + 1e-3


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
    above = ears[..., 2] > h36m['Neck'][..., 2]
    assert float(above.float().mean()) > 0.9
    width = (coco['LEar'] - coco['REar']).norm(dim=-1)
    assert 120 < width.median() < 180


def test_heads_have_a_random_yaw(windows, generator):
    out = coco_joints(windows[:1].expand(500, -1, -1, -1), generator)
    ahead = out[:, -1, 0] - out[:, -1, 3:5].mean(dim=1)
    angle = torch.atan2(ahead[:, 1], ahead[:, 0])
    angle = angle - angle.median()
    yaw = torch.atan2(angle.sin(), angle.cos())
    assert 20 < float(yaw.rad2deg().std()) < 45


def test_faces_turn_slowly_within_a_window(windows, generator):
    still = windows[:1, :1].expand(200, 9, -1, -1)
    out = coco_joints(still, generator)
    assert torch.allclose(out[:, :, 5:], out[:, :1, 5:], atol=0.01)
    ahead = out[..., 0, :] - out[..., 3:5, :].mean(dim=-2)
    turned = torch.cosine_similarity(ahead[:, 0], ahead[:, -1], dim=-1)
    assert 1 < float(turned.clamp(max=1).acos().rad2deg().median()) < 6


@pytest.mark.parametrize('layout', ['coco18', 'halpe26', 'body25'])
def test_layouts_have_the_points_of_coco_and_feet(windows, layout):
    both = [
        layout_joints(windows, name, torch.Generator().manual_seed(0))
        for name in ('coco17', layout)
    ]
    at = dict(
        zip(get_skeleton(layout).joints, both[1].unbind(-2), strict=True)
    )
    for name, point in zip(COCO, both[0].unbind(-2), strict=True):
        assert torch.allclose(at[name], point, atol=1e-3)
    if layout == 'coco18':
        return
    for side in 'LR':
        foot = at[f'{side}BigToe'] - at[f'{side}Heel']
        walk = windows[:, -1, 0] - windows[:, 0, 0]
        assert float((foot * walk[:, None]).sum(-1).median()) > 0
        length = foot.norm(dim=-1) / 0.29 / _leg(windows)
        assert 0.8 < float(length.median()) < 1.2
        outer = at[f'{side}SmallToe'] - at[f'{side}BigToe']
        hips = at[f'{side}Hip'] - (at['LHip'] + at['RHip']) / 2
        assert float((outer * hips).sum(-1).median()) > 0


def _leg(pos):
    at = dict(zip(H36M17.joints, pos.unbind(-2), strict=True))
    bones = [(at['LHip'], at['LKnee']), (at['LKnee'], at['LFoot'])]
    return sum((a - b).norm(dim=-1) for a, b in bones)


def _mirror(pos, joints):
    return pos[..., list(joints), :] * pos.new_tensor([-1.0, 1.0, 1.0])


def test_keypoints_are_symmetric(windows, monkeypatch):
    # Without random numbers, a mirrored body has mirrored keypoints.
    monkeypatch.setattr(torch, 'randn', lambda shape, **_: torch.zeros(shape))
    monkeypatch.setattr(torch, 'rand', lambda shape, **_: torch.ones(shape))
    generator = torch.Generator()
    coco = get_skeleton('halpe26').mirrored
    out = layout_joints(windows, 'halpe26', generator)
    other = layout_joints(
        _mirror(windows, H36M17.mirrored), 'halpe26', generator
    )
    assert torch.allclose(other, _mirror(out, coco), atol=0.1)


def test_offsets_of_rigs_move_with_the_body(windows, generator):
    pos = windows[:1].expand(4000, -1, -1, -1)
    offset = shift_joints(pos, 1.0, generator) - pos
    length = offset.norm(dim=-1)
    assert torch.allclose(length, length[:, :1], rtol=0.03, atol=0.05)
    leg, table = _leg(windows[0, 0]), body_table()['rigs']
    for number, name in enumerate(H36M17.joints):
        if name == 'Hip':
            assert torch.equal(offset[..., number, :], 0 * pos[..., 0, :])
            continue
        whole = name if name in table else name[1:]
        expected = leg * torch.tensor(table[whole]).norm()
        found = length[:, 0, number].square().mean().sqrt()
        assert abs(float(found / expected) - 1) < 0.05
    sides = [H36M17.joints.index(side + 'Hip') for side in 'LR']
    left, right = offset[:, 0, sides].unbind(1)
    assert torch.allclose(left, -right, atol=0.1)
    twice = shift_joints(pos, 2.0, torch.Generator().manual_seed(0)) - pos
    once = shift_joints(pos, 1.0, torch.Generator().manual_seed(0)) - pos
    assert torch.allclose(twice, 2 * once, atol=0.1)


def _factors(pos, out):
    old, new = (x[:, 0] - x[:, 0, PARENTS] for x in (pos, out))
    factor = (new.norm(dim=-1) / old.norm(dim=-1))[:, 1:].log()
    return dict(zip(H36M17.joints[1:], factor.unbind(-1), strict=True))


@pytest.mark.parametrize('population', ['adults', 'children', 'anny'])
def test_bones_vary_as_those_of_people(windows, generator, population):
    pos = windows[:1, :1].expand(20_000, -1, -1, -1)
    at = _factors(pos, vary_proportions(pos, population, generator))
    table = body_table()['lengths']
    group = table['children' if population == 'children' else 'adults']
    both = {
        bone: torch.stack([at[joint] for joint in joints]).mean(0)
        for bone, joints in BONES.items()
    }
    for number, bone in enumerate(table['bones']):
        spread = float(both[bone].std())
        assert spread == pytest.approx(group['spread'][number], rel=0.06)
        ratio = at[BONES[bone][0]] - at[BONES[bone][-1]]
        expected = table['asymmetry'][number]
        assert float(ratio.std()) == pytest.approx(
            expected, rel=0.05, abs=1e-4
        )
    found = torch.corrcoef(torch.stack([both[b] for b in table['bones']]))
    expected = torch.tensor(group['correlation'])
    assert float((found - expected).abs().max()) < 0.09


def test_joint_angles_are_kept(windows, generator):
    out = vary_proportions(windows, 'anny+0.03', generator)
    old, new = (x[..., 1:, :] - x[..., PARENTS[1:], :] for x in (windows, out))
    cosine = torch.cosine_similarity(old, new, dim=-1)
    assert float(cosine.min()) > 1 - 1e-4
    assert torch.equal(out[..., 0, :], windows[..., 0, :])


def test_a_spread_adds_to_a_population(windows):
    pos = windows[:1, :1].expand(20_000, -1, -1, -1)
    spread = [
        _factors(
            pos,
            vary_proportions(pos, name, torch.Generator().manual_seed(0)),
        )['Spine'].std()
        for name in ('adults', 'adults+0.05', 0.05)
    ]
    assert float(spread[1]) == pytest.approx(
        float(spread[0].square() + spread[2].square()) ** 0.5, rel=0.03
    )


@pytest.mark.parametrize(
    ('proportions', 'message'),
    [
        ('any', "did you mean 'anny'"),
        ('anny+many', "'anny\\+0.03'"),
        (-0.1, 'from 0 to 1'),
        ('nan', 'from 0 to 1'),
    ],
)
def test_wrong_proportions_are_refused(
    windows, generator, proportions, message
):
    with pytest.raises(ValueError, match=message):
        vary_proportions(windows, proportions, generator)


def test_bodies_of_the_table_are_as_published_facts():
    # 150 adults of Anny 0.6.2: % over height of upper arm, forearm, shank
    # and shoulders. The table is over the size up to the eyes.
    table = body_table()['lengths']
    at = dict(zip(table['bones'], table['adults']['anny'], strict=True))
    for bone, fact in {
        'upper_arm': 1.2,
        'forearm': 2.3,
        'shank': 4.0,
        'shoulder': 6.1,
        'hip': 6.5,
    }.items():
        assert 100 * at[bone] == pytest.approx(fact, abs=1.5)
