r"""Follows people through the frames of a file, by id or by distance."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from pyg_hcsf.keypoints.people import MAX_PEOPLE, Person, refuse, warn
from pyg_hcsf.keypoints.track import Track

#: A person is looked for within half of its size, for so many frames.
REACH = 0.5
MAX_GAP = 10
#: People followed by distance who are seen in fewer frames than this are left
#: out of files with more frames than that.
FLUKE, LONG = 3, 30
PAIRS = 2**16  # that are compared at a time


def make_tracks(
    people: Sequence[Person], path: str | Path
) -> tuple[Track, ...]:
    r"""Makes one track of each person.

    Those with ids are followed by id, unless the ids cannot be those of
    people: if several people in one frame have the same, if there are new
    ones every few frames, or if they jump between people. Then, and without
    ids, detections in successive frames are paired in order of their
    distance, the mean over the joints that both have, as long as it is under
    half the diagonal of the earlier one's box. Who is not seen for 10 frames
    (of those that the file has, if it has every second one) has left, and
    comes back as another person. In files of 30 frames and more, people who
    are followed by distance for fewer than 3 frames are left out, with a
    warning.

    Args:
        people (sequence of Person): The detections of a file.
        path (str or pathlib.Path): The file, for errors and warnings.

    Raises:
        ValueError: If there is nobody, people have different numbers of
            joints, or a frame has more than 300 people.
    """
    seen = [p for p in people if p.points[:, 2].any()]
    if not seen:
        refuse(path, '', 'nobody is in it: check the detector and its input')
    sizes = sorted({len(p.points) for p in seen})
    if len(sizes) > 1:
        refuse(
            path,
            '',
            f'expected as many joints of each person (got {sizes}): read the '
            'results of one model at a time',
        )
    seen.sort(key=lambda p: p.frame)
    found = Detections(seen)
    frames, counts = np.unique(found.frames, return_counts=True)
    if counts.max() > MAX_PEOPLE:
        refuse(
            path,
            f'frame {frames[counts.argmax()]}',
            f'expected up to {MAX_PEOPLE} people in a frame (got '
            f'{counts.max()})',
        )
    named, free = _by_id(found, path)
    tracks = [found.track(name, rows) for name, rows in named.items()]
    paths = found.follow(free) if free else []
    if len(frames) >= LONG:
        paths = _without_flukes(paths, found, path)
    for number, rows in enumerate(paths, start=1):
        name = f'unnamed {number}' if named else str(number)
        tracks.append(found.track(name, rows))
    return tuple(tracks)


class Detections:
    r"""All detections of a file as arrays, in order of their frames.

    Args:
        people (sequence of Person): The detections, in order.
    """

    def __init__(self, people: Sequence[Person]) -> None:
        self.names = [p.name for p in people]
        self.frames = np.array([p.frame for p in people])
        self.points = np.stack([p.points for p in people])
        self.there = self.points[..., 2] > 0
        self.xy = np.where(self.there[..., None], self.points[..., :2], 0.0)
        shown = self.there[..., None]
        self.low = np.where(shown, self.xy, np.inf).min(axis=1)
        self.high = np.where(shown, self.xy, -np.inf).max(axis=1)
        self.size = np.linalg.norm(self.high - self.low, axis=1) + 1e-9
        steps = np.diff(np.unique(self.frames))
        stride = int(np.median(steps)) if len(steps) >= MAX_GAP else 1
        self.max_gap = MAX_GAP * stride

    def track(self, name: str, rows: list[int]) -> Track:
        r"""The track of some detections in ascending frames."""
        points = self.points[rows]
        return Track(
            name=name,
            frames=self.frames[rows].astype(np.int64),
            xy=points[..., :2].copy(),
            score=points[..., 2].copy(),
        )

    def distance(self, before: np.ndarray, after: np.ndarray) -> np.ndarray:
        r"""The mean distance of the joints that both of two detections have,
        in sizes of the first, infinite if there are none: ``[P]``.
        """
        parts = [np.empty(0)]
        for start in range(0, len(before), PAIRS):
            a, b = (rows[start : start + PAIRS] for rows in (before, after))
            gap = self.xy[a] - self.xy[b]
            both = self.there[a] & self.there[b]
            total = (np.sqrt(np.square(gap).sum(axis=-1)) * both).sum(axis=1)
            count = both.sum(axis=1)
            mean = total / np.maximum(count, 1) / self.size[a]
            parts.append(np.where(count > 0, mean, np.inf))
        return np.concatenate(parts)

    def pairs(
        self, before: np.ndarray, after: np.ndarray
    ) -> list[tuple[float, int, int]]:
        r"""Which detections are near which, the nearest first, as distance
        and positions in both lists.
        """
        if len(before) * len(after) > 64:  # compare boxes that are close
            reach = REACH * self.size[before, None]
            low, high = self.low[before] - reach, self.high[before] + reach
            close = np.ones((len(before), len(after)), dtype=bool)
            for axis in range(2):
                close &= self.low[after, axis] <= high[:, axis, None]
                close &= self.high[after, axis] >= low[:, axis, None]
            i, j = np.nonzero(close)
        else:
            i, j = np.indices((len(before), len(after))).reshape(2, -1)
        far = self.distance(before[i], after[j])
        near = far < REACH
        return sorted(
            zip(far[near].tolist(), i[near], j[near], strict=True),
        )

    def follow(self, rows: Sequence[int]) -> list[list[int]]:
        r"""Follows detections by distance: a list of rows for each person, in
        order of their first frames.
        """
        done: list[list[int]] = []
        live: list[list[int]] = []
        at = np.asarray(rows)
        cuts = np.flatnonzero(np.diff(self.frames[at])) + 1
        for after in np.split(at, cuts):
            since = self.frames[after[0]] - self.max_gap
            gone = [t for t in live if self.frames[t[-1]] < since]
            live = [t for t in live if self.frames[t[-1]] >= since]
            done += gone
            if len(live) > 2 * MAX_PEOPLE:
                live.sort(key=lambda t: -t[-1])
                done += live[2 * MAX_PEOPLE :]
                del live[2 * MAX_PEOPLE :]
            before = np.array([t[-1] for t in live], dtype=int)
            moved: set[int] = set()
            taken: set[int] = set()
            for _, i, j in self.pairs(before, after) if live else ():
                if i not in moved and j not in taken:
                    live[i].append(int(after[j]))
                    moved.add(i)
                    taken.add(j)
            live += [[int(r)] for j, r in enumerate(after) if j not in taken]
        return sorted(done + live, key=lambda track: track[0])


def _by_id(
    found: Detections, path: str | Path
) -> tuple[dict[str, list[int]], list[int]]:
    r"""The rows of each id, and those to be followed by distance."""
    named: dict[str, list[int]] = {}
    for row, name in enumerate(found.names):
        if name is not None:
            named.setdefault(name, []).append(row)
    if not named:
        return {}, list(range(len(found.names)))
    free = [row for row, name in enumerate(found.names) if name is None]
    spare, shared = _one_each_frame(found, named)
    reason = None
    if shared > 0.05 * sum(map(len, named.values())):
        reason = 'several people in one frame have the same id'
    else:
        reason = _no_tracks(found, named)
    if reason is not None:
        warn(
            path,
            f'its ids are not used, as {reason}: people are followed by '
            'distance instead',
        )
        return {}, list(range(len(found.names)))
    return named, sorted(free + spare)


def _one_each_frame(
    found: Detections, named: dict[str, list[int]]
) -> tuple[list[int], int]:
    r"""Leaves one detection in each frame to each id, the one that is nearest
    to the one before; returns others that are elsewhere, and how many they
    are. Others at the same place are the same person, found twice.
    """
    spare: list[int] = []
    for name, rows in named.items():
        frames = found.frames[rows]
        if (np.diff(frames) > 0).all():
            continue
        kept: list[int] = []
        for group in np.split(rows, np.flatnonzero(np.diff(frames)) + 1):
            if len(group) > 1:
                order = -found.points[group, :, 2].sum(axis=1)
                if kept:
                    last = np.full(len(group), kept[-1])
                    order = found.distance(last, group)
                group = group[np.argsort(order, kind='stable')]
                first = np.full(len(group) - 1, group[0])
                far = found.distance(first, group[1:]) > REACH / 2
                spare += group[1:][far].tolist()
            kept.append(int(group[0]))
        named[name] = kept
    return spare, len(spare)


def _no_tracks(found: Detections, named: dict[str, list[int]]) -> str | None:
    r"""Why ids cannot be those of people, if so."""
    lengths = np.array([len(rows) for rows in named.values()])
    flicker = np.median(lengths) < MAX_GAP and len(lengths) >= 4
    before = np.concatenate([rows[:-1] for rows in named.values()])
    after = np.concatenate([rows[1:] for rows in named.values()])
    before, after = before.astype(int), after.astype(int)
    close = found.frames[after] - found.frames[before] <= found.max_gap
    before, after = before[close], after[close]
    jumps = int((found.distance(before, after) >= REACH).sum())
    jumpy = jumps >= 4 and jumps > 0.03 * len(before)
    if not flicker and not jumpy:
        return None
    rows = sorted(row for part in named.values() for row in part)
    people = len(found.follow(rows))
    if flicker and 4 * people <= len(lengths):
        return f'{len(lengths)} ids are of {people} people'
    if jumpy and people <= len(lengths):
        return f'they jump between people {jumps} times'
    return None


def _without_flukes(
    paths: list[list[int]], found: Detections, path: str | Path
) -> list[list[int]]:
    short = [rows for rows in paths if len(rows) < FLUKE]
    if not short or len(short) == len(paths):
        return paths
    where = sorted({int(found.frames[row]) for rows in short for row in rows})
    more = f' and {len(where) - 5} more' if len(where) > 5 else ''
    warn(
        path,
        f'people seen in fewer than {FLUKE} successive frames are left out: '
        f'{len(short)}, in frames {", ".join(map(str, where[:5]))}{more}',
    )
    return [rows for rows in paths if len(rows) >= FLUKE]
