r"""The child process of :class:`~pyg_hcsf.safe_io.hdf5.HDF5Process`.

Each line of standard input is a request in JSON. The reply on standard output
is a line in JSON, followed by the bytes of an array, if any. This script
imports nothing of the package, so that it starts fast.
"""

from __future__ import annotations

import json
import math
import os
import sys
from collections import deque
from collections.abc import Iterator
from itertools import islice
from typing import Any, BinaryIO

import h5py
import numpy as np

try:
    import resource
    from signal import ITIMER_PROF, ITIMER_REAL, setitimer
except ImportError:  # Windows
    LIMITS = False
else:
    LIMITS = True

CHUNK_LIMIT = 2**26  # bytes of a chunk, and of the chunk cache
CHUNK_SLACK = 2**22  # bytes of a chunk of a small file
PROCESSOR_SECONDS = 2  # of a request
SECONDS = 60  # of a request on a slow disk
# Limit of the memory: 4 times the file, at most 1 GiB, plus 32 MiB and the
# rows that are read.
SIZES = 4
GROWTH = 2**30
SPARE = 2**25
LEAK = 2**28  # bytes that a file may leave allocated before a restart
MEMBERS, DEPTH, NAME = 2000, 4, 200  # limits of the list of members
NUMBERS = ('fiu', 8)  # kinds of types, and the largest size in bytes
MIXED = ('fiubS', CHUNK_SLACK)


class Reader:
    r"""Keeps one file open.

    Each public method answers the request of its name with a result in JSON
    and an array, if any.
    """

    def __init__(self) -> None:
        self.file: h5py.File | None = None
        self.sets: dict[str, Any] = {}
        self.memory = 0  # limit in bytes

    def contains(self, path: str, names: list[str]) -> tuple[Any, None]:
        r"""Whether a file has all names at its root."""
        file, _ = self._open(path)
        links = [file.get(name, getlink=True) for name in names]
        self.close()
        return None not in links, None

    def members(self, path: str) -> tuple[Any, None]:
        r"""The names, shapes and types of arrays, of their fields
        (``array:field``), and of attributes (``array@attribute``).
        """
        file, _ = self._open(path)
        found: list[tuple[str, Any, str]] = []
        queue, seen = deque(['']), {hash(file.id)}
        for _ in range(MEMBERS):
            if not queue or len(found) > MEMBERS:
                break
            group = queue.popleft()
            found += _describe(group, file[group or '/'])
            for name, item in _children(group, file[group or '/']):
                if isinstance(item, h5py.Dataset):
                    found += _describe(name, item)
                elif name.count('/') < DEPTH and hash(item.id) not in seen:
                    seen.add(hash(item.id))
                    queue.append(name)
        self.close()
        return [m for m in found if len(m[0]) <= NAME][:MEMBERS], None

    def open(
        self, path: str, names: list[str], mixed: bool
    ) -> tuple[Any, None]:
        r"""The shapes and types of arrays, and the size of the file."""
        file, size = self._open(path)
        find = _any_array if mixed else _plain_array
        self.sets = {name: find(file, name, size) for name in names}
        shapes = [
            (data.shape, data.dtype.newbyteorder('<').str)
            for data in self.sets.values()
        ]
        return (shapes, size), None

    def rows(
        self, name: str, rows: list[int] | None, size: int
    ) -> tuple[Any, np.ndarray]:
        r"""Some rows of an array, or all, of :obj:`size` bytes."""
        _limit_memory(self.memory + size)
        data = self.sets[name]
        array = np.asarray(data[slice(*rows) if rows else ...])
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
        self.memory = _virtual_memory() + min(SIZES * size, GROWTH) + SPARE
        _limit_memory(self.memory)
        # Large enough that each chunk is decompressed only once.
        self.file = h5py.File(path, 'r', rdcc_nbytes=CHUNK_LIMIT)
        return self.file, size


class Field:
    r"""A field of a compound array, read like an array."""

    def __init__(self, data: h5py.Dataset, name: str) -> None:
        self.field = data.fields(name)
        kind = data.dtype[name]
        self.dtype, self.shape = kind.base, (*data.shape, *kind.shape)

    def __getitem__(self, key: Any) -> Any:
        return self.field[key]


def _children(path: str, group: h5py.Group) -> Iterator[tuple[str, Any]]:
    for name in islice(group, MEMBERS):
        # Other links would read other files.
        if isinstance(group.get(name, getlink=True), h5py.HardLink):
            yield f'{path}/{name}'.strip('/'), group[name]


def _describe(name: str, item: Any) -> Iterator[tuple[str, Any, str]]:
    for key in islice(item.attrs, MEMBERS):
        yield f'{name}@{key}', (), '|S1'
    if not isinstance(item, h5py.Dataset) or item.shape is None:
        return
    for field in item.dtype.names or ('',):
        kind = item.dtype[field] if field else item.dtype
        place = f'{name}:{field}' if field else name
        yield place, (*item.shape, *kind.shape), kind.base.str


def _find(file: h5py.File, path: str) -> Any:
    r"""The array or group at a path of hard links."""
    item: Any = file
    for name in filter(None, path.split('/')):
        if not isinstance(item, h5py.Group) or not isinstance(
            item.get(name, getlink=True), h5py.HardLink
        ):
            raise ValueError(f"no data set '{path}' in it")
        item = item[name]
    return item


def _plain_array(file: h5py.File, name: str, size: int) -> h5py.Dataset:
    data = _find(file, name)
    _check_array(data, data, name, size, NUMBERS)
    return data


def _any_array(file: h5py.File, name: str, size: int) -> Any:
    r"""An array, a field or an attribute, of numbers or of texts."""
    path, _, key = name.partition('@')
    path, _, field = path.partition(':')
    data = _find(file, path)
    if key:
        return _texts(data.attrs[key], name, size)
    if isinstance(data, h5py.Dataset) and data.dtype.kind == 'O':
        _check_array(data, data, name, size, ('O', 16))
        return _texts(data[()], name, size)
    if field not in (getattr(data.dtype, 'names', None) or ('',)):
        raise ValueError(f"no field '{field}' in '{path}'")
    found = Field(data, field) if field else data
    _check_array(data, found, name, size, MIXED)
    return found


def _check_array(
    data: Any, part: Any, name: str, size: int, kinds: tuple[str, int]
) -> None:
    # External or virtual storage would read other files.
    if (
        not isinstance(data, h5py.Dataset)
        or data.shape is None
        or data.is_virtual
        or data.external
        or part.dtype.kind not in kinds[0]
        or not 0 < part.dtype.itemsize <= kinds[1]
    ):
        raise ValueError(f"'{name}' is not a plain array of numbers")
    chunk = math.prod(data.chunks or ()) * data.dtype.itemsize
    if chunk > min(CHUNK_LIMIT, SIZES * size + CHUNK_SLACK):
        raise ValueError(f"'{name}' has chunks of {chunk} bytes")


def _texts(value: Any, name: str, size: int) -> np.ndarray:
    r"""Texts of any kind as an array of bytes, numbers as they are."""
    array = np.asarray(value)
    if array.dtype.kind in 'OU':
        found = [
            t.encode(errors='replace') if isinstance(t, str) else t
            for t in array.reshape(-1).tolist()
        ]
        if not all(isinstance(t, bytes) for t in found):
            raise ValueError(f"'{name}' is not of texts")
        width = max(map(len, found), default=0) + 1
        if width * len(found) > SIZES * size + CHUNK_SLACK:
            raise ValueError(f"'{name}' has texts of {width} bytes")
        array = np.array(found, f'S{width}').reshape(array.shape)
    if array.dtype.kind not in MIXED[0] or not array.dtype.itemsize:
        raise ValueError(f"'{name}' is not of texts or numbers")
    return array


def _virtual_memory() -> int:
    r"""The size of the address space, which the limit is for."""
    try:
        with open('/proc/self/statm') as file:
            pages = int(file.read().split()[0])
        return pages * os.sysconf('SC_PAGE_SIZE')
    except OSError:
        return 2**29  # more than this process has at its start


def _resident_peak() -> int:
    if not LIMITS:
        return 0
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak if sys.platform == 'darwin' else 1024 * peak


def _limit_memory(size: int) -> None:
    if LIMITS:
        hard = resource.getrlimit(resource.RLIMIT_AS)[1]
        soft = size if hard == resource.RLIM_INFINITY else min(size, hard)
        resource.setrlimit(resource.RLIMIT_AS, (soft, hard))


def _limit_time(processor: int, seconds: int) -> None:
    if LIMITS:
        setitimer(ITIMER_PROF, processor)  # ends a process that hangs
        setitimer(ITIMER_REAL, seconds)


def _serve(requests: BinaryIO, out: BinaryIO) -> None:
    before = _resident_peak()
    reader = Reader()
    last = False
    while not last and (line := requests.readline()):
        _limit_time(PROCESSOR_SECONDS, SECONDS)
        reply: dict[str, Any] = {}
        array = None
        try:
            request = json.loads(line)
            task = getattr(reader, request.pop('task'))
            reply['result'], array = task(**request)
        except Exception as e:  # of the HDF5 library
            reply['error'] = (str(e) or type(e).__name__)[:1000]
        last = reader.file is None and _resident_peak() - before > LEAK
        reply['last'] = last
        _limit_time(0, 0)
        out.write(json.dumps(reply).encode() + b'\n')
        if array is not None:
            out.write(array.reshape(-1).view(np.uint8).data)
        out.flush()


if __name__ == '__main__':
    channel = os.fdopen(os.dup(1), 'wb')
    os.dup2(2, 1)  # libraries may print to standard output
    _serve(sys.stdin.buffer, channel)
