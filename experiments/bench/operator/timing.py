"""Timing of several candidates on a machine that may be shared.

Every round times all candidates in shuffled order, so that slow changes of the
machine affect all of them. Ratios are computed within a round; their median
and quartiles over the rounds are reported.
"""

from __future__ import annotations

import gc
import math
import os
import random
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Optional

import numpy as np
import torch
from torch import Tensor
from torch.profiler import ProfilerActivity, profile

HCSF = 'HCSF'  # the name of the candidate that `to_hcsf` divides by
TOLERANCE = 1e-4
SAMPLE = 0.01  # s: short steps are repeated for at least this time
SLOW = 0.3  # s: longer steps skip rounds

Step = Callable[[], Any]


@dataclass
class Candidate:
    """An implementation to be timed, or a lower bound for others.

    Args:
        name: The name in tables.
        steps: The functions to time by name, such as forward+backward.
        floor: The name of the candidate that ``to_floor`` divides by.
        result: Computes outputs and gradients, which must equal ``expected``.
        expected: Computes the same by the reference.
        macs: Multiply-adds of one forward pass.
        num_bytes: Bytes of its inputs, outputs and weights; 0 where PyTorch
            does not allocate its memory.
        scale: A factor on its time, if its steps do more work than is
            compared.
    """

    name: str
    steps: dict[str, Step]
    floor: Optional[str] = None
    result: Optional[Callable[[], list[Tensor]]] = None
    expected: Optional[Callable[[], list[Tensor]]] = None
    macs: int = 0
    num_bytes: int = 0
    scale: float = 1.0


def check(candidates: Sequence[Candidate]) -> None:
    """Compares the results of candidates with those of the reference.

    Raises:
        RuntimeError: If one differs by more than 1e-4 of the largest value.
    """
    for candidate in candidates:
        if candidate.result is None or candidate.expected is None:
            continue
        pairs = zip(candidate.result(), candidate.expected(), strict=True)
        for i, (out, expected) in enumerate(pairs):
            if out.shape != expected.shape:
                raise RuntimeError(
                    f"Expected '{candidate.name}' to equal the reference: "
                    f'result {i} has shape {tuple(out.shape)} instead of '
                    f'{tuple(expected.shape)}'
                )
            error = float((out - expected).abs().max())
            size = float(expected.abs().max())
            if not error <= TOLERANCE * max(size, 1e-6):
                raise RuntimeError(
                    f"Expected '{candidate.name}' to equal the reference: "
                    f'result {i} is off by {error:.2g}, the largest value '
                    f'being {size:.2g}'
                )


def measure(
    candidates: Sequence[Candidate], what: str, rounds: int
) -> list[dict[str, Any]]:
    """Times a step of all candidates that have it; returns their records."""
    known = [c for c in candidates if what in c.steps]
    seconds = {c.name: _warm(c.steps[what]) for c in known}
    samples: dict[str, dict[int, list[float]]] = {c.name: {} for c in known}
    for turn in range(rounds):
        order = random.Random(turn).sample(known, len(known))
        for candidate in order:
            cost = seconds[candidate.name]
            pause = min(math.ceil(cost / SLOW), max(1, rounds // 3))
            if turn % pause:
                continue
            step = candidate.steps[what]
            calls = max(1, min(300, round(SAMPLE / cost)))
            if cost < SLOW:
                step()
            samples[candidate.name][turn] = [
                candidate.scale * _seconds(step) for _ in range(calls)
            ]
    return [_record(c, what, samples) for c in known]


def _warm(step: Step) -> float:
    first = _seconds(step)
    if first > SLOW:
        return first
    return min(_seconds(step) for _ in range(2))


def _seconds(step: Step) -> float:
    gc.disable()
    begin = time.perf_counter()
    step()
    if torch.cuda.is_available():
        torch.cuda.synchronize()
    end = time.perf_counter()
    gc.enable()
    return end - begin


def _record(
    candidate: Candidate,
    what: str,
    samples: dict[str, dict[int, list[float]]],
) -> dict[str, Any]:
    own = samples[candidate.name]
    turns = {turn: float(np.median(calls)) for turn, calls in own.items()}
    calls = np.concatenate(list(own.values()))
    low, median, high = np.quantile(list(turns.values()), (0.25, 0.5, 0.75))
    record = {
        'what': what,
        'candidate': candidate.name,
        'median_ms': 1e3 * median,
        'q25_ms': 1e3 * low,
        'q75_ms': 1e3 * high,
        'p99_ms': 1e3 * float(np.quantile(calls, 0.99)),
        'floor': candidate.floor or '',
        'floor_ms': np.nan,
    }
    for key, other in (('to_floor', candidate.floor), ('to_hcsf', HCSF)):
        ratio = np.full(3, np.nan)
        if other in samples:
            ratios = [
                value / float(np.median(samples[other][turn]))
                for turn, value in turns.items()
                if turn in samples[other]
            ]
            ratio = np.quantile(ratios, (0.25, 0.5, 0.75))
        record |= {
            key: ratio[1],
            f'{key}_q25': ratio[0],
            f'{key}_q75': ratio[2],
        }
    if candidate.floor in samples:
        lows = [np.median(x) for x in samples[candidate.floor].values()]
        record['floor_ms'] = 1e3 * float(np.median(lows))
    peak = np.nan
    if candidate.num_bytes:
        peak = peak_bytes(candidate.steps[what])
    return record | {
        'peak_extra_mb': peak / 1e6,
        'peak_to_tensors': peak / max(1, candidate.num_bytes),
        'macs': candidate.macs,
        'checked': candidate.result is not None,
        'rounds': len(turns),
        'calls': len(calls),
    }


def peak_bytes(step: Step) -> int:
    """The peak of the memory that a call allocates.

    On a CPU this is the largest running sum of all allocations and releases
    that the profiler of PyTorch records, also within custom operators. It
    includes outputs, gradients and saved tensors, but not inputs and weights,
    which exist before, nor workspaces of the matrix library, which do not use
    the allocator of PyTorch.
    """
    if torch.cuda.is_available():
        torch.cuda.synchronize()
        before = torch.cuda.memory_allocated()
        torch.cuda.reset_peak_memory_stats()
        step()
        torch.cuda.synchronize()
        if torch.cuda.max_memory_allocated() > before:
            return torch.cuda.max_memory_allocated() - before
    with (
        _quiet(),
        profile(
            activities=[ProfilerActivity.CPU], profile_memory=True
        ) as found,
    ):
        step()
    events = [
        (event.start_ns(), event.nbytes())
        for event in found.profiler.kineto_results.events()
        if event.name() == '[memory]'
    ]
    events.sort(key=lambda event: event[0])
    allocated = np.cumsum([0] + [size for _, size in events])
    return int(allocated.max())


@contextmanager
def _quiet() -> Iterator[None]:
    """Hides messages that the profiler writes to stderr in C++."""
    stderr, null = os.dup(2), os.open(os.devnull, os.O_WRONLY)
    try:
        os.dup2(null, 2)
        yield
    finally:
        os.dup2(stderr, 2)
        os.close(stderr)
        os.close(null)


def tensor_bytes(*tensors: Tensor) -> int:
    """The size of tensors in memory."""
    return sum(t.numel() * t.element_size() for t in tensors)
