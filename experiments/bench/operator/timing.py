"""Times candidates side by side, on a machine that others may use too.

All candidates take a turn in every round, in an order that is shuffled, so
that a drift of the machine hits all alike. A ratio is formed within a round;
what is reported is its median over the rounds, with the quartiles.
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
SAMPLE = 0.01  # s: short calls are repeated until a sample has lasted so long
MAX_GAP = 0.3  # s: slower ones sit out rounds, as they would fill the time

Step = Callable[[], Any]


@dataclass
class Candidate:
    """One way to do the work, or the yardstick that others are held against.

    Args:
        name: The name in tables.
        steps: What is timed, by name, such as forward+backward.
        floor: The name of the candidate that ``to_floor`` divides by.
        result: Computes what must equal ``expected``: outputs, gradients.
        expected: The same by the reference.
        macs: Multiply-adds of one forward.
        held: Bytes of its inputs, outputs and weights; none where PyTorch
            does not see its memory.
        scale: A factor on its time, for a yardstick that is read off a larger
            piece of work.
    """

    name: str
    steps: dict[str, Step]
    floor: Optional[str] = None
    result: Optional[Callable[[], list[Tensor]]] = None
    expected: Optional[Callable[[], list[Tensor]]] = None
    macs: int = 0
    held: int = 0
    scale: float = 1.0


def check(candidates: Sequence[Candidate]) -> None:
    """Refuses candidates that do not compute what they are compared with.

    Raises:
        RuntimeError: If one is off by more than 1e-4 of the largest value.
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
    """Times all candidates that know the step, and returns their records."""
    known = [c for c in candidates if what in c.steps]
    seconds = {c.name: _warm(c.steps[what]) for c in known}
    samples: dict[str, dict[int, list[float]]] = {c.name: {} for c in known}
    for turn in range(rounds):
        order = random.Random(turn).sample(known, len(known))
        for candidate in order:
            cost = seconds[candidate.name]
            pause = min(math.ceil(cost / MAX_GAP), max(1, rounds // 3))
            if turn % pause:
                continue
            step = candidate.steps[what]
            calls = max(1, min(300, round(SAMPLE / cost)))
            if cost < MAX_GAP:
                step()
            samples[candidate.name][turn] = [
                candidate.scale * _seconds(step) for _ in range(calls)
            ]
    return [_record(c, what, samples) for c in known]


def _warm(step: Step) -> float:
    first = _seconds(step)
    if first > MAX_GAP:
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
    if candidate.held:
        peak = peak_bytes(candidate.steps[what])
    return record | {
        'peak_extra_mb': peak / 1e6,
        'peak_to_held': peak / max(1, candidate.held),
        'macs': candidate.macs,
        'checked': candidate.result is not None,
        'rounds': len(turns),
        'calls': len(calls),
    }


def peak_bytes(step: Step) -> int:
    """The most memory that one call holds beyond what was there before it.

    On a CPU the profiler of PyTorch sees every allocation and release of its
    allocator, those inside custom operators too; their running sum is what
    is held. Outputs, gradients and all that is kept between are counted;
    inputs and weights, which were there before, are not, nor is the scratch
    space of the matrix library, which the allocator never sees.
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
    held = np.cumsum([0] + [size for _, size in events])
    return int(held.max())


@contextmanager
def _quiet() -> Iterator[None]:
    """The profiler's library notes its start and end on the terminal."""
    kept, null = os.dup(2), os.open(os.devnull, os.O_WRONLY)
    try:
        os.dup2(null, 2)
        yield
    finally:
        os.dup2(kept, 2)
        os.close(kept)
        os.close(null)


def tensor_bytes(*tensors: Tensor) -> int:
    """The size of tensors in memory."""
    return sum(t.numel() * t.element_size() for t in tensors)
