"""Compiled, exported and traced graphs look at the edges they are given."""

import numpy as np
import pytest
import torch
from torch.fx.experimental.proxy_tensor import make_fx
from torch_geometric.data import Batch, Data

from pyg_hcsf import HopEdges, Skeleton, get_skeleton
from pyg_hcsf.nn import HCSFConv, LCNConv
from pyg_hcsf.transforms import AddHopEdges

H36M = get_skeleton('h36m17')
HOPS = HopEdges(H36M, 1, 2)
SIZE = torch.export.Dim('size', min=2, max=4096)


def layer(kind, **options):
    torch._dynamo.reset()
    if kind == 'lcn':
        return LCNConv(6, 8, HOPS, **options).double()
    return HCSFConv(6, 8, HOPS, sharing=kind, **options).double()


def arguments(batch=3):
    """Edges in another order, with their weights."""
    order = torch.randperm(HOPS.num_pairs)
    x = torch.randn(batch, 17, 6, dtype=torch.double)
    weight = torch.rand(batch, HOPS.num_pairs, dtype=torch.double)
    edges, pairs = HOPS.edge_index[:, order], HOPS.edge_pair[order]
    return (x, edges, pairs, weight[:, order]), weight


def batch_arguments():
    """A batch of three graphs, its nodes and edges in any order."""
    data = AddHopEdges(HOPS)(Data(edge_index=H36M.edge_index, num_nodes=17))
    batch = Batch.from_data_list([data] * 3)
    (x, *_), weight = arguments()
    nodes, edges = torch.randperm(51), torch.randperm(batch.num_edges)
    edge_index = nodes.argsort()[batch.edge_index][:, edges]
    args = (x.view(-1, 6)[nodes], edge_index, batch.edge_pair[edges])
    return (*args, weight.view(-1)[edges]), x, weight, nodes


@pytest.mark.parametrize('kind', ['lcn', 'pair', 'source', 'hop', 'all'])
def test_compiled(kind):
    conv = layer(kind)
    backend = 'aot_eager' if kind == 'pair' else 'eager'
    compiled = torch.compile(conv, fullgraph=True, backend=backend)
    args, weight = arguments()
    expected = conv(args[0], HOPS.edge_index, edge_weight=weight)
    assert torch.allclose(conv(*args), expected, atol=1e-12)
    assert torch.allclose(compiled(*args), expected, atol=1e-12)
    grads = [
        torch.autograd.grad(run(*args).square().sum(), [*conv.parameters()])
        for run in (conv, compiled)
    ]
    for a, b in zip(*grads, strict=True):
        assert torch.allclose(a, b, atol=1e-12)
    args, x, weight, nodes = batch_arguments()
    expected = conv(x, HOPS.edge_index, edge_weight=weight).view(-1, 8)[nodes]
    assert torch.allclose(conv(*args), expected, atol=1e-12)
    assert torch.allclose(compiled(*args), expected, atol=1e-12)


@pytest.mark.parametrize('grad', [False, True])
def test_compiled_refuses_other_edges(grad):
    conv = layer('pair')
    compiled = torch.compile(conv, fullgraph=True, backend='aot_eager')
    (x, edges, pairs, weight), _ = arguments()
    compiled(x, HOPS.edge_index)
    wrong = [
        (x, edges),  # permuted, and nothing says how
        (x, torch.randint(17, edges.shape)),
        (x, edges, HOPS.edge_pair, weight),
        (x, edges, pairs + 1000, weight),
        (x, edges + 17, pairs, weight),
    ]
    for args in wrong:
        with torch.set_grad_enabled(grad):
            with pytest.raises(RuntimeError, match='take it from HopEdges'):
                compiled(*args)
            with pytest.raises(ValueError, match='edge_'):
                conv(*args)


@pytest.mark.parametrize('kind', ['pair', 'all'])
def test_exported(kind):
    conv = layer(kind)
    args, _ = arguments()
    program = torch.export.export(
        conv, args, dynamic_shapes=({0: SIZE}, None, None, {0: SIZE})
    ).module()
    other, _ = arguments(batch=5)
    assert torch.allclose(program(*other), conv(*other), atol=1e-12)
    with pytest.raises(RuntimeError, match='take it from HopEdges'):
        program(*other[:2], HOPS.edge_pair, other[3])
    program = torch.export.export(conv, (args[0], HOPS.edge_index)).module()
    program(args[0], HOPS.edge_index)
    with pytest.raises(RuntimeError, match='take it from HopEdges'):
        program(*args[:2])


@pytest.mark.filterwarnings('ignore')  # of the exporter, about itself
def test_onnx(tmp_path):
    pytest.importorskip('onnxscript')
    runtime = pytest.importorskip('onnxruntime')
    conv = layer('pair').float().eval()
    names = ['x', 'edge_index', 'edge_pair', 'edge_weight']

    def single(args):
        return tuple(t.float() if t.is_floating_point() else t for t in args)

    batch = torch.export.Dim('batch')
    torch.onnx.export(
        conv,
        single(arguments()[0]),
        tmp_path / 'conv.onnx',
        input_names=names,
        dynamic_shapes=({0: batch}, None, None, {0: batch}),
        dynamo=True,
        verbose=False,
    )
    session = runtime.InferenceSession(tmp_path / 'conv.onnx')

    def run(args):
        feed = {k: t.numpy() for k, t in zip(names, args, strict=True)}
        return session.run(None, feed)[0]

    for size in (1, 5):
        args = single(arguments(size)[0])
        expected = conv(*args).detach().numpy()
        near = 1e-5 * np.abs(expected).max()
        np.testing.assert_allclose(run(args), expected, rtol=0, atol=near)
    assert np.isnan(run((*args[:2], HOPS.edge_pair, args[3]))).all()


@pytest.mark.filterwarnings('ignore')  # of the deprecated tracer
def test_jit_trace():
    conv = layer('pair')
    args, x, weight, nodes = batch_arguments()
    traced = torch.jit.trace(conv, args, check_trace=False)
    args, *_ = batch_arguments()
    assert torch.allclose(traced(*args), conv(*args), atol=1e-12)
    wrong = args[2][torch.randperm(args[2].numel())]
    assert bool(traced(*args[:2], wrong, args[3]).isnan().all())


def test_explained_edges_keep_their_order():
    """A mask of an explainer is that of the edges as they were given."""
    conv = layer('pair')
    args, _ = arguments(1)
    x, edges, pairs, _ = args
    seen = []
    conv.register_propagate_forward_pre_hook(
        lambda _, inputs: seen.append(inputs[0])
    )
    out = conv(x[0], edges, pairs)
    assert torch.equal(seen[0], edges)
    other = HCSFConv(6, 8, HOPS).double()
    other.load_state_dict(conv.state_dict())
    assert torch.allclose(other(x[0], HOPS.edge_index), out, atol=1e-12)


def test_own_weights_of_renamed_nodes():
    """The W_a of a joint goes with the joint."""
    conv = layer('pair', node_transform=True)
    args, x, weight, nodes = batch_arguments()
    expected = conv(x, HOPS.edge_index, edge_weight=weight).view(-1, 8)[nodes]
    assert torch.allclose(conv(*args), expected, atol=1e-12)
    conv.register_message_forward_hook(lambda *args: None)
    assert torch.allclose(conv(*args), expected, atol=1e-12)


def test_skeletons_in_two_parts():
    """Edges in any order; nodes in that of the template."""
    skeleton = Skeleton(
        'two parts',
        tuple('abcd'),
        (-1, 0, 1, 2),
        (),
        (),
        graphs={'parts': ((0, 2), (1, 3))},
        graph='parts',
    )
    hops = HopEdges(skeleton, 1, 1)
    conv = HCSFConv(2, 3, hops).double()
    x = torch.randn(2, 4, 2, dtype=torch.double)
    order = torch.randperm(hops.num_pairs)
    args = (x, hops.edge_index[:, order], hops.edge_pair[order])
    expected = conv(x, hops.edge_index)
    compiled = torch.compile(conv, fullgraph=True, backend='eager')
    for run in (conv, compiled):
        assert torch.allclose(run(*args), expected, atol=1e-12)


def test_make_fx():
    """A graph of operations without torch.compile, as torch.func.linearize
    makes it.
    """
    conv = layer('pair')
    x = torch.randn(2, 17, 6, dtype=torch.double)

    def call(x, edge_index):
        return conv(x, edge_index)

    graph = make_fx(call)(x, HOPS.edge_index)
    expected = conv(-x, HOPS.edge_index)
    assert torch.allclose(graph(-x, HOPS.edge_index), expected, atol=1e-12)
    with pytest.raises(RuntimeError, match="Expected 'edge_index'"):
        graph(x, HOPS.edge_index.flip(0))
