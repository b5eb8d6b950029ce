r"""3D poses as a CSV table, with the metadata in a comment line."""

from __future__ import annotations

import csv
import io
import json
import re
from array import array
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from pyg_hcsf.poses.records import (
    DECIMALS,
    describe,
    fail,
    make_header,
    parse_header,
    restore,
)
from pyg_hcsf.poses.sequence import PoseSequence
from pyg_hcsf.poses.skeleton_fields import skeleton_of
from pyg_hcsf.safe_io.atomic_write import atomic_write
from pyg_hcsf.safe_io.csv_cells import escape_formula, unescape_formula
from pyg_hcsf.safe_io.shown import shown
from pyg_hcsf.skeleton import Skeleton

JSON_STRING = re.compile(r'"(?:[^"\\]|\\.)*"')


def write_csv(path: Path, sequences: Sequence[PoseSequence]) -> None:
    r"""Writes poses as a table with one row per person and frame, below a
    comment line (:obj:`'# '`) with the metadata as JSON. Missing values are
    empty; 2D keypoints are left out. Names that a spreadsheet would run as
    formulas get a leading apostrophe, which :func:`read_csv` removes.
    """
    skeleton = sequences[0].skeleton
    if any(s.skeleton.joints != skeleton.joints for s in sequences):
        names = sorted({s.skeleton.name for s in sequences})
        raise ValueError(
            f"Expected 'sequences' of one skeleton for the table '{path}' "
            f'(got {shown(names)}): write .json'
        )
    people = [replace(s, keypoints=None, layout=None) for s in sequences]
    header = make_header([describe(person) for person in people])
    with (
        atomic_write(path) as part,
        part.open('w', encoding='utf-8', newline='') as file,
    ):
        file.write(f'# {_first_line(header)}\n')
        # Some spreadsheets split at semicolons, which Python does not quote.
        quote_all = any(';' in person.name for person in people)
        writer = csv.writer(
            file,
            lineterminator='\n',
            quoting=csv.QUOTE_ALL if quote_all else csv.QUOTE_MINIMAL,
        )
        writer.writerow(_columns(skeleton))
        for person in people:
            frames = person.frames.tolist()
            name = escape_formula(person.name)
            for frame, row in zip(frames, _table(person), strict=True):
                values = ['' if x != x else x for x in row.tolist()]
                writer.writerow([name, frame, *values])


def read_csv(content: bytes, name: str) -> list[PoseSequence]:
    r"""Parses a file of :func:`write_csv`."""
    try:
        people, names, frames, table = _parse(content, name)
    except (csv.Error, ValueError) as e:
        if f"'{name}'" in str(e):  # from fail()
            raise
        fail(name, str(e))
    number = {person.get('name'): i for i, person in enumerate(people)}
    owner = np.array([number.get(x, -1) for x in names], int)
    if (owner < 0).any():
        fail(name, f'row {3 + (owner < 0).argmax()} names an unknown person')
    joints = (table.shape[1] - 3) // 4
    out = []
    for i, person in enumerate(people):
        rows = np.flatnonzero(owner == i)
        pose, uncertainty, root = np.split(
            table[rows], [3 * joints, 4 * joints], axis=1
        )
        arrays = {
            'frames': np.array([frames[j] for j in rows]),
            'pose': pose.reshape(len(rows), joints, 3),
        }
        for key, value in (('uncertainty', uncertainty), ('root', root)):
            if not np.isnan(value).all():
                arrays[key] = value
        out.append(restore(person, arrays, name))
    return out


def _parse(
    content: bytes, name: str
) -> tuple[list[dict[str, Any]], list[str], list[int], np.ndarray]:
    file = io.TextIOWrapper(io.BytesIO(content), 'utf-8', newline='')
    first = file.readline()
    if not first.startswith('# '):
        fail(name, "its first line does not begin with '# '")
    people = parse_header(first[2:], name)
    try:
        columns = _columns(skeleton_of(people[0]))
    except ValueError as e:
        fail(name, str(e))
    rows = csv.reader(file)
    if next(rows, None) != columns:
        last = shown(columns[-1])
        fail(name, f'its columns are not {columns[:3]} to {last}')
    names, frames, values = [], [], array('d')
    for i, row in enumerate(rows, 3):
        if len(row) != len(columns):
            fail(name, f'{len(row)} cells in row {i}')
        names.append(unescape_formula(row[0]))
        frames.append(int(row[1]))
        values.extend([float(x) if x else np.nan for x in row[2:]])
    table = np.array(values).reshape(len(names), len(columns) - 2)
    return people, names, frames, table


def _first_line(header: dict[str, Any]) -> str:
    r"""JSON without commas and semicolons in its strings: a spreadsheet that
    splits there could run a part as a formula.
    """
    text = json.dumps(header, allow_nan=False)
    return JSON_STRING.sub(
        lambda m: m[0].replace(',', '\\u002c').replace(';', '\\u003b'), text
    )


def _columns(skeleton: Skeleton) -> list[str]:
    joints = [escape_formula(joint) for joint in skeleton.joints]
    columns = ['person', 'frame']
    columns += [f'{joint}_{axis}' for joint in joints for axis in 'xyz']
    columns += [f'{joint}_uncertainty' for joint in joints]
    return [*columns, 'root_x', 'root_y', 'root_z']


def _table(person: PoseSequence) -> np.ndarray:
    frames, joints = person.pose.shape[:2]
    table = np.full((frames, 4 * joints + 3), np.nan)
    table[:, : 3 * joints] = person.pose.reshape(frames, -1)
    if person.uncertainty is not None:
        table[:, 3 * joints : 4 * joints] = person.uncertainty
    if person.root is not None:
        table[:, 4 * joints :] = person.root
    return table.round(DECIMALS)
