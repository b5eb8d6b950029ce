r"""Fuses the scores of networks for different streams (joint, bone, motion)
of the same clips.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple, Union

import numpy as np
import torch
from torch import Tensor

from pyg_hcsf.choices import check_choice
from pyg_hcsf.safe_io.npy import load_npz
from pyg_hcsf.safe_io.shown import explained, shown

#: Published weights of joint, bone, joint motion and bone motion, and the
#: scores they apply to: the paper averages softmax scores; 2s-AGCN and MS-G3D
#: add the logits of joint and bone; Shift-GCN and CTR-GCN weight the logits
#: of all four; pyskl weights their softmax scores.
WEIGHTS: dict[str, tuple[tuple[float, ...], str]] = {
    'paper': ((1.0, 1.0, 1.0, 1.0), 'softmax'),
    'agcn': ((1.0, 1.0), 'logits'),
    'ctrgcn': ((0.6, 0.6, 0.4, 0.4), 'logits'),
    'pyskl': ((2.0, 2.0, 1.0, 1.0), 'softmax'),
}
SCALES = ('softmax', 'logits')


class StreamScores(NamedTuple):
    r"""The scores of one network for :math:`K` clips.

    Args:
        names (list[str]): The unique names of the clips.
        scores (torch.Tensor): Logits :obj:`[K, C]`.
        label (torch.Tensor): The true labels :obj:`[K]`.
        source (str): The name of the stream in error messages.
    """

    names: list[str]
    scores: Tensor
    label: Tensor
    source: str = 'a stream'


def read_scores(path: Union[str, Path]) -> StreamScores:
    r"""Reads the :obj:`scores.npz` of an action recognition run.

    Args:
        path (str or pathlib.Path): The file, or the folder of the run.

    Raises:
        ValueError: If the file is missing or damaged, or if the shapes or
            types of its arrays are wrong.

    Example:
        >>> read_scores('runs/action/paper/joint/0').scores.shape
        torch.Size([16487, 60])
    """
    path = Path(path)
    if path.is_dir():
        path = path / 'scores.npz'
    keys = ('names', 'scores', 'label')
    remedy = (
        "give the folder of a finished run of '--task action', such as "
        'runs/action/paper/joint/0'
    )
    problem = f"Could not read the scores '{path}'"
    errors = (OSError, ValueError)
    with explained(problem, remedy, errors), path.open('rb') as file:
        arrays = load_npz(file, str(path), keys)
    names, scores, label = (arrays[key] for key in keys)
    if (
        scores.ndim != 2
        or scores.dtype.kind != 'f'
        or label.shape != names.shape
        or names.shape != scores.shape[:1]
        or names.dtype.kind != 'U'
        or label.dtype.kind not in 'iu'
    ):
        raise ValueError(
            f"Expected 'names' [K], 'label' [K] and 'scores' [K, C] in "
            f"'{path}' (got {shown(names)}, {shown(label)} and "
            f'{shown(scores)}): train that run again'
        )
    return StreamScores(
        names.tolist(),
        torch.from_numpy(scores.astype(np.float64)),
        torch.from_numpy(label.astype(np.int64)),
        str(path),
    )


def fuse_scores(
    streams: Sequence[StreamScores],
    weights: Union[str, Sequence[float]] = 'paper',
    scale: Union[str, None] = None,
) -> StreamScores:
    r"""The weighted sum of the scores of streams; clips are matched by name.

    .. math::
        \mathbf{s}_c = \sum_i w_i \, \mathrm{softmax}(\mathbf{s}_{i,c})
        \quad \textrm{or} \quad \sum_i w_i \, \mathbf{s}_{i,c}

    Args:
        streams (list[StreamScores]): The streams. For named weights, in the
            order joint, bone, joint motion, bone motion; the last ones may be
            missing.
        weights (str or list[float], optional): A key of :obj:`WEIGHTS`, or a
            number for each stream. (default: :obj:`"paper"`)
        scale (str, optional): :obj:`"softmax"` or :obj:`"logits"`.
            (default: that of the named weights, else :obj:`"softmax"`)

    Returns:
        StreamScores: The fused scores, in the order of the first stream.

    Raises:
        ValueError: If clips, classes or labels of streams differ, or if there
            are more streams than weights.

    Example:
        >>> fused = fuse_scores([read_scores(path) for path in folders])
        >>> top_k_accuracy(fused.scores, fused.label)
    """
    if len(streams) == 0:
        raise ValueError("Expected at least one stream in 'streams' (got 0)")
    values, default = _weights(weights, len(streams))
    scale = scale or default
    check_choice('scale', scale, SCALES)
    first = streams[0]
    total = torch.zeros_like(first.scores)
    for stream, weight in zip(streams, values, strict=True):
        # Files list clips in different orders: rows follow the first stream.
        scores = stream.scores[_matching_rows(stream, first)]
        if scale == 'softmax':
            scores = scores.softmax(dim=1)
        total += weight * scores
    sources = ' + '.join(stream.source for stream in streams)
    return StreamScores(first.names, total, first.label, sources)


def _weights(
    weights: Union[str, Sequence[float]], count: int
) -> tuple[tuple[float, ...], str]:
    r"""The weight of each stream, and the scores that they apply to."""
    if not isinstance(weights, str):
        if len(weights) != count:
            raise ValueError(
                f"Expected as many 'weights' as streams, {count} (got "
                f'{len(weights)})'
            )
        return tuple(weights), 'softmax'
    check_choice('weights', weights, WEIGHTS, 'or give numbers')
    values, scale = WEIGHTS[weights]
    if count > len(values):
        raise ValueError(
            f'Expected at most {len(values)} streams with the weights '
            f"'{weights}' (got {count}): give a number for each"
        )
    return values[:count], scale


def _matching_rows(stream: StreamScores, first: StreamScores) -> list[int]:
    r"""The row in :obj:`stream` of each clip of :obj:`first`."""
    row_of = {name: row for row, name in enumerate(stream.names)}
    for one in (stream, first):
        if len(set(one.names)) != len(one.names):
            raise ValueError(
                f"Expected each clip once in '{one.source}' (got "
                f'{len(one.names)} of {len(set(one.names))} names): scores '
                'are matched by name'
            )
    # The symmetric difference: clips of only one of the streams
    unmatched = sorted(set(first.names) ^ row_of.keys())
    if unmatched:
        raise ValueError(
            f"Expected the same clips in '{first.source}' and "
            f"'{stream.source}' (got {len(unmatched)} in one of them only: "
            f'{shown(unmatched)}); test both on the same split and files'
        )
    if stream.scores.size(1) != first.scores.size(1):
        raise ValueError(
            f'Expected {first.scores.size(1)} classes as in '
            f"'{first.source}' (got {stream.scores.size(1)} in "
            f"'{stream.source}')"
        )
    rows = [row_of[name] for name in first.names]
    wrong = (stream.label[rows] != first.label).nonzero()
    if wrong.numel():
        raise ValueError(
            f"Expected the labels of '{first.source}' in '{stream.source}' "
            f'(got another for {shown(first.names[int(wrong[0])])})'
        )
    return rows
