r"""The network that lifts 2D keypoints to 3D poses."""

from __future__ import annotations

import copy
from typing import Any, Optional, Union

import torch
from torch import Tensor
from torch.nn import Module, ModuleList, Parameter, Sequential
from torch_geometric.nn.inits import reset

from pyg_hcsf.choices import check_choice
from pyg_hcsf.nn.models.fold import fold_layer, fold_unit
from pyg_hcsf.nn.models.from_run import FromRun
from pyg_hcsf.nn.models.layers import (
    TemporalConv,
    Unit,
    has_offset_graph,
    keep_node_major,
    make_layer,
    needs_joint_embedding,
    unbatch,
)
from pyg_hcsf.nn.models.normalized import check_normalized
from pyg_hcsf.skeleton import Skeleton, as_skeleton


class PoseLifter(FromRun):
    r"""A network that lifts 2D keypoints to 3D joints: an input layer,
    residual blocks of two layers, and an output layer, as in the `"Learning
    Skeletal Graph Neural Networks for Hard 3D Pose Estimation"
    <https://arxiv.org/abs/2108.07181>`_ paper (supplement 1.1.2).

    The same constructor builds D-HCSF and all its baselines: :obj:`layer`
    names the operator.
    An operator that shares its weights over a fixed graph cannot tell left
    from right; its network adds a learned embedding of each joint after the
    input layer.
    With :obj:`frames` :math:`= 3^n` for :math:`n` blocks, the second layer of
    block :math:`b` is a convolution over three frames with dilation
    :math:`3^b`, and the network predicts the central frame, or the last one
    if it is :obj:`causal`.

    Args:
        skeleton (Skeleton or str, optional): The template graph, its name or
            its YAML file. :obj:`None` takes the 17 joints of Human3.6M with
            LCN's graph. (default: :obj:`None`)
        layer (str, optional): The operator: :obj:`"hcsf"`, :obj:`"lcn"`,
            :obj:`"gcn"`, :obj:`"mixhop"`, :obj:`"ms_hop"`, :obj:`"sem_gcn"`,
            :obj:`"pre_agg"`, :obj:`"post_agg"` or :obj:`"fcn"`.
            (default: :obj:`"hcsf"`)
        in_channels (int, optional): Size of each input keypoint.
            (default: :obj:`2`)
        hidden_channels (int, optional): Width. (default: :obj:`128`)
        out_channels (int, optional): Size of each output joint.
            (default: :obj:`3`)
        num_blocks (int, optional): The number of residual blocks.
            (default: :obj:`2`)
        frames (int, optional): The number of input frames.
            (default: :obj:`1`)
        dropout (float, optional): Dropout probability. (default: :obj:`0.25`)
        negative_slope (float, optional): That of LeakyReLU.
            (default: :obj:`0.2`)
        residual_xy (bool, optional): If set to :obj:`True`, the first two
            output channels are added to the 2D input, as the LCN image frame
            wants. (default: :obj:`False`)
        output_scale (float, optional): A factor on the output layer. Targets
            in the LCN image frame have a spread of a tenth; a layer in that
            unit trains in a fraction of the steps, as its weights are not far
            smaller than all others. (default: :obj:`1.0`)
        layer_options (dict, optional): Arguments of the operator, such as
            ``dict(long_hops=3, dynamic=dict(kernel_size=3))``.
            (default: :obj:`None`)
        causal (bool, optional): If set to :obj:`True`, predicts the last frame
            of a window, so that nothing is looked ahead.
            (default: :obj:`False`)
        temporal (str, optional): With :obj:`"replace"`, temporal convolutions
            replace the second layer of each block, as in the paper. With
            :obj:`"add"`, one comes before each block, and its output is added
            to the central frame (the last one if :obj:`causal`) of every
            three. It is zero at first, so that a network of single frames can
            be trained on. (default: :obj:`"replace"`)

    Shapes:
        - **input:** normalised keypoints :math:`(*, |\mathcal{V}|, C_{in})`,
          or :math:`(B, T, |\mathcal{V}|, C_{in})` if :obj:`frames` > 1; of a
          PyG batch :math:`(B |\mathcal{V}|, C_{in})` or
          :math:`(B |\mathcal{V}|, T, C_{in})`, with its :obj:`batch` vector
        - **output:** joints :math:`(*, |\mathcal{V}|, C_{out})`, or
          :math:`(B |\mathcal{V}|, C_{out})`

    Raises:
        ValueError: If joints or frames do not match, or keypoints are not
            finite or look like pixels; a training on an accelerator looks at
            the values of the first batch only.

    Example:
        >>> model = PoseLifter(layer='hcsf', hidden_channels=64)
        >>> pose = model(torch.rand(8, 17, 2))
    """

    def __init__(
        self,
        skeleton: Union[Skeleton, str, None] = None,
        layer: str = 'hcsf',
        in_channels: int = 2,
        hidden_channels: int = 128,
        out_channels: int = 3,
        num_blocks: int = 2,
        frames: int = 1,
        dropout: float = 0.25,
        negative_slope: float = 0.2,
        residual_xy: bool = False,
        output_scale: float = 1.0,
        layer_options: Optional[dict[str, Any]] = None,
        causal: bool = False,
        temporal: str = 'replace',
    ) -> None:
        super().__init__()
        if frames not in (1, 3**num_blocks):
            raise ValueError(
                f"Expected 'frames' to be 1 or {3**num_blocks} for "
                f'{num_blocks} blocks (got {frames})'
            )
        check_choice('temporal', temporal, ('replace', 'add'))
        self.skeleton = as_skeleton(skeleton or 'h36m17')
        self.layer = layer
        self.in_channels = in_channels
        self.hidden_channels = hidden_channels
        self.out_channels = out_channels
        self.frames = frames
        self.causal = causal
        self.residual_xy = residual_xy
        self.output_scale = output_scale
        self._looked = False
        self._build(
            num_blocks, dropout, negative_slope, layer_options or {}, temporal
        )
        keep_node_major(self)

    def _build(
        self,
        num_blocks: int,
        dropout: float,
        slope: float,
        options: dict[str, Any],
        temporal: str,
    ) -> None:
        """Creates the modules."""
        width = self.hidden_channels
        # A fully connected network normalises the channels of each joint.
        norm_width = width
        if self.layer == 'fcn':
            norm_width *= self.skeleton.num_joints

        def layer(channels: int, out_channels: int) -> Module:
            return make_layer(
                self.layer, channels, out_channels, self.skeleton, **options
            )

        def unit(channels: int) -> Unit:
            return Unit(layer(channels, width), norm_width, slope, dropout)

        # Without dynamic offsets, which depend on every frame, only every
        # third frame of the output of a block is used: dilated by 3^b at all
        # frames, or by 1 with stride 3 at these, it is the same sum.
        self._stride = 1 if has_offset_graph(options) else 3

        def over_time(block: int) -> Unit:
            dilation = 3**block if self._stride == 1 else 1
            module = TemporalConv(
                width, width, 3, stride=self._stride, dilation=dilation
            )
            return Unit(module, width, slope, dropout, temporal == 'add')

        self.first: Module = unit(self.in_channels)
        self.register_parameter('embedding', None)
        if needs_joint_embedding(self.layer, options):
            size = (self.skeleton.num_joints, width)
            self.embedding = Parameter(torch.randn(size))
        self.blocks, self.mixers = ModuleList(), ModuleList()
        for block in range(num_blocks):
            replaced = self.frames > 1 and temporal == 'replace'
            first = unit(width)
            second = over_time(block) if replaced else unit(width)
            self.blocks.append(Sequential(first, second))
            if self.frames > 1 and temporal == 'add':
                self.mixers.append(over_time(block))
        self.last = layer(width, self.out_channels)

    def reset_parameters(self) -> None:
        r"""Resets all learnable parameters of the module, and the running
        statistics of its batch norms.
        """
        if not isinstance(self.first, Unit):
            raise ValueError(
                'A folded network has no parameters: reset the one that it '
                'was made from, and fold that again'
            )
        for module in (self.first, self.blocks, self.mixers, self.last):
            reset(module)
        if self.embedding is not None:
            torch.nn.init.normal_(self.embedding)

    def forward(self, x: Tensor, batch: Optional[Tensor] = None) -> Tensor:
        n = self.skeleton.num_joints
        if batch is not None:
            x = unbatch(x, n)  # [B, N, (T,) C]
            x = x.transpose(1, 2) if x.dim() == 4 else x
        self._check(x)
        shape = x.shape
        if self.frames == 1:
            x = x.reshape(-1, n, self.in_channels)
        keypoints = x

        x = self.first(x)
        if self.embedding is not None:
            x = x + self.embedding
        for number, block in enumerate(self.blocks):
            if len(self.mixers):
                x = self._add(x, self.mixers[number](x))
            x = self._add(x, block(x))
        x = self.last(x)
        if self.output_scale != 1:
            x = self.output_scale * x

        if self.residual_xy:
            if self.frames > 1:
                place = -1 if self.causal else self.frames // 2
                keypoints = keypoints[:, place].unsqueeze(1)
            xy = x[..., :2] + keypoints[..., :2]
            x = torch.cat([xy, x[..., 2:]], dim=-1)
        if self.frames > 1:
            x = x.squeeze(1)
        else:
            x = x.reshape(*shape[:-1], self.out_channels)
        x = x.contiguous()
        return x if batch is None else x.flatten(0, 1)

    def _add(self, x: Tensor, h: Tensor) -> Tensor:
        """Adds to the central or last frames, as convolutions do not pad."""
        if h.dim() == 4 and h.size(1) < x.size(1):
            span = self._stride * (h.size(1) - 1) + 1
            cut = x.size(1) - span
            cut = cut if self.causal else cut // 2
            x = x[:, cut : cut + span : self._stride]
        return x + h

    def folded(self) -> PoseLifter:
        r"""A copy for inference: batch norms, learned static graphs and
        :math:`\mathbf{W}_a` are folded into the weights of node pairs where
        that is no more work, and dropout is gone. It computes what this
        network computes in evaluation, faster, and cannot be trained.

        Example:
            >>> pose = PoseLifter().eval().folded()(torch.rand(1, 17, 2))
        """
        out = copy.deepcopy(self).eval()
        if not isinstance(out.first, Unit):
            return out
        with torch.no_grad():
            out.first = fold_unit(out.first)
            out.blocks = ModuleList(
                Sequential(*map(fold_unit, block.children()))
                for block in out.blocks
            )
            out.mixers = ModuleList(map(fold_unit, out.mixers))
            scale = next(self.parameters()).new_full(
                (self.out_channels,), self.output_scale
            )
            out.last = fold_layer(out.last, scale, torch.zeros_like(scale))
            out.output_scale = 1.0
        return out.requires_grad_(False)

    def _check(self, x: Tensor) -> None:
        n, c = self.skeleton.num_joints, self.in_channels
        if x.dim() < 2 or x.shape[-2:] != (n, c):
            raise ValueError(
                f"Expected 'x' of shape [*, {n}, {c}]: {n} joints of "
                f"'{self.skeleton.name}' (got {tuple(x.shape)})"
            )
        if self.frames > 1 and (x.dim() != 4 or x.size(1) != self.frames):
            raise ValueError(
                f"Expected 'x' of shape [B, {self.frames}, {n}, {c}]: windows "
                f'of {self.frames} frames (got {tuple(x.shape)})'
            )
        # Looking at values waits for all that runs on an accelerator, which a
        # training cannot afford in every step.
        if self.training and self._looked and x.device.type != 'cpu':
            return
        if check_normalized(x):
            self._looked = True

    def __repr__(self) -> str:
        return (
            f"{self.__class__.__name__}('{self.layer}', {self.in_channels}, "
            f'{self.out_channels}, hidden_channels={self.hidden_channels}, '
            f'num_blocks={len(self.blocks)}, frames={self.frames})'
        )
