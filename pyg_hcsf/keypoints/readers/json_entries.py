r"""Finds the people and frames in JSON, however they are nested."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from pyg_hcsf.keypoints.people import Person, refuse, warn
from pyg_hcsf.keypoints.readers.frame_numbers import (
    number_frames,
    number_times,
)
from pyg_hcsf.keypoints.tracking import Detections
from pyg_hcsf.safe_io.shown import shown

#: What the number of a frame, its people and the id of a person are called.
FRAME = (
    *('frame', 'frame_id', 'frame_idx', 'frame_index', 'frame_number'),
    *('frame_num', 'frame_no', 'frameId', 'frameIndex', 'frameNumber'),
    *('image_id', 'image', 'image_name', 'img_name', 'file_name'),
    *('filename', 'file'),
)
PEOPLE = (
    *('people', 'persons', 'instances', 'predictions', 'poses'),
    *('detections', 'annotations', 'bodies', 'results', 'humans'),
    'pose_results',
)
TRACK = (
    *('track_id', 'track', 'idx', 'person_id', 'tracking_id', 'trackId'),
    *('id_', 'instance_id', 'person', 'personId', 'id'),
)
SCORES = (
    *('score', 'confidence', 'conf', 'likelihood', 'visibility', 'visible'),
    *('prob', 'probability', 'certainty', 'vis', 'c', 's', 'v', 'p'),
)
TIMES = tuple(
    f'{name}{unit}'
    for name in ('timestamp', 'time_stamp', 'time', 't')
    for unit in ('', '_s', '_sec', '_seconds', '_ms', 'Ms', '_us', '_ns')
)
MOVES = 0.2  # of a person's size, from frame to frame, at most


class Entry(NamedTuple):
    r"""One person in one frame of a parsed file.

    Args:
        frame (int): The number of the frame.
        where (str): The place in the file, for errors.
        value (Any): What the file says of the person.
        outer (dict): What it says of the frame, empty if nothing.
    """

    frame: int
    where: str
    value: Any
    outer: dict[str, Any]


def first_of(data: Any) -> Any:
    r"""The first value in nested lists that is not empty, or the first value
    of a mapping by names of images.
    """
    if by_image(data):
        data = list(data.values())
    while isinstance(data, list):
        data = next((value for value in data if value), None)
    return data


def key_of(value: Any, keys: Iterable[str]) -> str | None:
    r"""The first of some keys that a mapping has with a value."""
    if isinstance(value, dict):
        for key in keys:
            if key in value and value[key] is not None:
                return key
    return None


def size_of(value: dict[str, Any]) -> tuple[float, float] | None:
    r"""The width and height that a mapping has, if any."""
    for kind in ('', 'image_', 'canvas_'):
        sides = [value.get(kind + side, 0) for side in ('width', 'height')]
        if all(isinstance(s, (int, float)) and 0 < s <= 1e6 for s in sides):
            return float(sides[0]), float(sides[1])
    return None


def by_image(data: Any) -> bool:
    r"""Whether parsed JSON maps names of images, or numbers of frames, to
    what is in them.
    """
    return (
        isinstance(data, dict)
        and bool(data)
        and all(_is_frame(value) for value in data.values())
        and all(any(c in '0123456789' for c in key[-80:]) for key in data)
    )


def _is_frame(value: Any) -> bool:
    if isinstance(value, list) and value:
        value = value[0]
        return isinstance(value, dict) or (
            isinstance(value, list)
            and bool(value)
            and isinstance(value[0], (int, float, list, dict))
        )
    return isinstance(value, (dict, list))


def find_entries(
    data: Any, path: Path, people: Sequence[str] = PEOPLE
) -> list[Entry]:
    r"""Lists the people of all frames.

    The file is a list of frames or maps names of images to them. A frame is a
    list of people, or a mapping with such a list and maybe its number. Or the
    file is a list of people, each with the number of its frame. People
    without any are those of one image, unless they are one person who moves.

    Args:
        data (Any): The parsed JSON.
        path (pathlib.Path): What errors call the file.
        people (sequence of str, optional): What lists of people are called.

    Raises:
        ValueError: If it is anything else; names the entry.
    """
    if by_image(data):
        frames = number_frames(list(data), path)
        parts = [
            (frame, f'frame {shown(name, 60)}', value)
            for frame, (name, value) in zip(frames, data.items(), strict=True)
        ]
        return [e for part in parts for e in _people(*part, path, people)]
    if isinstance(data, dict):
        inner = data.get(key_of(data, people) or '')
        if isinstance(inner, list) and key_of(first_of(inner), FRAME):
            return find_entries(inner, path, people)
        data = [data]
    if not isinstance(data, list):
        refuse(path, '', 'expected a list of frames or people')
    if not any(
        isinstance(v, list) or v is None or key_of(v, people) for v in data
    ):
        return _each(data, path)
    numbers = frame_of_each(data, path)
    return [
        entry
        for number, (frame, value) in enumerate(
            zip(numbers, data, strict=True)
        )
        for entry in _people(frame, f'entry {number}', value, path, people)
    ]


def _people(
    frame: int, where: str, value: Any, path: Path, people: Sequence[str]
) -> list[Entry]:
    outer: dict[str, Any] = {}
    if isinstance(value, dict):
        key = next((k for k in people if k in value), None)
        if key is None:
            return [Entry(frame, where, value, {})]
        outer, value = value, value[key]
    if isinstance(value, dict):
        value = list(value.values()) if by_image(value) else [value]
    if value is not None and not isinstance(value, list):
        refuse(path, where, f'expected a list of people (got {shown(value)})')
    if value and isinstance(value[0], list):  # rows of one person, or people
        rows = value[0] and isinstance(value[0][0], (int, float))
        value = [value] if rows else value
    return [
        Entry(frame, f'{where}, person {number}', person, outer)
        for number, person in enumerate(value or [])
    ]


def _each(data: list[Any], path: Path) -> list[Entry]:
    r"""People in a list, each with the number of its frame or none has."""
    places = [f'entry {number}' for number in range(len(data))]
    for where, value in zip(places, data, strict=True):
        if not isinstance(value, dict):
            refuse(path, where, f'expected a mapping (got {shown(value)})')
    if any(key_of(v, FRAME) for v in data) or times_of(data) is not None:
        frames = frame_of_each(data, path)
    else:
        frames = [-1] * len(data)
    return [
        Entry(frame, where, value, {})
        for frame, where, value in zip(frames, places, data, strict=True)
    ]


def frame_of_each(data: list[Any], path: Path) -> list[int]:
    r"""The numbers of frames, or of the frames of people: those that they
    say, else by their time stamps, else their order.

    Args:
        data (list): Frames or people; mappings may have the number.
        path (pathlib.Path): What errors call the file.

    Raises:
        ValueError: If some have a number and some do not.
    """
    keys = [key_of(value, FRAME) for value in data]
    if not any(keys):
        times = times_of(data)
        if times is None:
            return list(range(len(data)))
        numbers, _ = number_times(times, path)
        if numbers[-1] >= len(data):
            warn(path, 'its frames are numbered by time stamps, with gaps')
        return numbers
    if not all(keys):
        entry = f'entry {keys.index(None)}'
        refuse(path, entry, 'expected the number of a frame as in the others')
    values = [value[key] for value, key in zip(data, keys, strict=True)]
    return number_frames(values, path)


def times_of(data: Any) -> list[float] | None:
    r"""The time stamps of frames or people without numbers of frames, if all
    that are there have one.

    Args:
        data (Any): Parsed JSON; :obj:`None` stands for an empty frame.
    """
    if not isinstance(data, list) or not isinstance(first_of(data), dict):
        return None
    key = key_of(first_of(data), TIMES)
    if key is None or any(key_of(value, FRAME) for value in data):
        return None
    found = [v.get(key) if isinstance(v, dict) else None for v in data]
    times = [
        float(v)
        for v in found
        if isinstance(v, (int, float)) and abs(v) < 1e300
    ]
    return times if len(times) == len(found) else None


def place_frames(people: list[Person], path: Path) -> list[Person]:
    r"""Numbers the frames of people without any (:obj:`-1`): they are in one
    image, unless each is near the one before, as one person in successive
    frames.
    """
    if not people or people[0].frame >= 0:
        return people
    seen = [p for p in people if p.points[:, 2].any()]
    moving = False
    if len(seen) > 1 and len({len(p.points) for p in seen}) == 1:
        found = Detections(seen)
        rows = np.arange(len(seen))
        moving = bool(np.median(found.distance(rows[:-1], rows[1:])) < MOVES)
    if moving:
        warn(
            path,
            'its entries have no numbers of frames and are taken as one '
            'person in successive frames',
        )
    return [
        person._replace(frame=number if moving else 0)
        for number, person in enumerate(people)
    ]


def name_of(value: Any, path: Path, where: str) -> str | None:
    r"""The id of a person, or :obj:`None` without one; negative numbers and
    empty texts are none.

    Raises:
        ValueError: If it is neither a number nor a text.
    """
    key = key_of(value, TRACK)
    name = value[key] if key else None
    if isinstance(name, list) and len(name) == 1:  # trackers wrap it
        name = name[0]
        name = name[0] if isinstance(name, list) and len(name) == 1 else name
    if name is None or isinstance(name, (list, dict)) or name == '':
        return None
    if isinstance(name, str):
        return name[:80]
    if not isinstance(name, (int, float)) or isinstance(name, bool):
        refuse(path, where, f'expected an id (got {shown(name, 40)})')
    if name < 0:
        return None
    return str(name)[:80] if isinstance(name, int) else f'{name:.15g}'
