r"""Reads arrays of HDF5 files in a child process with limited memory and time,
see :mod:`pyg_hcsf.safe_io.hdf5_worker`.
"""

from __future__ import annotations

import contextlib
import json
import math
import os
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

WORKER = Path(__file__).with_name('hdf5_worker.py')
PIPE = 2**20  # bytes that the pipe buffers
REPLY_LIMIT = 2**20  # bytes of a reply without its numbers
INFLATION, SLACK = 4, 2**22  # rows that are read at once: 4 x file + 4 MiB


class DataSet(NamedTuple):
    r"""The shape and the little-endian type of an array in an HDF5 file."""

    shape: tuple[int, ...]
    dtype: np.dtype

    @property
    def num_bytes(self) -> int:
        r"""The size of the array, not compressed."""
        return math.prod(self.shape) * self.dtype.itemsize


def start_script(script: Path, **options: Any) -> subprocess.Popen[bytes]:
    r"""Starts a Python script with this search path and pipes to its standard
    input and output. Unlike :mod:`multiprocessing`, it does not import the
    script of this process.
    """
    code = (
        'import json, runpy, sys; sys.path[:] = json.loads(sys.argv[1]); '
        "runpy.run_path(sys.argv[2], run_name='__main__')"
    )
    return subprocess.Popen(
        [sys.executable, '-c', code, json.dumps(sys.path), str(script)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        pipesize=PIPE,
        **options,
    )


class HDF5Process:
    r"""Reads HDF5 files in a child process.

    Damaged files make the HDF5 library allocate memory without end, hang, or
    end its process. The child process may take 4 times the size of the file
    in memory (at most 1 GiB), plus 32 MiB, and for each request 2 s of
    processor time or 60 s in total. On macOS memory is not limited, on
    Windows nothing is.

    The child process starts with the first file, and again after it has
    ended. One file at a time is open. A damaged or missing file, and a
    process that ends, raise a :class:`ValueError` without the file's name.

    Example:
        >>> with HDF5Process() as process:
        ...     arrays = process.read('annot_data.mat', ['annot2'], 2**24)
    """

    def __init__(self) -> None:
        self._process: subprocess.Popen[bytes] | None = None
        self._sets: dict[str, DataSet] = {}
        self._file_size = 0

    def __enter__(self) -> HDF5Process:
        return self

    def __exit__(self, *args: Any) -> None:
        self.close()

    def close(self) -> None:
        r"""Kills the child process."""
        process, self._process = self._process, None
        self._sets = {}
        if process is not None:
            assert process.stdin is not None and process.stdout is not None
            process.kill()
            with contextlib.suppress(OSError):  # it may have ended already
                process.stdin.close()
            process.stdout.close()
            process.wait()

    def contains(self, path: str | Path, names: Sequence[str]) -> bool:
        r"""Whether a file has all names at its root, as arrays or groups."""
        self._sets = {}
        return self._ask('contains', path=_absolute(path), names=[*names])

    def members(self, path: str | Path) -> dict[str, DataSet]:
        r"""Lists the first 2,000 arrays, fields of compound arrays
        (``'array:field'``) and attributes (``'array@attribute'``), in up to
        five groups inside each other. The shapes of attributes are not known.
        """
        self._sets = {}
        return {
            name: DataSet(tuple(shape), np.dtype(dtype))
            for name, shape, dtype in self._ask(
                'members', path=_absolute(path)
            )
        }

    def open(
        self, path: str | Path, names: Sequence[str], mixed: bool = False
    ) -> dict[str, DataSet]:
        r"""Opens a file for :meth:`rows`, and closes the one that was open.

        Args:
            path (str or pathlib.Path): The file.
            names (list[str]): The names of arrays of numbers, such as
                ``'x'`` or ``'group/x'``.
            mixed (bool, optional): If set to :obj:`True`, names may also be
                those of arrays of texts or booleans, of fields of compound
                arrays, and of attributes, see :meth:`members`. Texts are
                arrays of bytes. (default: :obj:`False`)

        Example:
            >>> process.open('NTU_CS.h5', ['y'])['y'].shape
            (39289, 60)
        """
        self._sets = {}
        sets, self._file_size = self._ask(
            'open', path=_absolute(path), names=[*names], mixed=mixed
        )
        self._sets = {
            name: DataSet(tuple(shape), np.dtype(dtype))
            for name, (shape, dtype) in zip(names, sets, strict=True)
        }
        return self._sets

    def rows(self, name: str, start: int, stop: int) -> np.ndarray:
        r"""Reads rows of an array of the open file, at most 4 times the size
        of the file plus 4 MiB.
        """
        if name not in self._sets:
            raise ValueError(f"no file with '{name}' is open")
        shape = self._sets[name].shape
        if not shape or not 0 <= start <= stop <= shape[0]:
            raise ValueError(
                f"Expected rows of '{name}', which is of shape {list(shape)} "
                f'(got {start} to {stop})'
            )
        part = DataSet((stop - start, *shape[1:]), self._sets[name].dtype)
        _check_size(part.num_bytes, INFLATION * self._file_size + SLACK)
        return self._receive(name, part, (start, stop))

    def read(
        self,
        path: str | Path,
        names: Sequence[str],
        limit: int,
        mixed: bool = False,
    ) -> dict[str, np.ndarray]:
        r"""Reads complete arrays of a small file.

        Args:
            path (str or pathlib.Path): The file.
            names (list[str]): The names of the arrays, as in :meth:`open`.
            limit (int): The largest size of all arrays together in bytes.
            mixed (bool, optional): As in :meth:`open`.
                (default: :obj:`False`)
        """
        sets = self.open(path, names, mixed)
        _check_size(sum(data.num_bytes for data in sets.values()), limit)
        arrays = {name: self._receive(name, sets[name]) for name in names}
        self._sets = {}
        self._ask('close')
        return arrays

    def _receive(
        self, name: str, data: DataSet, rows: tuple[int, int] | None = None
    ) -> np.ndarray:
        got = self._ask('rows', name=name, rows=rows, size=data.num_bytes)
        try:
            if (tuple(got[0]), got[1]) != (data.shape, data.dtype.str):
                raise ValueError(f"'{name}' has changed since it was opened")
            array = np.empty(data.shape, data.dtype)
            assert self._process is not None
            stream: Any = self._process.stdout
            received = stream.readinto(array.reshape(-1).view(np.uint8))
            if received != data.num_bytes:
                raise _failed()
        except BaseException:  # the rest of the reply is still in the pipe
            self.close()
            raise
        return array

    def _ask(self, task: str, **request: Any) -> Any:
        process = self._start()
        try:
            assert process.stdin is not None and process.stdout is not None
            line = json.dumps({'task': task, **request}).encode()
            process.stdin.write(line + b'\n')
            process.stdin.flush()
            reply = json.loads(process.stdout.readline(REPLY_LIMIT))
        except (OSError, ValueError) as e:
            self.close()
            raise _failed() from e
        except BaseException:  # interrupted: a reply may follow
            self.close()
            raise
        if reply['last']:
            self.close()
        if 'error' in reply:
            raise ValueError(reply['error'])
        return reply['result']

    def _start(self) -> subprocess.Popen[bytes]:
        if self._process is None or self._process.poll() is not None:
            was_open = bool(self._sets)
            self.close()
            if was_open:
                raise _failed()
            # Threads of OpenBLAS would count against the memory limit.
            environment = {**os.environ, 'OPENBLAS_NUM_THREADS': '1'}
            self._process = start_script(
                WORKER, stderr=subprocess.DEVNULL, env=environment
            )
        return self._process


def _absolute(path: str | Path) -> str:
    if not os.path.isfile(path):  # reading a pipe may never end
        raise ValueError('it is no file')
    return os.path.abspath(path)


def _check_size(size: int, limit: int) -> None:
    if size > limit:
        raise ValueError(
            f'it decompresses to {size} bytes, more than the limit of {limit}'
        )


def _failed() -> ValueError:
    return ValueError(
        'the HDF5 library hangs, fails or asks for too much memory'
    )
