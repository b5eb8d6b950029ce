r"""Reads JSON and pickles with the frames of one person after another.

A person has a list of ``frames``, mappings with a number and keypoints; or
lists of frame numbers and of the joints in these frames, as VIBE saves them
(``frame_ids``, ``joints2d``). People are in a list called ``tracks`` or the
like, with an ``id``, or in a mapping from ids, maybe to their frames.
"""

from collections.abc import Iterator
from typing import Any

from pyg_hcsf.keypoints.detections import ParsedFile, parse_frame_number
from pyg_hcsf.keypoints.messages import unexpected
from pyg_hcsf.keypoints.readers.json_frames import (
    FRAME_KEYS,
    Entry,
    find_entries,
    first_key,
    nesting,
)
from pyg_hcsf.keypoints.readers.json_keys import (
    KEYPOINT_KEYS,
    SCORE_LIST_KEYS,
)
from pyg_hcsf.keypoints.readers.json_people import parse_track_id, read_people

_TRACKS_KEYS = ('tracks', 'tracklets', 'people', 'persons', 'subjects')
_NUMBERS_KEYS = ('frames', 'frame_ids', 'frame_numbers', *FRAME_KEYS)
_LISTS_KEYS = ('frames', 'detections', 'poses', 'keypoints')


def matches(data: Any) -> bool:
    r"""Whether data have the frames of one person after another."""
    people = _people(data)
    return bool(people) and all(_is_person(person) for _, person in people)


def read(data: Any) -> ParsedFile:
    r"""Reads the people of a video."""
    entries = [
        entry
        for name, person in _people(data)
        for entry in _read_person(name, person)
    ]
    return read_people('tracks', entries)


def _people(data: Any) -> list[tuple[str, Any]]:
    r"""The people by their names."""
    if not isinstance(data, dict):
        return []
    people = data.get(first_key(data, _TRACKS_KEYS) or '', data)
    if isinstance(people, dict):
        if _have_tracks(list(people.values())):
            people = {k: {'frames': frames} for k, frames in people.items()}
        return [(str(name)[:80], person) for name, person in people.items()]
    if not isinstance(people, list):
        return []
    return [
        (parse_track_id(person, f'person {number}') or f'{number}', person)
        for number, person in enumerate(people)
        if isinstance(person, dict)
    ]


def _have_tracks(values: list[Any]) -> bool:
    r"""Whether these are lists of the frames of people, and not of the people
    of frames, which have the same number.
    """
    several = False
    for frames in values:
        if not isinstance(frames, list) or not all(
            first_key(frame, FRAME_KEYS) for frame in frames
        ):
            return False
        numbers = [
            str(frame[first_key(frame, FRAME_KEYS)]) for frame in frames
        ]
        if len(set(numbers)) < len(numbers):
            return False
        several |= len(numbers) > 1
    return several


def _is_person(person: Any) -> bool:
    return isinstance(person, dict) and (
        _frame_numbers(person) is not None or _frame_list(person) is not None
    )


def _frame_numbers(person: dict[str, Any]) -> list[Any] | None:
    r"""The frame numbers of lists of frame numbers and joints."""
    numbers = person.get(first_key(person, _NUMBERS_KEYS) or '')
    rows: Any = person.get(first_key(person, KEYPOINT_KEYS) or '')
    if not isinstance(numbers, list) or nesting(rows) < 3:
        return None
    return numbers if len(numbers) == len(rows) else None


def _frame_list(person: dict[str, Any]) -> list[Any] | None:
    r"""The mappings of the frames of a person."""
    frames = person.get(first_key(person, _LISTS_KEYS) or '')
    known = isinstance(frames, list) and first_key(
        (frames or [None])[0], FRAME_KEYS
    )
    return frames if known else None


def _read_person(name: str, person: dict[str, Any]) -> Iterator[Entry]:
    numbers = _frame_numbers(person)
    if numbers is None:
        for entry in find_entries(_frame_list(person)):
            if not isinstance(entry.person, dict):
                raise unexpected('a mapping', entry.person, entry.where)
            found = {**entry.person, 'track_id': name}
            where = f'person {name}, {entry.where}'
            yield Entry(entry.frame, where, found, {})
        return
    rows = person[first_key(person, KEYPOINT_KEYS) or '']
    scores = person.get(first_key(person, SCORE_LIST_KEYS) or '')
    outer = {k: v for k, v in person.items() if k not in _NUMBERS_KEYS}
    for place, (number, row) in enumerate(zip(numbers, rows, strict=True)):
        where = f'person {name}, frame {place}'
        found = {'keypoints': row, 'track_id': name}
        if isinstance(scores, list) and len(scores) == len(rows):
            found['scores'] = scores[place]
        frame = parse_frame_number(number, where)
        yield Entry(frame, where, found, outer)
