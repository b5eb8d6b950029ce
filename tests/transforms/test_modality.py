import pytest
import torch
from torch_geometric.data import Data
from torch_geometric.transforms import Compose

from pyg_hcsf import get_skeleton
from pyg_hcsf.transforms import AlignBody, FitFrames, Modality
from pyg_hcsf.transforms.fit_frames import choose_frames, take_frames
from pyg_hcsf.transforms.modality import STREAMS, bones, motion

NTU = get_skeleton('ntu25')


@pytest.mark.parametrize('name', ['ntu25', 'kinect20', 'h36m17', 'coco17'])
@pytest.mark.parametrize('shape', [(), (2,)])
def test_streams(name, shape):
    skeleton = get_skeleton(name)
    n = skeleton.num_joints
    x = torch.randn(n, 6, *shape, 3)
    for stream in STREAMS:
        out = Modality(stream, skeleton)(Data(x=x.clone())).x
        expected = torch.zeros_like(x)
        for t in range(6):
            for joint in range(n):
                value = x[joint]
                if stream.startswith('bone'):
                    parent = skeleton.parents[joint]
                    value = value - x[joint if parent == -1 else parent]
                if stream.endswith('motion'):
                    step = 0 if t == 5 else value[t + 1] - value[t]
                    expected[joint, t] = step
                else:
                    expected[joint, t] = value[t]
        torch.testing.assert_close(out, expected)


def test_the_bones_of_ntu():
    """The 24 pairs (child, parent) of 2s-AGCN, counted from 1, root 21."""
    pairs = (
        *((1, 2), (2, 21), (3, 21), (4, 3), (5, 21), (6, 5), (7, 6), (8, 7)),
        *((9, 21), (10, 9), (11, 10), (12, 11), (13, 1), (14, 13), (15, 14)),
        *((16, 15), (17, 1), (18, 17), (19, 18), (20, 19), (22, 23), (23, 8)),
        *((24, 25), (25, 12)),
    )
    x = torch.randn(25, 4, 2, 3)
    expected = torch.zeros_like(x)
    for child, parent in pairs:
        expected[child - 1] = x[child - 1] - x[parent - 1]
    torch.testing.assert_close(bones(x, NTU), expected)


def test_absent_bodies_stay_absent():
    x = torch.randn(25, 4, 2, 3)
    x[:, :, 1] = 0
    for stream in STREAMS:
        out = Modality(stream, NTU)(Data(x=x.clone())).x
        assert not out[:, :, 1].any() and out[:, :, 0].any()


def test_order_of_padding_and_motion():
    """After padding, as in the paper, the seam is a jump."""
    x = torch.arange(3.0).view(1, 3, 1).repeat(25, 1, 3)
    after = Compose([FitFrames(7), Modality('joint-motion', NTU)])
    before = Compose([Modality('joint-motion', NTU), FitFrames(7)])
    assert after(Data(x=x.clone())).x[0, :, 0].tolist() == [
        *(1, 1, -2, 1, 1, -2, 0)
    ]
    assert before(Data(x=x.clone())).x[0, :, 0].tolist() == [
        *(1, 1, 0, 1, 1, 0, 1)
    ]
    assert torch.equal(motion(x[:, :1]), torch.zeros(25, 1, 3))


def test_fits():
    lengths = torch.tensor([3, 5, 9])
    repeat = choose_frames(lengths, 5)
    assert repeat.low.tolist() == [
        [0, 1, 2, 0, 1],
        [0, 1, 2, 3, 4],
        [2, 3, 4, 5, 6],
    ]
    zero = choose_frames(lengths, 5, 'zero')
    assert zero.mask.sum(1).tolist() == [3, 5, 5]
    sample = choose_frames(lengths, 4, 'sample')
    assert sample.low.tolist() == [[0, 1, 2, 0], [0, 1, 3, 4], [1, 3, 5, 7]]
    x = torch.arange(17.0).view(-1, 1)  # the clips side by side
    start = torch.tensor([0, 3, 8])
    out = take_frames(x, zero, start)
    assert out[..., 0].tolist() == [
        [0, 1, 2, 0, 0],
        [3, 4, 5, 6, 7],
        [10, 11, 12, 13, 14],
    ]


def test_resize_is_that_of_ctrgcn():
    """Bilinear without aligned corners, of the middle 95 % of the clip."""
    # Frames that are cut off at either end: a fortieth, rounded down.
    cut = {1: 0, 20: 0, 39: 0, 40: 1, 63: 1, 64: 1, 79: 1, 80: 2, 100: 2}
    for length, bias in {**cut, 119: 2, 120: 3, 299: 7, 300: 7}.items():
        x = torch.randn(length, 2, dtype=torch.float64)
        frames = choose_frames(torch.tensor([length]), 64, 'resize')
        expected = torch.nn.functional.interpolate(
            x[bias : length - bias].t().unsqueeze(0), 64, mode='linear'
        )
        torch.testing.assert_close(take_frames(x, frames)[0], expected[0].t())


def test_parts_that_are_resized_at_random():
    """At least half of the clip and, where it has them, 64 frames, also where
    another length is asked for.
    """
    generator = torch.Generator().manual_seed(0)
    for length in (1, 63, 64, 65, 100, 130, 300):
        lengths = torch.full((3000,), length)
        frames = choose_frames(lengths, 128, 'resize', 0.5, generator)
        size = frames.high[:, -1] - frames.low[:, 0] + 1
        least = min(length, max(64, length // 2))
        assert int(size.min()) == least
        assert length - int(size.max()) <= 0.05 * length
        assert int(frames.low[:, 0].min()) == 0
        assert int(frames.high[:, -1].max()) == length - 1


@pytest.mark.parametrize('fit', ['repeat', 'zero', 'resize', 'sample'])
def test_random_frames_stay_in_their_clip(fit):
    lengths = torch.tensor([1, 2, 7, 16, 50, 200]).repeat(50)
    generator = torch.Generator().manual_seed(0)
    frames = choose_frames(lengths, 16, fit, 0.5, generator)
    for number in (frames.low, frames.high):
        assert number.min() >= 0
        assert bool((number < lengths.view(-1, 1)).all())
    assert bool((frames.high >= frames.low).all())
    if fit != 'resize':
        assert frames.blend is None
        # All of a long clip is used, first and last frames too.
        long = lengths == 50
        assert frames.low[long].min() == 0 and frames.high[long].max() == 49
    again = torch.Generator().manual_seed(0)
    assert torch.equal(
        frames.low, choose_frames(lengths, 16, fit, 0.5, again).low
    )


def test_fit_frames_transform():
    x = torch.randn(25, 30, 2, 3)
    data = FitFrames(64)(Data(x=x))
    assert torch.equal(data.x[:, :30], x) and data.x.shape[1] == 64
    assert torch.equal(data.x[:, 30:60], x)
    torch.manual_seed(0)
    first = FitFrames(20, 'sample', random=True)(Data(x=x)).x
    torch.manual_seed(0)
    assert torch.equal(
        FitFrames(20, 'sample', random=True)(Data(x=x)).x, first
    )


def test_align_body():
    skeleton = get_skeleton('kinect20')
    x = torch.randn(20, 6, 2, 3)
    x[:, :2, 0] = 0  # comes later
    x[:, 3, 1] = 0
    angle = torch.tensor(0.7)
    turn = torch.tensor(
        [
            [angle.cos(), 0, angle.sin()],
            [0, 1, 0],
            [-angle.sin(), 0, angle.cos()],
        ]
    )
    there = x.any(-1, keepdim=True)
    other = torch.where(there, x @ turn + torch.tensor([1.0, 2, 3]), 0.0)
    align = AlignBody(skeleton, up=1, scale=2.0)
    one, two = (align(Data(x=v.clone())).x for v in (x, other))
    torch.testing.assert_close(one, two, atol=1e-4, rtol=1e-4)
    assert torch.equal(one.any(-1, keepdim=True)[:, 3, 1], there[:, 3, 1])
    root = skeleton.root
    assert not one[root, 2, 0].any()  # the first frame with the body
    left, right = skeleton.left[0], skeleton.right[0]
    hips = [skeleton.joints.index(name) for name in ('LHip', 'RHip')]
    side = one[hips[0], 2, 0] - one[hips[1], 2, 0]
    assert side[0] > 0 and abs(side[2]) < 1e-5 and left != right
    distance = (x[3, 2, 0] - x[4, 2, 0]).norm()
    scaled = (one[3, 2, 0] - one[4, 2, 0]).norm()
    torch.testing.assert_close(scaled, 2 * distance)
    plain = AlignBody(skeleton)(Data(x=x.clone())).x
    torch.testing.assert_close(plain[3, 2, 0], x[3, 2, 0] - x[root, 2, 0])
    same = torch.zeros(20, 1, 3)
    same[:, 0, 1] = torch.arange(20.0)  # no left, no right
    assert AlignBody(skeleton, up=1)(Data(x=same)).x.isfinite().all()


def test_repr():
    assert str(Modality('bone', NTU)) == "Modality('bone')"
    assert str(FitFrames(64, 'zero')) == (
        "FitFrames(64, 'zero', random=False)"
    )
    assert str(AlignBody(NTU, 1)) == "AlignBody('ntu25', up=1, scale=1)"


@pytest.mark.parametrize(
    'make, message',
    [
        (lambda: Modality('velocity', NTU), "'stream'.*got 'velocity'"),
        (lambda: FitFrames(0), "positive 'length' .got 0"),
        (lambda: FitFrames(5, 'crop'), "'fit'.*got 'crop'"),
        (lambda: FitFrames(5, crop=0.0), "'crop'.*got 0.0"),
        (lambda: AlignBody(NTU, up=3), "'up'.*got 3"),
        (
            lambda: Modality('bone', NTU)(Data(x=torch.rand(20, 4, 3))),
            r"\[25, T, \*\].*'ntu25'.*got \[20, 4, 3\]",
        ),
        (
            lambda: bones(torch.rand(2, 20), NTU, dim=1),
            "25 joints of 'ntu25' in dimension 1",
        ),
        (
            lambda: FitFrames(5)(Data(x=torch.rand(25, 0, 3))),
            'at least one frame',
        ),
        (
            lambda: AlignBody(NTU)(Data(x=torch.zeros(25, 4, 3))),
            'only zeros',
        ),
        (
            lambda: AlignBody(NTU)(Data(x=torch.zeros(25, 4, 2))),
            r'\[25, T, 3\]',
        ),
    ],
)
def test_wrong_arguments(make, message):
    with pytest.raises(ValueError, match=message):
        make()
