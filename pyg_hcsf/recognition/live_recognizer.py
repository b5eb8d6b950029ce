r"""Classifies the actions in a stream of 3D joints, window by window."""

import time
from collections import deque
from typing import Any

import numpy as np

from pyg_hcsf.choices import check_range
from pyg_hcsf.recognition.recognizer import Label, Recognizer
from pyg_hcsf.recognition.recognizer_weights import MAX_FRAMES
from pyg_hcsf.streaming.live import LiveModel, order_event, parse_frame
from pyg_hcsf.transforms import PreNormalize

#: Seconds without a frame after which a window starts anew.
MAX_GAP = 0.4

MAX_COORDINATE = 1e6  # in any unit of length
MAX_BODIES = 64


class LiveRecognizer(LiveModel):
    r"""Classifies actions frame by frame, with the same labels as
    :class:`Recognizer` gives for the same windows.

    The first label comes with the last frame of the first complete window,
    and then one every :obj:`stride` frames, without delay. Memory is bounded:
    one window is stored.

    Invalid data do not raise: frames that are late, duplicate or malformed
    are dropped and counted (:meth:`stats`). A missing frame is filled with the
    one before, and each label has the number of these; after a gap of 0.4 s,
    or a frame that is 10 s early, a window starts anew. If there are more
    bodies than the network has inputs for, the first are used.

    As a service (:class:`~pyg_hcsf.streaming.JsonLines`), it reads one frame
    per line: :obj:`frame`, and :obj:`joints`, ``[[x, y, z], ...]`` of one
    body, a list of these for several, or ``[]``. It writes
    :func:`label_to_dict`.

    Not thread-safe.

    Args:
        recognizer (Recognizer): The network.
        window (int, optional): The number of frames of a window. :obj:`None`
            uses the length of a typical clip of the training.
            (default: :obj:`None`)
        stride (int, optional): The number of frames from one label to the
            next. :obj:`None` uses a quarter of the window.
            (default: :obj:`None`)
        fps (float, optional): The frame rate of the stream. Windows are as
            many times longer as it is higher than that of the training, which
            needs a network with :obj:`fit='resize'`. :obj:`None` uses that of
            the training. (default: :obj:`None`)

    Raises:
        ValueError: If :obj:`window` or :obj:`stride` is out of range.

    Example:
        >>> live = LiveRecognizer(recognizer, window=60, stride=15)
        >>> for number, joints in enumerate(sensor):  # [20, 3]
        ...     label = live.push(number, joints)
        ...     if label is not None:
        ...         print(label.name, label.score, label.latency)
    """

    events: tuple[str, ...] = ('accepted', 'late', 'duplicate', 'garbage')
    events += ('filled', 'crowded', 'gap', 'restart', 'labels', 'empty')

    def __init__(
        self,
        recognizer: Recognizer,
        window: int | None = None,
        stride: int | None = None,
        fps: float | None = None,
    ) -> None:
        super().__init__()
        info = recognizer.info
        self.fps = info.fps if fps is None else fps
        check_range('fps', self.fps, 1, 1000)
        if self.fps != info.fps and info.fit != 'resize':
            raise ValueError(
                f"Expected 'fps' to be {info.fps:g}, as in the training (got "
                f'{self.fps:g}): the network does not resample windows'
            )
        if window is None:
            window = max(1, round(info.window * self.fps / info.fps))
        stride = max(1, window // 4) if stride is None else stride
        longest, transform = MAX_FRAMES, info.transform()
        if isinstance(transform, PreNormalize) and transform.scheme == 'agcn':
            longest = min(longest, transform.length)  # it pads to this length
        check_range('window', window, 1, longest)
        check_range('stride', stride, 1, window)
        self.recognizer = recognizer
        self.window = window
        self.stride = stride
        self._shape = (info.num_bodies, recognizer.skeleton.num_joints, 3)
        self._joints: deque[np.ndarray] = deque(maxlen=window)
        self._filled: deque[bool] = deque(maxlen=window)
        self._last: int | None = None  # number of the last frame
        self._due = 0  # the first frame that can have a label

    def push(self, frame: int, joints: Any) -> Label | None:
        r"""Adds a frame.

        Args:
            frame (int): Its number.
            joints (array): As for :meth:`Recognizer.recognize`: ``[N, 3]``,
                ``[M, N, 3]``, or empty if there is nobody.

        Returns:
            Label, optional: The label of the window that ends with this
            frame, if one is due.
        """
        start = time.perf_counter()
        number = parse_frame(frame)
        bodies = None if number is None else self._parse(joints)
        if number is None or bodies is None:
            self.count('garbage')
            return None
        if not self._add(number, bodies):
            return None
        scores = self.recognizer.scores([np.stack(self._joints)])[0]
        first, filled = number - self.window + 1, sum(self._filled)
        label = self.recognizer.label(scores, first, number, filled, start)
        self.count('labels')
        self._latency.add(label.latency)
        return label

    def parse_line(self, data: dict[str, Any]) -> tuple[Any, ...]:
        return data['frame'], np.array(data['joints'], np.float64)

    def answer_line(self, *arguments: Any) -> list[dict[str, Any]]:
        label = self.push(*arguments)
        return [] if label is None else [label_to_dict(label)]

    def _parse(self, joints: Any) -> np.ndarray | None:
        m, n, _ = self._shape
        try:
            x = np.array(joints, np.float64)
        except (TypeError, ValueError, OverflowError, RecursionError):
            return None
        if x.size == 0:
            x = x.reshape(0, n, 3)
        elif x.ndim == 2:
            x = x[None]
        if (
            x.shape[1:] != (n, 3)
            or len(x) > MAX_BODIES
            or not bool((np.abs(x) <= MAX_COORDINATE).all())  # nor NaN
        ):
            return None
        if len(x) > m and x[m:].any():
            self.count('crowded')
        out = np.zeros(self._shape, np.float32)
        out[: len(x)] = x[:m]
        return out

    def _add(self, number: int, bodies: np.ndarray) -> bool:
        r"""Adds a frame to the window; returns whether a label is due."""
        missing = 0
        if self._last is not None:
            missing = number - self._last - 1
            event = order_event(number, self._last, self.fps)
            if event is None and missing > round(MAX_GAP * self.fps):
                event = 'gap'
            if event is not None:
                self.count(event)
            if event in ('late', 'duplicate'):
                return False
            if event is not None:  # 'gap' or 'restart': a new window
                self._joints.clear()
                self._filled.clear()
                self._due = missing = 0
        if missing:
            self._joints.extend([self._joints[-1]] * missing)
            self._filled.extend([True] * missing)
        self._joints.append(bodies)
        self._filled.append(False)
        self._last = number
        self.count('filled', missing)
        self.count('accepted')
        if len(self._joints) < self.window or number < self._due:
            return False
        self._due = number + self.stride
        # Preprocessing aligns clips by the first body, which must be there.
        if not any(body[0].any() for body in self._joints):
            self.count('empty')
            return False
        return True


def label_to_dict(label: Label) -> dict[str, Any]:
    r"""A label as for JSON, with the latency in ms."""
    return {
        'label': label.name,
        'score': round(label.score, 4),
        'top5': [[name, round(score, 4)] for name, score in label.top5],
        'first': label.first,
        'last': label.last,
        'filled': label.filled,
        'latency_ms': round(1e3 * label.latency, 2),
    }
