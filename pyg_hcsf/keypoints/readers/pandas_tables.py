r"""Reads tables that pandas wrote to an HDF5 file, such as DeepLabCut's."""

import numpy as np
import pandas as pd

from pyg_hcsf.keypoints.detections import ParsedFile
from pyg_hcsf.keypoints.readers import deeplabcut
from pyg_hcsf.keypoints.readers.pandas_frames import find_frame, has_frames
from pyg_hcsf.keypoints.readers.table import read_people
from pyg_hcsf.keypoints.readers.table_columns import Table, to_snake


def matches(arrays: dict[str, np.ndarray]) -> bool:
    r"""Whether arrays are those of a table of pandas."""
    return has_frames(arrays)


def read(arrays: dict[str, np.ndarray]) -> ParsedFile:
    r"""Reads the people of a video."""
    frame = find_frame(arrays)
    if deeplabcut.is_deeplabcut(frame):
        return deeplabcut.read_frame(frame)
    header = ['index', *('_'.join(name) for name in frame.columns)]
    cells = pd.DataFrame(frame.values)
    cells.insert(0, 'index', frame.rows)
    cells.columns = pd.RangeIndex(len(header))
    return read_people(Table(header, list(map(to_snake, header)), cells))
