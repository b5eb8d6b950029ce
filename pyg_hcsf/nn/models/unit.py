import torch.nn.functional as F
from torch import Tensor
from torch.nn import BatchNorm1d, Conv2d, Module

from pyg_hcsf.nn.kernels import by_rows
from pyg_hcsf.nn.models.folded import (
    FoldedTemporalConv,
    FoldedUnit,
    fold_layer,
)
from pyg_hcsf.nn.models.layers import dropout


class Unit(Module):
    r"""A layer, or a temporal convolution, with batch norm, LeakyReLU and
    dropout.
    """

    def __init__(
        self, layer: Module, norm_width: int, slope: float, dropout: float
    ) -> None:
        super().__init__()
        self.layer = layer
        self.norm = BatchNorm1d(norm_width)
        self.slope = slope
        self.dropout = dropout

    def forward(self, x: Tensor) -> Tensor:
        x = self.layer(x)
        if self.norm.num_features == x.size(-1):
            return by_rows(self._activate, x)
        rows = x.reshape(-1, self.norm.num_features)
        return self._activate(rows).view(x.shape)

    def _activate(self, x: Tensor) -> Tensor:
        x = F.leaky_relu(self.norm(x), self.slope, inplace=True)
        return dropout(x, self.dropout, self.training)


def fold_unit(unit: Module) -> Module:
    r"""A unit for inference."""
    if not isinstance(unit, Unit):  # folded before
        return unit
    state = unit.norm.state_dict()
    scale = state['weight'] / (state['running_var'] + unit.norm.eps).sqrt()
    shift = state['bias'] - state['running_mean'] * scale
    if isinstance(unit.layer, TemporalConv):
        layer: Module = FoldedTemporalConv(unit.layer.conv, scale, shift)
    else:
        layer = fold_layer(unit.layer, scale, shift)
    return FoldedUnit(layer, unit.slope)


class TemporalConv(Module):
    r"""A convolution over time, joint by joint, without padding:
    ``[B, T, N, C]`` to ``[B, T - (kernel_size - 1) * dilation, N, C]``.
    """

    def __init__(self, channels: int, kernel_size: int, dilation: int) -> None:
        super().__init__()
        self.conv = Conv2d(
            channels, channels, (kernel_size, 1), dilation=(dilation, 1)
        )

    def forward(self, x: Tensor) -> Tensor:
        return self.conv(x.permute(0, 3, 1, 2)).permute(0, 2, 3, 1)
