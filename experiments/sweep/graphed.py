"""Training steps as CUDA graphs, for small networks on a GPU: launching their
kernels one by one from Python takes longer than computing them.
"""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import Module, Sequential

from pyg_hcsf.safe_io.shown import cause


def graphed(model: Module, x: Tensor, amp: bool = False) -> Module:
    """Records the forward and the backward pass of a network in training, each
    as one CUDA graph. The returned module shares the network's parameters.

    Args:
        model: The network, on a GPU.
        x: A batch; all others must have its shape.
        amp: Record autocast to bfloat16.

    Raises:
        RuntimeError: If a pass synchronises with the GPU.
    """
    # In a container, as make_graphed_callables replaces the forward method.
    module = Sequential(model).train()
    # Recording runs batches, which changes the statistics of batch norm.
    state = {key: value.clone() for key, value in model.state_dict().items()}
    try:
        with torch.autocast('cuda', torch.bfloat16, amp, cache_enabled=False):
            torch.cuda.make_graphed_callables(module, (x,))
    except RuntimeError as e:
        raise RuntimeError(
            f'{model} cannot be recorded as a CUDA graph ({cause(e)}): leave '
            'out --train.graph'
        ) from e
    model.load_state_dict(state)
    model.zero_grad(set_to_none=True)
    return module
