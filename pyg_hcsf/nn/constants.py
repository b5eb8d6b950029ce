from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor
from torch.nn import Module

from pyg_hcsf.nn.tracing import has_values


class NoTorchScript(Module):
    r"""A module that refuses :func:`torch.jit.script` with a clear error."""

    def __prepare_scriptable__(self) -> Any:
        raise NotImplementedError(
            f"'{self.__class__.__name__}' does not support TorchScript, which "
            'PyTorch has deprecated; use torch.compile, or torch.export or '
            'torch.onnx.export to save a model that runs without Python code'
        )


class ConstantBuffers(NoTorchScript):
    r"""A module with buffers that are computed from its template graph: they
    are in no state dict, so their values are restored after every conversion.
    Memory from :meth:`to_empty` gets them back, and a layer that is converted
    to another floating-point type gets them rounded from double precision.
    """

    def register_constants(self, **values: Tensor) -> None:
        r"""Registers buffers on the default device and, if they are floating
        point, in the default type.

        Args:
            **values (torch.Tensor): The values by the name of the buffer, on
                the CPU, floating-point ones in double precision.
        """
        self._constants = values
        device, default = torch.get_default_device(), torch.get_default_dtype()
        for name, value in values.items():
            dtype = default if value.is_floating_point() else value.dtype
            buffer = value.to(device, dtype, copy=True)
            self.register_buffer(name, buffer, persistent=False)

    def _apply(
        self, fn: Callable[..., Any], recurse: bool = True
    ) -> ConstantBuffers:
        super()._apply(fn, recurse)
        for name, value in self._constants.items():
            buffer = self.get_buffer(name)
            if has_values(buffer):
                exact = value.to(buffer)
                # Unchanged buffers stay the same tensors, as CUDA graphs need.
                if not torch.equal(buffer, exact):
                    self._buffers[name] = exact
        return self
