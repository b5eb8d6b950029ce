"""The processes of a training: one, or several started by torchrun."""

from __future__ import annotations

import math
import os
import sys
from typing import TYPE_CHECKING, Any

from tqdm import tqdm

if TYPE_CHECKING:
    import torch
    from torch.nn import Module

# The functions import PyTorch, so that the command line is quick.
RANK = int(os.environ.get('RANK', 0))
WORLD = int(os.environ.get('WORLD_SIZE', 1))


def print_once(text: str) -> None:
    """Prints in the first process only."""
    if RANK == 0:
        print(text, flush=True)


def progress(steps: Any, title: str) -> Any:
    """Shows a progress bar on a terminal, unless the title is empty."""
    return tqdm(steps, title, leave=False, disable=None if title else True)


def join_processes() -> None:
    """Initialises the process group when run by torchrun."""
    if WORLD == 1:
        return
    import torch
    import torch.distributed as dist

    if not dist.is_initialized():
        cuda = torch.cuda.is_available()
        if cuda:
            torch.cuda.set_device(int(os.environ['LOCAL_RANK']))
        dist.init_process_group('nccl' if cuda else 'gloo')


def to_device(model: Module) -> Module:
    """Moves a network to the GPU if there is one."""
    import torch

    return model.cuda() if torch.cuda.is_available() else model


def peak_memory(device: torch.device) -> float:
    """The peak memory of this process in MB: allocated on the GPU if it is
    used, else resident.
    """
    if device.type == 'cuda':
        import torch

        return torch.cuda.max_memory_allocated(device) / 1e6
    try:
        import resource
    except ImportError:  # Windows
        return math.nan
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak / 1e6 if sys.platform == 'darwin' else peak / 1e3
