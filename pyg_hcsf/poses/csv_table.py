r"""3D poses as pandas frames, and as CSV tables with the metadata in the last
column.
"""

import csv
import json
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

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
from pyg_hcsf.safe_io.csv_cells import (
    escape_formula,
    read_cells,
    unescape_formula,
)
from pyg_hcsf.safe_io.shown import shown
from pyg_hcsf.skeleton import Skeleton

METADATA = 'metadata'  # the last column, with JSON in its first cell
XYZ, ROOT = ['x', 'y', 'z'], ['root_x', 'root_y', 'root_z']


def poses_to_frame(sequences: Sequence[PoseSequence]) -> pd.DataFrame:
    r"""Converts poses to a tidy :class:`pandas.DataFrame`: a row for each
    person, frame and joint.

    Args:
        sequences (sequence of PoseSequence): The people.

    Returns:
        pandas.DataFrame: The columns :obj:`person`, :obj:`frame`,
        :obj:`joint` (its name), :obj:`x`, :obj:`y` and :obj:`z` relative to
        the root, :obj:`uncertainty` (the expected error), and
        :obj:`root_x`, :obj:`root_y` and :obj:`root_z`; all in millimetres and
        in the :obj:`axes` of the sequence, NaN where unknown.

    Example:
        >>> frame = poses_to_frame(Lifter().lift(keypoints))
        >>> frame.groupby('joint')['uncertainty'].mean()
    """
    columns = ['person', 'frame', 'joint', *XYZ, 'uncertainty', *ROOT]
    parts = []
    for person in sequences:
        shape = frames, joints, _ = person.pose.shape
        names = person.skeleton.joints
        part = pd.DataFrame(
            {'person': person.name}, index=range(frames * joints)
        )
        part['frame'] = person.frames.repeat(joints)
        part['joint'] = np.tile(names, frames)
        part[XYZ] = person.pose.reshape(-1, 3)
        error: Any = person.uncertainty
        error = np.nan if error is None else error
        part['uncertainty'] = np.broadcast_to(error, shape[:2]).ravel()
        root: Any = np.nan if person.root is None else person.root[:, None]
        part[ROOT] = np.broadcast_to(root, shape).reshape(-1, 3)
        parts.append(part)
    if not parts:  # nobody could be lifted
        return pd.DataFrame(columns=columns)
    return pd.concat(parts, ignore_index=True)[columns]


def write_csv(path: Path, sequences: Sequence[PoseSequence]) -> None:
    r"""Writes poses as a table with one row per person and frame, as
    :func:`pandas.read_csv` reads it. The first cell of the last column,
    :obj:`metadata`, has the metadata as JSON. Missing values are empty; 2D
    keypoints are left out. Names that a spreadsheet would run as formulas get
    a leading apostrophe, which :func:`read_csv` removes.
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
    tidy = poses_to_frame(people)
    # The first joint of each person and frame has what is there only once.
    rows = tidy.iloc[:: sequences[0].pose.shape[1]]
    values = [
        part.to_numpy(np.float64).reshape(len(rows), -1)
        for part in (tidy[XYZ], tidy['uncertainty'], rows[ROOT])
    ]
    # Of objects, as pandas writes Python's floats twice as fast as NumPy's.
    table = pd.DataFrame(np.hstack(values).round(DECIMALS).astype(object))
    table.insert(0, 'frame', rows['frame'].to_numpy())
    escaped = rows['person'].map(escape_formula).to_numpy()
    table.insert(0, 'person', escaped)
    # Spreadsheets that split at semicolons could run a part as a formula.
    text = json.dumps(header, allow_nan=False).replace(';', '\\u003b')
    table[METADATA] = [text] + [None] * (len(rows) - 1)
    with (
        atomic_write(path) as part,
        part.open('w', encoding='utf-8', newline='') as file,
    ):
        # Some spreadsheets split at semicolons, which Python does not quote.
        quote_all = any(';' in person.name for person in people)
        table.to_csv(
            file,
            header=[*_columns(skeleton), METADATA],
            index=False,
            lineterminator='\n',
            quoting=csv.QUOTE_ALL if quote_all else csv.QUOTE_MINIMAL,
        )


def read_csv(content: bytes, name: str) -> list[PoseSequence]:
    r"""Parses a file of :func:`write_csv`, also of releases that wrote the
    metadata in a comment line above the table.
    """
    people, header, cells = _read_cells(content, name)
    try:
        columns = _columns(skeleton_of(people[0]))
    except ValueError as e:
        fail(name, str(e))
    if header != columns:
        last = shown(columns[-1])
        fail(name, f'its columns are not {columns[:3]} to {last}')
    texts = cells.loc[:, 2:].select_dtypes(exclude='number').columns
    if len(texts):
        fail(
            name,
            f"its column '{columns[int(texts[0])]}' is not of float numbers",
        )
    rows = dict(list(cells.groupby(cells[0].map(unescape_formula))))
    names = [str(person.get('name')) for person in people]
    if unknown := rows.keys() - set(names):
        line = min(rows[person].index[0] for person in unknown)
        fail(name, f'row {line} names an unknown person')
    joints = (len(columns) - 5) // 4  # x, y, z, uncertainty; and 5 others
    out = []
    for key, person in zip(names, people, strict=True):
        own = rows.get(key, cells[:0])
        pose, uncertainty, root = np.split(
            own.loc[:, 2:].to_numpy(np.float64),
            [3 * joints, 4 * joints],
            axis=1,
        )
        arrays = {
            'frames': own[1].to_numpy(copy=True),
            'pose': pose.reshape(len(own), joints, 3),
        }
        for field, value in (('uncertainty', uncertainty), ('root', root)):
            if not np.isnan(value).all():
                arrays[field] = value
        out.append(restore(person, arrays, name))
    return out


def _read_cells(
    content: bytes, name: str
) -> tuple[list[dict[str, Any]], list[str], pd.DataFrame]:
    r"""The metadata of the people, the headers, and the other cells."""
    comment, start = b'', 1
    if content.startswith(b'# '):
        comment, _, content = content[2:].partition(b'\n')
        start = 2
    try:
        (header,), cells = read_cells(
            content.decode('utf-8-sig'),
            is_text=lambda name: name[0] in ('person', METADATA),
            start=start,
        )
    except ValueError as e:
        fail(name, str(e))
    if not comment:
        if header[-1] != METADATA:
            fail(name, f"its last column is not '{METADATA}'")
        comment = cells.pop(cells.columns[-1]).iloc[0].encode()
        del header[-1]
    return parse_header(comment, name), header, cells


def _columns(skeleton: Skeleton) -> list[str]:
    joints = [escape_formula(joint) for joint in skeleton.joints]
    columns = ['person', 'frame']
    columns += [f'{joint}_{axis}' for joint in joints for axis in 'xyz']
    columns += [f'{joint}_uncertainty' for joint in joints]
    return [*columns, 'root_x', 'root_y', 'root_z']
