r"""Actions of a stream that has not ended yet."""

from __future__ import annotations

import time
from collections import Counter, deque
from typing import Any, Optional

import numpy as np

from pyg_hcsf.recognition.recognizer import Label, Recognizer
from pyg_hcsf.recognition.recognizer_weights import MOST_FRAMES
from pyg_hcsf.streaming import LatencyHistogram
from pyg_hcsf.transforms import PreNormalize

#: Longer gaps start a window anew; in shorter ones the frame before is held.
MAX_GAP = 0.4  # seconds

#: A frame that is earlier than the last by more than this is the start of
#: another stream; by less, it is late.
RESTART = 10.0  # seconds

FARTHEST = 1e6  # in any unit of length
MOST_BODIES = 64
LAST_FRAME = 2**53

#: What can become of a frame that is pushed, and what else is counted.
FATES = ('taken', 'late', 'duplicate', 'garbage')
EVENTS = ('held', 'crowded', 'gap', 'restart', 'labels', 'empty')


class LiveRecognizer:
    r"""Tells actions frame by frame, with the labels that :class:`Recognizer`
    gives for the same windows.

    The first label comes with the last frame of the first whole window, and
    then one every :obj:`hop` frames, at once: nothing is looked ahead. One
    window is kept, memory does not grow.

    Data never raise: frames that are late, sent twice or garbage are dropped
    and counted. A missing frame is taken by the one before, and each label
    says how many are; after 0.4 s without frames, or a frame from 10 s
    before, a window starts anew. Of more bodies than the network looks at
    the first are taken.

    One thread at a time may use it.

    Args:
        recognizer (Recognizer): The network.
        window (int, optional): The frames of a window. :obj:`None` takes
            those of a usual clip of the training. (default: :obj:`None`)
        hop (int, optional): The frames from a label to the next. :obj:`None`
            takes a quarter of the window. (default: :obj:`None`)

    Raises:
        ValueError: If :obj:`window` or :obj:`hop` is out of range.

    Example:
        >>> live = LiveRecognizer(recognizer, window=60, hop=15)
        >>> for number, joints in enumerate(sensor):  # [20, 3]
        ...     label = live.push(number, joints)
        ...     if label is not None:
        ...         print(label.name, label.score, label.latency)
    """

    def __init__(
        self,
        recognizer: Recognizer,
        window: Optional[int] = None,
        hop: Optional[int] = None,
    ) -> None:
        info = recognizer.info
        window = info.window if window is None else window
        hop = max(1, window // 4) if hop is None else hop
        most, transform = MOST_FRAMES, info.transform()
        if isinstance(transform, PreNormalize) and transform.scheme == 'agcn':
            most = min(most, transform.length)  # which it fills up to
        if not 1 <= window <= most:
            raise ValueError(
                f"Expected 'window' to be from 1 to {most} frames (got "
                f'{window})'
            )
        if not 1 <= hop <= window:
            raise ValueError(
                f"Expected 'hop' to be from 1 to the window's {window} frames "
                f'(got {hop})'
            )
        self.recognizer = recognizer
        self.window = window
        self.hop = hop
        self._shape = (info.num_bodies, recognizer.skeleton.num_joints, 3)
        self._patience = round(MAX_GAP * info.fps)
        self._restart = round(RESTART * info.fps)
        self._joints: deque[np.ndarray] = deque(maxlen=window)
        self._held: deque[bool] = deque(maxlen=window)
        self._last: Optional[int] = None  # frame
        self._due = 0  # frame
        self._counts: Counter[str] = Counter()
        self._latency = LatencyHistogram()

    def push(self, frame: int, joints: Any) -> Optional[Label]:
        r"""Takes a frame.

        Args:
            frame (int): Its number.
            joints (array): See :meth:`Recognizer.recognize`: ``[N, 3]``,
                ``[M, N, 3]``, or nothing where nobody is seen.

        Returns:
            Label: If one is due, of the window that ends with this frame.
        """
        start = time.perf_counter()
        bodies = self._parse(frame, joints)
        if bodies is None:
            self.count('garbage')
            return None
        if not self._take(int(frame), bodies):
            return None
        scores = self.recognizer.scores([np.stack(self._joints)])[0]
        first, held = int(frame) - self.window + 1, sum(self._held)
        label = self.recognizer.label(scores, first, int(frame), held, start)
        self.count('labels')
        self._latency.add(label.latency)
        return label

    def drop(self, fate: str) -> None:
        r"""Counts a frame that was not even one, such as a damaged line."""
        self._counts[fate] += 1

    def stats(self) -> dict[str, Any]:
        r"""What became of the frames: a count for each of :data:`FATES` and
        :data:`EVENTS`, and the 50th and 99th percentile and the longest of
        the times that a label took, in ms.
        """
        return {
            **{key: self._counts[key] for key in (*FATES, *EVENTS)},
            'p50_ms': 1e3 * self._latency.quantile(0.5),
            'p99_ms': 1e3 * self._latency.quantile(0.99),
            'longest_ms': 1e3 * self._latency.longest,
        }

    def _parse(self, frame: Any, joints: Any) -> Optional[np.ndarray]:
        most, n, _ = self._shape
        try:
            number = int(frame)
            if number != frame or isinstance(frame, (bool, str)):
                return None
            x = np.array(joints, np.float64)
        except (TypeError, ValueError, OverflowError, RecursionError):
            return None
        if x.size == 0:
            x = x.reshape(0, n, 3)
        elif x.ndim == 2:
            x = x[None]
        if (
            not 0 <= number <= LAST_FRAME
            or x.shape[1:] != (n, 3)
            or len(x) > MOST_BODIES
            or not bool((np.abs(x) <= FARTHEST).all())  # nor NaN
        ):
            return None
        if len(x) > most and x[most:].any():
            self.count('crowded')
        out = np.zeros(self._shape, np.float32)
        out[: len(x)] = x[:most]
        return out

    def _take(self, number: int, bodies: np.ndarray) -> bool:
        r"""Whether a label is due."""
        missing = 0
        if self._last is not None:
            missing = number - self._last - 1
            if missing < 0 and number >= self._last - self._restart:
                self.count('duplicate' if missing == -1 else 'late')
                return False
            if missing < 0 or missing > self._patience:
                self.count('restart' if missing < 0 else 'gap')
                self._joints.clear()
                self._held.clear()
                self._due = missing = 0
        self._joints.extend([self._joints[-1]] * missing if missing else [])
        self._held.extend([True] * missing)
        self._joints.append(bodies)
        self._held.append(False)
        self._last = number
        self._counts['held'] += missing
        self.count('taken')
        if len(self._joints) < self.window or number < self._due:
            return False
        self._due = number + self.hop
        if not any(body[0].any() for body in self._joints):
            self.count('empty')
            return False
        return True
