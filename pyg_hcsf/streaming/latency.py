from __future__ import annotations

import math


class LatencyHistogram:
    r"""Counts how long calls took, in memory that does not grow.

    From 10 microseconds to 10 seconds, each of its steps is 2 % longer than
    the one before; quantiles are good to that.

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
        r"""Counts a call."""
        place = math.log(max(seconds, self._least) / self._least) / self._ratio
        self._counts[min(int(place), self._size - 1)] += 1
        self.count += 1
        self.longest = max(self.longest, seconds)

    def quantile(self, share: float) -> float:
        r"""The time in seconds that this share of the calls took at most, or
        NaN if there were none.
        """
        rest = share * self.count
        for place, count in enumerate(self._counts):
            rest -= count
            if count and rest <= 0:
                upper = self._least * math.exp((place + 1) * self._ratio)
                return min(upper, self.longest)
        return math.nan
