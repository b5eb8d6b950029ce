from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from pyg_hcsf.poses.records import (
    ARRAYS,
    KEYPOINTS,
    arrays_of,
    describe,
    fail,
    make_header,
    parse_header,
    restore,
)
from pyg_hcsf.poses.sequence import PoseSequence
from pyg_hcsf.safe_io.atomic_write import atomic_write
from pyg_hcsf.safe_io.npy import load_npz


def write_npz(path: Path, sequences: Sequence[PoseSequence]) -> None:
    r"""Writes poses as arrays :obj:`frames_0`, :obj:`pose_0`, ... of the
    first person and so on, and the rest as JSON in :obj:`meta`.
    """
    header = make_header([describe(sequence) for sequence in sequences])
    arrays = {'meta': np.array(json.dumps(header, allow_nan=False))}
    for i, sequence in enumerate(sequences):
        for key, value in arrays_of(sequence).items():
            arrays[f'{key}_{i}'] = value
    with atomic_write(path) as part, part.open('wb') as file:
        np.savez(file, allow_pickle=False, **arrays)


def read_npz(content: bytes, name: str) -> list[PoseSequence]:
    r"""Reads what :func:`write_npz` wrote; no pickle is run.

    Args:
        content (bytes): The file.
        name (str): What errors call it.

    Raises:
        ValueError: If it is damaged or holds something else.
    """
    members = load_npz(content, name)
    meta = members.get('meta')
    if meta is None or meta.dtype.kind != 'U' or meta.shape != ():
        fail(name, "it has no text 'meta'")
    out = []
    for i, person in enumerate(parse_header(str(meta), name)):
        arrays = {
            key: members[f'{key}_{i}'].copy()
            for key in (*ARRAYS, *KEYPOINTS)
            if f'{key}_{i}' in members
        }
        out.append(restore(person, arrays, name))
    return out
