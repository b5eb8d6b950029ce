r"""Queries of the mode that a call runs in: eager, traced or transformed."""

import torch
from torch import Tensor
from torch._subclasses.fake_tensor import FakeTensor
from torch.autograd import forward_ad
from torch.fx.experimental.proxy_tensor import get_proxy_mode

# In a compiled call, torch 2.6 can neither tell that it is exported nor that
# it is transformed.
_UNKNOWN = not hasattr(torch.compiler, 'is_exporting')


def transformed(x: Tensor) -> bool:
    r"""Whether a transform of :mod:`torch.func` or forward-mode automatic
    differentiation is active, or a tensor is a batch of gradients of
    :func:`torch.autograd.grad`. These do not support in-place operations,
    :obj:`out=` arguments and custom autograd functions.
    """
    if torch.compiler.is_compiling():
        return (
            _UNKNOWN
            or torch._C._functorch.peek_interpreter_stack() is not None
        )
    return (
        torch._C._are_functorch_transforms_active()
        or forward_ad._current_level >= 0
        or torch._C._functorch.is_legacy_batchedtensor(x)
    )


def exporting() -> bool:
    r"""Whether :func:`torch.export.export`, ONNX export or TorchScript traces
    the call, or in torch 2.6 :func:`torch.compile`.
    """
    if _UNKNOWN:
        return torch.compiler.is_compiling() or torch.jit.is_tracing()
    return torch.compiler.is_exporting() or torch.jit.is_tracing()


def has_values(x: Tensor) -> bool:
    r"""Whether Python can branch on the values of a tensor, which is not
    possible in a traced graph, in :func:`torch.vmap`, and for meta and fake
    tensors.
    """
    return not (
        torch.compiler.is_compiling()
        or torch.jit.is_tracing()
        or get_proxy_mode() is not None
        or x.is_meta
        or isinstance(x, FakeTensor)
        or torch._C._functorch.is_functorch_wrapped_tensor(x)
    )


def unwrapped(x: Tensor) -> Tensor:
    r"""The tensor within a transform of :mod:`torch.func`, such as that of all
    samples in :func:`torch.vmap`, for checks of its values.
    """
    if torch.compiler.is_compiling():
        return x
    while torch._C._functorch.is_functorch_wrapped_tensor(x):
        x = torch._C._functorch.get_unwrapped(x)
    return x
