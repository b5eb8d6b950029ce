import pytest
import torch
from torch_geometric.data import Batch, Data

from pyg_hcsf import HopEdges, get_skeleton
from pyg_hcsf.data.clip_loader import ClipLoader
from pyg_hcsf.data.clip_store import ClipStore

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


@pytest.mark.parametrize('layout', ['static', 'batch'])
def test_windows_of_chosen_sequences(layout):
    options = dict(batch_size=13, frames=5, layout=layout)
    (plain,) = ClipLoader(clips(), **options)
    (both,) = ClipLoader(clips(), window_keys=('x', 'y'), **options)
    (none,) = ClipLoader(clips(), window_keys=(), **options)
    assert torch.equal(both.x, plain.x)
    assert torch.equal(both.y[..., :2], plain.x)
    assert torch.equal(none.y, plain.y)
    assert torch.equal(none.x, plain.y[..., :2])


def test_order_is_that_of_finished_runs():
    """Results that were kept depend on this order: it may not change."""
    loader = ClipLoader(clips(), batch_size=6, shuffle=True, seed=2)
    loader.set_epoch(3)
    seen = torch.cat([100 * batch.clip + batch.frame for batch in loader])
    generator = torch.Generator().manual_seed(2 * 1_000_003 + 3)
    order = torch.randperm(13, generator=generator)
    frames = torch.tensor([*range(7), 100, *range(200, 205)])
    assert torch.equal(seen, frames[order])
    assert seen.tolist()[:5] == [3, 202, 201, 204, 200]


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
    for data, other in zip(
        batch.to_data_list(), expected.to_data_list(), strict=True
    ):
        assert data.num_nodes == 17
        for key in ('x', 'y', 'edge_index', 'edge_pair'):
            assert torch.equal(data[key], other[key]), key
    assert torch.equal(batch[2].frame, batch.frame[2:])


def test_batches_of_windows_come_apart():
    loader = ClipLoader(clips(), batch_size=4, frames=3, layout='batch')
    batch = next(iter(loader))
    static = next(iter(ClipLoader(clips(), batch_size=4, frames=3)))
    for i, data in enumerate(batch.to_data_list()):
        assert torch.equal(data.x.transpose(0, 1), static.x[i])
        assert torch.equal(data.edge_index, SKELETON.edge_index)


LENGTHS = (40, 1, 0, 300, 7, 5, 600)


@pytest.fixture(scope='module')
def store(tmp_path_factory):
    path = tmp_path_factory.mktemp('loader') / 'store'
    return ClipStore.write(path, clips(LENGTHS))


def same(a, b):
    assert set(a.keys()) == set(b.keys())
    for key, value in a.to_dict().items():
        assert torch.equal(torch.as_tensor(value), torch.as_tensor(b[key]))


@pytest.mark.parametrize('layout', ['static', 'batch'])
@pytest.mark.parametrize('shuffle', [False, True])
def test_small_store_is_the_clips_in_memory(store, layout, shuffle):
    options = dict(batch_size=100, frames=5, stride=2, seed=1)
    options.update(layout=layout, shuffle=shuffle)
    memory = ClipLoader(clips(LENGTHS), **options)
    stream = ClipLoader(store, **options)
    for loader in (memory, stream):
        loader.set_epoch(4, start=1)
    for a, b in zip(memory, stream, strict=True):
        same(a, b)


@pytest.mark.parametrize('frames,stride', [(1, 1), (1, 3), (27, 1), (9, 2)])
@pytest.mark.parametrize('batch_size', [16, 50, 300])
def test_pools_are_the_windows_in_memory(store, frames, stride, batch_size):
    options = dict(batch_size=batch_size, frames=frames, stride=stride)
    whole = [*ClipLoader(clips(LENGTHS), 1000, frames, stride)][0]
    pooled = ClipLoader(store, shuffle=True, pool_size=400, **options)
    assert pooled.num_windows > pooled.pool_windows
    parts = [*pooled]
    assert [len(b.clip) for b in parts[:-1]] == [batch_size] * (len(parts) - 1)
    order = torch.cat([1000 * batch.clip + batch.frame for batch in parts])
    assert not torch.equal(order, order.sort().values)
    order = order.argsort()
    for key in ('clip', 'frame', 'x', 'y'):
        values = torch.cat([batch[key] for batch in parts])[order]
        assert torch.equal(values, whole[key]), key

    pooled.set_epoch(0, start=2)
    for a, b in zip(parts[2:], pooled, strict=True):
        same(a, b)
    in_order = ClipLoader(store, pool_size=400, **options)
    values = torch.cat([batch.x for batch in in_order])
    assert torch.equal(values, whole.x)
    window = torch.arange(pooled.num_windows).flip(0)[::5]
    assert torch.equal(pooled.load(window).x, whole.x[window])


def test_pools_are_shuffled_well(store, monkeypatch):
    """Blocks are drawn from the whole store, windows from the whole pool, and
    another epoch has other pools.
    """
    monkeypatch.setattr('pyg_hcsf.data.clip_loader.BLOCK', 8)
    loader = ClipLoader(store, 32, shuffle=True, pool_size=256)
    assert (loader.block_size, loader.pool_windows) == (8, 256)
    position = torch.tensor([0, *LENGTHS]).cumsum(0)
    pools = []
    for epoch in range(2):
        loader.set_epoch(epoch)
        batches = [position[b.clip] + b.frame for b in loader]
        blocks = [batch // 8 for batch in batches[:8]]
        # All 32 of a pool are in it; a batch has windows of most.
        assert len(torch.cat(blocks).unique()) == 32
        assert sum(len(block.unique()) for block in blocks) / 8 > 16
        pools.append(torch.cat(batches[:8]))
        assert pools[-1].max() - pools[-1].min() > 0.8 * 953
    # Two pools of a quarter each have a quarter in common by chance.
    common = set(pools[0].tolist()) & set(pools[1].tolist())
    assert len(common) < 0.5 * 256


def test_memory_of_a_pool_is_bounded(store, monkeypatch):
    largest = 0
    read = ClipStore.read

    def spy(self, key, starts, stops):
        nonlocal largest
        largest = max(largest, sum(stops) - sum(starts))
        return read(self, key, starts, stops)

    monkeypatch.setattr(ClipStore, 'read', spy)
    for options in (dict(), dict(frames=27), dict(stride=5), dict(frames=9)):
        for _ in ClipLoader(store, 16, shuffle=True, pool_size=300, **options):
            pass
    assert 100 < largest <= 300


def test_two_iterators_at_once(store):
    loader = ClipLoader(store, 32, shuffle=True, pool_size=128)
    expected = [*loader]
    one, two = iter(loader), iter(loader)
    for _ in range(10):
        next(one)
    for a, b in zip(expected, two, strict=True):
        same(a, b)
    same(next(one), expected[10])


def test_processes_share_the_batches_of_a_store(store):
    options = dict(batch_size=30, shuffle=True, pool_size=300)
    whole = [*ClipLoader(store, **options)]
    parts = [
        ClipLoader(store, rank=r, world_size=2, **options) for r in (0, 1)
    ]
    for a, b, batch in zip(*parts, whole, strict=True):
        assert torch.equal(a.x, batch.x[::2])
        assert torch.equal(b.x, batch.x[1::2])


def test_stores_that_do_not_fit(store, tmp_path):
    with pytest.raises(ValueError, match="'joints'.*EncodePose.*clip 0"):
        ClipLoader(store, keys=('x', 'joints'))
    with pytest.raises(ValueError, match='at least one frame'):
        ClipLoader(ClipStore.write(tmp_path / 'a', clips((0, 0))))


@pytest.mark.parametrize(
    'options,message',
    [
        (dict(frames=4), "odd 'frames' .got 4"),
        (dict(stride=0), "'stride' >= 1 .got 0"),
        (dict(batch_size=1, world_size=2), 'number of processes'),
        (dict(layout='list'), "got 'list'"),
        (dict(rank=2, world_size=2), "below 'world_size' .got 2 and 2"),
        (dict(rank=-1), "'rank' to be 0 or more.*got -1"),
        (dict(keys=('x', 'joints')), "'joints'.*'EncodePose' makes.*clip 0"),
        (dict(window_keys=('z',)), r"some of 'keys', \('x', 'y'\) .got \('z"),
        (dict(keys=('x', 'z')), r"sequence 'z' \[N, T, \*\] .got clip 0: D"),
        (
            dict(layout='batch', hops=HopEdges(get_skeleton('ntu25'), 1, 2)),
            r'same joints for the batch.*25 and \[17, 17\]',
        ),
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
    broken = clips()
    broken[1].x = torch.zeros(16, 1, 2)
    with pytest.raises(ValueError, match="'x' with the joints.*16.* clip 1"):
        ClipLoader(broken)
    with pytest.raises(ValueError, match='at least one frame'):
        ClipLoader([])
    bare = [Data(x=clip.x, y=clip.y) for clip in clips()]
    assert len(ClipLoader(bare)) == 1
    with pytest.raises(ValueError, match="'edge_index', or 'hops'"):
        ClipLoader(bare, layout='batch')
