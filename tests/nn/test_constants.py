"""Layers on any device and in any type: buffers computed from the graph."""

import copy
import pickle

import pytest
import torch

from pyg_hcsf import HopEdges, get_skeleton
from pyg_hcsf.nn import (
    DynamicGraph,
    HCSFConv,
    LCNConv,
    PartitionConv,
    SemGCNConv,
    make_layer,
)
from pyg_hcsf.nn.conv.hop_weights import SHARINGS

H36M = get_skeleton('h36m17')
LAYERS = {
    'lcn': lambda: LCNConv(4, 8, HopEdges(H36M, 1, 2)),
    'dynamic': lambda: DynamicGraph(4, HopEdges(H36M, 1, 2), top_k=2),
    'partition': lambda: PartitionConv(4, 8, H36M),
    'adaptive': lambda: PartitionConv(4, 8, H36M, adaptive=True),
    'sem_gcn': lambda: SemGCNConv(4, 8, H36M),
    'gcn': lambda: make_layer('gcn', 4, 8, H36M),
} | {
    sharing: lambda sharing=sharing: HCSFConv(
        4, 8, HopEdges(H36M, 1, 2), sharing=sharing, normalize='sym'
    )
    for sharing in SHARINGS
}


def run(layer, x):
    if isinstance(layer, HCSFConv):
        return layer(x, layer.hops.edge_index)
    return layer(x)


def poison(layer):
    """Fills all tensors with wrong values, like uninitialised memory."""
    for tensor in (*layer.parameters(), *layer.buffers()):
        tensor.data.fill_(True if tensor.dtype == torch.bool else 77)


@pytest.fixture(params=LAYERS)
def make(request):
    return LAYERS[request.param]


def test_materialised_from_meta(make):
    layer = make()
    x = torch.randn(2, 3, 17, 4)
    with torch.device('meta'):
        empty = make()
    assert all(t.is_meta for t in (*empty.parameters(), *empty.buffers()))
    if 'EdgeLayer' not in str(type(layer)):  # GCNConv reads its edges
        shape = run(empty, x.to('meta')).shape
        assert shape == run(layer, x).shape
    empty.to_empty(device='cpu')
    for name, buffer in layer.named_buffers():
        assert torch.equal(empty.get_buffer(name), buffer), name
    empty.load_state_dict(layer.state_dict())
    assert torch.equal(run(empty, x), run(layer, x))


@pytest.mark.parametrize('device', ['meta', 'cpu'])
def test_assigned_parameters(make, device):
    """Buffers take the device and type of assigned parameters."""
    layer = make().double()
    x = torch.randn(2, 3, 17, 4, dtype=torch.double)
    with torch.device(device):
        other = torch.nn.Sequential(make())
    state = {f'0.{k}': v for k, v in layer.state_dict().items()}
    other.load_state_dict(state, assign=True)
    for name, buffer in layer.named_buffers():
        copied = other[0].get_buffer(name)
        assert copied.dtype == buffer.dtype
        assert torch.equal(copied, buffer), name
    assert torch.equal(run(other[0], x), run(layer, x))


def test_to_empty_and_reset_parameters(make):
    layer, other = make(), make()
    poison(layer)
    layer.to_empty(device='cpu')
    for module in (layer, other):
        torch.manual_seed(0)
        getattr(module, 'conv', module).reset_parameters()
    x = torch.randn(2, 3, 17, 4)
    assert torch.equal(run(layer, x), run(other, x))


def test_conversions_lose_nothing(make):
    """Buffers of a float64 layer are exact after any conversions."""
    torch.set_default_dtype(torch.double)
    try:
        exact = make()
        assert {p.dtype for p in exact.parameters()} == {torch.double}
        run(exact, torch.randn(2, 3, 17, 4)).sum().backward()
    finally:
        torch.set_default_dtype(torch.float)
    for layer in (make().double(), make().half().double()):
        for name, buffer in exact.named_buffers():
            assert torch.equal(layer.get_buffer(name), buffer), name
        clones = [copy.deepcopy(layer), pickle.loads(pickle.dumps(layer))]
        for clone in clones:
            clone.float().double()
            for name, buffer in exact.named_buffers():
                assert torch.equal(clone.get_buffer(name), buffer), name


def test_buffers_stay_the_same_tensors(make):
    """CUDA graphs and other processes use their memory."""
    layer = make()
    before = [buffer.data_ptr() for buffer in layer.buffers()]
    layer.float().cpu()
    assert [buffer.data_ptr() for buffer in layer.buffers()] == before


def test_default_device_at_a_call():
    """A model on the CPU, where another device is the default."""
    conv = HCSFConv(4, 8, HopEdges(H36M, 1, 2), kernel='batched')
    x = torch.randn(2, 17, 4)
    expected = conv(x, conv.hops.edge_index)
    from pyg_hcsf.nn.kernels.plan import _cached_plan

    _cached_plan.cache_clear()
    with torch.device('meta'):
        assert torch.equal(conv(x, conv.hops.edge_index), expected)
        hops = HopEdges(get_skeleton('h36m17'), 1, 2)
    assert torch.equal(hops.edge_index, conv.hops.edge_index)


def test_default_type_of_edge_weights():
    hops = HopEdges(H36M, 1, 2)
    weight = hops.edge_weight('sym')
    assert weight.dtype == torch.float
    exact = hops.edge_weight('sym', torch.double)
    assert torch.equal(exact.float(), weight)
    assert not torch.equal(exact, weight.double())


@pytest.mark.filterwarnings('ignore')  # TorchScript is deprecated
def test_torch_script_is_refused(make):
    with pytest.raises(NotImplementedError, match='use torch.compile'):
        torch.jit.script(torch.nn.Sequential(make()))
