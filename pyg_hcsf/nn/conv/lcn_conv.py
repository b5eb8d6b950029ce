r"""Locally connected networks (LCN)."""

from typing import Any

from pyg_hcsf.hops import HopEdges
from pyg_hcsf.nn.conv.hcsf_conv import HCSFConv


class LCNConv(HCSFConv):
    r"""The locally connected operator from the `"Optimizing Network Structure
    for 3D Human Pose Estimation"
    <https://openaccess.thecvf.com/content_ICCV_2019/html/Ci_Optimizing_Network_Structure_for_3D_Human_Pose_Estimation_ICCV_2019_paper.html>`_
    paper

    .. math::
        \mathbf{h}_i = \sum_{j \in \mathcal{N}_{L,i}} a_{ij} \,
        \mathbf{x}_j \mathbf{W}_{ij}

    where :math:`\mathcal{N}_{L,i}` contains node :math:`i` and the nodes
    within :math:`L` hops of it: :class:`~pyg_hcsf.nn.HCSFConv` without
    hierarchy.

    Args:
        in_channels (int): Size of each input sample.
        out_channels (int): Size of each output sample.
        hops (HopEdges): The hop-indexed edge set of the template graph, which
            defines :math:`L`.
        bias (bool, optional): If set to :obj:`False`, the layer will not learn
            an additive bias. (default: :obj:`True`)
        **kwargs (optional): Additional arguments of
            :class:`~pyg_hcsf.nn.HCSFConv`.

    Shapes:
        - **input:**
          node features :math:`(*, |\mathcal{V}|, C_{in})`,
          edge indices :math:`(2, |\mathcal{E}|)`
        - **output:** node features :math:`(*, |\mathcal{V}|, C_{out})`

    Example:
        >>> hops = HopEdges(get_skeleton('h36m17'), short_hops=3, long_hops=3)
        >>> out = LCNConv(16, 32, hops)(x, hops.edge_index)
    """

    def __init__(
        self,
        in_channels: int,
        out_channels: int,
        hops: HopEdges,
        bias: bool = True,
        **kwargs: Any,
    ) -> None:
        super().__init__(
            in_channels,
            out_channels,
            hops,
            squeeze=1.0,
            hierarchy=False,
            bias=bias,
            **kwargs,
        )

    def __repr__(self) -> str:
        return (
            f'{self.__class__.__name__}({self.in_channels}, '
            f'{self.out_channels}, long_hops={self.hops.long_hops})'
        )
