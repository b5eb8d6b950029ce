"""What the tasks of run.py have in common: a row of a table is trained."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from contextlib import ExitStack
from typing import Any, NamedTuple

import torch
import torch.distributed as dist
from torch.nn import Module

from experiments.sweep.folder import RunFolder
from experiments.sweep.trainer import Trainer

RANK = int(os.environ.get('RANK', 0))
WORLD = int(os.environ.get('WORLD_SIZE', 1))


def say(text: str) -> None:
    """Prints in the first process only."""
    if RANK == 0:
        print(text, flush=True)


class Task(NamedTuple):
    """What ``--task`` names.

    Args:
        config: The settings of a row: a dataclass of dataclasses.
        sources: The data sets by name, see :mod:`sweep.sources`.
        smoke: Makes settings that take seconds.
        run_row: Trains and evaluates a row, unless it is there.
        report: A module with write_report, load_runs and print_summary.
        paper: The figure that presets quote, and its unit.
        wants: What is missing where only synthetic data are found.
        prices: Says what rows cost, see :class:`pose.cost_estimates.Prices`;
        without
            it they are listed by name alone.
    """

    config: type
    sources: Mapping[str, Any]
    smoke: Callable[[Any], Any]
    run_row: Callable[..., None]
    report: Any
    paper: tuple[str, str]
    wants: str
    prices: Callable[[], Any] | None = None


def join_processes() -> None:
    """Makes the processes of torchrun know each other."""
    if WORLD > 1 and not dist.is_initialized():
        cuda = torch.cuda.is_available()
        if cuda:
            torch.cuda.set_device(int(os.environ['LOCAL_RANK']))
        dist.init_process_group('nccl' if cuda else 'gloo')


def to_device(model: Module) -> Module:
    """Moves a network to the accelerator, if there is one."""
    return model.cuda() if torch.cuda.is_available() else model


def is_mine(
    store: RunFolder, title: str, place: dict[str, Any], held: ExitStack
) -> bool:
    """Whether a row is left to do, and by nobody else; says why not.

    Args:
        store: Its folder.
        title: Its name.
        place: The metrics that say which row of which preset it is.
        held: Keeps the folder from others until it is closed.
    """
    note = ''
    if RANK == 0:
        if store.finished():
            note = f'finished before, in {store.path}'
        elif (owner := held.enter_context(store.claimed())) is not None:
            note = f'left to {owner}, which is at it'
        elif store.finished():  # meanwhile
            note = f'finished before, in {store.path}'
        elif store.adopt(place):
            note = f'finished before in another preset, now in {store.path}'
    if WORLD > 1:
        notes = [note]
        dist.broadcast_object_list(notes)
        note = notes[0]
    if note:
        say(f'{title}: {note}')
    return not note


def train_row(
    store: RunFolder, trainer: Trainer, config: Any, resume: bool, title: str
) -> bool:
    """Trains in the folder of a run, or goes on there; returns whether this
    is the process that evaluates.
    """
    if RANK == 0:
        note = store.open(config, resume, WORLD)
        if note:
            say(f'{title}: {note}')
    if WORLD > 1:
        dist.barrier()
    if trainer.resume():
        say(f'{title}: resumed at step {trainer.step} of {trainer.steps}')
    trainer.run(title)
    return RANK == 0
