import pytest
import torch
from torch.autograd import forward_ad
from torch.utils.flop_counter import FlopCounterMode

from pyg_hcsf import HopEdges, get_skeleton
from pyg_hcsf.nn import pair_product
from pyg_hcsf.nn.kernels import KERNELS, per_pair


def arguments(
    batch=3, channels=16, widths=(5, 2), weighted='none', device=None
):
    hops = HopEdges(get_skeleton('h36m17'), 1, 2)
    options = dict(dtype=torch.double, device=device)
    sizes = [57, 54]
    x = torch.randn(batch, 17, channels, **options)
    weights = [
        torch.randn(size, channels, width, **options)
        for size, width in zip(sizes, widths, strict=True)
    ]
    shape = {'none': None, 'static': (111,), 'dynamic': (batch, 111)}[weighted]
    edge_weight = None
    if shape is not None:
        edge_weight = torch.randn(shape, **options)
    return x, weights, hops.edge_index.to(device), edge_weight


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
@pytest.mark.parametrize('large', [1, 2**40], ids=['addmm', 'bmm'])
@pytest.mark.parametrize('widths', [(16, 2), (5, 5), (1, 16)])
@pytest.mark.parametrize('weighted', ['none', 'static', 'dynamic'])
@pytest.mark.parametrize('kernel', KERNELS)
def test_kernels_equal_the_definition(
    kernel, weighted, widths, large, node_major, device, monkeypatch
):
    """Per-pair (by addmm and by bmm in several steps), packed and gathered
    groups, in both orders of memory.
    """
    if large == 1 and (device.type == 'cuda' or kernel == 'gathered'):
        pytest.skip('addmm is not used')
    monkeypatch.setattr(per_pair, 'LARGE', large)
    monkeypatch.setattr(per_pair, 'CACHE', 600)  # several steps
    args = arguments(weighted=weighted, widths=widths, device=device)
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


@pytest.mark.parametrize('kernel', ['batched', 'gathered'])
@pytest.mark.parametrize('weighted', ['none', 'static', 'dynamic'])
def test_gradcheck(weighted, kernel, device):
    hops = HopEdges(get_skeleton('h36m17'), 0, 1)
    x = torch.randn(2, 17, 1, dtype=torch.double, requires_grad=True)
    w0 = torch.randn(17, 1, 2, dtype=torch.double, requires_grad=True)
    w1 = torch.randn(40, 1, 1, dtype=torch.double, requires_grad=True)
    shape = (57,) if weighted == 'static' else (2, 57)
    a = torch.randn(shape, dtype=torch.double, requires_grad=True)
    edge_index = hops.edge_index.to(device)

    def product(x, w0, w1, a=None):
        x, w0, w1 = x.to(device), w0.to(device), w1.to(device)
        a = None if a is None else a.to(device)
        return pair_product(x, [w0, w1], edge_index, a, kernel)

    inputs = (x, w0, w1) if weighted == 'none' else (x, w0, w1, a)
    # Only the gathered kernel is deterministic on an accelerator.
    near = 1e-12 if kernel == 'batched' else 0.0
    assert torch.autograd.gradcheck(
        product, inputs, fast_mode=True, nondet_tol=near
    )


# torch 2.14 reads the gradients of copies here and hides its own warning,
# which it cannot where warnings are errors:
@pytest.mark.filterwarnings('ignore:The .grad attribute of a Tensor')
@pytest.mark.parametrize('gathered', [False, True])
def test_custom_operator_is_sound(gathered, device):
    x, weights, edge_index, a = arguments(weighted='dynamic', device=device)
    x.requires_grad_()
    torch.library.opcheck(
        torch.ops.pyg_hcsf.pair_product.default,
        (x, weights, edge_index, a, gathered),
    )


@pytest.mark.parametrize('weighted', ['none', 'dynamic'])
def test_gathered_kernel_is_deterministic(weighted, device):
    args = arguments(64, widths=(16, 2), weighted=weighted, device=device)
    leaves = [args[0], *args[1]]
    bits = []
    for _ in range(3):
        for leaf in leaves:
            leaf.requires_grad_()
        out = pair_product(*args, kernel='gathered')
        bits.append([out, *torch.autograd.grad(out.square().sum(), leaves)])
    for other in bits[1:]:
        assert all(map(torch.equal, bits[0], other))


def test_changed_edges_are_read_again():
    x, weights, edge_index, _ = arguments()
    edge_index = edge_index.clone()
    pair_product(x, weights, edge_index, kernel='batched')
    edge_index[0] = edge_index[0].flip(0)
    out = pair_product(x, weights, edge_index, kernel='batched')
    assert torch.allclose(out, dense(x, weights, edge_index, None))


def test_nodes_without_pairs_and_empty_groups():
    x = torch.randn(4, 5, 16, dtype=torch.double)
    weights = [
        torch.randn(2, 16, 16, dtype=torch.double),
        torch.randn(0, 16, 3, dtype=torch.double),
        torch.randn(1, 16, 2, dtype=torch.double),
    ]
    edge_index = torch.tensor([[0, 3, 4], [1, 1, 0]])
    for large, kernel in ((1, 'batched'), (2**40, 'batched'), (1, 'gathered')):
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(per_pair, 'LARGE', large)
            out = pair_product(x, weights, edge_index, kernel=kernel)
        expected = dense(x, weights, edge_index, None)
        assert torch.allclose(out, expected, atol=1e-12)
    assert out[:, 2:].abs().max() == 0


def test_no_weight_per_batched_edge():
    """No tensor larger than the input or weights is saved for backward."""
    x, weights, edge_index, _ = arguments(batch=64)
    saved = []

    def pack(tensor):
        saved.append(tensor.numel())
        return tensor

    weights = [weight.requires_grad_() for weight in weights]
    with torch.autograd.graph.saved_tensors_hooks(pack, lambda x: x):
        pair_product(x.requires_grad_(), weights, edge_index)
    assert max(saved) <= max(x.numel(), *(w.numel() for w in weights))


@pytest.mark.parametrize('kernel', ['batched', 'gathered'])
@pytest.mark.parametrize('weighted', ['none', 'dynamic'])
def test_double_backward(weighted, kernel):
    hops = HopEdges(get_skeleton('h36m17'), 0, 1)
    x = torch.randn(2, 17, 4, dtype=torch.double, requires_grad=True)
    w0 = torch.randn(17, 4, 2, dtype=torch.double, requires_grad=True)
    w1 = torch.randn(40, 4, 1, dtype=torch.double, requires_grad=True)
    a = torch.randn(2, 57, dtype=torch.double, requires_grad=True)

    def product(x, w0, w1, a=None):
        return pair_product(x, [w0, w1], hops.edge_index, a, kernel)

    inputs = (x, w0, w1) if weighted == 'none' else (x, w0, w1, a)
    assert torch.autograd.gradgradcheck(product, inputs, fast_mode=True)


def test_double_backward_changes_no_input():
    x, weights, edge_index, a = arguments(weighted='dynamic')
    weights = [weight.requires_grad_() for weight in weights]
    out = pair_product(x, weights, edge_index, a, 'batched')
    torch.autograd.grad(out.square().sum(), weights, create_graph=True)
    assert not x.requires_grad and not a.requires_grad


@pytest.mark.parametrize('weighted', ['none', 'static', 'dynamic'])
@pytest.mark.parametrize('kernel', KERNELS)
def test_transforms(kernel, weighted):
    """vmap and both kinds of forward-mode differentiation, at a batch that
    the fast kernels take.
    """
    x, weights, edge_index, a = arguments(33, weighted=weighted)
    dx = torch.randn_like(x)

    def product(x):
        return pair_product(x, weights, edge_index, a, kernel)

    expected = product(dx)  # it is linear
    _, tangent = torch.func.jvp(product, (x,), (dx,))
    assert torch.allclose(tangent, expected, atol=1e-12)
    with forward_ad.dual_level():
        out = product(forward_ad.make_dual(x, dx))
        tangent = forward_ad.unpack_dual(out).tangent
    assert torch.allclose(tangent, expected, atol=1e-12)
    mapped = torch.vmap(product)(torch.stack([x, dx]))
    assert torch.allclose(mapped[1], expected, atol=1e-12)
    assert torch.allclose(mapped[0], product(x), atol=1e-12)


@pytest.mark.parametrize('weighted', ['none', 'static', 'dynamic'])
@pytest.mark.parametrize('kernel', KERNELS)
def test_empty_batch(kernel, weighted):
    args = arguments(0, weighted=weighted)
    leaves = [args[0], *args[1]]
    for leaf in leaves:
        leaf.requires_grad_()
    out = pair_product(*args, kernel=kernel)
    assert out.shape == (0, 17, 7)
    grads = torch.autograd.grad(out.sum(), leaves)
    assert all(bool((grad == 0).all()) for grad in grads)


@pytest.mark.parametrize('kernel', KERNELS)
def test_output_is_contiguous(kernel):
    out = pair_product(*arguments(40), kernel=kernel)
    assert out.view(40, -1).shape == (40, 17 * 7)


@pytest.mark.parametrize('weighted', ['none', 'dynamic'])
@pytest.mark.parametrize('kernel', ['batched', 'gathered'])
def test_several_gradients_at_once(kernel, weighted):
    """torch.autograd.grad with is_grads_batched, which vectorised Jacobians
    use, too.
    """
    args = arguments(weighted=weighted)
    x, _, _, edge_weight = args
    inputs = [x] if edge_weight is None else [x, edge_weight]
    inputs = [t.requires_grad_() for t in inputs]
    out = pair_product(*args, kernel)
    grads = torch.randn(3, *out.shape, dtype=out.dtype)
    options = dict(retain_graph=True)
    batched = torch.autograd.grad(
        out, inputs, grads, is_grads_batched=True, **options
    )
    for k, grad in enumerate(grads):
        one = torch.autograd.grad(out, inputs, grad, **options)
        for a, b in zip(batched, one, strict=True):
            torch.testing.assert_close(a[k], b)


@pytest.mark.parametrize('kernel', ['batched', 'gathered'])
def test_compiled_transforms(kernel):
    """torch.compile of a function that torch.func transforms."""
    torch._dynamo.reset()
    x, *args = arguments(batch=2)

    def call(x):
        return pair_product(x, *args, kernel)

    def loss(x):
        return call(x).square().sum()

    options = dict(backend='eager', fullgraph=True)
    for function, inputs in [
        (torch.func.grad(loss), x),
        (torch.func.vmap(call), torch.stack([x, 2 * x])),
    ]:
        out = torch.compile(function, **options)(inputs)
        torch.testing.assert_close(out, function(inputs))


@pytest.mark.parametrize('kernel', ['batched', 'gathered'])
def test_flops(kernel):
    """Backward takes two products for each of the forward pass."""
    x, weights, edge_index, _ = arguments(64)
    x.requires_grad_()
    hand = 2 * 64 * 16 * (57 * 5 + 54 * 2)
    with FlopCounterMode(display=False) as counter:
        out = pair_product(x, weights, edge_index, kernel=kernel)
        assert counter.get_total_flops() == hand
        out.sum().backward()
    assert counter.get_total_flops() == 3 * hand


def test_edges_changed_by_numpy_are_read_again():
    x, weights, edge_index, _ = arguments()
    edge_index = edge_index.clone()
    pair_product(x, weights, edge_index, kernel='batched')
    edge_index.numpy()[0] = edge_index.numpy()[0][::-1].copy()
    out = pair_product(x, weights, edge_index, kernel='batched')
    assert torch.allclose(out, dense(x, weights, edge_index, None))


def test_autocast_leaves_doubles():
    """As torch.bmm does."""
    args = arguments()
    expected = pair_product(*args)
    with torch.autocast('cpu', torch.bfloat16):
        out = pair_product(*args)
    assert out.dtype == torch.double and torch.equal(out, expected)


def test_unknown_kernel():
    with pytest.raises(ValueError, match="got 'magic'"):
        pair_product(*arguments(), kernel='magic')


@pytest.mark.skipif(not torch.cuda.is_available(), reason='there is no GPU')
@pytest.mark.parametrize('weighted', ['none', 'dynamic'])
def test_does_not_wait_for_an_accelerator(weighted):
    """A call that asked it for numbers would wait for all that runs there."""
    x, weights, edge_index, a = arguments(64, weighted=weighted, device='cuda')
    leaves = [x, *weights]
    for leaf in leaves:
        leaf.requires_grad_()
    pair_product(x, weights, edge_index, a).sum().backward()  # makes a plan
    torch.cuda.set_sync_debug_mode('error')
    try:
        pair_product(x, weights, edge_index, a).sum().backward()
    finally:
        torch.cuda.set_sync_debug_mode('default')
