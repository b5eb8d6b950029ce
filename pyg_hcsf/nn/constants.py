r"""Base classes of modules: buffers that are constant, and no TorchScript."""

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
    r"""A module with buffers that are computed from its template graph. They
    are not in the state dict; instead, each conversion of the module restores
    their exact values: after :meth:`to_empty`, and, rounded from double
    precision, after a change of the floating-point type. After
    ``load_state_dict(..., assign=True)`` they have the device and type of the
    assigned parameters.
    """

    def register_constants(self, **values: Tensor) -> None:
        r"""Registers buffers on the default device, floating-point ones in
        the default type.

        Args:
            **values (torch.Tensor): The values by buffer name, on the CPU and
                in double precision if floating point.
        """
        self._constants = values
        empty = torch.empty(0)
        for name in values:
            buffer = self._constant(name, empty.device, empty.dtype)
            self.register_buffer(name, buffer, persistent=False)

    def _constant(
        self, name: str, device: torch.device, dtype: torch.dtype
    ) -> Tensor:
        value = self._constants[name]
        dtype = dtype if value.is_floating_point() else value.dtype
        return value.to(device, dtype, copy=True)

    def _apply(
        self, fn: Callable[..., Any], recurse: bool = True
    ) -> ConstantBuffers:
        super()._apply(fn, recurse)
        for name in self._constants:
            buffer = self.get_buffer(name)
            if has_values(buffer):
                exact = self._constant(name, buffer.device, buffer.dtype)
                # Unchanged buffers stay the same tensors, as CUDA graphs need.
                if not torch.equal(buffer, exact):
                    self._buffers[name] = exact
        return self

    def _load_from_state_dict(
        self,
        state_dict: dict[str, Any],
        prefix: str,
        local_metadata: dict[str, Any],
        *args: Any,
    ) -> None:
        super()._load_from_state_dict(
            state_dict, prefix, local_metadata, *args
        )
        if not local_metadata.get('assign_to_params_buffers'):
            return
        assigned = [
            value
            for name, value in state_dict.items()
            if name.startswith(prefix)
            and isinstance(value, Tensor)
            and value.is_floating_point()
        ]
        if not assigned:
            return
        like = assigned[0].device, assigned[0].dtype
        for module in self.modules():
            if isinstance(module, ConstantBuffers):
                for name in module._constants:
                    module._buffers[name] = module._constant(name, *like)
