r"""Reads the joints of people from parsed JSON, in any of the usual forms."""

from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np

from pyg_hcsf.keypoints.confidence import density_confidence, parse_box_score
from pyg_hcsf.keypoints.detections import (
    MAX_JOINTS,
    Detection,
    ParsedFile,
    only,
    parse_joints,
)
from pyg_hcsf.keypoints.joint_names import (
    MIN_JOINTS,
    is_joint_name,
)
from pyg_hcsf.keypoints.messages import file_error, unexpected, warn_unread
from pyg_hcsf.keypoints.readers.json_frames import (
    SCORE_KEYS,
    TRACK_KEYS,
    Entry,
    first_key,
)
from pyg_hcsf.keypoints.readers.json_header import find_size
from pyg_hcsf.keypoints.readers.json_joint_order import Names, order_joints
from pyg_hcsf.keypoints.readers.json_keys import (
    JOINT_SCORE_KEYS,
    KEYPOINT_KEYS,
    NAME_KEYS,
    POSITION_KEYS,
    SCORE_LIST_KEYS,
)
from pyg_hcsf.keypoints.readers.json_known import (
    JOINT_KEYS,
    OTHER_FRAME_KEYS,
    OTHER_PERSON_KEYS,
)


def read_people(
    source: str,
    entries: Iterable[Entry],
    keys: Sequence[str] = KEYPOINT_KEYS,
    other_keys: Iterable[str] = (),
    box_key: str = 'bbox_score',
    has_densities: bool = False,
    default_layout: str | None = None,
) -> ParsedFile:
    r"""Reads the people of parsed JSON.

    A person is a list of joints, or a mapping that has one under one of the
    keys. Joints are numbers ``x0, y0, c0, x1, ...``; rows of ``x, y`` or
    ``x, y, c``, with the confidences maybe in a list of their own; mappings
    of ``x`` and ``y`` with or without names; a mapping from names to joints;
    or lists called ``x`` and ``y``. Keys that are not read, but for the other
    keys, are named in a warning. The box key is that of the score of a
    person's box. Densities are converted by
    :func:`~pyg_hcsf.keypoints.confidence.density_confidence`.
    """
    parser = _PersonParser(keys, box_key, has_densities)
    found, names = [], []
    frame: dict[str, Any] = {}
    frame_keys: set[str] = set()
    sizes = set()
    for entry in entries:
        if entry.frame_values is not frame and entry.frame_values:
            frame = entry.frame_values
            frame_keys |= frame.keys()
            sizes.add(find_size(frame))
        if (parsed := parser.parse(entry)) is not None:
            detection, joint_names = parsed
            found.append(detection)
            names.append(joint_names)
    found, layout = order_joints(found, names, default_layout)
    known = OTHER_PERSON_KEYS | {*keys, *other_keys}
    unread = parser.unread | (frame_keys - known - OTHER_FRAME_KEYS)
    # Some formats, as ml5's, repeat each joint under its name.
    unread |= {k for k in parser.seen - known if not is_joint_name(k)}
    warn_unread('keys', unread)
    return ParsedFile(
        source=source,
        detections=found,
        layout=layout,
        image_size=only(sizes),
        default_layout=default_layout,
    )


class _PersonParser:
    r"""Parses people one by one, and collects the keys of people (``seen``)
    and those of joints that are not read (``unread``).
    """

    def __init__(
        self, keys: Sequence[str], box_key: str, has_densities: bool
    ) -> None:
        self.keys, self.box_key = keys, box_key
        self.has_densities = has_densities
        self.seen: set[str] = set()
        self.unread: set[str] = set()

    def parse(self, entry: Entry) -> tuple[Detection, Names] | None:
        r"""The person and the names of the joints, if there are any;
        :obj:`None` for an empty list of joints.
        """
        raw, where = entry.person, entry.where
        person = self._find_joints(raw, where) if isinstance(raw, dict) else {}
        if person:
            key = next(k for k in self.keys if k in person)
            raw = person[key]
        if isinstance(raw, dict) and isinstance(raw.get('landmark'), list):
            raw = raw['landmark']  # a protocol buffer of MediaPipe
        if not raw:
            return None
        scores = self._find_scores(person, raw)
        names, joints = self._parse_joints(raw, scores, where)
        if names is None:
            names = _parse_labels(person.get('labels'), len(joints))
        if self.has_densities:
            joints[:, 2] = density_confidence(joints[:, 2])
        track_id = parse_track_id(person, where)
        box_score = parse_box_score(person.get(self.box_key))
        found = Detection(entry.frame, track_id, joints, box_score, where)
        return found, names

    def _find_joints(
        self, person: dict[str, Any], where: str
    ) -> dict[str, Any]:
        r"""A person with its joints under one of the keys."""
        self.seen |= person.keys()
        key = next((key for key in self.keys if key in person), None)
        if key is not None:
            inner = person[key]
            nested = isinstance(inner, dict) and 'keypoints' in inner
            return person | inner if nested else person
        if isinstance(person.get('x'), list):
            return person | {self.keys[0]: person}
        named = {k: v for k, v in person.items() if is_joint_name(k)}
        if len(named) >= MIN_JOINTS:
            return {self.keys[0]: named}
        expected = ' or '.join(map(repr, self.keys[:2]))
        raise unexpected(expected, list(person), where)

    def _find_scores(self, person: dict[str, Any], raw: Any) -> Any:
        r"""The confidences of the joints, in their order."""
        key = first_key(person, SCORE_LIST_KEYS) or ''
        scores = person.get(key)
        if isinstance(scores, dict) and isinstance(raw, dict):
            known = (k for k, joint in raw.items() if joint is not None)
            return list(map(scores.get, known))
        if isinstance(scores, dict) or (
            key in JOINT_SCORE_KEYS and not isinstance(scores, list)
        ):
            self.unread.add(key)
        return scores

    def _parse_joints(
        self, raw: Any, scores: Any, where: str
    ) -> tuple[Names, np.ndarray]:
        names: Names = None
        if isinstance(raw, dict):
            if isinstance(raw.get('x'), list):
                raw, scores = _join_columns(raw, where), None
            else:
                raw = {k: v for k, v in raw.items() if v is not None}
                names, raw = tuple(map(str, raw)), list(raw.values())
        if not isinstance(raw, list) or not raw:
            raise unexpected('joints', raw, where)
        if not isinstance(raw[0], (int, float)) and None in raw:
            raw = _fill_missing(raw)
        if isinstance(raw[0], dict):
            labels, raw = self._parse_mappings(raw, where)
            names = names or labels
        rows = isinstance(raw[0], list)
        if isinstance(scores, list) and (rows or len(raw) == 2 * len(scores)):
            raw = _join_scores(raw, scores, where)
        joints = parse_joints(raw, where)
        if names is not None and len(set(names)) != len(joints):
            raise file_error('expected different names of joints', where)
        return names, joints

    def _parse_mappings(
        self, marks: list[Any], where: str
    ) -> tuple[Names, list[list[Any]]]:
        r"""The names, if there are any, and rows of x, y and score."""
        # The first joint may lack a score.
        scores = (first_key(mark, SCORE_KEYS) for mark in marks)
        score = next((key for key in scores if key is not None), None)
        label = next((k for k in NAME_KEYS if k in marks[0]), None)
        self.unread |= marks[0].keys() - JOINT_KEYS - {label, *SCORE_KEYS}
        rows = []
        for number, mark in enumerate(marks):
            found = isinstance(mark, dict) and 'x' in mark and 'y' in mark
            at = mark if found else _find_xy(mark)
            if at is None:
                place = f'{where}, joint {number}'
                raise unexpected("'x' and 'y'", mark, place)
            value = 1.0 if score is None else mark.get(score, 0.0)
            rows.append([at['x'], at['y'], value])
        if label is None:
            return None, rows
        return tuple(str(mark.get(label))[:80] for mark in marks), rows


def _fill_missing(raw: list[Any]) -> list[Any]:
    r"""Joints with one without a position for :obj:`None`; joints with names
    are left out instead.
    """
    known = next((joint for joint in raw if joint is not None), None)
    empty: Any = None
    if isinstance(known, list):
        empty = [None] * len(known)
    elif not isinstance(known, dict):
        return raw  # numbers, of which some are missing
    elif not any(key in known for key in NAME_KEYS):
        empty = {'x': None, 'y': None}
    filled = [empty if joint is None else joint for joint in raw]
    return [joint for joint in filled if joint is not None]


def _find_xy(mark: Any) -> dict[str, Any] | None:
    r"""The mapping with ``x`` and ``y`` in a joint that has them elsewhere."""
    if not isinstance(mark, dict):
        return None
    at = mark.get(first_key(mark, POSITION_KEYS) or '', mark)
    if isinstance(at, list) and len(at) in (2, 3):
        return {'x': at[0], 'y': at[1]}
    if isinstance(at, dict):
        at = {key.lower(): value for key, value in at.items()}
        return at if {'x', 'y'} <= at.keys() else None
    return None


def _parse_labels(labels: Any, count: int) -> Names:
    r"""The numbers of joints as their names: Transformers leaves out joints
    with low scores.
    """
    if not isinstance(labels, list) or len(labels) != count:
        return None
    known = all(type(n) is int and 0 <= n < MAX_JOINTS for n in labels)
    return tuple(map(str, labels)) if known else None


def _join_columns(raw: dict[str, Any], where: str) -> list[list[Any]]:
    r"""Rows of the lists ``x``, ``y`` and maybe of scores."""
    score = first_key(raw, SCORE_KEYS)
    columns = [raw['x'], raw.get('y')] + ([raw[score]] if score else [])
    if not all(
        isinstance(c, list) and len(c) == len(raw['x']) for c in columns
    ):
        raise file_error("expected 'x', 'y' and scores of one length", where)
    return [list(row) for row in zip(*columns, strict=True)]


def _join_scores(rows: list[Any], scores: list[Any], where: str) -> list[Any]:
    r"""Rows of x, y and score."""
    if not isinstance(rows[0], list):
        rows = [rows[i : i + 2] for i in range(0, len(rows), 2)]
    scores = [s[0] if isinstance(s, list) and s else s for s in scores]
    if len(rows) != len(scores):
        expected = f'as many confidences as joints, {len(rows)}'
        raise unexpected(expected, len(scores), where)
    if all(isinstance(row, list) and len(row) == 2 for row in rows):
        return [[*row, s] for row, s in zip(rows, scores, strict=True)]
    row = rows[0] if isinstance(rows[0], list) else []
    if len(row) != 3 or row[2] != scores[0]:
        expected = (
            'x and y, and confidences: if these are 3D poses, read the 2D '
            'keypoints that they were estimated from'
        )
        raise unexpected(expected, row, where)
    return rows  # which have the same confidences


def parse_track_id(value: Any, where: str) -> str | None:
    r"""The id of a person, or :obj:`None` without one; negative numbers and
    empty texts are none.
    """
    name = value[key] if (key := first_key(value, TRACK_KEYS)) else None
    for _ in range(2):  # some trackers write [id] or [[id]]
        if isinstance(name, list) and len(name) == 1:
            name = name[0]
    if name is None or isinstance(name, (list, dict)) or name == '':
        return None
    if isinstance(name, str):
        return name[:80]
    if not isinstance(name, (int, float)) or isinstance(name, bool):
        raise unexpected('an id', name, where)
    if name < 0:
        return None
    return str(name)[:80] if isinstance(name, int) else f'{name:.15g}'
