"""Training steps as CUDA graphs: what a small network asks of an accelerator
takes Python longer to say than the accelerator to do.
"""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import Module, Sequential

from pyg_hcsf.safe_io.shown import cause


def graphed(model: Module, x: Tensor, amp: bool = False) -> Module:
    """A network whose forward and backward pass in training are replayed, each
    as one CUDA graph, with the parameters of the network itself.

    Args:
        model: The network, on an accelerator.
        x: A batch; all others must have its shape.
        amp: Record what autocast to bfloat16 does.

    Raises:
        RuntimeError: If the network asks the accelerator for a number.
    """
    # A container of its own, as the forward of what is given is replaced.
    module = Sequential(model).train()
    # Recording runs batches, which batch norm counts.
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
