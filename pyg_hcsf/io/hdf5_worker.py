r"""What :class:`~pyg_hcsf.io.hdf5.HDF5Process` runs: reads arrays of HDF5
files that standard input names, and writes them to standard output. It
imports nothing of this package, so that it starts fast.
"""

from __future__ import annotations

import json
import math
import os
import sys
from typing import Any, BinaryIO

import h5py
import numpy as np

CHUNK_LIMIT = 2**26  # bytes that HDF5 holds at a time
SECONDS = 60  # for a file
MEMORY = 3 * 2**29  # bytes of the process, about 0.5 GB of them programs
TIRED = 2**28  # bytes that a file may leave behind before a fresh start


def read_arrays(
    path: str, names: list[str], limit: int
) -> dict[str, np.ndarray]:
    r"""Reads plain arrays of numbers.

    Raises:
        ValueError: If one is missing or no plain array, or if all are of more
            than :obj:`limit` bytes.
    """
    with h5py.File(path, 'r') as file:
        sets = {name: _dataset(file, name) for name in names}
        size = sum(d.size * d.dtype.itemsize for d in sets.values())
        if size > limit:
            raise ValueError(
                f'it swells to {size} bytes, where {limit} are credible'
            )
        return {name: np.asarray(data[()]) for name, data in sets.items()}


def _dataset(file: h5py.File, name: str) -> h5py.Dataset:
    # Links and external or virtual storage would read other files.
    if not isinstance(file.get(name, getlink=True), h5py.HardLink):
        raise ValueError(f"no data set '{name}' in it")
    data = file[name]
    if (
        not isinstance(data, h5py.Dataset)
        or data.is_virtual
        or data.external
        or data.dtype.kind not in 'fiu'
        or data.dtype.itemsize > 8
        or math.prod(data.chunks or ()) * data.dtype.itemsize > CHUNK_LIMIT
    ):
        raise ValueError(f"'{name}' is not a plain array of numbers")
    return data


def _resident() -> int:
    try:
        import resource
    except ImportError:  # Windows
        return 0
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak if sys.platform == 'darwin' else 1024 * peak


def _restrict() -> None:
    try:
        import resource
    except ImportError:  # Windows
        return
    hard = resource.getrlimit(resource.RLIMIT_AS)[1]
    soft = MEMORY if hard == resource.RLIM_INFINITY else min(MEMORY, hard)
    resource.setrlimit(resource.RLIMIT_AS, (soft, hard))


def _alarm(seconds: int) -> None:
    try:
        from signal import alarm
    except ImportError:  # Windows
        return
    alarm(seconds)  # ends this process, wherever it hangs


def _serve(requests: BinaryIO, out: BinaryIO) -> None:
    before = _resident()
    tired = False
    while not tired and (line := requests.readline()):
        _alarm(SECONDS)
        reply: dict[str, Any] = {}
        arrays: dict[str, np.ndarray] = {}
        try:
            arrays = read_arrays(**json.loads(line))
            reply['arrays'] = [
                (name, array.dtype.newbyteorder('<').str, array.shape)
                for name, array in arrays.items()
            ]
        except Exception as e:  # of HDF5, whatever it is
            arrays = {}
            reply['error'] = f'{e}' or type(e).__name__
        reply['last'] = tired = _resident() - before > TIRED
        out.write(json.dumps(reply).encode() + b'\n')
        for array in arrays.values():
            dtype = array.dtype.newbyteorder('<')
            out.write(array.astype(dtype, copy=False).tobytes())
        out.flush()
        _alarm(0)


if __name__ == '__main__':
    _restrict()
    channel = os.fdopen(os.dup(1), 'wb')
    os.dup2(2, 1)  # what libraries print is no reply
    _serve(sys.stdin.buffer, channel)
