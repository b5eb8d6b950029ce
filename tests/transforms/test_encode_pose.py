from dataclasses import replace

import pytest
import torch
from torch_geometric.data import Batch, Data

from pyg_hcsf.geometry.virtual_cameras import lifting_clips
from pyg_hcsf.protocols import available_protocols, get_protocol
from pyg_hcsf.skeleton import H36M17
from pyg_hcsf.transforms.encode_pose import EncodePose


@pytest.fixture
def clip():
    torch.manual_seed(0)
    pos = 300 * torch.randn(17, 6, 3) + torch.tensor([0.0, 0.0, 900.0])
    motion = Data(
        pos=pos,
        edge_index=H36M17.edge_index,
        num_nodes=17,
        subject='s',
        action='a',
        clip='c',
        fps=25.0,
    )
    return lifting_clips(motion, 'noisy')[1]


@pytest.mark.parametrize('name', available_protocols())
def test_encode_pose(clip, name):
    transform = EncodePose(name)
    assert str(transform) == f"EncodePose('{name}')"
    pixels, joints = clip.x.clone(), clip.y.clone()
    out = transform(clip)
    assert torch.equal(clip.x, pixels) and torch.equal(clip.y, joints)
    assert torch.equal(out.joints, joints)
    assert out.x.shape == (17, 6, 2) and out.y.shape == (17, 6, 3)
    assert out.x.dtype == out.y.dtype == torch.float32
    assert out.x.abs().max() < 1.5
    expected = 2 * pixels[3, 4, 0] / 1000 - 1
    torch.testing.assert_close(out.x[3, 4, 0], expected)

    y = out.y.transpose(0, 1)
    depth = out.joints[0, :, None, 2]
    protocol = get_protocol(name)
    pred = protocol.decode(y, out.focal, out.center, out.image_size, depth)
    pred, gt = protocol.align(pred, joints.transpose(0, 1))
    assert (pred - gt).abs().max() < 0.01


def test_in_a_batch(clip):
    out = Batch.from_data_list([EncodePose('openmocap')(clip)] * 2)
    assert out.x.shape == (34, 6, 2) and out.joints.shape == (34, 6, 3)
    assert out.focal.shape == out.image_size.shape == (2, 2)


def test_without_truth(clip):
    del clip.y, clip.focal, clip.center
    out = EncodePose('openmocap')(clip)
    assert out.x.abs().max() < 1.5 and 'joints' not in out


def test_custom_protocol(clip):
    protocol = replace(get_protocol('lcn'), name='mine')
    assert str(EncodePose(protocol)) == "EncodePose('mine')"
    assert torch.equal(EncodePose(protocol)(clip).y, EncodePose('lcn')(clip).y)


def test_errors(clip):
    with pytest.raises(ValueError, match="got 'h36m'"):
        EncodePose('h36m')
    transform = EncodePose('openmocap')
    with pytest.raises(ValueError, match='got an encoded clip'):
        transform(transform(clip))
    wrong = clip.clone()
    del wrong.image_size
    with pytest.raises(ValueError, match="'image_size'"):
        transform(wrong)
    wrong = clip.clone()
    del wrong.focal
    with pytest.raises(ValueError, match="'focal' and 'center'"):
        transform(wrong)
    EncodePose('vp3d')(wrong)
    wrong = clip.clone()
    wrong.x[4, 2] = float('nan')
    with pytest.raises(ValueError, match=r'1 of 102 .* \[2, 4\]'):
        transform(wrong)
