r"""Live action recognition as a JSON Lines service."""

from __future__ import annotations

from typing import Any

import numpy as np

from pyg_hcsf.recognition.live_recognizer import LiveRecognizer
from pyg_hcsf.recognition.recognizer import Label
from pyg_hcsf.streaming import JsonLines


class LineRecognizer(JsonLines):
    r"""A :class:`LiveRecognizer` that reads and writes JSON Lines.

    An input line is one frame: :obj:`frame`, its number, and :obj:`joints`,
    ``[[x, y, z], ...]`` of one body, a list of these for several, or ``[]``
    if there is nobody. Output lines are those of :func:`label_line`.

    Args:
        live (LiveRecognizer): The recogniser.

    Example:
        >>> lines = LineRecognizer(live)
        >>> lines.feed(b'{"frame": 59, "joints": [[0.1, 0.9, 2.8], ...]}\n')
        b'{"label": "wave", "score": 0.93, "first": 0, "last": 59, ...'
    """

    live: LiveRecognizer

    def parse(self, data: dict[str, Any]) -> tuple[Any, ...]:
        return data['frame'], np.array(data['joints'], np.float64)

    def answer(self, *arguments: Any) -> list[dict[str, Any]]:
        label = self.live.push(*arguments)
        return [] if label is None else [label_line(label)]


def label_line(label: Label) -> dict[str, Any]:
    r"""A label as JSON: :obj:`label`, :obj:`score`, :obj:`top5`,
    :obj:`first`, :obj:`last`, :obj:`filled` and :obj:`latency_ms`.
    """
    return {
        'label': label.name,
        'score': round(label.score, 4),
        'top5': [[name, round(score, 4)] for name, score in label.top5],
        'first': label.first,
        'last': label.last,
        'filled': label.filled,
        'latency_ms': round(1e3 * label.latency, 2),
    }
