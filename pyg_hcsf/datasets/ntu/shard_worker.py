r"""What :class:`~pyg_hcsf.datasets.ntu.shard_workers.Workers` runs: writes the
shards that
standard input asks for. It runs neither this package's :obj:`__init__`, which
needs PyTorch, nor the caller's script, so that it starts fast.
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
        except EOFError:  # the caller has finished, or was killed
            return
        problem: Exception | None = None
        try:
            write_shard(*job)
        except Exception as e:  # the caller raises it
            problem = e
        try:
            pickle.dump(problem, replies)
            replies.flush()
        except BrokenPipeError:  # it was killed meanwhile
            os._exit(1)  # without another try to write


if __name__ == '__main__':
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the caller's to handle
    channel = os.fdopen(os.dup(1), 'wb')
    os.dup2(2, 1)  # what libraries print is no reply
    _serve(sys.stdin.buffer, channel)
