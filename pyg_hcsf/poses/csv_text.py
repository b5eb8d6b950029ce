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

from pyg_hcsf.poses.json_text import DECIMALS
from pyg_hcsf.poses.records import (
    describe,
    fail,
    make_header,
    parse_header,
    restore,
)
from pyg_hcsf.poses.sequence import PoseSequence
from pyg_hcsf.safe_io.atomic_write import atomic_write
from pyg_hcsf.safe_io.csv_cells import escape_formula, unescape_formula
from pyg_hcsf.safe_io.shown import shown
from pyg_hcsf.skeleton import get_skeleton

TEXT = re.compile(r'"(?:[^"\\]|\\.)*"')  # in JSON


def write_csv(path: Path, sequences: Sequence[PoseSequence]) -> None:
    r"""Writes poses as a table, a row for each person and frame, below a line
    that begins with :obj:`'# '` and says the rest as JSON. What has no value
    is empty; 2D keypoints are left out. Names that a spreadsheet would run as
    formulas get a leading apostrophe, which :func:`read_csv` takes off.
    """
    skeleton = sequences[0].skeleton
    if len({sequence.skeleton for sequence in sequences}) > 1:
        raise ValueError(
            f"Expected 'sequences' of one skeleton for a table in '{path}' "
            f'(got {sorted({s.skeleton for s in sequences})}): write .json'
        )
    people = [replace(s, keypoints=None, layout=None) for s in sequences]
    header = make_header([describe(person) for person in people])
    with (
        atomic_write(path) as part,
        part.open('w', encoding='utf-8', newline='') as file,
    ):
        file.write(f'# {_first_line(header)}\n')
        # Some spreadsheets cut at semicolons, which Python does not quote.
        cut = any(';' in person.name for person in people)
        writer = csv.writer(
            file,
            lineterminator='\n',
            quoting=csv.QUOTE_ALL if cut else csv.QUOTE_MINIMAL,
        )
        writer.writerow(_columns(skeleton))
        for person in people:
            frames = person.frames.tolist()
            name = escape_formula(person.name)
            for frame, row in zip(frames, _table(person), strict=True):
                values = ['' if x != x else x for x in row.tolist()]
                writer.writerow([name, frame, *values])


def read_csv(content: bytes, name: str) -> list[PoseSequence]:
    r"""Reads what :func:`write_csv` wrote.

    Args:
        content (bytes): The file.
        name (str): What errors call it.

    Raises:
        ValueError: If it is damaged or holds something else.
    """
    try:
        file = io.TextIOWrapper(io.BytesIO(content), 'utf-8', newline='')
        first = file.readline()
        if not first.startswith('# '):
            fail(name, "its first line does not begin with '# '")
        people = parse_header(first[2:], name)
        columns = _columns(str(people[0].get('skeleton')))
        names, frames, values = [], [], array('d')
        rows = csv.reader(file)
        if next(rows, None) != columns:
            fail(
                name,
                f'its columns are not {columns[:3]} to {shown(columns[-1])}',
            )
        for i, row in enumerate(rows, 3):
            if len(row) != len(columns):
                fail(name, f'{len(row)} cells in row {i}')
            names.append(unescape_formula(row[0]))
            frames.append(int(row[1]))
            values.extend([float(x) if x else np.nan for x in row[2:]])
    except (csv.Error, UnicodeDecodeError) as e:
        fail(name, str(e))
    except ValueError as e:
        if f"'{name}'" in str(e):
            raise
        fail(name, str(e))
    table = np.array(values).reshape(len(names), len(columns) - 2)
    number = {person.get('name'): i for i, person in enumerate(people)}
    owner = np.array([number.get(x, -1) for x in names], int)
    if (owner < 0).any():
        fail(name, f'row {3 + (owner < 0).argmax()} is of nobody it names')
    out = []
    for i, person in enumerate(people):
        rows_of = np.flatnonzero(owner == i)
        joints = (len(columns) - 5) // 4
        pose, uncertainty, root = np.split(
            table[rows_of], [3 * joints, 4 * joints], axis=1
        )
        arrays = {
            'frames': np.array([frames[j] for j in rows_of]),
            'pose': pose.reshape(len(rows_of), joints, 3),
        }
        for key, value in (('uncertainty', uncertainty), ('root', root)):
            if not np.isnan(value).all():
                arrays[key] = value
        out.append(restore(person, arrays, name))
    return out


def _first_line(header: dict[str, Any]) -> str:
    r"""JSON that is not cut into cells within a text, where one could begin
    like a formula.
    """
    text = json.dumps(header, allow_nan=False)
    return TEXT.sub(
        lambda m: m[0].replace(',', '\\u002c').replace(';', '\\u003b'), text
    )


def _columns(skeleton: str) -> list[str]:
    joints = get_skeleton(skeleton).joints
    return [
        'person',
        'frame',
        *(f'{joint}_{axis}' for joint in joints for axis in 'xyz'),
        *(f'{joint}_uncertainty' for joint in joints),
        *(f'root_{axis}' for axis in 'xyz'),
    ]


def _table(person: PoseSequence) -> np.ndarray:
    frames, joints = person.pose.shape[:2]
    table = np.full((frames, 4 * joints + 3), np.nan)
    table[:, : 3 * joints] = person.pose.reshape(frames, -1)
    if person.uncertainty is not None:
        table[:, 3 * joints : 4 * joints] = person.uncertainty
    if person.root is not None:
        table[:, 4 * joints :] = person.root
    return table.round(DECIMALS)
