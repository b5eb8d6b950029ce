r"""Poses of a video that has not ended yet."""

from __future__ import annotations

import time
from bisect import bisect_right
from collections import Counter, OrderedDict, deque
from dataclasses import dataclass
from typing import Any, NamedTuple, Optional

import numpy as np
import torch
from torch import Tensor

from pyg_hcsf.geometry.root_ray import RootRay
from pyg_hcsf.keypoints import LiveSideSwapFixer
from pyg_hcsf.lifting.lifter import Lifter
from pyg_hcsf.lifting.windows import (
    frame_stride_of,
    max_gap_of,
    offsets_of,
    starts,
)
from pyg_hcsf.skeleton import get_skeleton
from pyg_hcsf.streaming import LatencyHistogram

#: A frame that is earlier than the last by more than this is the start of
#: another video; by less, it is late.
RESTART = 10.0  # seconds

#: A person who was not pushed for this long leaves when another needs the
#: place.
SILENCE = 2.0  # seconds

LONGEST_NAME = 80
MOST_PIXELS = 1e6
LAST_FRAME = 2**53

#: What can become of a frame that is pushed, and why a window starts anew.
FATES = ('lifted', 'late', 'duplicate', 'garbage', 'incomplete', 'crowded')
BREAKS = ('gap_or_jump', 'restart', 'evicted')


@dataclass(frozen=True, eq=False)
class LivePose:
    r"""The pose of one person in one frame, in the axes of the camera and
    millimetres.

    Args:
        track (str): The id of the person.
        frame (int): The number of the frame.
        pose (numpy.ndarray): Joints relative to the root: ``[17, 3]``.
        root (numpy.ndarray): Where the root is: ``[3]``.
        uncertainty (numpy.ndarray): The expected error of each joint:
            ``[17]``.
    """

    track: str
    frame: int
    pose: np.ndarray
    root: np.ndarray
    uncertainty: np.ndarray


class _Frame(NamedTuple):
    number: int
    seen: RootRay  # [1, ...]


class _Track:
    r"""The last frames of one person."""

    def __init__(self, size: int, fixer: Optional[LiveSideSwapFixer]) -> None:
        self.fixer = fixer
        self.frames: deque[_Frame] = deque(maxlen=size)
        self.waiting: deque[int] = deque()  # frames that are not lifted yet
        self.pushed = 0  # when it was last pushed, in pushes


class LiveLifter:
    r"""Lifts people frame by frame as a detector finds them, with the poses
    that :class:`Lifter` gives for the same frames of a whole video.

    Nothing is looked ahead with weights whose :obj:`delay` is 0; otherwise
    the pose of a frame comes when :obj:`delay` frames after it were pushed.
    Of each person the last window is kept, of at most :obj:`max_tracks`
    people: memory does not grow. One who was not pushed for 2 s gives way to
    another; while nobody has, further people are dropped.

    Data never raise: frames that are late, sent twice, garbage, or without
    hips or enough joints are dropped and counted. A missing frame is taken
    by the one before; after 0.4 s, or a jump of the person, or a frame from
    10 s before, a window starts anew. People are never mixed. Left and right
    that change places are exchanged back if :obj:`fix_side_swaps` says so
    (:class:`~pyg_hcsf.keypoints.LiveSideSwapFixer`).

    One thread at a time may use it.

    Args:
        lifter (Lifter): With an :obj:`image_size`, or a :obj:`focal` and
            :obj:`center`.
        layout (str, optional): That of the keypoints.
            (default: :obj:`"coco17"`)
        max_tracks (int, optional): The most people. (default: :obj:`16`)
        mend (bool, optional): Whether left and right are mended.
            (default: :obj:`False`)

    Raises:
        ValueError: If the camera, or the layout, is not known.

    Example:
        >>> live = LiveLifter(Lifter('temporal', image_size=(1920, 1080)))
        >>> for pose in live.push(frame, xy, score, track='1'):
        ...     print(pose.frame, pose.pose[10])
    """

    def __init__(
        self,
        lifter: Lifter,
        layout: str = 'coco17',
        max_tracks: int = 16,
        fix_side_swaps: bool = False,
    ) -> None:
        if max_tracks < 1:
            raise ValueError(
                f"Expected 'max_tracks' to be at least 1 (got {max_tracks})"
            )
        self.lifter = lifter
        self.layout = layout
        self.max_tracks = max_tracks
        self.fix_side_swaps = fix_side_swaps
        self.num_joints = get_skeleton(layout).num_joints
        self.network = lifter.network(layout)
        self.camera = lifter.camera(lifter.image_size)
        info = self.network.info
        fps = lifter.fps or info.fps
        self._offsets = offsets_of(
            info.frames, info.target or 0, frame_stride_of(fps, info.fps)
        )
        self.delay = self._offsets[-1]
        self._max_gap = max_gap_of(fps)
        self._restart = round(RESTART * fps)
        self._silence = round(SILENCE * fps) * max_tracks
        # A window, the frame held at its start, and one that is not due.
        self._size = self.delay - self._offsets[0] + 3
        self._tracks: OrderedDict[str, _Track] = OrderedDict()
        self._counts: Counter[str] = Counter()
        self._latency = LatencyHistogram()
        self._pushed = 0

    def push(
        self, frame: int, xy: Any, score: Any = None, track: str = '0'
    ) -> list[LivePose]:
        r"""Takes one person in one frame.

        Args:
            frame (int): The number of the frame.
            xy (array): Pixels, NaN where a joint is missing: ``[N, 2]``.
            score (array, optional): Confidence, 0 where a joint is missing:
                ``[N]``. :obj:`None` is 1 for all. (default: :obj:`None`)
            track (str, optional): The id of the person.
                (default: :obj:`"0"`)

        Returns:
            list: The poses that are due: with a delay of 0 that of this
            frame, or none if it was dropped.
        """
        start = time.perf_counter()
        self._pushed += 1
        found = self._parse(frame, xy, score, track)
        if found is None:
            self.drop('garbage')
            return []
        out = self._push(*found)
        self._latency.add(time.perf_counter() - start)
        return out

    def flush(self) -> list[LivePose]:
        r"""The poses that still wait for frames after them, as at the end of
        a video. All windows start anew.
        """
        out = []
        for name, track in self._tracks.items():
            out += self._due(name, track, ahead=0)
        self._tracks.clear()
        return out

    def drop(self, fate: str) -> None:
        r"""Counts a frame that was not even one, such as a damaged line."""
        self._counts[fate] += 1

    def stats(self) -> dict[str, Any]:
        r"""What became of the frames: a count for each of :data:`FATES` and
        :data:`BREAKS`, the people who are followed, and the 50th and 99th
        percentile and the longest of the times a call took, in ms.
        """
        return {
            **{key: self._counts[key] for key in (*FATES, *BREAKS)},
            'tracks': len(self._tracks),
            'delay': self.delay,
            'p50_ms': 1e3 * self._latency.quantile(0.5),
            'p99_ms': 1e3 * self._latency.quantile(0.99),
            'longest_ms': 1e3 * self._latency.longest,
        }

    def _parse(
        self, frame: Any, xy: Any, score: Any, track: Any
    ) -> Optional[tuple[int, np.ndarray, np.ndarray, str]]:
        n = self.num_joints
        try:
            number, name = int(frame), str(track)
            if number != frame or isinstance(frame, (bool, str)):
                return None
            points = np.array(xy, np.float64)
            weight = np.ones(n) if score is None else np.array(score, float)
        except (TypeError, ValueError, OverflowError, RecursionError):
            return None
        if (
            not 0 <= number <= LAST_FRAME
            or points.shape != (n, 2)
            or weight.shape != (n,)
            or not 0 < len(name) <= LONGEST_NAME
        ):
            return None
        weight = np.nan_to_num(weight, posinf=0.0, neginf=0.0).clip(0, 1)
        there = np.isfinite(points).all(axis=1) & (weight > 0)
        if (np.abs(points[there]) > MOST_PIXELS).any():
            return None
        return number, points, np.where(there, weight, 0.0), name

    def _push(
        self, number: int, xy: np.ndarray, score: np.ndarray, name: str
    ) -> list[LivePose]:
        track = self._find(name)
        if track is None:
            self.drop('crowded')
            return []
        out = []
        last = track.frames[-1] if track.frames else None
        if last is not None and number <= last.number:
            if number >= last.number - self._restart:
                late = number < last.number
                self.drop('late' if late else 'duplicate')
                return []
            out += self._start(name, track, 'restart')
            last = None
        if track.fixer is not None:
            xy, score = track.fixer.push(number, xy, score)
        seen, good = self.lifter.see(
            xy[None], score[None], self.layout, self.camera
        )
        if not good:
            self.drop('incomplete')
            return out
        if last is not None:
            both = RootRay(*map(torch.cat, zip(last.seen, seen, strict=True)))
            numbers = torch.tensor([last.number, number])
            if starts(numbers, both, self._max_gap)[1]:
                out += self._start(name, track, 'gap_or_jump')
        track.frames.append(_Frame(number, seen))
        track.waiting.append(number)
        return out + self._due(name, track, self.delay)

    def _find(self, name: str) -> Optional[_Track]:
        r"""The track of a person, or a new one if there is room."""
        if name not in self._tracks:
            if len(self._tracks) == self.max_tracks:
                oldest = next(iter(self._tracks.values()))
                if self._pushed - oldest.pushed <= self._silence:
                    return None
                self._tracks.popitem(last=False)
                self.drop('evicted')
            fixer = (
                LiveSideSwapFixer(self.layout) if self.fix_side_swaps else None
            )
            self._tracks[name] = _Track(self._size, fixer)
        track = self._tracks[name]
        track.pushed = self._pushed
        self._tracks.move_to_end(name)
        return track

    def _start(self, name: str, track: _Track, why: str) -> list[LivePose]:
        out = self._due(name, track, ahead=0)
        track.frames.clear()
        self.drop(why)
        return out

    def _due(self, name: str, track: _Track, ahead: int) -> list[LivePose]:
        numbers = [frame.number for frame in track.frames]
        due = []
        while track.waiting and track.waiting[0] + ahead <= numbers[-1]:
            due.append(track.waiting.popleft())
        if not due:
            return []
        rows = [
            [max(0, bisect_right(numbers, n + o) - 1) for o in self._offsets]
            for n in due
        ]
        kept = zip(*(frame.seen for frame in track.frames), strict=True)
        at = torch.tensor(rows)
        values: list[Tensor] = [torch.cat(value)[at] for value in kept]
        lifted = self.lifter.lift_windows(RootRay(*values), self.network)
        self._counts['lifted'] += len(due)
        return [
            LivePose(name, number, *(v.numpy() for v in parts))
            for number, *parts in zip(due, *lifted, strict=True)
        ]
