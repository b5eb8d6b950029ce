from __future__ import annotations

from functools import lru_cache
from typing import NamedTuple, Optional

import torch
from torch import Tensor
from torch.utils.weak import WeakTensorKeyDictionary


class Wide(NamedTuple):
    r"""The pairs of one group, see :mod:`~pyg_hcsf.nn.kernels.per_pair` and
    :mod:`~pyg_hcsf.nn.kernels.gathered`.
    """

    group: int
    columns: slice  # of the output
    pairs: slice
    source: Tensor
    target: Tensor
    ends: list[tuple[int, int, int]]  # and 0 for the first of a target, or 1
    missing: list[int]  # nodes that no pair reaches
    own: int  # N if it begins with all nodes and themselves, in order
    by_target: Tensor  # [N, P_g] of zeros and ones
    by_source: Tensor


class Narrow(NamedTuple):
    r"""All narrow groups, see :mod:`~pyg_hcsf.nn.kernels.packed`: :math:`K`
    rows a source, :math:`D` channels a target. The rows beyond the last of a
    source read zeros and write to a place of their own.
    """

    groups: list[int]
    columns: list[slice]
    channels: int  # D
    weight_row: Tensor  # [N * K], in the rows of all weights, and one of zeros
    place: Tensor  # [sum(P_g * D_g)], its inverse
    target_row: Tensor  # [N * K], in [N * D + 1]
    pair: Tensor  # [N * K], in [P + 1]


class Plan(NamedTuple):
    r"""Who multiplies what, either all pairs of a group at once or not."""

    whole: bool
    wide: list[Wide]
    narrow: Optional[Narrow]


def is_narrow(in_channels: int, out_channels: int) -> bool:
    r"""Whether pairs of these widths are better taken source by source."""
    return out_channels <= 8 and 4 * out_channels <= in_channels


@lru_cache(maxsize=256)
def _cached_plan(
    pairs: tuple[tuple[int, ...], tuple[int, ...]],
    sizes: tuple[int, ...],
    widths: tuple[int, ...],
    in_channels: int,
    num_nodes: int,
    dtype: torch.dtype,
    device: torch.device,
    whole: bool,
) -> Plan:
    wide: list[Wide] = []
    narrow: list[Wide] = []
    # On the CPU also where another device is the default:
    nodes = torch.arange(num_nodes, device='cpu').view(-1, 1)
    column = start = 0
    for g, (size, width) in enumerate(zip(sizes, widths, strict=True)):
        columns = slice(column, column + width)
        source, target = (
            torch.tensor(
                part[start : start + size], dtype=torch.long, device='cpu'
            )
            for part in pairs
        )
        numbers = slice(start, start + size)
        ends, reached = [], set()
        for j, i in zip(source.tolist(), target.tolist(), strict=True):
            ends.append((j, i, int(i in reached)))
            reached.add(i)
        missing = [i for i in range(num_nodes) if i not in reached]
        own = ends[:num_nodes] == [(i, i, 0) for i in range(num_nodes)]
        group = Wide(
            *(g, columns, numbers, source.to(device), target.to(device)),
            *(ends, missing, num_nodes if own else 0),
            *((nodes == end).to(device, dtype) for end in (target, source)),
        )
        few = is_narrow(in_channels, width) and not whole
        (narrow if few else wide).append(group)
        column, start = columns.stop, numbers.stop
    return Plan(whole, wide, _narrow_plan(narrow, num_nodes, start, device))


def _narrow_plan(
    groups: list[Wide], num_nodes: int, num_pairs: int, device: torch.device
) -> Optional[Narrow]:
    if not groups:
        return None
    widths = [g.columns.stop - g.columns.start for g in groups]
    channels = sum(widths)
    rows: list[list[tuple[int, int, int]]] = [[] for _ in range(num_nodes)]
    weight_row = offset = 0
    for group, width in zip(groups, widths, strict=True):
        for pair, (j, i, _) in enumerate(group.ends, group.pairs.start):
            for d in range(width):
                rows[j].append((weight_row, i * channels + offset + d, pair))
                weight_row += 1
        offset += width
    pad = (weight_row, num_nodes * channels, num_pairs)
    longest = max(len(part) for part in rows)
    table = torch.tensor(
        [row for part in rows for row in part + [pad] * (longest - len(part))],
        device=device,
    )
    weight_rows, target_rows, pairs = table.t().contiguous()
    return Narrow(
        [group.group for group in groups],
        [group.columns for group in groups],
        channels,
        weight_rows,
        weight_rows.argsort(stable=True)[:weight_row],
        target_rows,
        pairs,
    )


_known = WeakTensorKeyDictionary()


def _pairs(edge_index: Tensor) -> tuple[tuple[int, ...], tuple[int, ...]]:
    # tolist() synchronises an accelerator, so its result is kept there while
    # the version of the tensor says that it is unchanged. An inference tensor
    # has no version.
    cached = edge_index.device.type != 'cpu' and not edge_index.is_inference()
    version = edge_index._version if cached else 0
    kept = _known.get(edge_index) if cached else None
    if kept is None or kept[0] != version:
        source, target = edge_index.tolist()
        kept = (version, (tuple(source), tuple(target)))
        if cached:
            _known[edge_index] = kept
    return kept[1]


def make_plan(
    x: Tensor, weights: list[Tensor], edge_index: Tensor, whole: bool
) -> Plan:
    r"""The plan for the shapes of a call, made once for each."""
    return _cached_plan(
        _pairs(edge_index),
        tuple(w.size(0) for w in weights),
        tuple(w.size(2) for w in weights),
        x.size(-1),
        x.size(1),
        x.dtype,
        x.device,
        whole,
    )
