r"""Finds the tables that pandas' ``to_hdf`` writes in an HDF5 file, in both of
its formats.

The format ``fixed`` has arrays ``axis0`` (the columns), ``axis1`` (the index)
and ``block0_values``, ``block0_items``, and so on; with several levels, an
axis is ``axis0_level0``, ``axis0_label0``, and so on. The format ``table`` has
fields ``index`` and ``values_block_0`` of a compound array, whose columns are
a pickle in an attribute.
"""

import re
from typing import Any, NamedTuple

import numpy as np

from pyg_hcsf.keypoints.messages import file_error, unexpected
from pyg_hcsf.keypoints.readers.hdf5 import text_of
from pyg_hcsf.safe_io.pickle_reader import load_pickle

_BLOCK = re.compile(r'(.+)/(?:table:(values_block_\d+)|(block\d+)_values)')


class Frame(NamedTuple):
    r"""A table: the name of each column, one text for each level; the index
    of each row; and the numbers ``[R, C]``.
    """

    columns: list[tuple[str, ...]]
    rows: list[Any]
    values: np.ndarray


def has_frames(arrays: dict[str, np.ndarray]) -> bool:
    r"""Whether there is a table among the arrays of a file."""
    return any(map(_BLOCK.fullmatch, arrays))


def find_frame(arrays: dict[str, np.ndarray]) -> Frame:
    r"""The only table among the arrays of a file.

    Raises:
        ValueError: If there are several, or it is damaged.
    """
    blocks = [m for name in arrays if (m := _BLOCK.fullmatch(name))]
    groups = sorted({m[1] for m in blocks})
    if len(groups) > 1:
        remedy = 'write one of them to a file of its own'
        raise unexpected('one table', groups, remedy=remedy)
    columns: list[tuple[str, ...]] = []
    values = []
    for m in blocks:
        block = arrays[m[0]]
        names = (
            _read_axis(arrays, f'{m[1]}/{m[3]}_items')
            if m[3]
            else _unpickle(arrays, f'{m[1]}/table@{m[2]}_kind')
        )
        if block.ndim == 2 and block.shape[1] != len(names) and m[3]:
            block = block.T
        if block.dtype.kind not in 'fiub':
            continue
        if block.ndim != 2 or block.shape[1] != len(names):
            raise unexpected(f'{len(names)} columns', block, m[0])
        columns += [n if isinstance(n, tuple) else (n,) for n in names]
        values.append(block.astype(np.float64))
    group = groups[0]
    if f'{group}/table:index' in arrays:
        index = arrays[f'{group}/table:index'].tolist()
    else:
        index = _read_axis(arrays, f'{group}/axis1')
    if not values or len({len(index), *map(len, values)}) > 1:
        raise file_error('its table is damaged: write it again', group)
    if len({len(name) for name in columns}) > 1:
        raise unexpected('names of one kind', columns, group)
    return Frame(columns, index, np.concatenate(values, axis=1))


def _unpickle(arrays: dict[str, np.ndarray], name: str) -> list[Any]:
    found = load_pickle(text_of(arrays, name) + b'.', name)
    if not isinstance(found, list):
        raise unexpected('names of columns', found, name)
    names = [n if isinstance(n, tuple) else (n,) for n in found]
    return [tuple(str(part)[:200] for part in n) for n in names]


def _read_axis(arrays: dict[str, np.ndarray], name: str) -> list[Any]:
    r"""The entries of an axis, tuples if it has several levels."""
    if name in arrays:
        return arrays[name].tolist()
    levels: list[list[str]] = []
    while (level := arrays.get(f'{name}_level{len(levels)}')) is not None:
        codes = arrays.get(f'{name}_label{len(levels)}')
        if codes is None or codes.dtype.kind not in 'iu' or level.ndim != 1:
            raise file_error('its table is damaged', name)
        if codes.size and not -1 <= codes.min() <= codes.max() < len(level):
            raise file_error('its table is damaged', name)
        # Codes of -1 are missing entries.
        texts = [*map(str, level.tolist()), '']
        levels.append([texts[code] for code in codes.tolist()])
    return list(zip(*levels, strict=True))
