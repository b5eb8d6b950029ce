r"""The network for action recognition."""

from __future__ import annotations

from typing import Any, Optional, Union

import torch
import torch.nn.functional as F
from torch import Tensor
from torch.nn import BatchNorm1d, Linear, Module, ModuleList
from torch.nn.init import kaiming_normal_, normal_
from torch_geometric.nn.inits import reset, zeros

from pyg_hcsf.choices import check_range, wrong
from pyg_hcsf.nn.kernels import by_rows
from pyg_hcsf.nn.models.action_layers import ACTION_LAYERS
from pyg_hcsf.nn.models.dropout import dropout
from pyg_hcsf.nn.models.from_run import FromRun
from pyg_hcsf.nn.models.layers import (
    TemporalConv,
    keep_node_major,
    make_layer,
    unbatch,
)
from pyg_hcsf.nn.tracing import has_values
from pyg_hcsf.skeleton import Skeleton, as_skeleton


class ActionBlock(Module):
    r"""A graph layer and a temporal convolution, each with batch norm, and a
    residual connection: ``[B, T, N, C]`` to ``[B, ceil(T / stride), N, D]``.
    """

    def __init__(
        self,
        layer: Module,
        in_channels: int,
        out_channels: int,
        kernel_size: int,
        stride: int,
        dropout: float,
    ) -> None:
        super().__init__()
        self.layer = layer
        self.norm = BatchNorm1d(out_channels)
        self.temporal = TemporalConv(
            out_channels, out_channels, kernel_size, stride, padded=True
        )
        self.temporal_norm = BatchNorm1d(out_channels)
        self.shortcut: Optional[Module] = None
        if stride != 1 or in_channels != out_channels:
            self.shortcut = TemporalConv(in_channels, out_channels, 1, stride)
            self.shortcut_norm = BatchNorm1d(out_channels)
        self.dropout = dropout

    def forward(self, x: Tensor) -> Tensor:
        h = by_rows(self.norm, self.layer(x))
        h = self.temporal(F.relu(h, inplace=True))
        h = by_rows(self.temporal_norm, h)
        h = dropout(h, self.dropout, self.training)
        if self.shortcut is not None:
            x = by_rows(self.shortcut_norm, self.shortcut(x))
        return F.relu(h + x, inplace=True)

    def __repr__(self) -> str:
        return f'{self.__class__.__name__}({self.layer})'


class ActionRecognizer(FromRun):
    r"""A network that classifies the action of a clip of 3D joints, as in the
    `"Learning Skeletal Graph Neural Networks for Hard 3D Pose Estimation"
    <https://arxiv.org/abs/2108.07181>`_ paper (supplement 2.1.3): nine blocks
    of a graph layer and a temporal convolution, of 64, 128 and 256 channels,
    global average pooling over joints, time and bodies, and a linear
    classifier.

    .. math::
        \mathbf{H}^{\prime} = \mathrm{ReLU} \bigl( \mathbf{R} \mathbf{H} +
        \mathrm{BN} \, \mathrm{TCN} \, \mathrm{ReLU} \, \mathrm{BN} \,
        \mathrm{HCSF}(\mathbf{H}) \bigr)

    The same constructor builds HCSF and all its baselines: :obj:`layer` names
    the operator. Where the paper is silent: batch norm of each channel of each
    joint of each body comes first, as in all of the field; time is halved
    where the width doubles; every block has a residual connection, a
    convolution of one frame with batch norm where shapes differ; the residual
    is added before the last ReLU.

    In evaluation without gradients, bodies that are zero in all frames are
    computed once per batch and body index :math:`m`: the statistics of batch
    norm are fixed then, and bodies are only combined by the mean.

    Args:
        skeleton (Skeleton or str, optional): The template graph, its name or
            its YAML file. :obj:`None` takes the 25 joints of NTU RGB+D.
            (default: :obj:`None`)
        layer (str, optional): The operator: :obj:`"hcsf"`, :obj:`"st_gcn"`,
            :obj:`"k_hop"`, :obj:`"mixhop"`, :obj:`"ms_hop"` or
            :obj:`"aagcn"`. (default: :obj:`"hcsf"`)
        in_channels (int, optional): Size of each joint. (default: :obj:`3`)
        hidden_channels (int, optional): Width of the first blocks.
            (default: :obj:`64`)
        out_channels (int, optional): The number of actions.
            (default: :obj:`60`)
        num_bodies (int, optional): The number of bodies :math:`M`.
            (default: :obj:`2`)
        num_blocks (int, optional): The number of blocks, a multiple of three.
            (default: :obj:`9`)
        kernel_size (int, optional): The frames of a temporal convolution,
            odd; also the shortest clip. (default: :obj:`9`)
        dropout (float, optional): After each block. (default: :obj:`0.0`)
        layer_options (dict, optional): The operator's own arguments, such as
            :obj:`short_hops` (5), :obj:`long_hops` (7), :obj:`sharing`
            (:obj:`"all"`) and :obj:`dynamic`: :obj:`None` for the static
            graph, the arguments of :class:`~pyg_hcsf.nn.DynamicGraph`
            for a learned one, as :obj:`{'offset': False}` for
            :math:`\mathbf{M}_k` alone. (default: :obj:`None`)

    Shapes:
        - **input:** clips :math:`(B, T, M, |\mathcal{V}|, C_{in})`, or
          :math:`(B, T, |\mathcal{V}|, C_{in})` for one body, or those of a
          PyG batch, :math:`(B |\mathcal{V}|, T, M, C_{in})`, and
          :obj:`batch`; metres, zero where a body is absent
        - **output:** logits :math:`(B, C_{out})`

    Raises:
        ValueError: If clips have other joints, bodies or channels, or are
            shorter than :obj:`kernel_size`, or an option is out of range.

    Example:
        >>> model = ActionRecognizer(out_channels=60)
        >>> model(torch.randn(2, 64, 2, 25, 3)).shape
        torch.Size([2, 60])
    """

    def __init__(
        self,
        skeleton: Union[Skeleton, str, None] = None,
        layer: str = 'hcsf',
        in_channels: int = 3,
        hidden_channels: int = 64,
        out_channels: int = 60,
        num_bodies: int = 2,
        num_blocks: int = 9,
        kernel_size: int = 9,
        dropout: float = 0.0,
        layer_options: Optional[dict[str, Any]] = None,
    ) -> None:
        super().__init__()
        if num_blocks < 3 or num_blocks % 3:
            expected = 'a multiple of 3, as the width doubles twice'
            raise wrong('num_blocks', expected, num_blocks)
        if kernel_size < 1 or kernel_size % 2 == 0:
            raise wrong('kernel_size', 'odd', kernel_size)
        check_range('out_channels', out_channels, 1)
        check_range('num_bodies', num_bodies, 1)
        self.skeleton = as_skeleton(skeleton or 'ntu25')
        self.layer = layer
        self.in_channels = in_channels
        self.hidden_channels = hidden_channels
        self.out_channels = out_channels
        self.num_bodies = num_bodies
        self.kernel_size = kernel_size

        joints = self.skeleton.num_joints
        self.norm = BatchNorm1d(num_bodies * joints * in_channels)
        self.blocks = ModuleList()
        width = in_channels
        for block in range(num_blocks):
            # Three stages; the first block of the second and third halves
            # time.
            stage, place = divmod(block, num_blocks // 3)
            channels = hidden_channels * 2**stage
            module = make_layer(
                layer,
                width,
                channels,
                self.skeleton,
                known=ACTION_LAYERS,
                **(layer_options or {}),
            )
            stride = 2 if stage > 0 and place == 0 else 1
            self.blocks.append(
                ActionBlock(
                    module, width, channels, kernel_size, stride, dropout
                )
            )
            width = channels
        self.classifier = Linear(width, out_channels)
        keep_node_major(self)
        self._reset_convolutions()

    def reset_parameters(self) -> None:
        r"""Resets all learnable parameters of the module, and the running
        statistics of its batch norms.
        """
        reset(self.norm)
        reset(self.blocks)
        self._reset_convolutions()

    def _reset_convolutions(self) -> None:
        # He's initialisation of what ReLU follows; graph layers have their
        # own.
        for module in self.modules():
            if isinstance(module, TemporalConv):
                kaiming_normal_(module.conv.weight, mode='fan_out')
                zeros(module.conv.bias)
        spread = (2 / self.out_channels) ** 0.5
        normal_(self.classifier.weight, std=spread)
        zeros(self.classifier.bias)

    def forward(self, x: Tensor, batch: Optional[Tensor] = None) -> Tensor:
        x = self._clips(x, batch)  # [B, T, M, N, C]
        b, m = x.size(0), x.size(2)
        # Channels of the batch norm are all (m, n, c).
        h = self.norm(x.flatten(2).flatten(0, 1)).view(x.shape)
        h = h.transpose(1, 2)  # bodies join the batch: [B, M, T, N, C]
        if self._frozen() and not torch.is_grad_enabled() and has_values(x):
            present = x.flatten(3).any(dim=-1).any(dim=1)  # [B, M]
            h = self._features_once(h, present)
        else:
            h = self._features(h.flatten(0, 1)).unflatten(0, (b, m))
        # The mean over bodies
        return self.classifier(h.mean(dim=1))

    def _frozen(self) -> bool:
        # Whether batch norms use running statistics: clips are independent.
        return not any(
            module.training or getattr(module, 'running_mean', 0) is None
            for module in self.modules()
        )

    def _features(self, x: Tensor) -> Tensor:
        for block in self.blocks:
            x = block(x)
        return x.mean(dim=(1, 2))

    def _features_once(self, x: Tensor, present: Tensor) -> Tensor:
        # An absent body is what batch norm makes of zeros, which depends on m
        # only: the first absent body of each m is computed for all.
        first = (~present) & ((~present).cumsum(dim=0) == 1)
        features = self._features(x[present | first])
        out = features.new_empty(*x.shape[:2], features.size(-1))
        out[present | first] = features
        for m in first.any(dim=0).nonzero().flatten().tolist():
            absent = ~present[:, m]
            out[absent, m] = out[first[:, m], m]
        return out

    def _clips(self, x: Tensor, batch: Optional[Tensor]) -> Tensor:
        n, m, c = self.skeleton.num_joints, self.num_bodies, self.in_channels
        if batch is not None:
            x = unbatch(x, n).movedim(1, -2)  # [B, T, (M,) N, C]
        if x.dim() == 4 and m == 1:
            x = x.unsqueeze(2)
        if x.dim() != 5 or x.shape[2:] != (m, n, c):
            raise ValueError(
                f"Expected 'x' of shape [B, T, {m}, {n}, {c}]: {m} bodies of "
                f"{n} joints of '{self.skeleton.name}' (got {tuple(x.shape)})"
            )
        if x.size(1) < self.kernel_size:
            raise ValueError(
                f"Expected 'x' with at least {self.kernel_size} frames, those "
                f'of the temporal convolution (got {x.size(1)}); lengthen '
                'clips by the transform FitFrames'
            )
        return x

    def __repr__(self) -> str:
        return (
            f"{self.__class__.__name__}('{self.layer}', {self.in_channels}, "
            f'{self.out_channels}, hidden_channels={self.hidden_channels}, '
            f'num_blocks={len(self.blocks)}, num_bodies={self.num_bodies})'
        )
