r"""Lifts people frame by frame while a video is running."""

import time
from collections import OrderedDict, deque
from collections.abc import Sequence
from typing import Any

import numpy as np
import torch

from pyg_hcsf.choices import check_range
from pyg_hcsf.geometry.root_ray import RootRay
from pyg_hcsf.keypoints import LiveSideSwapFixer
from pyg_hcsf.lifting.lifter import Lifter
from pyg_hcsf.lifting.live_pose import LivePose
from pyg_hcsf.lifting.live_track import LiveFrame, LiveTrack
from pyg_hcsf.lifting.observation import observe, select
from pyg_hcsf.lifting.smoothing.live import LiveSmoother
from pyg_hcsf.lifting.track_lifter import lift_windows
from pyg_hcsf.lifting.windows import WindowPlan, window_rows
from pyg_hcsf.skeleton import get_skeleton
from pyg_hcsf.streaming.live import LiveModel, order_event, parse_frame

IDLE = 2.0  # seconds without a frame after which a person can be evicted
MAX_NAME = 80  # characters of a track id
MAX_PIXEL = 1e6


class LiveLifter(LiveModel):
    r"""Lifts people frame by frame as a detector finds them.

    Poses come :obj:`delay` frames later, which is 0 with the default weights
    and about half a second with :obj:`"temporal"`. If :obj:`lifter.smooth`,
    motion is smoothed without looking ahead, which makes it late by some
    0.04 s, and bones get constant lengths
    (:class:`~pyg_hcsf.lifting.smoothing.LiveSmoother`). Otherwise, poses are
    equal to those of :class:`Lifter` for the whole video.

    Memory is bounded: one window is stored per person, for at most
    :obj:`max_tracks` people. A person without frames for 2 s is evicted if
    there is another; otherwise further people are dropped.

    Invalid data do not raise: frames that are late, duplicate, malformed, or
    without hips or enough joints are dropped and counted (:meth:`stats`). A
    missing frame is replaced by the one before; after 0.4 s, a jump of the
    person, or a frame that is 10 s early, a window starts anew.

    As a service (:class:`~pyg_hcsf.streaming.JsonLines`), it reads one person
    in one frame per line: :obj:`frame`; :obj:`keypoints`, ``[[x, y, score],
    ...]`` or the same flat, with :obj:`null` for missing joints; and
    optionally :obj:`track`. It writes the fields of :class:`LivePose`.

    Not thread-safe.

    Args:
        lifter (Lifter): With an :obj:`image_size`, or a :obj:`focal` and
            :obj:`center`.
        layout (str, optional): The layout of the keypoints.
            (default: :obj:`"coco17"`)
        max_tracks (int, optional): The maximum number of people.
            (default: :obj:`16`)
        fix_side_swaps (bool, optional): If set to :obj:`True`, will undo
            swaps of left and right
            (:class:`~pyg_hcsf.keypoints.LiveSideSwapFixer`).
            (default: :obj:`False`)

    Raises:
        ValueError: If the camera or the layout is unknown.

    Example:
        >>> live = LiveLifter(Lifter(image_size=(1920, 1080)))
        >>> for pose in live.push(frame, xy, score, track='1'):
        ...     print(pose.frame, pose.pose[10])
    """

    events: tuple[str, ...] = ('lifted', 'late', 'duplicate', 'garbage')
    events += ('incomplete', 'crowded', 'gap_or_jump', 'restart', 'evicted')

    def __init__(
        self,
        lifter: Lifter,
        layout: str = 'coco17',
        max_tracks: int = 16,
        fix_side_swaps: bool = False,
    ) -> None:
        super().__init__()
        check_range('max_tracks', max_tracks, 1)
        self.lifter = lifter
        self.layout = layout
        self.max_tracks = max_tracks
        self.fix_side_swaps = fix_side_swaps
        self.num_joints = get_skeleton(layout).num_joints
        self.network = lifter.network(layout)
        self.camera = lifter.camera(lifter.image_size)
        self.plan = WindowPlan(self.network.info, lifter.fps)
        self.delay = self.plan.delay
        self._idle = round(IDLE * self.plan.fps) * max_tracks  # pushes
        # A window, the frame that repeats at its start, and a pending one.
        self._size = self.delay - self.plan.offsets[0] + 3
        self._tracks: OrderedDict[str, LiveTrack] = OrderedDict()
        self._pushed = 0

    def push(
        self, frame: int, xy: Any, score: Any = None, track: str = '0'
    ) -> list[LivePose]:
        r"""Adds one person in one frame.

        Args:
            frame (int): The number of the frame.
            xy (array): Pixels, NaN where a joint is missing: ``[N, 2]``.
            score (array, optional): Confidence, 0 where a joint is missing:
                ``[N]``. :obj:`None` is 1 for all. (default: :obj:`None`)
            track (str, optional): The id of the person.
                (default: :obj:`"0"`)

        Returns:
            list[LivePose]: The poses that are complete now.
        """
        start = time.perf_counter()
        self._pushed += 1
        parsed = self._parse(frame, xy, score, track)
        if parsed is None:
            self.count('garbage')
            return []
        out = self._push(*parsed)
        self._latency.add(time.perf_counter() - start)
        return out

    def flush(self) -> list[LivePose]:
        r"""Returns the pending poses, as at the end of a video, and clears
        all windows.
        """
        out = []
        for name, track in self._tracks.items():
            out += self._lift(name, track, ahead=0)
        self._tracks.clear()
        return out

    def stats(self) -> dict[str, Any]:
        r"""Also the number of people and the delay in frames."""
        state = {'tracks': len(self._tracks), 'delay': self.delay}
        return {**super().stats(), **state}

    def parse_line(self, data: dict[str, Any]) -> tuple[Any, ...]:
        points = np.array(data['keypoints'], np.float64)
        points = points.reshape(self.num_joints, 3)
        track = data.get('track', '0')
        return data['frame'], points[:, :2], points[:, 2], track

    def answer_line(self, *arguments: Any) -> list[dict[str, Any]]:
        return [pose.to_dict() for pose in self.push(*arguments)]

    def last_lines(self) -> list[dict[str, Any]]:
        return [pose.to_dict() for pose in self.flush()]

    def _parse(
        self, frame: Any, xy: Any, score: Any, track: Any
    ) -> tuple[int, np.ndarray, np.ndarray, str] | None:
        n, number = self.num_joints, parse_frame(frame)
        try:
            name = str(track)
            points = np.array(xy, np.float64)
            weight = np.ones(n) if score is None else np.array(score, float)
        except (TypeError, ValueError, OverflowError, RecursionError):
            return None
        if (
            number is None
            or points.shape != (n, 2)
            or weight.shape != (n,)
            or not 0 < len(name) <= MAX_NAME
        ):
            return None
        weight = np.nan_to_num(weight, posinf=0.0, neginf=0.0).clip(0, 1)
        found = np.isfinite(points).all(axis=1) & (weight > 0)
        if (np.abs(points[found]) > MAX_PIXEL).any():
            return None
        return number, points, np.where(found, weight, 0.0), name

    def _push(
        self, number: int, xy: np.ndarray, score: np.ndarray, name: str
    ) -> list[LivePose]:
        track = self._find(name)
        if track is None:
            self.count('crowded')
            return []
        out = []
        if track.frames:
            last = track.frames[-1].number
            event = order_event(number, last, self.plan.fps)
            if event == 'restart':
                out += self._clear(name, track, event)
            elif event is not None:
                self.count(event)
                return []
        if track.fixer is not None:
            xy, score = track.fixer.push(number, xy, score)
        smooth = track.smooth_keypoints(number, xy, score)
        frame = self._observe(number, smooth, xy, score)
        if frame is None:
            self.count('incomplete')
            return out
        if track.frames and self._starts_segment(track.frames[-1], frame):
            out += self._clear(name, track, 'gap_or_jump')
            track.smooth_keypoints(number, xy, score)
            frame = frame._replace(observed=frame.raw)
        track.frames.append(frame)
        track.pending += 1
        return out + self._lift(name, track, self.delay)

    def _observe(
        self,
        number: int,
        smooth: np.ndarray,
        xy: np.ndarray,
        score: np.ndarray,
    ) -> LiveFrame | None:
        r"""The keypoints along the ray of the root, if they can be lifted."""
        both, liftable = observe(
            np.stack([smooth, xy]),
            np.stack([score, score]),
            self.layout,
            self.camera,
            self.network.info.skeleton,
        )
        if not liftable.all():
            return None
        rows = (select(both, torch.tensor([row])) for row in (0, 1))
        return LiveFrame(number, *rows)

    def _starts_segment(self, last: LiveFrame, frame: LiveFrame) -> bool:
        numbers = torch.tensor([last.number, frame.number])
        observed = _concat([last.raw, frame.raw])
        return bool(self.plan.segment_starts(numbers, observed)[1])

    def _find(self, name: str) -> LiveTrack | None:
        r"""The track of a person, or a new one if there is room."""
        if name not in self._tracks:
            if len(self._tracks) == self.max_tracks:
                oldest = next(iter(self._tracks.values()))
                if self._pushed - oldest.pushed <= self._idle:
                    return None
                self._tracks.popitem(last=False)
                self.count('evicted')
            fixer = None
            if self.fix_side_swaps:
                fixer = LiveSideSwapFixer(self.layout)
            smoother = None
            if self.lifter.smooth:
                smoother = LiveSmoother(self.num_joints, self.plan.fps)
            frames = deque[LiveFrame](maxlen=self._size)
            self._tracks[name] = LiveTrack(frames, fixer, smoother)
        track = self._tracks[name]
        track.pushed = self._pushed
        self._tracks.move_to_end(name)
        return track

    def _clear(
        self, name: str, track: LiveTrack, event: str
    ) -> list[LivePose]:
        r"""Lifts the pending frames and starts a window anew."""
        out = self._lift(name, track, ahead=0)
        track.clear()
        self.count(event)
        return out

    def _lift(self, name: str, track: LiveTrack, ahead: int) -> list[LivePose]:
        r"""Lifts the pending frames that are followed by enough others."""
        if not track.pending:
            return []
        numbers = np.array([frame.number for frame in track.frames])
        pending = numbers[-track.pending :]
        due = pending[pending + ahead <= numbers[-1]]
        if not len(due):
            return []
        # The stored frames are of one segment: no window crosses its start.
        rows = window_rows(numbers, self.plan.offsets)[-track.pending :]
        observed = _concat([frame.observed for frame in track.frames])
        window = select(observed, rows[: len(due)])
        lifted = lift_windows(window, self.network, self.lifter.size)
        track.pending -= len(due)
        self.count('lifted', len(due))
        out = []
        for number, *values in zip(due.tolist(), *lifted, strict=True):
            pose, root, error = (value.numpy() for value in values)
            pose, root = track.smooth_pose(number, pose, root)
            out.append(LivePose(name, number, pose, root, error))
        return out


def _concat(observed: Sequence[RootRay]) -> RootRay:
    return RootRay._make(map(torch.cat, zip(*observed, strict=True)))
