import pytest
import torch
from torch_geometric.data import Batch, Data

from pyg_hcsf import HopEdges, get_skeleton
from pyg_hcsf.loader import ClipLoader

SKELETON = get_skeleton('h36m17')


def clips(lengths=(7, 1, 5)):
    """x holds 100 * clip + frame, so every window tells where it is from."""
    out = []
    for number, length in enumerate(lengths):
        value = 100.0 * number + torch.arange(length)
        x = value.view(1, -1, 1).repeat(17, 1, 2)
        out.append(
            Data(
                x=x,
                y=torch.cat([x, x[..., :1]], -1),
                edge_index=SKELETON.edge_index,
                num_nodes=17,
            )
        )
    return out


def test_every_frame_once():
    loader = ClipLoader(clips(), batch_size=4, shuffle=True)
    assert str(loader) == 'ClipLoader(num_windows=13, batch_size=4, frames=1)'
    assert len(loader) == 4
    values = torch.cat([batch.x[:, 0, 0] for batch in loader])
    expected = torch.cat([clip.x[0, :, 0] for clip in clips()])
    assert not torch.equal(values, expected)
    assert torch.equal(values.sort().values, expected)
    for batch in loader:
        assert torch.equal(batch.y[..., 0], batch.x[..., 0])
        value = 100 * batch.clip + batch.frame
        assert torch.equal(batch.x[:, 0, 0], value.float())


def test_windows_repeat_the_ends_of_a_clip():
    loader = ClipLoader(clips(), batch_size=13, frames=5)
    (batch,) = loader
    assert batch.x.shape == (13, 5, 17, 2)
    assert batch.y.shape == (13, 17, 3)
    windows = batch.x[:, :, 3, 0].int().tolist()
    assert windows[0] == [0, 0, 0, 1, 2]
    assert windows[6] == [4, 5, 6, 6, 6]
    assert windows[7] == [100] * 5
    assert windows[8] == [200, 200, 200, 201, 202]


def test_stride_takes_frames_of_every_clip():
    loader = ClipLoader(clips(), batch_size=20, stride=3)
    (batch,) = loader
    assert batch.x[:, 0, 0].int().tolist() == [0, 3, 6, 100, 200, 203]


def test_epochs_differ_and_resume():
    loader = ClipLoader(clips(), batch_size=4, shuffle=True, seed=1)
    first = [batch.x for batch in loader]
    loader.set_epoch(1)
    second = [batch.x for batch in loader]
    assert not torch.equal(torch.cat(first), torch.cat(second))
    again = ClipLoader(clips(), batch_size=4, shuffle=True, seed=1)
    again.set_epoch(1, start=2)
    rest = [batch.x for batch in again]
    assert len(rest) == 2
    for a, b in zip(rest, second[2:], strict=True):
        assert torch.equal(a, b)


def test_processes_share_a_batch():
    options = dict(batch_size=6, shuffle=True, drop_last=True)
    (whole, other) = ClipLoader(clips(), **options)
    assert other.x.size(0) == 6
    parts = [
        next(iter(ClipLoader(clips(), rank=rank, world_size=2, **options)))
        for rank in range(2)
    ]
    both = torch.stack([part.x for part in parts], dim=1).flatten(0, 1)
    assert torch.equal(both, whole.x)


def test_batch_layout_is_what_pyg_collates():
    hops = HopEdges(SKELETON, 1, 2)
    loader = ClipLoader(clips(), batch_size=3, layout='batch', hops=hops)
    batch = next(iter(loader))
    static = next(iter(ClipLoader(clips(), batch_size=3)))
    expected = Batch.from_data_list(
        [
            Data(
                x=static.x[i],
                y=static.y[i],
                edge_index=hops.edge_index,
                edge_pair=hops.edge_pair,
                num_nodes=17,
            )
            for i in range(3)
        ]
    )
    assert batch.num_graphs == 3
    for key in ('x', 'y', 'edge_index', 'edge_pair', 'batch', 'ptr'):
        assert torch.equal(batch[key], expected[key]), key


@pytest.mark.parametrize(
    'options,message',
    [
        (dict(frames=4), "odd 'frames' .got 4"),
        (dict(stride=0), "'stride' >= 1 .got 256 and 0"),
        (dict(batch_size=1, world_size=2), 'number of processes'),
        (dict(layout='list'), "got 'list'"),
    ],
)
def test_bad_options(options, message):
    with pytest.raises(ValueError, match=message):
        ClipLoader(clips(), **options)


def test_bad_clips():
    with pytest.raises(ValueError, match='at least one frame'):
        ClipLoader(clips((0, 0)))
    broken = clips()
    broken[1].y = torch.zeros(17, 2, 3)
    with pytest.raises(ValueError, match="'y' with 1 frames.*got 2"):
        ClipLoader(broken)
