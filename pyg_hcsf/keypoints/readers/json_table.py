r"""Reads tables in JSON, as pandas writes them: a list of rows, each a mapping
from columns to values, or a mapping from columns to the values of all rows;
and mappings from joints to lists of x, y and maybe scores in all frames.
"""

import csv
import io
from typing import Any

import pandas

from pyg_hcsf.keypoints.detections import ParsedFile
from pyg_hcsf.keypoints.joint_names import MIN_JOINTS, is_joint_name
from pyg_hcsf.keypoints.messages import file_error
from pyg_hcsf.keypoints.readers import table
from pyg_hcsf.keypoints.readers.json_frames import first_key
from pyg_hcsf.keypoints.readers.json_keys import KEYPOINT_KEYS

Scalar = (str, int, float, type(None))


def matches(data: Any) -> bool:
    r"""Whether this is a table with columns of joints, such as ``nose_x``."""
    row = data = _flatten(data)
    if isinstance(data, list):
        row = data[0] if data else None
    elif isinstance(data, dict):
        row = {key: _first_value(column) for key, column in data.items()}
    if not isinstance(row, dict):
        return False
    columns = [key[:-2] for key in row if key[-2:] in ('_x', '.x', ' x')]
    joints = sum(map(is_joint_name, columns))
    return joints >= MIN_JOINTS and all(
        isinstance(value, Scalar) for value in row.values()
    )


def read(data: Any) -> ParsedFile:
    r"""Reads the people of a video."""
    try:
        rows = pandas.DataFrame(_flatten(data))
    except (ValueError, TypeError, OverflowError) as e:
        raise file_error(f'expected equally long columns ({e!s:.80})') from e
    text = io.StringIO()
    writer = csv.writer(text, lineterminator='\n')
    writer.writerow(rows.columns)
    writer.writerows(rows.itertuples(index=False))
    return table.read(text.getvalue())


def _flatten(data: Any) -> Any:
    r"""Columns such as ``nose_x`` of joints with lists of x, y and scores."""
    if not isinstance(data, dict):
        return data
    inner = data.get(first_key(data, KEYPOINT_KEYS) or '', data)
    if not isinstance(inner, dict):
        return data
    joints = {
        name: parts
        for name, parts in inner.items()
        if isinstance(parts, dict) and isinstance(parts.get('x'), list)
    }
    if sum(map(is_joint_name, joints)) < MIN_JOINTS:
        return data
    others = {k: v for k, v in data.items() if v is not inner}
    return {k: v for k, v in others.items() if k not in joints} | {
        f'{name}_{part}': column
        for name, parts in joints.items()
        for part, column in parts.items()
    }


def _first_value(column: Any) -> Any:
    if isinstance(column, dict):
        column = list(column.values())[:1]
    return column[0] if isinstance(column, list) and column else column
