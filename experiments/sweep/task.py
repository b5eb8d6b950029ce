"""A task of run.py, and the steps that every run of every task takes."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import torch.distributed as dist

from experiments.reporting.report import Report
from experiments.sweep import ledger
from experiments.sweep.folder import RunFolder
from experiments.sweep.presets import fingerprint
from experiments.sweep.processes import RANK, WORLD, print_once
from experiments.sweep.sources import DataSource, title_of
from experiments.sweep.trainer import Trainer


@dataclass
class RunSpec:
    """One training: a run config with one seed.

    Args:
        folder: Where the results are written.
        config: The run config.
        data: The name of the data.
        root: The data home.
        seed: The seed.
        partial: Whether ``--partial`` allows data that lack some subjects or
            actions.
        smoke: Whether the run is only a test, which allows it too.
        resume: Whether to continue an unfinished training.
        metadata: The metrics that name the table row: preset, row, label,
            order, command, and the figures of the paper.
        log: The logs to write, see
            :class:`experiments.sweep.logs.TrainingLog`.
        request: The hash of what was asked for, see
            :func:`experiments.sweep.finished.request_key`; empty if unknown.
        purpose: Why test people are scored, for the ledger.
    """

    folder: Path
    config: Any
    data: str
    root: Path
    seed: int
    partial: bool
    smoke: bool
    resume: bool
    metadata: dict[str, Any]
    log: tuple[str, ...] = ()
    request: str = ''
    purpose: str = ''

    @property
    def title(self) -> str:
        """The name of the run in messages."""
        return f'{self.config.label} seed {self.seed}'

    @property
    def allow_missing(self) -> bool:
        """Whether data may lack some subjects or actions."""
        return self.partial or self.smoke


class Evaluation(NamedTuple):
    """The results of a trained network.

    Args:
        metrics: Figures for metrics.json.
        arrays: Results per frame or clip.
        summary: The main figure, for the terminal.
    """

    metrics: dict[str, Any]
    arrays: dict[str, np.ndarray]
    summary: str


class TaskRun(ABC):
    """Trains and evaluates a network; each task has a subclass."""

    task: str
    arrays_file = 'frames.npz'

    def __init__(self, spec: RunSpec) -> None:
        self.spec = spec
        self.config = spec.config

    @abstractmethod
    def data_key(self) -> list:
        """Values that identify the training data."""

    @abstractmethod
    def check_splits(self) -> None:
        """Raises an error if subjects or actions are missing."""

    @abstractmethod
    def make_trainer(self) -> Trainer:
        """Builds the network, the loader and the trainer."""

    @abstractmethod
    def evaluate(self, trainer: Trainer) -> Evaluation:
        """Evaluates the trained network."""

    def run(self) -> None:
        """Trains and evaluates, unless that is done or in progress."""
        spec = self.spec
        data_key = [*self.data_key(), WORLD]
        key = fingerprint(self.config, data_key, spec.seed)
        store = RunFolder(spec.folder, key, self.arrays_file)
        with ExitStack() as stack:
            if lock_unfinished(store, spec, stack):
                self.check_splits()
                trainer = self.make_trainer()
                self._train(store, trainer)
                if RANK == 0:
                    self._finish(store, trainer)
            if RANK == 0 and spec.request and store.finished():
                store.remember(spec.request)

    def _train(self, store: RunFolder, trainer: Trainer) -> None:
        spec = self.spec
        if RANK == 0:
            note = store.prepare(self.config, spec.resume, WORLD)
            if note:
                print_once(f'{spec.title}: {note}')
        if WORLD > 1:
            dist.barrier()
        trainer.log.formats = spec.log
        if trainer.resume():
            print_once(
                f'{spec.title}: resumed at step {trainer.step} of '
                f'{trainer.steps}'
            )
        trainer.run(spec.title)

    def _finish(self, store: RunFolder, trainer: Trainer) -> None:
        spec, split = self.spec, self.config.evaluate.split
        ledger.record(spec, spec.data, split)
        out = self.evaluate(trainer)
        common = {
            'task': self.task,
            'seed': spec.seed,
            'data': title_of(spec.data) + ' (partial)' * spec.partial,
            'data_name': spec.data,
            'split': split,
            **trainer.cost,
            **spec.metadata,
        }
        store.finish({**common, **out.metrics}, out.arrays)
        seconds = common['train_seconds']
        print_once(f'{spec.title}: {out.summary}, trained {seconds:.0f} s')


class Task(NamedTuple):
    """What ``--task`` names.

    Args:
        config: The class of run configs: a dataclass of dataclasses.
        sources: The data sets by name.
        smoke: Shrinks a run config to one that takes seconds.
        run: Trains and evaluates.
        report: Reports finished runs.
        paper: The figure that presets quote from the paper, and its unit.
        required_data: The kind of data to ask for where only synthetic data
            are found.
        cost_estimates: Makes estimates of what runs cost for ``--list``, see
            :class:`experiments.pose.cost_estimates.CostEstimates`.
        check: Raises an error for settings that no network on the data can
            have, before the data are loaded.
    """

    config: type
    sources: Mapping[str, DataSource]
    smoke: Callable[[Any], Any]
    run: type[TaskRun]
    report: Report
    paper: tuple[str, str]
    required_data: str
    cost_estimates: Callable[[], Any] | None = None
    check: Callable[[Any, str], None] | None = None


def lock_unfinished(store: RunFolder, spec: RunSpec, stack: ExitStack) -> bool:
    """Locks the folder of a run, unless it has finished or another process is
    training it; prints the reason otherwise.

    Args:
        store: The folder.
        spec: The run.
        stack: Holds the lock until it is closed.

    Returns:
        Whether to train.
    """
    note = ''
    if RANK == 0:
        if store.finished():
            note = f'finished before, in {store.path}'
        elif (owner := stack.enter_context(store.locked())) is not None:
            note = f'left to {owner}, which is training it'
        elif store.finished():  # by another process, before the lock
            note = f'finished before, in {store.path}'
        elif store.reuse(spec.metadata):
            note = f'finished before in another preset, now in {store.path}'
    if WORLD > 1:
        notes = [note]
        dist.broadcast_object_list(notes)
        note = notes[0]
    if note:
        print_once(f'{spec.title}: {note}')
    return not note
