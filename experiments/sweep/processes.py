"""The processes of a training: one, or several started by torchrun."""

from __future__ import annotations

import math
import os
import sys

import torch
import torch.distributed as dist
from torch.nn import Module

RANK = int(os.environ.get('RANK', 0))
WORLD = int(os.environ.get('WORLD_SIZE', 1))


def print_once(text: str) -> None:
    """Prints in the first process only."""
    if RANK == 0:
        print(text, flush=True)


def join_processes() -> None:
    """Initialises the process group when run by torchrun."""
    if WORLD > 1 and not dist.is_initialized():
        cuda = torch.cuda.is_available()
        if cuda:
            torch.cuda.set_device(int(os.environ['LOCAL_RANK']))
        dist.init_process_group('nccl' if cuda else 'gloo')


def to_device(model: Module) -> Module:
    """Moves a network to the GPU if there is one."""
    return model.cuda() if torch.cuda.is_available() else model


def peak_memory(device: torch.device) -> float:
    """The peak memory of this process in MB: allocated on the GPU if it is
    used, else resident.
    """
    if device.type == 'cuda':
        return torch.cuda.max_memory_allocated(device) / 1e6
    try:
        import resource
    except ImportError:  # Windows
        return math.nan
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak / 1e6 if sys.platform == 'darwin' else peak / 1e3
