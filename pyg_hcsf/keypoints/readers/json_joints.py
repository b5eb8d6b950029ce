r"""Reads the joints of people from JSON, in whatever form they are."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Any

import numpy as np

from pyg_hcsf.keypoints.confidence import box_score
from pyg_hcsf.keypoints.joint_names import LEAST, is_joint, order_of
from pyg_hcsf.keypoints.people import (
    MAX_JOINTS,
    People,
    Person,
    clean,
    refuse,
    to_rows,
    warn_unread,
)
from pyg_hcsf.keypoints.readers.json_entries import (
    FRAME,
    PEOPLE,
    SCORES,
    TIMES,
    TRACK,
    Entry,
    key_of,
    name_of,
    place_frames,
)
from pyg_hcsf.safe_io.shown import shown

KEYPOINTS = (
    *('keypoints', 'pose_keypoints_2d', 'pose_keypoints', 'keypoints_2d'),
    *('keypoints2d', 'keypoints2D', 'joints', 'body_parts', 'kpts', 'kpt'),
    *('landmarks', 'pose_landmarks', 'poseLandmarks', 'points', 'pose'),
)
LISTS = (
    *('keypoint_scores', 'keypoints_scores', 'keypoints_score', 'kpt_scores'),
    *('keypoint_score', 'keypointScores', 'scores', 'confidences'),
    *('confidence', 'conf', 'score', 'visibility'),
)
_NAMES = ('name', 'part', 'joint', 'label', 'bodypart', 'keypoint', 'id')
#: What is known and not needed: of a person, of a frame, of a joint.
PERSON_KNOWS = {
    *('bbox', 'box', 'boxes', 'bbox_score', 'bbox_scores', 'area', 'class'),
    *('category_id', 'iscrowd', 'num_keypoints', 'segmentation', 'version'),
    *('name', 'label', 'image_size', 'bbox_head', 'center', 'scale', 'id'),
    *('keypoints3D', 'segmentation', *TIMES, 'fps', 'skeleton'),
    *('cls', 'proposal_score', 'pose_score', 'bbox_id', 'imgSize'),
    *('keypoints_visible', 'kp_score', 'annotations', 'width', 'height'),
    *('foot_kpts', 'face_kpts', 'lefthand_kpts', 'righthand_kpts', 'bboxes'),
    *('face_box', 'lefthand_box', 'righthand_box', 'face_valid', 'foot_valid'),
    *('lefthand_valid', 'righthand_valid', 'wholebody_score'),
}
FRAME_KNOWS = {
    *PEOPLE,
    *('part_candidates', 'canvas_width', 'canvas_height', 'image_width'),
    *('image_height', 'meta_info', 'video', 'video_path', 'num_people'),
}
_MARK_KNOWS = {'x', 'y', 'z', 'position', 'presence', 'name', 'part'}


class PersonReader:
    r"""Reads people one by one, and warns at the end of what was not read.

    A person is a list of joints, or a mapping that has one under a key such
    as ``'keypoints'``. Joints are numbers ``x0, y0, c0, x1, ...``; rows of
    ``x, y`` or ``x, y, c``, the confidences maybe in a list of their own;
    mappings of ``x`` and ``y`` with or without names; a mapping from names to
    joints; or lists called ``x`` and ``y``.

    Args:
        source (str): The format.
        path (pathlib.Path): What errors call the file.
        keys (iterable of str, optional): What keypoints are called.
        knows (iterable of str, optional): Other keys that need no warning.
        box (str, optional): The key of the score of a person's box.
            (default: :obj:`"bbox_score"`)
        dense (bool, optional): Whether confidences are those of
            :func:`~pyg_hcsf.keypoints.confidence.density_confidence`.
            (default: :obj:`False`)
    """

    def __init__(
        self,
        source: str,
        path: Path,
        keys: Iterable[str] = KEYPOINTS,
        knows: Iterable[str] = (),
        box: str = 'bbox_score',
        dense: bool = False,
    ) -> None:
        self.source, self.path, self.keys = source, path, tuple(keys)
        self.box, self.dense = box, dense
        self._knows = PERSON_KNOWS | {*FRAME, *TRACK, *SCORES, *LISTS}
        self._knows |= {*self.keys, *knows}
        self._unread: set[str] = set()
        self._outer: set[str] = set()
        self._named: dict[tuple[str, ...], list[int]] = {}
        self._people: list[Person] = []
        self._places: list[str] = []

    def add(self, entry: Entry) -> None:
        r"""Reads a person.

        Raises:
            ValueError: If it is damaged; names the entry.
        """
        value, where = entry.value, entry.where
        self._outer |= entry.outer.keys()
        if isinstance(value, dict):
            self._see(value)
            key = next((k for k in self.keys if k in value), None)
            joints = [k for k in value if is_joint(k)] if key is None else []
            if len(joints) >= LEAST:
                key, value = self.keys[0], {self.keys[0]: _only(value, joints)}
            if key is None:
                wanted = ' or '.join(repr(k) for k in self.keys[:2])
                refuse(
                    self.path,
                    where,
                    f'expected {wanted} (got {shown(list(value))})',
                )
            raw, scores = value[key], value.get(key_of(value, LISTS) or '')
        else:
            raw, scores = value, None
        if not raw:
            return  # a detector that found no joint
        names, points = self._joints(raw, scores, where)
        name = name_of(value, self.path, where)
        if names is not None:
            self._named.setdefault(names, []).append(len(self._people))
        box = value.get(self.box) if isinstance(value, dict) else None
        person = Person(entry.frame, name, points, box_score(box))
        self._people.append(person)
        self._places.append(where)

    def _see(self, value: dict[str, Any]) -> None:
        for key in value.keys() - self._knows:
            if not is_joint(key):  # ml5 repeats each joint under its name
                self._unread.add(key)

    def _joints(
        self, raw: Any, scores: Any, where: str
    ) -> tuple[tuple[str, ...] | None, np.ndarray]:
        names = None
        if isinstance(raw, dict) and isinstance(raw.get('landmark'), list):
            raw = raw['landmark']  # MediaPipe's protocol buffers
        if isinstance(raw, dict):
            if isinstance(raw.get('x'), list):
                raw, scores = _columns(raw, self.path, where), None
            else:
                names, raw = tuple(map(str, raw)), list(raw.values())
        if not isinstance(raw, list):
            refuse(self.path, where, f'expected joints (got {shown(raw)})')
        if isinstance(raw[0], dict):
            told, raw = self._marks(raw, where)
            names = names or told
        rows = isinstance(raw[0], list)
        if isinstance(scores, list) and (rows or len(raw) == 2 * len(scores)):
            raw = _with_scores(raw, scores, self.path, where)
        points = to_rows(raw, self.path, where, self.dense)
        if names is not None and len(set(names)) != len(points):
            refuse(self.path, where, 'expected different names of joints')
        return names, points

    def _marks(
        self, marks: list[Any], where: str
    ) -> tuple[tuple[str, ...] | None, list[list[Any]]]:
        score = key_of(marks[0], SCORES)
        label = next((k for k in _NAMES if k in marks[0]), None)
        self._unread |= marks[0].keys() - _MARK_KNOWS - {score, label, *SCORES}
        rows, names = [], []
        for number, mark in enumerate(marks):
            at = mark.get('position', mark) if isinstance(mark, dict) else None
            if not isinstance(at, dict) or not {'x', 'y'} <= at.keys():
                refuse(
                    self.path,
                    f'{where}, joint {number}',
                    f"expected 'x' and 'y' (got {shown(mark)})",
                )
            value = 1.0 if score is None else mark.get(score, 0.0)
            rows.append([at['x'], at['y'], value])
            names.append(str(mark.get(label))[:80])
        return (None if label is None else tuple(names)), rows

    def finish(self, entries: Iterable[Entry] = ()) -> People:
        r"""Reads entries, puts joints with names in the order of a layout, and
        warns.

        Args:
            entries (iterable of Entry): People who are left to read.
        """
        for entry in entries:
            self.add(entry)
        self._clean()
        layout = self._by_names() if self._named else None
        outer = self._outer - self._knows - FRAME_KNOWS
        warn_unread(self.path, 'keys', self._unread | outer)
        return People(
            self.source, place_frames(self._people, self.path), layout
        )

    def _clean(self) -> None:
        r"""Marks missing joints, of as many people at a time as possible."""
        people = self._people
        if len({len(person.points) for person in people}) == 1:
            points = np.stack([person.points for person in people])
            largest = np.nan_to_num(np.abs(points[..., :2])).max(axis=(1, 2))
            worst = int(largest.argmax())
            rows_of = list(clean(points, self.path, self._places[worst]))
        else:
            rows_of = [
                clean(person.points, self.path, where)
                for person, where in zip(people, self._places, strict=True)
            ]
        self._people = [
            person._replace(points=rows)
            for person, rows in zip(people, rows_of, strict=True)
        ]

    def _by_names(self) -> str | None:
        r"""Reorders joints by their names, or else numbers."""
        union = list(dict.fromkeys(n for names in self._named for n in names))
        if len(union) > MAX_JOINTS or sum(
            map(len, self._named.values())
        ) < len(self._people):
            refuse(self.path, '', 'expected the same joints of each person')
        order = order_of(union)
        if order is None and all(name.isdecimal() for name in union):
            union.sort(key=int)
        place = {name: number for number, name in enumerate(union)}
        for names, rows in self._named.items():
            at = [place[name] for name in names]
            for row in rows:
                points = np.full((len(union), 3), [np.nan, np.nan, 0.0])
                points[at] = self._people[row].points
                if order is not None:
                    points = order.pick(points)
                self._people[row] = self._people[row]._replace(points=points)
        if order is None:
            return None
        order.warn(self.path)
        return order.layout


def _only(value: dict[str, Any], keys: list[str]) -> dict[str, Any]:
    return {key: value[key] for key in keys}


def _columns(raw: dict[str, Any], path: Path, where: str) -> list[list[Any]]:
    score = key_of(raw, SCORES)
    columns = [raw['x'], raw.get('y')] + ([raw[score]] if score else [])
    if not all(
        isinstance(c, list) and len(c) == len(raw['x']) for c in columns
    ):
        refuse(path, where, "expected 'x', 'y' and scores of one length")
    return [list(row) for row in zip(*columns, strict=True)]


def _with_scores(
    rows: list[Any], scores: list[Any], path: Path, where: str
) -> list[Any]:
    if not isinstance(rows[0], list):
        rows = [rows[i : i + 2] for i in range(0, len(rows), 2)]
    scores = [s[0] if isinstance(s, list) and s else s for s in scores]
    pairs = all(isinstance(row, list) and len(row) == 2 for row in rows)
    if len(rows) != len(scores):
        refuse(
            path,
            where,
            f'expected as many confidences as joints (got {len(scores)} and '
            f'{len(rows)})',
        )
    if not pairs:
        row = rows[0] if isinstance(rows[0], list) else []
        if len(row) != 3 or row[2] != scores[0]:
            refuse(
                path,
                where,
                'expected x and y, and confidences: if these are 3D poses, '
                f'read the 2D keypoints that they are of (got {shown(row)})',
            )
        return rows  # with the same confidences
    return [[*row, s] for row, s in zip(rows, scores, strict=True)]
