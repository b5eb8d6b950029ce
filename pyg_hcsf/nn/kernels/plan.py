r"""Execution plans of the node-pair product: which groups use which kernel,
and the indices that the kernels need.
"""

from __future__ import annotations

from functools import lru_cache
from typing import NamedTuple, Optional

import torch
from torch import Tensor
from torch.utils.weak import WeakTensorKeyDictionary


class Group(NamedTuple):
    r"""The pairs of one group for :mod:`~pyg_hcsf.nn.kernels.per_pair`, with
    incidence matrices ``[N, P_g]`` if they are gathered all at once.
    """

    number: int
    columns: slice  # of the output
    pairs: slice
    source: Tensor
    target: Tensor
    ends: list[tuple[int, int, int]]  # source, target, 0 if its first else 1
    unreached: list[int]  # nodes that are no pair's target
    num_loops: int  # N if the first N pairs are the self-loops in order, or 0
    by_target: Optional[Tensor] = None
    by_source: Optional[Tensor] = None


class PackedGroups(NamedTuple):
    r"""All groups for :mod:`~pyg_hcsf.nn.kernels.packed`: :math:`K` rows for
    each source, :math:`D` channels for each target. Padding rows read a row of
    zeros and write to an extra row.
    """

    groups: list[int]
    columns: list[slice]
    channels: int  # D
    weight_row: Tensor  # [N * K]: row of all weights, then one of zeros
    packed_row: Tensor  # [sum(P_g * D_g)]: the inverse of weight_row
    target_row: Tensor  # [N * K]: row of the sums [N * D + 1]
    pair: Tensor  # [N * K]: row of the edge weights [P + 1]


class Plan(NamedTuple):
    r"""The groups of a product: those that are processed one at a time, and
    those that are packed together.
    """

    groups: list[Group]
    packed: Optional[PackedGroups]


def use_packed(in_channels: int, out_channels: int) -> bool:
    r"""Whether groups of these widths are faster by the packed kernel."""
    return out_channels <= 8 and 4 * out_channels <= in_channels


@lru_cache(maxsize=256)
def _cached_plan(
    pairs: tuple[tuple[int, ...], tuple[int, ...]],
    shapes: tuple[tuple[int, int], ...],
    in_channels: int,
    num_nodes: int,
    dtype: torch.dtype,
    device: torch.device,
    gathered: bool,
) -> Plan:
    groups: list[Group] = []
    packed: list[Group] = []
    # Explicitly on the CPU, whatever the default device is:
    nodes = torch.arange(num_nodes, device='cpu').view(-1, 1)
    loops = [(i, i, 0) for i in range(num_nodes)]
    column = start = 0
    for number, (size, width) in enumerate(shapes):
        stop = start + size
        sources, targets = (end[start:stop] for end in pairs)
        # The first pair of a target overwrites its sum, the others add to it.
        ends, reached = [], set()
        for j, i in zip(sources, targets, strict=True):
            ends.append((j, i, int(i in reached)))
            reached.add(i)
        source, target = (
            torch.tensor(end, dtype=torch.long, device='cpu')
            for end in (sources, targets)
        )
        group = Group(
            number=number,
            columns=slice(column, column + width),
            pairs=slice(start, stop),
            source=source.to(device),
            target=target.to(device),
            ends=ends,
            unreached=[i for i in range(num_nodes) if i not in reached],
            num_loops=num_nodes if ends[:num_nodes] == loops else 0,
        )
        if gathered:  # self-loops too
            group = group._replace(
                num_loops=0,
                by_target=(nodes == target).to(device, dtype),
                by_source=(nodes == source).to(device, dtype),
            )
        few = use_packed(in_channels, width) and not gathered
        (packed if few else groups).append(group)
        column, start = column + width, stop
    return Plan(groups, _pack(packed, num_nodes, start, device))


def _pack(
    groups: list[Group], num_nodes: int, num_pairs: int, device: torch.device
) -> Optional[PackedGroups]:
    if not groups:
        return None
    widths = [g.columns.stop - g.columns.start for g in groups]
    channels = sum(widths)
    # For each source: (weight row, target row, pair) of its packed rows
    rows: list[list[tuple[int, int, int]]] = [[] for _ in range(num_nodes)]
    weight_row = offset = 0
    for group, width in zip(groups, widths, strict=True):
        for pair, (j, i, _) in enumerate(group.ends, group.pairs.start):
            for d in range(width):
                rows[j].append((weight_row, i * channels + offset + d, pair))
                weight_row += 1
        offset += width
    padding = (weight_row, num_nodes * channels, num_pairs)
    # K rows for each source, as many as the largest has
    longest = max(map(len, rows))
    table = torch.tensor(
        [r for own in rows for r in own + [padding] * (longest - len(own))],
        device=device,
    )
    weight_rows, target_rows, pairs = table.t().contiguous()
    return PackedGroups(
        groups=[group.number for group in groups],
        columns=[group.columns for group in groups],
        channels=channels,
        weight_row=weight_rows,
        # A stable sort has the padding last, where it is cut off.
        packed_row=weight_rows.argsort(stable=True)[:weight_row],
        target_row=target_rows,
        pair=pairs,
    )


_known_pairs = WeakTensorKeyDictionary()


def _pairs(edge_index: Tensor) -> tuple[tuple[int, ...], tuple[int, ...]]:
    # tolist() synchronises the GPU, so its result is cached for as long as
    # the version counter of the tensor is the same; inference tensors have
    # none. On the CPU, NumPy can change a tensor without counting.
    cached = edge_index.device.type != 'cpu' and not edge_index.is_inference()
    version = edge_index._version if cached else 0
    known = _known_pairs.get(edge_index) if cached else None
    if known is None or known[0] != version:
        source, target = edge_index.tolist()
        known = (version, (tuple(source), tuple(target)))
        if cached:
            _known_pairs[edge_index] = known
    return known[1]


def make_plan(
    x: Tensor, weights: list[Tensor], edge_index: Tensor, gathered: bool
) -> Plan:
    r"""The plan for the pairs and shapes of a call, from a cache.

    Args:
        x (torch.Tensor): Node features, whose last two dimensions are
            ``[N, C]``.
        weights (list[torch.Tensor]): ``[P_g, C, D_g]`` for each group.
        edge_index (torch.Tensor): The pairs, ``[2, P]``.
        gathered (bool): If set to :obj:`True`, no group is packed.
    """
    return _cached_plan(
        _pairs(edge_index),
        tuple((w.size(0), w.size(2)) for w in weights),
        x.size(-1),
        x.size(-2),
        x.dtype,
        x.device,
        gathered,
    )
