r"""What :class:`~pyg_hcsf.safe_io.hdf5.HDF5Process` runs: reads arrays of HDF5
files that standard input names, and writes them to standard output. It
imports nothing of this package, so that it starts fast.
"""

from __future__ import annotations

import json
import math
import os
import sys
from collections.abc import Sequence
from typing import Any, BinaryIO

import h5py
import numpy as np

CHUNK_LIMIT = 2**26  # bytes that HDF5 holds at a time
CHUNK_SLACK = 2**22  # and what chunks of small files may have
PROCESSOR_SECONDS = 2  # for a request
SECONDS = 60  # the same, on a slow disk
SIZES = 4  # of the file, that the process may grow by,
GROWTH = 2**30  # but no more than these bytes,
SPARE = 2**25  # and by these, and by the rows that are read
TIRED = 2**28  # bytes that a file may leave behind before a fresh start


class Reader:
    r"""Holds one file open, and answers requests.

    Each method is a task, and returns its result and an array, if any.
    """

    def __init__(self) -> None:
        self.file: h5py.File | None = None
        self.sets: dict[str, h5py.Dataset] = {}
        self.most = 0  # bytes that this process may take

    def holds(self, path: str, names: list[str]) -> tuple[Any, None]:
        r"""Whether a file has all names at its root."""
        file, _ = self._open(path)
        links = [file.get(name, getlink=True) for name in names]
        self.close()
        return None not in links, None

    def open(self, path: str, names: list[str]) -> tuple[Any, None]:
        r"""The shapes and types of plain arrays of numbers.

        Raises:
            ValueError: If one is missing or no plain array.
        """
        file, size = self._open(path)
        self.sets = {name: _dataset(file, name, size) for name in names}
        about = [
            (data.shape, data.dtype.newbyteorder('<').str)
            for data in self.sets.values()
        ]
        return (about, size), None

    def rows(
        self, name: str, part: Sequence[int] | None, size: int
    ) -> tuple[Any, np.ndarray]:
        r"""Some rows of an array, which have so many bytes, or all of it."""
        _limit_memory(self.most + size)
        data = self.sets[name]
        array = np.asarray(data[()] if part is None else data[slice(*part)])
        dtype = array.dtype.newbyteorder('<')
        array = np.ascontiguousarray(array, dtype).reshape(array.shape)
        return (array.shape, dtype.str), array

    def close(self) -> tuple[None, None]:
        r"""Closes the file."""
        file, self.file = self.file, None
        self.sets = {}
        if file is not None:
            file.close()
        return None, None

    def _open(self, path: str) -> tuple[h5py.File, int]:
        self.close()
        size = os.path.getsize(path)
        self.most = _taken() + min(SIZES * size, GROWTH) + SPARE
        _limit_memory(self.most)
        # Chunks are unpacked once, however few of their rows are read.
        self.file = h5py.File(path, 'r', rdcc_nbytes=CHUNK_LIMIT)
        return self.file, size


def _dataset(file: h5py.File, name: str, size: int) -> h5py.Dataset:
    # Links and external or virtual storage would read other files.
    if not isinstance(file.get(name, getlink=True), h5py.HardLink):
        raise ValueError(f"no data set '{name}' in it")
    data = file[name]
    if (
        not isinstance(data, h5py.Dataset)
        or data.shape is None
        or data.is_virtual
        or data.external
        or data.dtype.kind not in 'fiu'
        or data.dtype.itemsize > 8
    ):
        raise ValueError(f"'{name}' is not a plain array of numbers")
    chunk = math.prod(data.chunks or ()) * data.dtype.itemsize
    if chunk > min(CHUNK_LIMIT, SIZES * size + CHUNK_SLACK):
        raise ValueError(f"'{name}' has chunks of {chunk} bytes")
    return data


def _taken() -> int:
    r"""The bytes of memory that this process has, whether it uses them or
    not; where that is not known, what programs take at most.
    """
    try:
        with open('/proc/self/statm') as file:
            pages = int(file.read().split()[0])
        return pages * os.sysconf('SC_PAGE_SIZE')
    except OSError:
        return 2**29


def _resident() -> int:
    try:
        import resource
    except ImportError:  # Windows
        return 0
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak if sys.platform == 'darwin' else 1024 * peak


def _limit_memory(size: int) -> None:
    try:
        import resource
    except ImportError:  # Windows
        return
    hard = resource.getrlimit(resource.RLIMIT_AS)[1]
    soft = size if hard == resource.RLIM_INFINITY else min(size, hard)
    resource.setrlimit(resource.RLIMIT_AS, (soft, hard))


def _limit_time(processor: int, seconds: int) -> None:
    try:
        from signal import ITIMER_PROF, ITIMER_REAL, setitimer
    except ImportError:  # Windows
        return
    setitimer(ITIMER_PROF, processor)  # ends this process, wherever it hangs
    setitimer(ITIMER_REAL, seconds)


def _serve(requests: BinaryIO, out: BinaryIO) -> None:
    before = _resident()
    reader = Reader()
    tasks = {
        **{'holds': reader.holds, 'open': reader.open},
        **{'rows': reader.rows, 'close': reader.close},
    }
    tired = False
    while not tired and (line := requests.readline()):
        _limit_time(PROCESSOR_SECONDS, SECONDS)
        reply: dict[str, Any] = {}
        array = None
        try:
            request = json.loads(line)
            task: Any = tasks[request.pop('task')]
            reply['result'], array = task(**request)
        except Exception as e:  # of HDF5, whatever it is
            reply['error'] = (str(e) or type(e).__name__)[:1000]
        reply['last'] = tired = (
            reader.file is None and _resident() - before > TIRED
        )
        _limit_time(0, 0)
        out.write(json.dumps(reply).encode() + b'\n')
        if array is not None:
            out.write(array.reshape(-1).view(np.uint8).data)
        out.flush()


if __name__ == '__main__':
    channel = os.fdopen(os.dup(1), 'wb')
    os.dup2(2, 1)  # what libraries print is no reply
    _serve(sys.stdin.buffer, channel)
