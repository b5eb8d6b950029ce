r"""Processes that read :obj:`.skeleton` files in parallel."""

from __future__ import annotations

import pickle
import subprocess
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from queue import SimpleQueue
from typing import Any

from pyg_hcsf.safe_io.hdf5 import start_script

WORKER = Path(__file__).with_name('shard_worker.py')
DIED = (
    'A process that reads skeletons died or could not be started: give it '
    'more memory, or pass num_workers=1'
)


class Workers:
    r"""A pool of processes that write shards.

    Unlike the processes of :mod:`multiprocessing`, they do not import the
    main script, which therefore needs no :obj:`__name__` guard and may be
    slow to import.

    Args:
        count (int): The number of processes.

    Raises:
        RuntimeError: If they cannot be started.

    Example:
        >>> with Workers(3) as workers:
        ...     workers.submit(files, 'agcn', path).result()
    """

    def __init__(self, count: int) -> None:
        self._threads = ThreadPoolExecutor(count)
        self._idle: SimpleQueue[subprocess.Popen[bytes]] = SimpleQueue()
        self._all: list[subprocess.Popen[bytes]] = []
        try:
            for _ in range(count):
                process = start_script(WORKER)
                self._all.append(process)
                self._idle.put(process)
        except OSError as e:
            self.close()
            raise RuntimeError(DIED) from e

    def __enter__(self) -> Workers:
        return self

    def __exit__(self, *args: Any) -> None:
        self.close()

    def close(self) -> None:
        r"""Kills the processes, also while they work."""
        for process in self._all:
            process.kill()
        self._threads.shutdown(cancel_futures=True)
        for process in self._all:
            process.communicate()

    def submit(self, *job: Any) -> Future[None]:
        r"""Calls :func:`~pyg_hcsf.datasets.ntu.shards.write_shard` with these
        arguments in one of the processes.
        """
        return self._threads.submit(self._write, job)

    def _write(self, job: tuple[Any, ...]) -> None:
        process = self._idle.get()
        assert process.stdin is not None and process.stdout is not None
        try:
            pickle.dump(job, process.stdin)
            process.stdin.flush()
            problem = pickle.load(process.stdout)
        except (OSError, EOFError, pickle.UnpicklingError) as e:
            raise RuntimeError(DIED) from e
        finally:
            self._idle.put(process)
        if problem is not None:
            raise problem
