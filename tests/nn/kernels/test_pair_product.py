import pytest
import torch

from pyg_hcsf import HopEdges, get_skeleton
from pyg_hcsf.nn import pair_product
from pyg_hcsf.nn.kernels import wide


def arguments(batch=3, channels=16, widths=(5, 2), weighted='none'):
    hops = HopEdges(get_skeleton('h36m17'), 1, 2)
    sizes = [57, 54]
    x = torch.randn(batch, 17, channels, dtype=torch.double)
    weights = [
        torch.randn(size, channels, width, dtype=torch.double)
        for size, width in zip(sizes, widths, strict=True)
    ]
    shape = {'none': None, 'static': (111,), 'dynamic': (batch, 111)}[weighted]
    edge_weight = None
    if shape is not None:
        edge_weight = torch.randn(shape, dtype=torch.double)
    return x, weights, hops.edge_index, edge_weight


def dense(x, weights, edge_index, edge_weight):
    """The definition, sum by sum."""
    (source, target), outs, pair = edge_index.tolist(), [], 0
    for weight in weights:
        out = x.new_zeros(*x.shape[:2], weight.size(-1))
        for matrix in weight:
            message = x[:, source[pair]] @ matrix
            if edge_weight is not None:
                a = edge_weight[..., pair]
                message = a.view(-1, 1) * message
            out[:, target[pair]] += message
            pair += 1
        outs.append(out)
    return torch.cat(outs, dim=-1)


@pytest.mark.parametrize('node_major', [False, True])
@pytest.mark.parametrize('large', [1, 2**40], ids=['alone', 'gathered'])
@pytest.mark.parametrize('widths', [(16, 2), (5, 5), (1, 16)])
@pytest.mark.parametrize('weighted', ['none', 'static', 'dynamic'])
@pytest.mark.parametrize('kernel', ['auto', 'batched', 'dense', 'reference'])
def test_kernels_equal_the_definition(
    kernel, weighted, widths, large, node_major, monkeypatch
):
    """Wide and narrow groups, pairs alone and gathered in steps, both orders
    of memory.
    """
    monkeypatch.setattr(wide, 'LARGE', large)
    monkeypatch.setattr(wide, 'CACHE', 600)  # several steps
    args = arguments(weighted=weighted, widths=widths)
    if node_major:
        x = args[0].transpose(0, 1).contiguous().transpose(0, 1)
        args = (x, *args[1:])
    leaves = [args[0], *args[1], *([] if args[3] is None else [args[3]])]
    for leaf in leaves:
        leaf.requires_grad_()
    expected = dense(*args)
    out = pair_product(*args, kernel=kernel)
    assert torch.allclose(out, expected, atol=1e-12)
    grad = torch.randn_like(out)
    for a, b in zip(
        torch.autograd.grad(out, leaves, grad),
        torch.autograd.grad(expected, leaves, grad),
        strict=True,
    ):
        assert torch.allclose(a, b, atol=1e-12)


@pytest.mark.parametrize('weighted', ['none', 'static', 'dynamic'])
def test_gradcheck(weighted):
    hops = HopEdges(get_skeleton('h36m17'), 0, 1)
    x = torch.randn(2, 17, 1, dtype=torch.double, requires_grad=True)
    w0 = torch.randn(17, 1, 2, dtype=torch.double, requires_grad=True)
    w1 = torch.randn(40, 1, 1, dtype=torch.double, requires_grad=True)
    shape = (57,) if weighted == 'static' else (2, 57)
    a = torch.randn(shape, dtype=torch.double, requires_grad=True)

    def product(x, w0, w1, a=None):
        return pair_product(x, [w0, w1], hops.edge_index, a, 'batched')

    inputs = (x, w0, w1) if weighted == 'none' else (x, w0, w1, a)
    assert torch.autograd.gradcheck(product, inputs, fast_mode=True)


def test_custom_operator_is_sound():
    x, weights, edge_index, a = arguments(weighted='dynamic')
    x.requires_grad_()
    torch.library.opcheck(
        torch.ops.pyg_hcsf.pair_product.default,
        (x, weights, edge_index, a),
    )


def test_nodes_without_pairs_and_empty_groups():
    x = torch.randn(4, 5, 16, dtype=torch.double)
    weights = [
        torch.randn(2, 16, 16, dtype=torch.double),
        torch.randn(0, 16, 3, dtype=torch.double),
        torch.randn(1, 16, 2, dtype=torch.double),
    ]
    edge_index = torch.tensor([[0, 3, 4], [1, 1, 0]])
    for large in (1, 2**40):
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(wide, 'LARGE', large)
            out = pair_product(x, weights, edge_index, kernel='batched')
        expected = dense(x, weights, edge_index, None)
        assert torch.allclose(out, expected, atol=1e-12)
    assert out[:, 2:].abs().max() == 0


def test_no_weight_per_batched_edge():
    """The backward pass keeps what is of the size of the input only."""
    x, weights, edge_index, _ = arguments(batch=64)
    saved = []

    def pack(tensor):
        saved.append(tensor.numel())
        return tensor

    weights = [weight.requires_grad_() for weight in weights]
    with torch.autograd.graph.saved_tensors_hooks(pack, lambda x: x):
        pair_product(x.requires_grad_(), weights, edge_index)
    assert max(saved) <= max(x.numel(), *(w.numel() for w in weights))


@pytest.mark.parametrize('weighted', ['none', 'dynamic'])
def test_double_backward(weighted):
    hops = HopEdges(get_skeleton('h36m17'), 0, 1)
    x = torch.randn(2, 17, 4, dtype=torch.double, requires_grad=True)
    w0 = torch.randn(17, 4, 2, dtype=torch.double, requires_grad=True)
    w1 = torch.randn(40, 4, 1, dtype=torch.double, requires_grad=True)
    a = torch.randn(2, 57, dtype=torch.double, requires_grad=True)

    def product(x, w0, w1, a=None):
        return pair_product(x, [w0, w1], hops.edge_index, a, 'batched')

    inputs = (x, w0, w1) if weighted == 'none' else (x, w0, w1, a)
    assert torch.autograd.gradgradcheck(product, inputs, fast_mode=True)


def test_unknown_kernel():
    with pytest.raises(ValueError, match="got 'magic'"):
        pair_product(*arguments(), kernel='magic')


@pytest.mark.skipif(not torch.cuda.is_available(), reason='there is no GPU')
@pytest.mark.parametrize('weighted', ['none', 'dynamic'])
def test_on_an_accelerator(weighted):
    """The path of all pairs at once, which a CPU takes in steps."""
    x, weights, edge_index, a = arguments(batch=64, weighted=weighted)
    expected = pair_product(x, weights, edge_index, a, kernel='reference')
    x, edge_index = x.cuda().requires_grad_(), edge_index.cuda()
    weights = [weight.cuda().requires_grad_() for weight in weights]
    a = None if a is None else a.cuda()
    out = pair_product(x, weights, edge_index, a)
    assert torch.allclose(out.cpu(), expected, atol=1e-10)
    out.square().sum().backward()
    assert all(weight.grad.isfinite().all() for weight in weights)
