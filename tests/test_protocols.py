from dataclasses import FrozenInstanceError, replace

import pytest
import torch

from pyg_hcsf.geometry.h36m_cameras import human36m_cameras
from pyg_hcsf.metrics import mpjpe
from pyg_hcsf.protocols import (
    H36M_ACTIONS,
    S9_BLOCKLIST,
    available_protocols,
    get_protocol,
)
from pyg_hcsf.skeleton import H36M17

DHP = ('3dhp-official', '3dhp-srnet', '3dhp-graphmlp')
NAMES = ('vp3d', 'lcn', 'srnet', 'openmocap', 'openmocap-rigs', *DHP)
IMAGE = ('lcn', 'srnet', 'openmocap', 'openmocap-rigs', '3dhp-srnet')


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


@pytest.mark.parametrize('name', IMAGE)
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
    # ... and decoding after the average is the decoding of the plain output.
    args = (focal, center, size, y[:, :1, 2])
    torch.testing.assert_close(
        protocol.decode((plain + flipped) / 2, *args),
        protocol.decode(plain, *args),
    )


def test_mirror():
    protocol = get_protocol('lcn')
    x = torch.randn(2, 3, 17, 2)
    mirrored = protocol.mirror(x, H36M17)
    assert torch.equal(mirrored[..., 13, 0], -x[..., 16, 0])
    assert torch.equal(mirrored[..., 13, 1], x[..., 16, 1])
    assert torch.equal(mirrored[..., 0, 0], -x[..., 0, 0])
    assert torch.equal(protocol.mirror(mirrored, H36M17), x)
    with pytest.raises(ValueError, match='17 joints.*h36m17'):
        protocol.mirror(x[..., :16, :], H36M17)


def test_root_alignment():
    y, _, _ = scene(3)
    moved = y + torch.tensor([10.0, 0.0, 0.0])
    relative = y - y[:, :1]
    error = {
        name: float(mpjpe(*get_protocol(name).align(pred, y)))
        for name, pred in (
            ('lcn', moved),
            ('srnet', moved),
            ('openmocap', moved),
            ('vp3d', relative + torch.tensor([10.0, 0.0, 0.0])),
        )
    }
    # LCN sees the offset of the root; VideoPose3D keeps the predicted root.
    assert error == pytest.approx(
        {'lcn': 10, 'srnet': 0, 'openmocap': 0, 'vp3d': 10}
    )


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


def test_conventions():
    assert available_protocols() == list(NAMES)
    vp3d, lcn, srnet, openmocap = map(get_protocol, NAMES[:4])
    assert [p.residual_xy for p in (vp3d, lcn, srnet, openmocap)] == [
        False, True, True, True,
    ]  # fmt: skip
    assert vp3d.distortion == srnet.distortion == 'vp3d'
    assert lcn.dropped == () and vp3d.dropped == srnet.dropped != ()
    assert vp3d.average == lcn.average == srnet.average == 'actions'
    assert openmocap.average == 'frames'
    assert vp3d.train_subjects == ('S1', 'S5', 'S6', 'S7', 'S8')
    assert vp3d.test_subjects == ('S9', 'S11')
    assert len(set(H36M_ACTIONS)) == 15
    assert H36M_ACTIONS[8:10] == ('Sitting', 'SittingDown')
    assert all(p.num_joints == 17 and p.root == 0 for p in (vp3d, lcn))
    strict = replace(vp3d, dropped=vp3d.dropped + S9_BLOCKLIST)
    assert len(strict.dropped) == 8  # four takes by two names
    with pytest.raises(FrozenInstanceError):
        vp3d.average = 'frames'


def test_conventions_of_mpi_inf_3dhp():
    protocols = [get_protocol(name) for name in DHP]
    assert [p.pck for p in protocols] == ['official', 'srnet', 'graphmlp']
    assert [p.residual_xy for p in protocols] == [False, True, False]
    for protocol in protocols:
        assert protocol.alignment == 'both' and protocol.average == 'frames'
        assert protocol.test_subjects == tuple(f'TS{n}' for n in range(1, 7))
        assert protocol.actions == ('GS', 'noGS', 'Outdoor')
    assert get_protocol('lcn').pck is None


@pytest.mark.parametrize('name', NAMES)
def test_a_network_is_scored_as_another_protocol_says(name):
    """Its input and output stay as they are."""
    own, official = get_protocol(name), get_protocol('3dhp-official')
    protocol = own.scored_as(official)
    if own == official:
        assert protocol is own
    else:
        assert protocol.name == f'3dhp-official, network: {name}'
    assert protocol.frame == own.frame
    assert (protocol.pck, protocol.alignment) == ('official', 'both')
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


def test_errors_of_inputs():
    protocol = get_protocol('lcn')
    y, uv, camera = scene(0)
    size = camera[2]
    with pytest.raises(ValueError, match=r'17, 2\].*got \[5, 16, 2\]'):
        protocol.encode_input(uv[:, :16], size)
    with pytest.raises(ValueError, match='transpose'):
        protocol.encode_input(uv.transpose(0, 1), size)
    bad = uv.clone()
    bad[3, 7, 0] = bad[4, 1, 1] = float('nan')
    with pytest.raises(ValueError, match=r'2 of 85 keypoints.*\[3, 7\]'):
        protocol.encode_input(bad, size)
    x = protocol.encode_input(uv, size)
    with pytest.raises(ValueError, match='look normalised already'):
        protocol.encode_input(x, size)
    with pytest.raises(ValueError, match="'image_size'.*got None"):
        protocol.encode_input(uv, None)
    with pytest.raises(ValueError, match="'image_size'.*1000"):
        protocol.encode_input(uv, torch.tensor([1000.0]))
    assert torch.equal(protocol.encode_input(uv, size.tolist()), x)


def test_errors_of_targets():
    protocol = get_protocol('lcn')
    y, uv, camera = scene(0)
    x = protocol.encode_input(uv, camera[2])
    with pytest.raises(ValueError, match="through 'encode_input' first"):
        protocol.encode_target(y, uv, *camera)
    with pytest.raises(ValueError, match="needs the intrinsics.*'vp3d'"):
        protocol.encode_target(y, x, image_size=camera[2])
    with pytest.raises(ValueError, match='cannot use root-relative'):
        protocol.encode_target(y - y[:, :1], x, *camera)
    with pytest.raises(ValueError, match='needs the depth of the root'):
        protocol.decode(y, *camera)
    with pytest.raises(ValueError, match=r'\[\.\.\., 1\].*got \[5\]'):
        protocol.decode(y, *camera, y[:, 0, 2])
    with pytest.raises(ValueError, match=r"'output'.*\[5, 17, 2\]"):
        protocol.decode(x, *camera, y[:, :1, 2])
    with pytest.raises(ValueError, match="'vp3d', 'lcn'.*got 'h36m'"):
        get_protocol('h36m')
