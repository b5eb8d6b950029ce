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
START = (
    'import json, runpy, sys; sys.path[:] = json.loads(sys.argv[1]); '
    "runpy.run_path(sys.argv[2], run_name='__main__')"
)
PIPE = 2**20  # bytes that are on their way
REPLY_LIMIT = 2**16  # bytes of a reply without its numbers
#: Rows that are read at a time are so many times the file, and the slack.
INFLATION, SLACK = 4, 2**22


class DataSet(NamedTuple):
    r"""An array in an HDF5 file.

    Args:
        shape (tuple): Its shape.
        dtype (numpy.dtype): Its type, little-endian.
    """

    shape: tuple[int, ...]
    dtype: np.dtype


class HDF5Process:
    r"""Reads HDF5 files in a process of its own.

    Damaged files make the HDF5 library ask for memory without end, hang, or
    end its process. This one may take memory of 4 times the file (at most
    1 GiB) and 32 MiB, and 2 s of the processor or 60 s for a request, and its
    end is an error like any other; on macOS memory is not limited, on Windows
    nothing is. It is started at the first file, and again after it has ended.
    No more than one file is open at a time.

    Example:
        >>> with HDF5Process() as process:
        ...     arrays = process.read('annot_data.mat', ['annot2'], 2**24)
    """

    def __init__(self) -> None:
        self._process: subprocess.Popen[bytes] | None = None
        self._sets: dict[str, DataSet] = {}
        self._size = 0  # of the file

    def __enter__(self) -> HDF5Process:
        return self

    def __exit__(self, *args: Any) -> None:
        self.close()

    def close(self) -> None:
        r"""Ends the process, if there is one, whatever it does."""
        process, self._process = self._process, None
        self._sets = {}
        if process is not None:
            assert process.stdin is not None and process.stdout is not None
            process.kill()
            with contextlib.suppress(OSError):  # it may have ended already
                process.stdin.close()
            process.stdout.close()
            process.wait()

    def holds(self, path: str | Path, names: Sequence[str]) -> bool:
        r"""Whether a file has some names at its root, of whatever they are.

        Args:
            path (str or pathlib.Path): The file.
            names (list[str]): The names.

        Raises:
            ValueError: If it is damaged or no HDF5. Does not name the file.

        Example:
            >>> process.holds('NTU_CS.h5', ['x', 'y'])
            True
        """
        self._sets = {}
        return self._ask('holds', path=_file(path), names=[*names])

    def open(
        self, path: str | Path, names: Sequence[str]
    ) -> dict[str, DataSet]:
        r"""Opens a file, of which :meth:`rows` then reads, instead of the one
        that is open.

        Args:
            path (str or pathlib.Path): The file.
            names (list[str]): The names of the data sets, at its root.

        Raises:
            ValueError: If it is damaged, or one is missing or no plain array
                of numbers. Does not name the file.

        Example:
            >>> process.open('NTU_CS.h5', ['y'])['y'].shape
            (39289, 60)
        """
        self._sets = {}
        sets, self._size = self._ask('open', path=_file(path), names=[*names])
        self._sets = {
            name: DataSet(tuple(shape), np.dtype(dtype))
            for name, (shape, dtype) in zip(names, sets, strict=True)
        }
        return self._sets

    def rows(self, name: str, start: int, stop: int) -> np.ndarray:
        r"""Reads rows of the file that is open.

        Args:
            name (str): The name of a data set that it was opened with.
            start (int): The first row.
            stop (int): The row after the last one.

        Raises:
            ValueError: If the file is damaged, there are no such rows, or
                they are of more bytes than 4 times the file and 4 MiB. Does
                not name the file.

        Example:
            >>> process.rows('y', 0, 16).shape
            (16, 60)
        """
        if name not in self._sets:
            raise ValueError(f"no file with '{name}' is open")
        shape = self._sets[name].shape
        if not shape or not 0 <= start <= stop <= shape[0]:
            raise ValueError(
                f"Expected rows of '{name}', which is of shape {list(shape)} "
                f'(got {start} to {stop})'
            )
        limit = INFLATION * self._size + SLACK
        part = slice(start, stop)
        return self._array(name, (stop - start, *shape[1:]), limit, part)

    def read(
        self, path: str | Path, names: Sequence[str], limit: int
    ) -> dict[str, np.ndarray]:
        r"""Reads whole arrays of numbers of a small file.

        Args:
            path (str or pathlib.Path): The file.
            names (list[str]): The names of the data sets, at its root.
            limit (int): How many bytes they may have altogether.

        Raises:
            ValueError: If it is damaged, one is missing, or they are larger
                than that. Does not name the file.

        Example:
            >>> process.read('annot_data.mat', ['annot2'], 2**24)
        """
        sets = self.open(path, names)
        _check_size(sum(map(_num_bytes, sets.values())), limit)
        arrays = {
            name: self._array(name, sets[name].shape, limit) for name in names
        }
        self._sets = {}
        self._ask('close')
        return arrays

    def _array(
        self,
        name: str,
        shape: tuple[int, ...],
        limit: int,
        part: slice | None = None,
    ) -> np.ndarray:
        dtype = self._sets[name].dtype
        size = _num_bytes(DataSet(shape, dtype))
        _check_size(size, limit)
        bounds = None if part is None else (part.start, part.stop)
        got = self._ask('rows', name=name, part=bounds, size=size)
        try:
            if (tuple(got[0]), got[1]) != (shape, dtype.str):
                raise ValueError(f"'{name}' is not the array that it was")
            array = np.empty(shape, dtype)
            flat = array.reshape(-1).view(np.uint8)
            assert self._process is not None
            stream: Any = self._process.stdout
            if stream.readinto(flat) != size:
                raise _died()
        except BaseException:  # with a reply on its way
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
            raise _died() from e
        except BaseException:  # interrupted, with a reply on its way
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
                raise _died()
            # Threads would take their share of the memory.
            environment = {**os.environ, 'OPENBLAS_NUM_THREADS': '1'}
            self._process = subprocess.Popen(
                [
                    *(sys.executable, '-c', START),
                    *(json.dumps(sys.path), str(WORKER)),
                ],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
                env=environment,
                pipesize=PIPE,
            )
        return self._process


def _file(path: str | Path) -> str:
    if not os.path.isfile(path):  # others, such as pipes, may never end
        raise ValueError('it is no file')
    return os.path.abspath(path)


def _num_bytes(data: DataSet) -> int:
    return math.prod(data.shape) * data.dtype.itemsize


def _check_size(size: int, limit: int) -> None:
    if size > limit:
        raise ValueError(
            f'it swells to {size} bytes, where {limit} are credible'
        )


def _died() -> ValueError:
    return ValueError(
        'the HDF5 library hangs, fails or asks for too much memory'
    )
