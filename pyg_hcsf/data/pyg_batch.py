r"""PyG batches from dense tensors, without collating graph by graph."""

from __future__ import annotations

from typing import Optional

import torch
from torch import Tensor
from torch_geometric.data import Batch


def to_batch(
    values: dict[str, Tensor],
    ids: dict[str, Tensor],
    edge_index: Tensor,
    edge_pair: Optional[Tensor] = None,
) -> Batch:
    r"""Makes the batch that :meth:`Batch.from_data_list` would make of graphs
    with the same edges.

    Args:
        values (dict[str, torch.Tensor]): Sequences :obj:`[B, N, C]` or
            :obj:`[B, T, N, C]`.
        ids (dict[str, torch.Tensor]): Attributes of graphs, :obj:`[B]`.
        edge_index (torch.Tensor): The edges of one graph, :obj:`[2, E]`.
        edge_pair (torch.Tensor, optional): An edge attribute, :obj:`[E]`.
            (default: :obj:`None`)

    Example:
        >>> to_batch({'x': torch.rand(8, 17, 2)}, {}, edge_index).x.shape
        torch.Size([136, 2])
    """
    first = next(iter(values.values()))
    size, n = first.size(0), first.size(-2)
    graph = torch.arange(size + 1)
    flat = {
        key: value.transpose(1, 2).flatten(0, 1)  # [B * N, T, C]
        if value.dim() == 4
        else value.flatten(0, 1)  # [B * N, C]
        for key, value in values.items()
    }
    # [2, B, E]: the nodes of graph b are numbered from b * N.
    shifted = edge_index.unsqueeze(1) + n * graph[:-1].view(-1, 1)
    edges = {'edge_index': shifted.view(2, -1)}  # [2, B * E]
    if edge_pair is not None:
        edges['edge_pair'] = edge_pair.repeat(size)
    out = Batch(
        **edges,
        batch=graph[:-1].repeat_interleave(n),
        ptr=n * graph,
        **flat,
        **ids,
    )
    # What Batch.get_example needs, as set by Batch.from_data_list:
    out._num_graphs = size
    out._slice_dict = {
        **dict.fromkeys(edges, edge_index.size(1) * graph),
        **dict.fromkeys(flat, n * graph),
        **dict.fromkeys(ids, graph),
    }
    out._inc_dict = dict.fromkeys(out._slice_dict)
    out._inc_dict['edge_index'] = n * graph[:-1]
    return out
