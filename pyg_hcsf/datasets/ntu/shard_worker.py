r"""The program of :class:`~pyg_hcsf.datasets.ntu.shard_workers.Workers`. It
writes the shards that are requested on standard input. It imports neither
:obj:`pyg_hcsf/__init__.py`, which imports PyTorch, nor the script of the
parent process, so that it starts fast.
"""

from __future__ import annotations

import importlib.util
import os
import pickle
import signal
import sys
from typing import BinaryIO


def _serve(requests: BinaryIO, replies: BinaryIO) -> None:
    for name in ('pyg_hcsf', 'pyg_hcsf.datasets', 'pyg_hcsf.datasets.ntu'):
        spec = importlib.util.find_spec(name)
        assert spec is not None
        sys.modules[name] = importlib.util.module_from_spec(spec)
    from pyg_hcsf.datasets.ntu.shards import write_shard

    while True:
        try:
            job = pickle.load(requests)
        except EOFError:  # the parent process has ended
            return
        problem: Exception | None = None
        try:
            write_shard(*job)
        except Exception as e:  # raised again by the parent process
            problem = e
        try:
            pickle.dump(problem, replies)
            replies.flush()
        except BrokenPipeError:  # the parent process was killed
            os._exit(1)  # without flushing the buffers again


if __name__ == '__main__':
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the parent handles it
    channel = os.fdopen(os.dup(1), 'wb')
    os.dup2(2, 1)  # keeps output of libraries out of the replies
    _serve(sys.stdin.buffer, channel)
