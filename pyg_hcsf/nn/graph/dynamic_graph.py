r"""Temporal-aware dynamic graphs."""

from typing import Optional

import torch
import torch.nn.functional as F
from torch import Tensor
from torch.nn import Conv2d, Parameter

from pyg_hcsf.choices import check_choice, check_range
from pyg_hcsf.hops import HopEdges, check_hops
from pyg_hcsf.nn.constants import ConstantBuffers
from pyg_hcsf.nn.kernels import by_rows

INITS = ('physical', 'dense', 'random')


class DynamicGraph(ConstantBuffers):
    r"""The temporal-aware dynamic graph of the `"Learning Skeletal Graph
    Neural Networks for Hard 3D Pose Estimation"
    <https://arxiv.org/abs/2108.07181>`_ paper, as edge weights

    .. math::
        \mathbf{A}_k &= \mathbf{M}_k + \alpha_k \mathbf{O}_k

        \mathbf{O}_k &= \tanh \left( \frac{1}{C_h T_h} \,
        \theta_k(\mathbf{X})^{\top} \phi_k(\mathbf{X}) \right)

    where :math:`\mathbf{M}_k` is a learned graph, initialised to the topology,
    and :math:`\theta_k` and :math:`\phi_k` are temporal convolutions over
    :math:`F` frames to :math:`C_h` channels and :math:`T_h` frames, one of
    each per hop group.
    Both terms are evaluated at the edges of the group only.

    Args:
        in_channels (int): Size of each input sample.
        hops (HopEdges): The hop-indexed edge set of the template graph. With
            ``neighborhood='dense'``, each :math:`\mathbf{A}_k` is a full
            matrix.
        init (str, optional): The initial :math:`\mathbf{M}_k`:
            :obj:`"physical"` the topology, :obj:`"dense"` ones,
            :obj:`"random"` uniform in :math:`[0, 1)`; :obj:`None` omits
            :math:`\mathbf{M}_k`. (default: :obj:`"physical"`)
        learn_base (bool, optional): If set to :obj:`False`,
            :math:`\mathbf{M}_k` is not learned. (default: :obj:`True`)
        offset (bool, optional): If set to :obj:`False`, omits
            :math:`\mathbf{O}_k`. (default: :obj:`True`)
        learn_scale (bool, optional): If set to :obj:`False`,
            :math:`\alpha_k` is one, else it is learned from an initial zero.
            (default: :obj:`True`)
        scaled (bool, optional): If set to :obj:`False`, omits the division by
            :math:`C_h T_h`. (default: :obj:`True`)
        per_frame (bool, optional): If set to :obj:`True`, computes one
            :math:`\mathbf{O}_k` per frame instead of one per clip.
            (default: :obj:`False`)
        top_k (int, optional): For each target and group, keeps the
            :obj:`top_k` offsets of largest magnitude and sets the others to
            zero. :obj:`None` keeps all. (default: :obj:`None`)
        kernel_size (int, optional): The size :math:`F` of the temporal
            kernel, odd. (default: :obj:`1`)
        stride (int, optional): The temporal stride. (default: :obj:`1`)
        dilation (int, optional): The temporal dilation. (default: :obj:`1`)
        embed_channels (int, optional): :math:`C_h`. :obj:`None` is a quarter
            of :obj:`in_channels`, at least 4. (default: :obj:`None`)
        normalize (str, optional): The normalization of the topology, see
            :meth:`~pyg_hcsf.HopEdges.edge_weight`.
            (default: :obj:`"binary"`)

    Shapes:
        - **input:** node features :math:`(B, |\mathcal{V}|, C_{in})` of
          frames, or :math:`(B, T, |\mathcal{V}|, C_{in})` of clips
        - **output:** edge weights :math:`(B, |\mathcal{E}|)`, or
          :math:`(B, T, |\mathcal{E}|)` if :obj:`per_frame`;
          :math:`(|\mathcal{E}|)` without :obj:`offset`

    Raises:
        ValueError: If an option or the shape of the input is not supported.

    Example:
        >>> graph = DynamicGraph(16, hops, kernel_size=3)
        >>> out = conv(x, hops.edge_index, edge_weight=graph(x))
    """

    _cell: Tensor
    _group: Tensor
    _support: Tensor

    def __init__(
        self,
        in_channels: int,
        hops: HopEdges,
        init: Optional[str] = 'physical',
        learn_base: bool = True,
        offset: bool = True,
        learn_scale: bool = True,
        scaled: bool = True,
        per_frame: bool = False,
        top_k: Optional[int] = None,
        kernel_size: int = 1,
        stride: int = 1,
        dilation: int = 1,
        embed_channels: Optional[int] = None,
        normalize: str = 'binary',
    ) -> None:
        super().__init__()
        check_hops(hops)
        check_choice('init', init, (*INITS, None))
        if init is None and not offset:
            raise ValueError(
                "Expected 'init' or 'offset', as without both there are no "
                'edge weights (got init=None, offset=False)'
            )
        if kernel_size < 1 or kernel_size % 2 == 0:
            raise ValueError(
                f"Expected an odd 'kernel_size' (got {kernel_size})"
            )
        if per_frame and stride != 1:
            raise ValueError(
                f'Expected stride=1 with per_frame=True (got {stride})'
            )
        if top_k is not None:
            remedy = 'the number of nodes is the largest'
            check_range('top_k', top_k, 1, hops.num_nodes, remedy)
        self.in_channels = in_channels
        self.hops = hops
        self.init = init
        self.learn_base = learn_base
        self.offset = offset
        self.learn_scale = learn_scale
        self.scaled = scaled
        self.per_frame = per_frame
        self.top_k = top_k
        self.normalize = normalize
        self.embed_channels = embed_channels or max(4, in_channels // 4)
        self.num_groups = len(hops.group_hops)

        n = hops.num_nodes
        source, target = hops.edge_index
        # The place of each edge in matrices [K, N, N] with targets as rows
        cell = (hops.edge_group * n + target) * n + source
        shape = (self.num_groups, n, n)
        support = torch.zeros(shape, dtype=torch.bool, device='cpu')
        support.view(-1)[cell] = True
        self.register_constants(
            _cell=cell, _group=hops.edge_group, _support=support
        )

        self.register_parameter('base', None)
        if init is not None:
            base = torch.empty(hops.num_pairs)
            self.base = Parameter(base, requires_grad=learn_base)
        self.register_parameter('scale', None)
        if offset:
            self.scale = Parameter(
                torch.empty(self.num_groups), requires_grad=learn_scale
            )
            self.embed = Conv2d(
                in_channels,
                2 * self.num_groups * self.embed_channels,
                (kernel_size, 1),
                stride=(stride, 1),
                # As many frames as before, for a stride of 1
                padding=(dilation * (kernel_size - 1) // 2, 0),
                dilation=(dilation, 1),
            )
        self.reset_parameters()

    def reset_parameters(self) -> None:
        r"""Resets all learnable parameters of the module."""
        with torch.no_grad():
            if self.base is not None:
                self.base.fill_(1)
                if self.init == 'physical':
                    value = self.hops.edge_weight(self.normalize, torch.double)
                    self.base.copy_(value)
                elif self.init == 'random':
                    self.base.uniform_()
            if self.scale is not None:
                self.scale.fill_(0.0 if self.learn_scale else 1.0)
                self.embed.reset_parameters()

    def forward(self, x: Tensor) -> Tensor:
        if not self.offset:
            return self.base
        # Eq. 8 at the edges of each group
        weight = self.offsets(x)[..., self._cell]
        weight = self.scale[self._group] * weight
        return weight if self.base is None else self.base + weight

    def offsets(self, x: Tensor) -> Tensor:
        r"""The dynamic offsets :math:`\mathbf{O}_k` of all groups, targets
        as rows, flattened to ``[*, (L - S + 1) * N * N]``.
        """
        shape = (self.hops.num_nodes, self.in_channels)
        if x.dim() not in (3, 4) or x.shape[-2:] != shape:
            raise ValueError(
                "Expected 'x' of shape [B, N, C] or [B, T, N, C] with "
                f'{shape[0]} joints and {shape[1]} channels (got '
                f'{tuple(x.shape)})'
            )
        clips = x if x.dim() == 4 else x.unsqueeze(1)
        h = self._embed(clips)  # [B, T_h, N, 2 K C_h]
        h = h.unflatten(-1, (2, self.num_groups, self.embed_channels))
        if self.per_frame:
            theta, phi = h.permute(3, 0, 1, 4, 2, 5)  # [B, T_h, K, N, C_h]
        else:
            # [B, K, N, T_h * C_h]
            theta, phi = h.permute(3, 0, 4, 2, 1, 5).flatten(-2)
        size = theta.size(-1)
        # Eq. 7, where size is C_h T_h
        out = theta @ phi.transpose(-1, -2)  # [*, K, N, N]
        out = torch.tanh(out / size if self.scaled else out)
        if self.top_k is not None:
            # Pairs without an edge are never among the strongest.
            strength = out.abs().masked_fill(~self._support, -1.0)
            weakest = strength.topk(self.top_k, dim=-1).values[..., -1:]
            out = out * (strength >= weakest)
        out = out.flatten(-3)
        if self.per_frame and x.dim() == 3:
            out = out.squeeze(1)
        return out

    def _embed(self, clips: Tensor) -> Tensor:
        embed = self.embed
        if clips.size(1) > 1:
            return embed(clips.permute(0, 3, 1, 2)).permute(0, 2, 3, 1)
        # On a single frame only the centre of the kernel is used.
        weight = embed.weight[:, :, embed.kernel_size[0] // 2, 0]
        return by_rows(lambda x: F.linear(x, weight, embed.bias), clips)

    def __repr__(self) -> str:
        return f'{self.__class__.__name__}({self.in_channels}, {self.hops})'
