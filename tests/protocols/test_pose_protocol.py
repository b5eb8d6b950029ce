from dataclasses import replace

import pytest
import torch

from pyg_hcsf.geometry.h36m_cameras import human36m_cameras
from pyg_hcsf.metrics import mpjpe
from pyg_hcsf.protocols import get_protocol
from pyg_hcsf.skeleton import H36M17

DHP = ('3dhp-official', '3dhp-srnet', '3dhp-graphmlp')
NAMES = ('vp3d', 'lcn', 'srnet', 'openmocap', 'openmocap-rigs', 'arrays')
NAMES += DHP
IMAGE_FRAME = ('lcn', 'srnet', 'openmocap', 'openmocap-rigs', '3dhp-srnet')


def scene(seed, num_frames=5):
    r"""Camera-frame joints, pixels and the camera as tensors."""
    generator = torch.Generator().manual_seed(seed)
    camera = human36m_cameras('S9')[seed % 4]
    y = torch.randn(num_frames, 17, 3, generator=generator).double() * 300
    y += torch.tensor([200.0, -100.0, 4800.0])
    tensors = [
        torch.tensor([value], dtype=torch.float64)
        for value in (camera.focal, camera.center, camera.image_size)
    ]
    return y, camera.project(y), tensors


@pytest.mark.parametrize('name', NAMES)
@pytest.mark.parametrize('seed', range(4))
def test_a_perfect_output_decodes_to_the_truth(name, seed):
    protocol = get_protocol(name)
    y, uv, (focal, center, size) = scene(seed)
    x = protocol.encode_input(uv, size)
    target = protocol.encode_target(y, x, focal, center, size)
    assert target.shape == y.shape and target.abs().max() < 3
    out = protocol.decode(target, focal, center, size, y[:, :1, 2])
    pred, gt = protocol.align(out, y)
    assert (pred - gt).abs().max() < 1e-6


@pytest.mark.parametrize('name', ('lcn', 'openmocap'))
def test_pinhole_input_is_the_target(name):
    protocol = get_protocol(name)
    assert protocol.residual_xy and protocol.distortion is None
    y, uv, (focal, center, size) = scene(0)
    x = protocol.encode_input(uv, size)
    target = protocol.encode_target(y, x, focal, center, size)
    torch.testing.assert_close(target[..., :2], x)


@pytest.mark.parametrize('name', IMAGE_FRAME)
def test_noisy_input_moves_joints_sideways(name):
    protocol = get_protocol(name)
    y, uv, (focal, center, size) = scene(1)
    noise = 10 * torch.randn_like(uv)
    x = protocol.encode_input(uv + noise, size)
    clean = protocol.encode_target(y, x, focal, center, size)
    width = size[:, 0]
    if name.endswith('srnet'):
        width = (2 * center[:, 0]).floor()
    output = clean.clone()
    output[..., :2] += 2 * noise / width  # what the residual passes through
    out = protocol.decode(output, focal, center, size, y[:, :1, 2])
    torch.testing.assert_close(out[..., 2], y[..., 2])
    expected = y[..., :2] + noise / focal * y[..., 2:]
    torch.testing.assert_close(out[..., :2], expected)


@pytest.mark.parametrize('name', NAMES)
def test_flip_average_of_a_mirror_consistent_model(name):
    protocol = get_protocol(name)
    y, uv, (focal, center, size) = scene(2)
    x = protocol.encode_input(uv, size)
    lift = torch.randn(17, 2, 17, 3, dtype=torch.float64)

    def model(x):  # f(m(x)) == m(f(x)) by construction
        plain = torch.einsum('fnc,ncmd->fmd', x, lift)
        other = torch.einsum('fnc,ncmd->fmd', protocol.mirror(x, H36M17), lift)
        return plain + protocol.mirror(other, H36M17)

    plain = model(x)
    flipped = protocol.mirror(model(protocol.mirror(x, H36M17)), H36M17)
    torch.testing.assert_close((plain + flipped) / 2, plain)


def test_mirror_swaps_sides_and_negates_x():
    protocol = get_protocol('lcn')
    x = torch.randn(2, 3, 17, 2)
    mirrored = protocol.mirror(x, H36M17)
    assert torch.equal(mirrored[..., 13, 0], -x[..., 16, 0])
    assert torch.equal(mirrored[..., 13, 1], x[..., 16, 1])
    assert torch.equal(mirrored[..., 0, 0], -x[..., 0, 0])
    assert torch.equal(protocol.mirror(mirrored, H36M17), x)


def test_mirror_needs_the_joints_of_the_skeleton():
    protocol, x = get_protocol('lcn'), torch.randn(2, 3, 17, 2)
    with pytest.raises(ValueError, match='17 joints.*h36m17'):
        protocol.mirror(x[..., :16, :], H36M17)


@pytest.mark.parametrize(
    'name, error', [('lcn', 10), ('srnet', 0), ('openmocap', 0)]
)
def test_error_of_absolute_poses_with_a_wrong_root(name, error):
    """LCN compares absolute positions."""
    y, _, _ = scene(3)
    moved = y + torch.tensor([10.0, 0.0, 0.0])
    found = float(mpjpe(*get_protocol(name).align(moved, y)))
    assert found == pytest.approx(error)


def test_error_of_relative_poses_with_a_wrong_root():
    """VideoPose3D does not subtract the predicted root."""
    y, _, _ = scene(3)
    pred = y - y[:, :1] + torch.tensor([10.0, 0.0, 0.0])
    found = float(mpjpe(*get_protocol('vp3d').align(pred, y)))
    assert found == pytest.approx(10)


def test_batched_cameras_and_dtype():
    protocol = get_protocol('openmocap')
    scenes = [scene(seed) for seed in range(4)]
    y = torch.stack([s[0] for s in scenes])  # [4, 5, 17, 3]
    uv = torch.stack([s[1] for s in scenes])
    focal, center, size = (
        torch.stack([s[2][i] for s in scenes])[:, None] for i in range(3)
    )  # [4, 1, 1, 2]
    x = protocol.encode_input(uv.float(), size)
    target = protocol.encode_target(y.float(), x, focal, center, size)
    assert x.dtype == target.dtype == torch.float32
    for i, (y_i, uv_i, camera) in enumerate(scenes):
        x_i = protocol.encode_input(uv_i, camera[2])
        expected = protocol.encode_target(y_i, x_i, *camera)
        assert (target[i] - expected).abs().max() < 1e-5
    out = protocol.decode(target, focal, center, size, y[..., :1, 2])
    assert out.dtype == torch.float32
    assert (out - y).abs().max() < 0.01


@pytest.mark.parametrize('name', NAMES)
def test_scored_as_takes_metrics_of_the_other_protocol(name):
    own, official = get_protocol(name), get_protocol('3dhp-official')
    protocol = own.scored_as(official)
    if own == official:
        assert protocol is own
    else:
        assert protocol.name == f'3dhp-official, network: {name}'
    assert (protocol.pck, protocol.alignment) == ('official', 'both')


@pytest.mark.parametrize('name', NAMES)
def test_scored_as_keeps_input_and_target(name):
    own, official = get_protocol(name), get_protocol('3dhp-official')
    protocol = own.scored_as(official)
    assert protocol.frame == own.frame
    y, uv, camera = scene(0)
    x = protocol.encode_input(uv, camera[2])
    target = protocol.encode_target(y, x, *camera)
    assert torch.equal(target, own.encode_target(y, x, *camera))
    out = protocol.decode(target, *camera, y[:, :1, 2])
    pred, gt = protocol.align(out, y)
    assert (pred - gt).abs().max() < 1e-6 and (gt[:, 0] == 0).all()


def test_scored_as_needs_the_same_joints():
    other = replace(get_protocol('3dhp-official'), root=14)
    with pytest.raises(ValueError, match="root 0.*'lcn'.*17 and 14"):
        get_protocol('lcn').scored_as(other)


def test_other_joint_counts_and_roots():
    protocol = replace(get_protocol('openmocap'), num_joints=25, root=4)
    y = torch.randn(2, 25, 3).double() * 100 + torch.tensor([0, 0, 3000.0])
    x = torch.zeros(2, 25, 2)
    args = torch.ones(1, 2) * 1000, torch.ones(1, 2) * 500, (1000, 1000)
    target = protocol.encode_target(y, x, *args)
    assert (target[:, 4, 2] == 0).all()
    out = protocol.decode(target, *args, y[:, 4:5, 2])
    assert (out - y).abs().max() < 1e-6
    assert (protocol.align(out, y)[0][:, 4] == 0).all()


@pytest.mark.parametrize(
    'change, message',
    [
        (lambda uv: uv[:, :16], r'17, 2\].*got \[5, 16, 2\]'),
        (lambda uv: uv.transpose(0, 1), 'transpose'),
        (lambda uv: uv / 1000, 'look normalised already'),
    ],
)
def test_wrong_keypoints(change, message):
    _, uv, camera = scene(0)
    with pytest.raises(ValueError, match=message):
        get_protocol('lcn').encode_input(change(uv), camera[2])


def test_keypoints_that_are_not_finite():
    _, uv, camera = scene(0)
    uv[3, 7, 0] = uv[4, 1, 1] = float('nan')
    with pytest.raises(ValueError, match=r'2 of 85 joints.*\[3, 7\]'):
        get_protocol('lcn').encode_input(uv, camera[2])


def test_image_sizes():
    protocol = get_protocol('lcn')
    _, uv, (_, _, size) = scene(0)
    x = protocol.encode_input(uv, size)
    assert torch.equal(protocol.encode_input(uv, size.tolist()), x)
    with pytest.raises(ValueError, match="'image_size'.*got None"):
        protocol.encode_input(uv, None)
    with pytest.raises(ValueError, match="'image_size'.*1000"):
        protocol.encode_input(uv, torch.tensor([1000.0]))


def test_wrong_targets():
    protocol = get_protocol('lcn')
    y, uv, camera = scene(0)
    x = protocol.encode_input(uv, camera[2])
    with pytest.raises(ValueError, match="through 'encode_input' first"):
        protocol.encode_target(y, uv, *camera)
    with pytest.raises(ValueError, match="needs the intrinsics.*'vp3d'"):
        protocol.encode_target(y, x, image_size=camera[2])
    with pytest.raises(ValueError, match='cannot use root-relative'):
        protocol.encode_target(y - y[:, :1], x, *camera)


def test_wrong_outputs_and_root_depths():
    protocol = get_protocol('lcn')
    y, uv, camera = scene(0)
    with pytest.raises(ValueError, match='needs the depth of the root'):
        protocol.decode(y, *camera)
    with pytest.raises(ValueError, match=r'\[\.\.\., 1\].*got \[5\]'):
        protocol.decode(y, *camera, y[:, 0, 2])
    with pytest.raises(ValueError, match=r"'output'.*\[5, 17, 2\]"):
        protocol.decode(uv, *camera, y[:, :1, 2])
