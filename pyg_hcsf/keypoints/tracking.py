r"""Follows people through the frames of a file, by id or by distance."""

from collections.abc import Sequence

import numpy as np

from pyg_hcsf.keypoints.detections import MAX_PEOPLE, Detection
from pyg_hcsf.keypoints.messages import (
    file_error,
    listed,
    unexpected,
    warn,
)
from pyg_hcsf.keypoints.track import Track

#: How far a person moves at most from one frame to the next, in sizes of the
#: person (diagonals of the box), and for how many frames nobody sees it.
MAX_STEP, MAX_GAP = 0.5, 10
#: People followed by distance in fewer frames than the first number are left
#: out of files with at least the second number of frames.
MIN_FRAMES, LONG = 3, 30
MAX_PAIRS = 2**16  # that are compared at a time
#: The lowest box score of a person. Detectors' own programs show people from
#: 0.3 on (MMPose's demos), 0.25 (Ultralytics) or 0.7 (VideoPose3D's
#: infer_video_d2.py).
MIN_BOX_SCORE = 0.3


def drop_low_scores(found: Sequence[Detection]) -> Sequence[Detection]:
    r"""Leaves out detections with a box score under 0.3, and under half of
    the median, as the scores of a file may have another scale.
    """
    scores = [d.box_score for d in found if d.box_score is not None]
    if not scores:
        return found
    lowest = min(MIN_BOX_SCORE, float(np.median(scores)) / 2)
    kept = [d for d in found if d.box_score is None or d.box_score >= lowest]
    if len(kept) < len(found):
        warn(
            f'left out {len(found) - len(kept)} of {len(found)} detections '
            f'with a box score under {lowest:.2g}, which are probably no '
            'people'
        )
    return kept


def make_tracks(detections: Sequence[Detection]) -> tuple[Track, ...]:
    r"""Makes one track of each person.

    People with ids are followed by id. Ids are ignored, with a warning, if
    several people in one frame have the same, if there are new ones every few
    frames, or if they jump between people.

    Without ids, detections in successive frames are paired in order of their
    distance, the mean over the joints that both have, as long as it is under
    half the diagonal of the earlier one's box. A person who is missing for
    more than 10 frames (of those in the file, if it has every second one)
    comes back as another person. In files of 30 frames and more, people who
    are followed by distance for fewer than 3 frames are left out, with a
    warning.

    Args:
        detections (sequence of Detection): The detections of a file.

    Raises:
        ValueError: If there is nobody, people have different numbers of
            joints, or a frame has more than 300 people.
    """
    seen = [d for d in detections if d.joints[:, 2].any()]
    if not seen:
        raise file_error(
            'there is nobody in it: check the detector and its input'
        )
    sizes = sorted({len(d.joints) for d in seen})
    if len(sizes) > 1:
        raise file_error(
            f'expected as many joints of each person (got {sizes}): read the '
            'results of one model at a time'
        )
    seen.sort(key=lambda d: d.frame)
    found = DetectionArray(seen)
    frames, counts = np.unique(found.frames, return_counts=True)
    if counts.max() > MAX_PEOPLE:
        expected = f'up to {MAX_PEOPLE} people in a frame'
        where = f'frame {frames[counts.argmax()]}'
        raise unexpected(expected, counts.max(), where)
    named, unnamed = _group_by_id(found)
    tracks = [found.track(name, rows) for name, rows in named.items()]
    paths = found.follow(unnamed) if unnamed else []
    if len(frames) >= LONG:
        paths = _drop_short(paths, found)
    for number, rows in enumerate(paths, start=1):
        name = f'unnamed {number}' if named else str(number)
        tracks.append(found.track(name, rows))
    return tuple(tracks)


class DetectionArray:
    r"""All detections of a file as arrays, in order of their frames."""

    def __init__(self, detections: Sequence[Detection]) -> None:
        self.ids = [d.track_id for d in detections]
        self.frames = np.array([d.frame for d in detections])
        self.joints = np.stack([d.joints for d in detections])  # [D, N, 3]
        self.seen = self.joints[..., 2] > 0
        seen = self.seen[..., None]
        self.xy = np.where(seen, self.joints[..., :2], 0.0)
        # Boxes of the joints that are seen: [D, 2].
        self.low = np.where(seen, self.xy, np.inf).min(axis=1)
        self.high = np.where(seen, self.xy, -np.inf).max(axis=1)
        self.size = np.linalg.norm(self.high - self.low, axis=1) + 1e-9
        # Files may have every second frame only: gaps are counted in those.
        steps = np.diff(np.unique(self.frames))
        stride = int(np.median(steps)) if len(steps) >= MAX_GAP else 1
        self.max_gap = MAX_GAP * stride

    def track(self, name: str, rows: list[int]) -> Track:
        r"""The track of some detections in ascending frames."""
        joints = self.joints[rows]
        return Track(
            name=name,
            frames=self.frames[rows].astype(np.int64),
            xy=joints[..., :2].copy(),
            score=joints[..., 2].copy(),
        )

    def distance(self, before: np.ndarray, after: np.ndarray) -> np.ndarray:
        r"""The mean distance of the joints that both of two detections have,
        in sizes of the first, infinite if there are none: ``[P]``.
        """
        parts = [np.empty(0)]
        for start in range(0, len(before), MAX_PAIRS):
            a, b = (
                rows[start : start + MAX_PAIRS] for rows in (before, after)
            )
            gap = self.xy[a] - self.xy[b]
            both = self.seen[a] & self.seen[b]
            total = (np.sqrt(np.square(gap).sum(axis=-1)) * both).sum(axis=1)
            count = both.sum(axis=1)
            mean = total / np.maximum(count, 1) / self.size[a]
            parts.append(np.where(count > 0, mean, np.inf))
        return np.concatenate(parts)

    def pairs(
        self, before: np.ndarray, after: np.ndarray
    ) -> list[tuple[float, int, int]]:
        r"""Pairs of detections that are close to each other, the closest
        first: the distance, and the indices in both arrays.
        """
        if len(before) * len(after) > 64:  # compare only boxes that are close
            reach = MAX_STEP * self.size[before, None]
            low, high = self.low[before] - reach, self.high[before] + reach
            close = np.ones((len(before), len(after)), dtype=bool)
            for axis in range(2):
                close &= self.low[after, axis] <= high[:, axis, None]
                close &= self.high[after, axis] >= low[:, axis, None]
            i, j = np.nonzero(close)
        else:
            i, j = np.indices((len(before), len(after))).reshape(2, -1)
        far = self.distance(before[i], after[j])
        near = far < MAX_STEP
        return sorted(zip(far[near].tolist(), i[near], j[near], strict=True))

    def follow(self, rows: Sequence[int]) -> list[list[int]]:
        r"""Follows detections by distance: the rows of each person, in order
        of their first frames.
        """
        done: list[list[int]] = []
        live: list[list[int]] = []
        at = np.asarray(rows)
        cuts = np.flatnonzero(np.diff(self.frames[at])) + 1
        for after in np.split(at, cuts):  # frame by frame
            since = self.frames[after[0]] - self.max_gap
            done += [t for t in live if self.frames[t[-1]] < since]
            live = [t for t in live if self.frames[t[-1]] >= since]
            if len(live) > 2 * MAX_PEOPLE:  # bounds time and memory
                live.sort(key=lambda t: -t[-1])
                done += live[2 * MAX_PEOPLE :]
                del live[2 * MAX_PEOPLE :]
            before = np.array([t[-1] for t in live], dtype=int)
            # Greedily, the closest pairs first; each person and each
            # detection is taken once.
            moved: set[int] = set()
            taken: set[int] = set()
            for _, i, j in self.pairs(before, after) if live else ():
                if i not in moved and j not in taken:
                    live[i].append(int(after[j]))
                    moved.add(i)
                    taken.add(j)
            live += [[int(r)] for j, r in enumerate(after) if j not in taken]
        return sorted(done + live, key=lambda track: track[0])


def _group_by_id(
    found: DetectionArray,
) -> tuple[dict[str, list[int]], list[int]]:
    r"""The rows of each id, and those to be followed by distance."""
    named: dict[str, list[int]] = {}
    for row, track_id in enumerate(found.ids):
        if track_id is not None:
            named.setdefault(track_id, []).append(row)
    everybody = list(range(len(found.ids)))
    if not named:
        return {}, everybody
    spare = _keep_one_each_frame(found, named)
    if len(spare) > 0.05 * sum(map(len, named.values())):
        reason = 'several people in one frame have the same id'
    else:
        reason = _why_no_tracks(found, named)
    if reason:
        warn(
            f'its ids are not used, as {reason}: people are followed by '
            'distance instead'
        )
        return {}, everybody
    unnamed = [row for row in everybody if found.ids[row] is None]
    return named, sorted(unnamed + spare)


def _keep_one_each_frame(
    found: DetectionArray, named: dict[str, list[int]]
) -> list[int]:
    r"""Keeps one detection in each frame of each id, the one that is closest
    to the one before. Returns others that are elsewhere; those at the same
    place are the same person, found twice.
    """
    spare: list[int] = []
    for name, rows in named.items():
        frames = found.frames[rows]
        if (np.diff(frames) > 0).all():
            continue
        kept: list[int] = []
        for group in np.split(rows, np.flatnonzero(np.diff(frames)) + 1):
            if len(group) > 1:
                # The first frame of an id has none before it: its most
                # confident detection is kept.
                order = -found.joints[group, :, 2].sum(axis=1)
                if kept:
                    last = np.full(len(group), kept[-1])
                    order = found.distance(last, group)
                group = group[np.argsort(order, kind='stable')]
                first = np.full(len(group) - 1, group[0])
                far = found.distance(first, group[1:]) > MAX_STEP / 2
                spare += group[1:][far].tolist()
            kept.append(int(group[0]))
        named[name] = kept
    return spare


def _why_no_tracks(found: DetectionArray, named: dict[str, list[int]]) -> str:
    r"""Why ids cannot be those of people, ``''`` if they can."""
    lengths = np.array([len(rows) for rows in named.values()])
    flicker = np.median(lengths) < MAX_GAP and len(lengths) >= 4
    before, after = (
        np.concatenate([rows[part] for rows in named.values()]).astype(int)
        for part in (slice(-1), slice(1, None))
    )
    close = found.frames[after] - found.frames[before] <= found.max_gap
    before, after = before[close], after[close]
    jumps = int((found.distance(before, after) >= MAX_STEP).sum())
    jumpy = jumps >= 4 and jumps > 0.03 * len(before)
    if not flicker and not jumpy:
        return ''
    people = len(found.follow(sorted(sum(named.values(), []))))
    if flicker and 4 * people <= len(lengths):
        return f'{len(lengths)} ids are of {people} people'
    if jumpy and people <= len(lengths):
        return f'they jump between people {jumps} times'
    return ''


def _drop_short(
    paths: list[list[int]], found: DetectionArray
) -> list[list[int]]:
    r"""Leaves out people in fewer than 3 frames, if there are others."""
    short = [rows for rows in paths if len(rows) < MIN_FRAMES]
    if not short or len(short) == len(paths):
        return paths
    frames = sorted({int(found.frames[row]) for rows in short for row in rows})
    warn(
        f'people in fewer than {MIN_FRAMES} successive frames are left out: '
        f'{len(short)}, in frames {listed(frames, 5)}'
    )
    return [rows for rows in paths if len(rows) >= MIN_FRAMES]
