import numpy as np
import pytest
import torch
from torch_geometric.data import Data

from pyg_hcsf.transforms import PreNormalize


def clip(frames=7, bodies=2, seed=0):
    x = torch.randn(
        25, frames, bodies, 3, generator=torch.Generator().manual_seed(seed)
    )
    return Data(x=x + torch.tensor([0.0, 0.0, 3.0]))


def rotation_between(vector, goal):
    """Rodrigues' formula, as a check of another form of it."""
    v, g = vector / np.linalg.norm(vector), goal
    cross = np.cross(v, g)
    c = v @ g
    k = np.array(
        [
            [0, -cross[2], cross[1]],
            [cross[2], 0, -cross[0]],
            [-cross[1], cross[0], 0],
        ]
    )
    return np.eye(3) + k + k @ k / (1 + c)


def turned(x):
    """The two turns, frame by frame and joint by joint."""
    x = x.copy()
    for (a, b), axis in (((0, 1), 2), ((4, 8), 0)):
        vector = x[b, 0, 0] - x[a, 0, 0]
        r = rotation_between(vector, np.eye(3)[axis])
        for j, t, m in np.ndindex(x.shape[:3]):
            x[j, t, m] = r @ x[j, t, m]
    return x


def test_agcn():
    data = clip()
    data.x[:, 5:, 1] = 0  # the second body leaves
    x = data.x.double().numpy()
    looped = np.stack(
        [x[:, np.arange(12) % 7, 0], x[:, np.arange(12) % 5, 1]], 2
    )
    want = turned(looped - looped[1:2, :, :1])
    out = PreNormalize('agcn', length=12)(data).x
    assert out.dtype == torch.float32 and out.is_contiguous()
    np.testing.assert_allclose(out, want, atol=1e-5)
    assert (out[1, :, 0] == 0).all()  # the middle of the spine
    shoulders = (out[8] - out[4])[0, 0]
    assert shoulders[0] > 0 and shoulders[1:].abs().max() < 1e-5


def test_agcn_squeezes_out_frames_of_a_body_that_comes_late():
    data = clip(frames=6)
    data.x[:, [0, 3], 1] = 0
    data.x[:, 2, 0] = 0  # but not a gap of one that is there at first
    second = data.x[:, [1, 2, 4, 5], 1]
    out = PreNormalize('agcn', length=6)(clip(frames=6)).x
    out = PreNormalize('agcn', length=6)(data).x
    assert not out[:, 2, 0].any() and out[:, [0, 1, 3, 4, 5], 0].any()
    shape = (second[3, :, :] - second[20, :, :]).norm(dim=-1)
    want = shape[[0, 1, 2, 3, 0, 1]]
    got = (out[3, :, 1] - out[20, :, 1]).norm(dim=-1)
    torch.testing.assert_close(got, want)


def test_pyskl():
    data = clip(bodies=2)
    data.x[:, [0, 4], 1] = 0
    data.x[:, 3:, 0] = 0  # the second body is there for longer
    x = data.x.double().numpy()[:, [1, 2, 3, 5, 6]][:, :, [1, 0]]
    moved = np.where(x.any(-1, keepdims=True), x - x[1, 0, 0], 0)
    out = PreNormalize('pyskl')(data).x
    np.testing.assert_allclose(out, turned(moved), atol=1e-5)
    assert not out[:, 2:, 1].any()


def test_ctrgcn():
    data = clip()
    data.x[:, 0, 0] = 0
    data.x[:, 4, 1] = 0
    want = data.x - data.x[1, 1, 0]
    want[:, 0, 0] = want[:, 4, 1] = 0
    torch.testing.assert_close(PreNormalize('ctrgcn')(data).x, want)


def test_an_upside_down_spine_is_left():
    data = clip(frames=1, bodies=1)
    data.x[:, 0, 0] = 0.25
    data.x[0, 0, 0] = torch.tensor([0.25, 0.25, 1.25])  # spine along -z
    data.x[8, 0, 0] = torch.tensor([1.25, 0.25, 0.25])  # shoulders along x
    want = data.x - data.x[1:2]
    torch.testing.assert_close(PreNormalize('pyskl')(data).x, want)


def test_one_body_and_the_second_alone():
    assert PreNormalize('agcn')(clip(bodies=1)).x.shape == (25, 300, 1, 3)
    data = clip()
    data.x[:, :, 0] = 0
    for scheme in ('agcn', 'pyskl', 'ctrgcn'):
        out = PreNormalize(scheme)(data.clone()).x
        assert out.isfinite().all() and out.any()


@pytest.mark.parametrize(
    'options, reason',
    [
        ({'scheme': 'sgn'}, "'scheme'.*got 'sgn'"),
        ({'scheme': 'agcn', 'length': 0}, "'length'.*got 0"),
    ],
)
def test_wrong_options(options, reason):
    with pytest.raises(ValueError, match=reason):
        PreNormalize(**options)


@pytest.mark.parametrize(
    'x, reason',
    [
        (torch.ones(25, 4, 3), r'\[25, 4, 3\]'),
        (torch.ones(17, 4, 1, 3), r'\[17, 4, 1, 3\]'),
        (torch.zeros(25, 4, 1, 3), 'only zeros'),
        (torch.ones(25, 13, 1, 3), 'at most 12 frames.*got 13'),
    ],
)
def test_wrong_clips(x, reason):
    with pytest.raises(ValueError, match=reason):
        PreNormalize('agcn', length=12)(Data(x=x))


def test_repr():
    assert repr(PreNormalize('agcn')) == "PreNormalize('agcn', length=300)"
