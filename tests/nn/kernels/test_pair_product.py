import pytest
import torch

from pyg_hcsf import HopEdges, get_skeleton
from pyg_hcsf.nn import pair_product


def arguments(batch=3, channels=4, widths=(5, 2), weighted='none'):
    hops = HopEdges(get_skeleton('h36m17'), 1, 2)
    source, target = hops.edge_index.tolist()
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
    return x, weights, source, target, edge_weight


def dense(x, weights, source, target, edge_weight):
    """The definition, sum by sum."""
    outs, pair = [], 0
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


@pytest.mark.parametrize('weighted', ['none', 'static', 'dynamic'])
@pytest.mark.parametrize('kernel', ['auto', 'loop', 'reference'])
def test_kernels_equal_the_definition(kernel, weighted):
    args = arguments(weighted=weighted)
    leaves = [args[0], *args[1], *([] if args[4] is None else [args[4]])]
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
    source, target = hops.edge_index.tolist()
    x = torch.randn(2, 17, 1, dtype=torch.double, requires_grad=True)
    w0 = torch.randn(17, 1, 2, dtype=torch.double, requires_grad=True)
    w1 = torch.randn(40, 1, 1, dtype=torch.double, requires_grad=True)
    shape = (57,) if weighted == 'static' else (2, 57)
    a = torch.randn(shape, dtype=torch.double, requires_grad=True)

    def product(x, w0, w1, a=None):
        return pair_product(x, [w0, w1], source, target, a, 'loop')

    inputs = (x, w0, w1) if weighted == 'none' else (x, w0, w1, a)
    assert torch.autograd.gradcheck(product, inputs, fast_mode=True)


def test_custom_operator_is_sound():
    x, weights, source, target, a = arguments(weighted='dynamic')
    x.requires_grad_()
    torch.library.opcheck(
        torch.ops.pyg_hcsf.pair_product.default,
        (x, weights, source, target, a),
    )


def test_no_weight_per_batched_edge():
    """The backward pass keeps what is of the size of the input only."""
    x, weights, source, target, _ = arguments(batch=64)
    saved = []

    def pack(tensor):
        saved.append(tensor.numel())
        return tensor

    weights = [weight.requires_grad_() for weight in weights]
    with torch.autograd.graph.saved_tensors_hooks(pack, lambda x: x):
        pair_product(x.requires_grad_(), weights, source, target)
    assert max(saved) <= max(x.numel(), *(w.numel() for w in weights))


def test_double_backward_says_no():
    x, weights, source, target, _ = arguments()
    x.requires_grad_()
    out = pair_product(x, weights, source, target)
    (grad,) = torch.autograd.grad(out.sum(), x, create_graph=True)
    with pytest.raises(RuntimeError, match='does not require grad|autograd'):
        torch.autograd.grad(grad.square().sum(), x)


def test_unknown_kernel():
    with pytest.raises(ValueError, match="got 'magic'"):
        pair_product(*arguments(), kernel='magic')
