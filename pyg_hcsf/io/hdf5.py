from __future__ import annotations

import contextlib
import json
import math
import os
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

WORKER = Path(__file__).with_name('hdf5_worker.py')
START = (
    'import json, runpy, sys; sys.path[:] = json.loads(sys.argv[1]); '
    "runpy.run_path(sys.argv[2], run_name='__main__')"
)


class HDF5Process:
    r"""Reads small HDF5 files in a process of its own.

    Damaged files make the HDF5 library ask for memory without end, hang, or
    end its process. This one may take 1.5 GB and 60 seconds for a file (on
    Windows there are no limits), and its end is an error like any other. It is
    started at the first file, and again after it has ended.

    Example:
        >>> with HDF5Process() as process:
        ...     arrays = process.read('annot_data.mat', ['annot2'], 2**24)
    """

    def __init__(self) -> None:
        self._process: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> HDF5Process:
        return self

    def __exit__(self, *args: Any) -> None:
        self.close()

    def close(self) -> None:
        r"""Ends the process, if there is one."""
        process, self._process = self._process, None
        if process is not None:
            assert process.stdin is not None and process.stdout is not None
            with contextlib.suppress(OSError):
                process.stdin.close()
            process.stdout.close()
            try:
                process.wait(timeout=5)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()

    def read(
        self, path: str | Path, names: Sequence[str], limit: int
    ) -> dict[str, np.ndarray]:
        r"""Reads arrays of numbers.

        Args:
            path (str or pathlib.Path): The file.
            names (list[str]): The names of the data sets, at its root.
            limit (int): How many bytes they may have altogether.

        Raises:
            ValueError: If it is damaged, one is missing, or they are larger
                than that. Does not name the file.
        """
        process = self._start()
        assert process.stdin is not None and process.stdout is not None
        request = {
            'path': os.path.abspath(path),
            'names': list(names),
            'limit': limit,
        }
        try:
            process.stdin.write(json.dumps(request).encode() + b'\n')
            process.stdin.flush()
            reply = json.loads(process.stdout.readline())
            arrays = {}
            for name, dtype, shape in reply.get('arrays', ()):
                size = math.prod(shape) * np.dtype(dtype).itemsize
                body = process.stdout.read(size)
                arrays[name] = np.frombuffer(body, dtype).reshape(shape)
        except (OSError, ValueError) as e:
            self.close()
            raise ValueError(
                'the HDF5 library hangs, fails or asks for too much memory'
            ) from e
        except BaseException:  # interrupted, with a reply on its way
            self.close()
            raise
        if reply['last']:
            self.close()
        if 'error' in reply:
            raise ValueError(reply['error'])
        return arrays

    def _start(self) -> subprocess.Popen[bytes]:
        if self._process is not None and self._process.poll() is not None:
            self.close()
        if self._process is None:
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
            )
        return self._process
