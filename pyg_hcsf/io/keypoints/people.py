r"""What every reader of keypoints gives, and how tracks are made of it."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple, NoReturn, Optional

import numpy as np

from pyg_hcsf.io.keypoints.confidence import density_confidence
from pyg_hcsf.io.keypoints.track import Track

MAX_BYTES = 2**28  # of one file; an hour of one person is a third of it
MAX_JOINTS = 256
MAX_PEOPLE = 300  # in one frame
MAX_FRAME = 2**53  # what JSON's numbers hold
MAX_PIXELS = 1e6

# A person is looked for within half of its size, for so many frames.
REACH = 0.5
PATIENCE = 10


class Person(NamedTuple):
    r"""One person in one frame, as a detector found it.

    Args:
        frame (int): The number of the frame.
        name (str or None): Its id, if the file has any.
        points (numpy.ndarray): x, y and confidence of each joint:
            ``[N, 3]``.
        box (float, optional): How certain the detector is that there is a
            person, from 0 to 1, if the file says so.
            (default: :obj:`None`)
    """

    frame: int
    name: Optional[str]
    points: np.ndarray
    box: Optional[float] = None


@dataclass(frozen=True, eq=False)
class People:
    r"""What a file of keypoints holds.

    Args:
        source (str): The format.
        people (sequence of Person): Whom it holds, in any order.
        layout (str, optional): The layout, if the file tells.
        image_size (tuple, optional): Width and height, if the file tells.
        fps (float, optional): Frames per second, if the file tells.
    """

    source: str
    people: Sequence[Person]
    layout: Optional[str] = None
    image_size: Optional[tuple[float, float]] = None
    fps: Optional[float] = None


def refuse(path: str | Path, entry: str, message: str) -> NoReturn:
    r"""Raises a :class:`ValueError` that names the file and the entry."""
    where = f"'{path}', {entry}" if entry else f"'{path}'"
    raise ValueError(f'{where}: {message}')


def read_bytes(path: Path) -> bytes:
    r"""The content of a file of a credible size.

    Raises:
        ValueError: If it cannot be read, is empty or too large.
    """
    try:
        if (size := path.stat().st_size) > MAX_BYTES:
            refuse(
                path,
                '',
                f'it has {size:,} bytes, and files of keypoints up to '
                f'{MAX_BYTES:,} are read: split the video',
            )
        content = path.read_bytes()
    except OSError as e:
        refuse(path, '', f'it cannot be read ({e.strerror}): check the path')
    if not content.strip():
        refuse(path, '', 'the file is empty: run the detector again')
    return content


def parse_json(content: bytes, path: str | Path) -> Any:
    r"""Parses JSON.

    Raises:
        ValueError: If it is damaged; names the file and the line.
    """
    try:
        return json.loads(content.decode('utf-8-sig'))
    except json.JSONDecodeError as e:
        reason = f'{e.msg} in line {e.lineno}, column {e.colno}'
    except (ValueError, RecursionError) as e:
        reason = str(e)
    refuse(
        path,
        '',
        f'it is not whole JSON ({reason:.200}): get it again, or run the '
        'detector again',
    )


def to_points(
    values: Any, path: str | Path, entry: str, dense: bool = False
) -> np.ndarray:
    r"""Checks the joints of one person.

    Args:
        values: Numbers ``x0, y0, c0, x1, ...``, or rows of ``x, y`` or
            ``x, y, c``; None stands for a number that is missing.
        path (str or pathlib.Path): The file, for errors.
        entry (str): Where in it, for errors.
        dense (bool, optional): Whether confidences are those of
            :func:`density_confidence`. (default: :obj:`False`)

    Returns:
        ``[N, 3]``: NaN, NaN, 0 where a joint is missing, which is where a
        coordinate is not finite, the confidence is not positive, or x and y
        are both 0 with a confidence of less than 1; confidences above 1 are
        1, as some detectors' are.

    Raises:
        ValueError: If they are anything else.
    """
    try:
        points = np.array(values, dtype=np.float64)
    except (ValueError, TypeError, OverflowError) as e:
        refuse(path, entry, f'expected numbers as keypoints ({e!s:.80})')
    if points.ndim == 1 and len(points) % 3 == 0:
        points = points.reshape(-1, 3)
    if points.ndim == 2 and points.shape[1] == 2:
        ones = np.ones((len(points), 1))
        zero = (points == 0).all(axis=1, keepdims=True)
        points = np.hstack([points, np.where(zero, 0.0, ones)])
    if (
        points.ndim != 2
        or points.shape[1] != 3
        or not 1 <= len(points) <= MAX_JOINTS
    ):
        refuse(
            path,
            entry,
            f'expected 1 to {MAX_JOINTS} joints of x, y and a confidence '
            f'(got {list(points.shape)} numbers)',
        )
    if dense:
        points[:, 2] = density_confidence(points[:, 2])
    return clean(points, path, entry)


def clean(points: np.ndarray, path: str | Path, entry: str) -> np.ndarray:
    r"""Marks missing joints, see :func:`to_points`: ``[*, 3]``."""
    xy, score = points[..., :2], np.nan_to_num(points[..., 2], posinf=1.0)
    zero = (xy == 0).all(axis=-1) & (score < 1)
    missing = ~np.isfinite(xy).all(axis=-1) | (score <= 0) | zero
    if (np.abs(xy[~missing]) > MAX_PIXELS).any():
        refuse(
            path,
            entry,
            f'expected pixels up to {MAX_PIXELS:g} (got '
            f'{np.abs(xy[~missing]).max():g})',
        )
    out = np.concatenate([xy, score.clip(0, 1)[..., None]], axis=-1)
    out[missing] = np.nan, np.nan, 0.0
    return out


def to_number(value: Any, path: str | Path, entry: str) -> int:
    r"""Checks the number of a frame."""
    if (
        not isinstance(value, (int, float))
        or isinstance(value, bool)
        or not 0 <= value <= MAX_FRAME
        or value != int(value)
    ):
        refuse(
            path,
            entry,
            f'expected the number of a frame (got {value!r:.40})',
        )
    return int(value)


def frame_numbers(names: Sequence[str]) -> list[int] | None:
    r"""The last number in each name of a file, if it tells them apart."""
    stems = [name.rsplit('.', 1)[0] for name in names]
    found = [re.findall(r'\d{1,15}', stem)[-1:] for stem in stems]
    last = [int(number[0]) for number in found if number]
    return last if len(set(last)) == len(names) else None


def make_tracks(
    people: Sequence[Person], path: str | Path
) -> tuple[Track, ...]:
    r"""Follows people through the frames.

    Those with ids are followed by id. Others are joined to whoever was seen
    nearest: people in successive frames are paired in order of their
    distance, the mean over the joints that both have, as long as it is under
    half the diagonal of the earlier one's box; a person who is not seen for
    10 frames of the file has left, and comes back as another.

    Args:
        people (sequence of Person): Whom a file holds.
        path (str or pathlib.Path): The file, for errors.

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
    frames: dict[int, list[Person]] = {}
    for person in seen:
        frames.setdefault(person.frame, []).append(person)
    crowd = max(frames.values(), key=len)
    if len(crowd) > MAX_PEOPLE:
        refuse(
            path,
            f'frame {crowd[0].frame}',
            f'expected up to {MAX_PEOPLE} people in a frame (got '
            f'{len(crowd)})',
        )
    named: dict[str, list[Person]] = {}
    for person in sorted(seen, key=lambda p: p.frame):
        if person.name is not None:
            named.setdefault(person.name, []).append(person)
    free = {
        frame: [p for p in frames[frame] if p.name is None]
        for frame in sorted(frames)
    }
    tracks = [_track(name, parts) for name, parts in named.items()]
    for number, parts in enumerate(_follow(free), start=1):
        name = f'unnamed {number}' if named else str(number)
        tracks.append(_track(name, parts))
    return tuple(tracks)


def _track(name: str, parts: list[Person]) -> Track:
    # Of two with one id in one frame, who is more certain.
    best: dict[int, Person] = {}
    for part in parts:
        other = best.get(part.frame)
        if other is None or part.points[:, 2].sum() > other.points[:, 2].sum():
            best[part.frame] = part
    points = np.stack([part.points for part in best.values()])
    return Track(
        name=name,
        frames=np.array(list(best), dtype=np.int64),
        xy=points[..., :2].copy(),
        score=points[..., 2].copy(),
    )


def _follow(frames: dict[int, list[Person]]) -> list[list[Person]]:
    done: list[list[Person]] = []
    live: list[list[Person]] = []
    for people in frames.values():
        if not people:
            continue
        frame = people[0].frame
        gone = [t for t in live if frame - t[-1].frame > PATIENCE]
        live = [t for t in live if frame - t[-1].frame <= PATIENCE]
        done += gone
        pairs = sorted(
            (distance, i, j)
            for i, track in enumerate(live)
            for j, distance in enumerate(_distances(track[-1], people))
            if distance < REACH
        )
        taken: set[int] = set()
        moved: set[int] = set()
        for _, i, j in pairs:
            if i not in moved and j not in taken:
                live[i].append(people[j])
                moved.add(i)
                taken.add(j)
        live += [[p] for j, p in enumerate(people) if j not in taken]
    return sorted(done + live, key=lambda track: track[0].frame)


def _distances(last: Person, people: list[Person]) -> np.ndarray:
    points = np.stack([p.points for p in people])
    both = (points[..., 2] > 0) & (last.points[:, 2] > 0)
    where = last.points[last.points[:, 2] > 0, :2]
    size = np.linalg.norm(np.ptp(where, axis=0)) + 1e-9
    gap = np.linalg.norm(points[..., :2] - last.points[:, :2], axis=-1)
    total = np.where(both, gap, 0.0).sum(axis=1)
    count = both.sum(axis=1)
    return np.where(count > 0, total / np.maximum(count, 1) / size, np.inf)
