from __future__ import annotations

import numpy as np

from pyg_hcsf.datasets.human36m.cdf import INFLATION, SLACK
from pyg_hcsf.safe_io.matlab import MatlabValue, read_matlab
from pyg_hcsf.safe_io.shown import cause


def read_cdf_mat(content: bytes, name: str) -> np.ndarray:
    r"""Reads the poses of a :obj:`.cdf.mat` file of Human3.6M, which holds
    what MATLAB's :obj:`cdfread` returns: :obj:`data`, a cell with the numbers
    of the CDF file.

    Args:
        content (bytes): The file, in MATLAB's format 5: what :obj:`save`
            writes without :obj:`-v7.3`.
        name (str): What errors call it.

    Returns:
        The positions in millimetres: :obj:`[T, 96]`.

    Raises:
        ValueError: If it is damaged or holds something else; names it.

    Example:
        >>> read_cdf_mat(path.read_bytes(), str(path)).shape
        (1612, 96)
    """
    try:
        if content.startswith(b'MATLAB 7.3'):
            raise ValueError("MATLAB's format 7.3: save it with '-v7'")
        limit = INFLATION * len(content) + SLACK
        found = read_matlab(content, ['data'], limit)
        if 'data' not in found:
            raise ValueError("no variable 'data'")
        pose = _unpack(found['data'])
        if not np.isfinite(pose).all():
            raise ValueError('values that are not finite')
    except ValueError as e:
        raise ValueError(
            f"Expected a cell 'data' with frames of 96 numbers in '{name}' "
            f'(got {cause(e)}): get the .cdf file'
        ) from e
    return pose


def _unpack(value: MatlabValue) -> np.ndarray:
    if isinstance(value, list) and len(value) == 1:
        value = value[0]
    if isinstance(value, list):
        # scipy's savemat makes one cell of each number, where the cell array
        # is an array of objects: [1, T, 96] in Fortran's order.
        cells = [c for c in value if isinstance(c, np.ndarray) and c.size == 1]
        if len(value) % 96 or len(cells) < len(value):
            raise ValueError(f'{len(value)} cells')
        value = np.array([cell.item() for cell in cells]).reshape(96, -1).T
    if not isinstance(value, np.ndarray) or value.dtype.kind != 'f':
        raise ValueError('no floating point numbers')
    if value.ndim != 2 or value.shape[1] != 96 or len(value) == 0:
        raise ValueError(f'the shape {list(value.shape)}')
    return value
