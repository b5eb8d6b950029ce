r"""Decides whether the ids in a file are those of people."""

import numpy as np

from pyg_hcsf.keypoints.messages import warn
from pyg_hcsf.keypoints.tracking.detection_array import DetectionArray
from pyg_hcsf.keypoints.tracking.joining import join
from pyg_hcsf.keypoints.tracking.steps import follow

#: How far a person moves at most from one frame to the next, in sizes of the
#: person, and how many frames of the file may lie between.
MAX_STEP, MAX_GAP = 0.5, 10


def group_by_id(
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
            'place and pose instead'
        )
        return {}, everybody
    unnamed = [row for row in everybody if found.ids[row] is None]
    return named, sorted(unnamed + spare)


def add_unnamed(
    found: DetectionArray, named: dict[str, list[int]], paths: list[list[int]]
) -> list[list[int]]:
    r"""Adds fragments without ids to the people with ids whom they continue,
    as trackers give nobody an id in the first frames. Returns the others.
    """
    owner = {row: name for name, rows in named.items() for row in rows}
    pieces = [
        part.tolist()
        for rows in named.values()
        for part in np.split(
            rows,
            np.flatnonzero(np.diff(found.frames[rows]) > found.stride) + 1,
        )
    ]
    rest = []
    for path in join(found, sorted(pieces + paths, key=lambda p: p[0])):
        names = {owner[row] for row in path if row in owner}
        new = [row for row in path if row not in owner]
        name = names.pop() if len(names) == 1 else ''
        rows = named.get(name, [])
        if name and not np.isin(found.frames[new], found.frames[rows]).any():
            named[name] = sorted(rows + new)
        else:
            inside = set(new)
            rest += [p for p in paths if p[0] in inside]
    return rest


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
    gaps = found.frames[after] - found.frames[before]
    close = gaps <= MAX_GAP * found.stride
    before, after = before[close], after[close]
    jumps = int((found.distance(before, after) >= MAX_STEP).sum())
    jumpy = jumps >= 4 and jumps > 0.03 * len(before)
    if not flicker and not jumpy:
        return ''
    rows = np.sort(np.concatenate(list(named.values())))
    people = len(join(found, follow(found, rows)))
    if flicker and 4 * people <= len(lengths):
        return f'{len(lengths)} ids are of {people} people'
    if jumpy and people <= len(lengths):
        return f'they jump between people {jumps} times'
    return ''
