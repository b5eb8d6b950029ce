import pytest
import torch
from torch_geometric.data import Data

from pyg_hcsf.geometry.virtual_cameras import lifting_clips
from pyg_hcsf.protocols import available_protocols, get_protocol
from pyg_hcsf.skeleton import H36M17
from pyg_hcsf.transforms.encode_pose import EncodePose
from pyg_hcsf.transforms.mirror import MirrorPose


@pytest.fixture
def clip():
    torch.manual_seed(0)
    motion = Data(
        pos=300 * torch.randn(17, 6, 3) + torch.tensor([0.0, 0.0, 900.0]),
        edge_index=H36M17.edge_index,
        num_nodes=17,
        subject='s',
        action='a',
        clip='c',
        fps=25.0,
    )
    return lifting_clips(motion, 'noisy')[2]


def test_mirror_pose(clip):
    before = clip.clone()
    transform = MirrorPose(p=1.0)
    assert str(transform) == 'MirrorPose(p=1.0)'
    out = transform(clip)
    for key in ('x', 'y', 'confidence', 'center'):
        assert torch.equal(clip[key], before[key])  # untouched
    torch.testing.assert_close(out.x[13, :, 0], 1000 - clip.x[16, :, 0])
    assert torch.equal(out.x[13, :, 1], clip.x[16, :, 1])
    assert torch.equal(out.y[1, :, 0], -clip.y[4, :, 0])
    assert torch.equal(out.y[1, :, 1:], clip.y[4, :, 1:])
    assert torch.equal(out.confidence[2], clip.confidence[5])
    twice = transform(out)
    torch.testing.assert_close(twice.x, clip.x)
    assert torch.equal(twice.y, clip.y)
    torch.testing.assert_close(twice.center, clip.center)


def test_the_mirrored_camera_sees_the_mirrored_person(clip):
    noise = clip.y[..., :2] / clip.y[..., 2:] * clip.focal + clip.center
    noise = clip.x - noise
    out = MirrorPose(p=1.0)(clip)
    uv = out.y[..., :2] / out.y[..., 2:] * out.focal + out.center
    expected = noise[list(H36M17.mirrored)] * torch.tensor([-1.0, 1.0])
    assert (out.x - uv - expected).abs().max() < 1e-2


@pytest.mark.parametrize('name', available_protocols())
def test_mirroring_before_and_after_encoding_agree(clip, name):
    protocol, encode = get_protocol(name), EncodePose(name)
    first = encode(MirrorPose(p=1.0)(clip))
    other = encode(clip)
    for key in ('x',) if name.endswith('srnet') else ('x', 'y'):
        mirrored = protocol.mirror(other[key].transpose(0, 1), H36M17)
        mirrored = mirrored.transpose(0, 1)
        torch.testing.assert_close(first[key], mirrored, atol=1e-5, rtol=0)


def test_probability(clip):
    torch.manual_seed(0)
    transform = MirrorPose()
    flipped = sum(
        not torch.equal(transform(clip).y, clip.y) for _ in range(200)
    )
    assert 70 < flipped < 130
    assert torch.equal(MirrorPose(p=0.0)(clip).x, clip.x)


def test_errors(clip):
    with pytest.raises(ValueError, match="'p'.*got 2"):
        MirrorPose(p=2)
    with pytest.raises(ValueError, match="before 'EncodePose'"):
        MirrorPose()(EncodePose('vp3d')(clip))
    wrong = clip.clone()
    wrong.x = wrong.x.transpose(0, 1)
    with pytest.raises(ValueError, match=r'17 joints .*\[6, 17, 2\]'):
        MirrorPose()(wrong)
    del clip.image_size
    with pytest.raises(ValueError, match="'image_size'"):
        MirrorPose()(clip)
