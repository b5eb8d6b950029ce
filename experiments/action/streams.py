"""Fuses runs on different streams of the same clips."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from experiments.action.evaluate import score_clips
from experiments.reporting.runs import Run, Runs
from pyg_hcsf.metrics.stream_fusion import fuse_scores, read_scores
from pyg_hcsf.transforms.modality import STREAMS

SPEEDS = ('train_clips_per_s', 'test_clips_per_s')


def network(run: Run) -> str:
    """The name of a row without that of its stream: ``st_gcn`` for
    ``st_gcn_bone``.
    """
    stream = run.metrics['stream'].replace('-', '_')
    return run.metrics['row'].removesuffix(stream).rstrip('_')


def fuse_streams(runs: Runs) -> list[Run]:
    """Fuses the streams of each network and seed by the mean of their softmax
    scores, as in the paper. A seed that lacks a stream which other seeds have
    is left out.

    Args:
        runs: The runs of one setting.
    """
    found: dict[str, dict[int, dict[str, Run]]] = {}
    for run in runs:
        seeds = found.setdefault(network(run), {})
        seeds.setdefault(run.metrics['seed'], {})[run.metrics['stream']] = run
    out = []
    for seeds in found.values():
        seen = {stream for streams in seeds.values() for stream in streams}
        order = [stream for stream in STREAMS if stream in seen]
        out += [
            _fuse([streams[stream] for stream in order])
            for streams in seeds.values()
            if 1 < len(order) == len(streams)
        ]
    return out


def _fuse(streams: Sequence[Run]) -> Run:
    first = streams[0]
    fused = fuse_scores([read_scores(run.folder) for run in streams])
    metrics = {k: v for k, v in first.metrics.items() if k[:4] != 'val_'}
    for key in ('params', 'macs'):
        metrics[key] = sum(run.metrics[key] for run in streams)
    for key in SPEEDS:
        metrics[key] = 1 / sum(1 / run.metrics[key] for run in streams)
    metrics |= score_clips(fused.scores, fused.label, metrics['classes'])
    metrics['stream'] = ', '.join(run.metrics['stream'] for run in streams)
    metrics['label'] = f'{first.label}, {len(streams)} streams'
    wrong = fused.scores.argmax(dim=1) != fused.label
    return replace(first, metrics=metrics, error=100 * np.asarray(wrong))
