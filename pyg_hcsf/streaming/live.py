r"""Event counters and latencies of models that process a stream of frames."""

import math
from abc import ABC, abstractmethod
from collections import Counter
from typing import Any

LAST_FRAME = 2**53
RESTART = 10.0  # seconds that a frame is early by if a new stream has begun


class LatencyHistogram:
    r"""A histogram of durations in constant memory.

    It covers 10 microseconds to 10 seconds in bins that grow by 2 % each,
    which is the accuracy of quantiles.

    Example:
        >>> latency = LatencyHistogram()
        >>> latency.add(0.002)
        >>> latency.quantile(0.5)  # seconds, about 0.002
    """

    _least, _ratio, _size = 1e-5, math.log(1.02), 700

    def __init__(self) -> None:
        self.count = 0
        self.longest = 0.0
        self._counts = [0] * self._size

    def add(self, seconds: float) -> None:
        r"""Adds a duration."""
        # Bin i covers durations from least * ratio^i on.
        index = math.log(max(seconds, self._least) / self._least) / self._ratio
        self._counts[min(int(index), self._size - 1)] += 1
        self.count += 1
        self.longest = max(self.longest, seconds)

    def quantile(self, q: float) -> float:
        r"""The quantile in seconds, or NaN if there are no durations."""
        rest = q * self.count
        for index, count in enumerate(self._counts):
            rest -= count
            if count and rest <= 0:
                upper = self._least * math.exp((index + 1) * self._ratio)
                return min(upper, self.longest)
        return math.nan


class LiveModel(ABC):
    r"""Base class of models that process a stream frame by frame and count
    what happens to the frames, such as ``'late'`` or ``'garbage'``. The three
    methods on lines are for :class:`~pyg_hcsf.streaming.JsonLines`.
    """

    #: The names of all counters.
    events: tuple[str, ...] = ('garbage',)

    def __init__(self) -> None:
        self._counts: Counter[str] = Counter()
        self._latency = LatencyHistogram()

    def count(self, event: str, number: int = 1) -> None:
        r"""Increments the counter of an event, such as ``'garbage'``."""
        self._counts[event] += number

    def stats(self) -> dict[str, Any]:
        r"""The counters of all :attr:`events`, and the 50th and 99th
        percentile and the maximum of the latency: :obj:`p50_ms`,
        :obj:`p99_ms` and :obj:`longest_ms`.
        """
        return {
            **{event: self._counts[event] for event in self.events},
            'p50_ms': 1e3 * self._latency.quantile(0.5),
            'p99_ms': 1e3 * self._latency.quantile(0.99),
            'longest_ms': 1e3 * self._latency.longest,
        }

    @abstractmethod
    def parse_line(self, data: dict[str, Any]) -> tuple[Any, ...]:
        r"""Converts an input line to the arguments of :meth:`answer_line`. If
        it raises one of Python's errors for invalid data, the line counts as
        garbage.
        """

    @abstractmethod
    def answer_line(self, *arguments: Any) -> list[dict[str, Any]]:
        r"""The output lines after an input line."""

    def last_lines(self) -> list[dict[str, Any]]:
        r"""The pending output lines at the end of the input."""
        return []


def parse_frame(frame: Any) -> int | None:
    r"""A frame number as an integer, or :obj:`None` if it is none."""
    try:
        number = int(frame)
    except (TypeError, ValueError, OverflowError):
        return None
    if isinstance(frame, (bool, str)) or number != frame:
        return None
    return number if 0 <= number <= LAST_FRAME else None


def order_event(number: int, last: int, fps: float) -> str | None:
    r"""The event of a frame that is not behind the last one:
    ``'duplicate'``, ``'late'``, or, if it is earlier by more than 10 seconds,
    ``'restart'``. :obj:`None` if the frame is in order.
    """
    if number > last:
        return None
    if number < last - round(RESTART * fps):
        return 'restart'
    return 'late' if number < last else 'duplicate'
