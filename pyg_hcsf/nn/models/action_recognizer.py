from __future__ import annotations

from typing import Any, Optional

import torch
import torch.nn.functional as F
from torch import Tensor
from torch.nn import BatchNorm1d, Conv2d, Linear, Module, ModuleList
from torch_geometric.nn.inits import zeros

from pyg_hcsf.nn.kernels import by_rows
from pyg_hcsf.nn.models.action_layers import ACTION_LAYERS
from pyg_hcsf.nn.models.layers import dropout, make_layer
from pyg_hcsf.skeleton import Skeleton, get_skeleton


class PaddedConv(Module):
    r"""A convolution over time, joint by joint, with zeros beyond the ends:
    ``[B, T, N, C]`` to ``[B, ceil(T / stride), N, D]``.
    """

    def __init__(
        self,
        in_channels: int,
        out_channels: int,
        kernel_size: int,
        stride: int = 1,
    ) -> None:
        super().__init__()
        self.conv = Conv2d(
            in_channels,
            out_channels,
            (kernel_size, 1),
            stride=(stride, 1),
            padding=(kernel_size // 2, 0),
        )

    def forward(self, x: Tensor) -> Tensor:
        return self.conv(x.permute(0, 3, 1, 2)).permute(0, 2, 3, 1)


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
        self.temporal = PaddedConv(
            out_channels, out_channels, kernel_size, stride
        )
        self.temporal_norm = BatchNorm1d(out_channels)
        self.shortcut: Optional[Module] = None
        if stride != 1 or in_channels != out_channels:
            self.shortcut = PaddedConv(in_channels, out_channels, 1, stride)
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


class ActionRecognizer(Module):
    r"""A network that tells the action of a clip of 3D joints, as in the
    `"Learning Skeletal Graph Neural Networks for Hard 3D Pose Estimation"
    <https://arxiv.org/abs/2108.07181>`_ paper (supplement 2.1.3): nine blocks
    of a graph layer and a temporal convolution, of 64, 128 and 256 channels,
    global average pooling over joints, time and bodies, and a linear
    classifier.

    .. math::
        \mathbf{H}^{\prime} = \mathrm{ReLU} \big( \mathbf{R} \mathbf{H} +
        \mathrm{BN} \, \mathrm{TCN} \, \mathrm{ReLU} \, \mathrm{BN} \,
        \mathrm{HCSF}(\mathbf{H}) \big)

    The same constructor builds HCSF and all its baselines: :obj:`layer` names
    the operator. Where the paper is silent: batch norm of each channel of each
    joint of each body comes first, as in all of the field; time is halved
    where the width doubles; every block has a residual connection, a
    convolution of one frame with batch norm where shapes differ; the residual
    is added before the last ReLU.

    In evaluation without gradients, a body that is zero in all frames is
    computed once for a length of clips and set in where it recurs: batch norm
    is frozen then and bodies only meet in the mean.

    Args:
        skeleton (Skeleton, optional): The template graph. :obj:`None` takes
            the 25 joints of NTU RGB+D. (default: :obj:`None`)
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
            graph, the arguments of :class:`~pyg_hcsf.nn.graph.DynamicGraph`
            for a learned one, as :obj:`{'offset': False}` for
            :math:`\mathbf{M}_k` alone. (default: :obj:`None`)

    Shapes:
        - **input:** clips :math:`(B, |\mathcal{V}|, T, M, C_{in})`, or
          :math:`(B, |\mathcal{V}|, T, C_{in})` for one body, or those of a
          PyG batch, :math:`(B |\mathcal{V}|, T, M, C_{in})`, and
          :obj:`batch`; metres, zero where a body is absent
        - **output:** logits :math:`(B, C_{out})`

    Raises:
        ValueError: If clips have other joints, bodies or channels, or are
            shorter than :obj:`kernel_size`, or an option is out of range.

    Example:
        >>> model = ActionRecognizer(out_channels=60)
        >>> model(torch.randn(2, 25, 64, 2, 3)).shape
        torch.Size([2, 60])
    """

    def __init__(
        self,
        skeleton: Optional[Skeleton] = None,
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
            raise ValueError(
                "Expected 'num_blocks' to be a multiple of 3, as the width "
                f'doubles twice (got {num_blocks})'
            )
        if kernel_size < 1 or kernel_size % 2 == 0:
            raise ValueError(
                f"Expected an odd 'kernel_size' (got {kernel_size})"
            )
        for name, value in (
            ('out_channels', out_channels),
            ('num_bodies', num_bodies),
        ):
            if value < 1:
                raise ValueError(f"Expected '{name}' >= 1 (got {value})")
        self.skeleton = skeleton or get_skeleton('ntu25')
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
        self.reset_parameters()
        self._empty: dict[tuple, tuple[tuple, Tensor]] = {}

    def reset_parameters(self) -> None:
        r"""Resets the classifier and the temporal convolutions to the spread
        that ReLU keeps (He's); graph layers have their own.
        """
        for module in self.modules():
            if isinstance(module, PaddedConv):
                torch.nn.init.kaiming_normal_(
                    module.conv.weight, mode='fan_out'
                )
                zeros(module.conv.bias)
        spread = (2 / self.out_channels) ** 0.5
        torch.nn.init.normal_(self.classifier.weight, std=spread)
        zeros(self.classifier.bias)

    def forward(self, x: Tensor, batch: Optional[Tensor] = None) -> Tensor:
        x = self._bodies(x, batch)  # [B, M, T, N, C]
        b, m, t = x.shape[:3]
        rows = x.permute(0, 2, 1, 3, 4).reshape(b * t, -1)
        h = self.norm(rows).view(b, t, m, *x.shape[3:]).transpose(1, 2)
        if (
            self.training
            or torch.is_grad_enabled()
            or torch.compiler.is_compiling()
        ):
            h = self._features(h.reshape(b * m, *h.shape[2:]))
            h = h.view(b, m, -1)
        else:
            h = self._present_features(h, x.flatten(2).any(dim=-1))
        return self.classifier(h.mean(dim=1))

    def _features(self, x: Tensor) -> Tensor:
        for block in self.blocks:
            x = block(x)
        return x.mean(dim=(1, 2))

    def _present_features(self, x: Tensor, there: Tensor) -> Tensor:
        # Absent bodies are what batch norm made of zeros, which depends on
        # their place: one row for each place where some are.
        wanted = there.clone()
        known: dict[int, Tensor] = {}
        state = self._state(x)
        for place in (~there).any(dim=0).nonzero().flatten().tolist():
            key = (place, x.size(2), x.dtype, x.device)
            found = self._empty.get(key)
            if found is not None and state is not None and found[0] == state:
                known[place] = found[1]
            else:
                wanted[(~there[:, place]).nonzero()[0], place] = True
        out = x.new_empty(*x.shape[:2], self.classifier.in_features)
        if bool(wanted.any()):
            features = self._features(x[wanted])
            out = out.to(features.dtype)
            out[wanted] = features
        for place in range(x.size(1)):
            absent = ~there[:, place]
            if not bool(absent.any()):
                continue
            if place not in known:
                first = int((wanted[:, place] & absent).nonzero()[0])
                known[place] = out[first, place].clone()
                if state is not None:
                    key = (place, x.size(2), x.dtype, x.device)
                    self._empty[key] = (state, known[place])
            out[absent, place] = known[place].to(out.dtype)
        return out

    def _state(self, x: Tensor) -> Optional[tuple]:
        # What a kept feature must match: the weights, and how they are used.
        tensors = [*self.parameters(), *self.buffers()]
        if any(tensor.is_inference() for tensor in tensors):
            return None  # they have no version
        kind = x.device.type
        amp = torch.is_autocast_enabled(kind)
        used = torch.get_autocast_dtype(kind) if amp else None
        return (used, *[(t.data_ptr(), t._version) for t in tensors])

    def _bodies(self, x: Tensor, batch: Optional[Tensor]) -> Tensor:
        n = self.skeleton.num_joints
        if batch is not None:
            if x.size(0) % n:
                raise ValueError(
                    f"Expected 'x' of a batch with a multiple of {n} nodes "
                    f'(got {x.size(0)})'
                )
            x = x.unflatten(0, (-1, n))
        if x.dim() == 4 and self.num_bodies == 1:
            x = x.unsqueeze(3)
        m, c = self.num_bodies, self.in_channels
        shape = x.shape
        if x.dim() != 5 or (shape[1], shape[3], shape[4]) != (n, m, c):
            raise ValueError(
                f"Expected 'x' of shape [B, {n}, T, {m}, {c}]: {n} joints of "
                f"'{self.skeleton.name}', {m} bodies (got {tuple(shape)})"
            )
        if shape[2] < self.kernel_size:
            raise ValueError(
                f"Expected 'x' with at least {self.kernel_size} frames, those "
                f'of the temporal convolution (got {shape[2]}); fill clips up '
                'by the transform FitFrames'
            )
        return x.permute(0, 3, 2, 1, 4)

    def __getstate__(self) -> dict[str, Any]:
        return {**self.__dict__, '_empty': {}}

    def __repr__(self) -> str:
        return (
            f"{self.__class__.__name__}('{self.layer}', {self.in_channels}, "
            f'{self.out_channels}, hidden_channels={self.hidden_channels}, '
            f'num_blocks={len(self.blocks)}, num_bodies={self.num_bodies})'
        )
