"""Trains a network so that it can be killed at any moment and resumed.

The random numbers of a step are seeded by (seed, step, process), and the
learning rate is a function of the step. A checkpoint is therefore the weights,
the optimizer and the step, and a resumed training ends with the same bits as
an uninterrupted one.
"""

from __future__ import annotations

import contextlib
import math
import time
from abc import ABC, abstractmethod
from collections.abc import Callable
from pathlib import Path
from typing import Any, Optional

import torch
from torch import Tensor
from torch.nn.parallel import DistributedDataParallel
from tqdm import tqdm

from experiments.sweep.divergence import check_converged
from experiments.sweep.files import save_tensors
from experiments.sweep.graphed import graphed
from experiments.sweep.logs import TrainingLog
from experiments.sweep.processes import peak_memory
from experiments.sweep.random_loader import random_seed
from pyg_hcsf.safe_io.shown import cause


def make_optimizer(config: Any, parameters: list) -> torch.optim.Optimizer:
    """The optimizer that a training config names: sgd, adam or adamw."""
    options = {'lr': config.lr, 'weight_decay': config.weight_decay}
    if config.optimizer == 'sgd':
        return torch.optim.SGD(
            parameters,
            momentum=config.momentum,
            nesterov=config.nesterov and config.momentum > 0,
            **options,
        )
    kind = {'adam': torch.optim.Adam, 'adamw': torch.optim.AdamW}
    return kind[config.optimizer](parameters, fused=True, **options)


class Trainer(ABC):
    """A training of a network; subclasses say the rate and the loss.

    Args:
        model: The network.
        loader: The training batches, with drop_last: ``x`` and ``y``.
        config: The training config, such as
            :class:`experiments.pose.config.TrainConfig`.
        folder: Where checkpoint.pt and log.jsonl are written.
        validate: Returns figures on the validation subjects, by their names
            in the log.
        seed: The seed.
    """

    accumulate = 1  # parts of a batch whose gradients are accumulated

    def __init__(
        self,
        model: Any,
        loader: Any,
        config: Any,
        folder: Path,
        validate: Optional[Callable[[], dict[str, float]]] = None,
        seed: int = 0,
    ) -> None:
        self.model = model
        self.loader = loader
        self.config = config
        self.folder = folder
        self.validate = validate
        self.seed = seed
        self.steps = config.steps or config.epochs * len(loader)
        self.step = 0
        self.zero_loss = math.nan  # of a network that outputs zeros
        self.seconds = 0.0
        self.load_seconds = 0.0
        self.evaluate_steps = config.evaluate_every
        self.optimizer = make_optimizer(
            config, [p for p in model.parameters() if p.requires_grad]
        )
        self.main = loader.rank == 0
        self.device = next(model.parameters()).device
        self.checkpoint = folder / 'checkpoint.pt'
        self.log = TrainingLog(folder)
        self._module: torch.nn.Module = model  # DDP, compiled or graphed
        self._shown: dict[str, str] = {}  # on the progress bar
        self._losses: list[Tensor] = []  # since the last line of the log
        self._saved = 0.0

    @abstractmethod
    def rate(self, epoch: int) -> float:
        """The learning rate of the current step."""

    @abstractmethod
    def loss(self, out: Tensor, y: Tensor) -> Tensor:
        """The loss to minimise."""

    def augment(self, x: Tensor, y: Tensor) -> tuple[Tensor, Tensor]:
        """Changes a batch at random."""
        return x, y

    @property
    def samples(self) -> int:
        """The poses or clips trained on so far, by all processes."""
        size = min(self.config.batch_size, self.loader.num_windows)
        return self.step * size

    @property
    def cost(self) -> dict[str, float]:
        """The size, time and memory of the training, for metrics.json."""
        seconds = self.seconds + self.load_seconds
        return {
            'params': sum(p.numel() for p in self.model.parameters()),
            'steps': self.steps,
            'train_seconds': seconds,
            'train_step_share': self.seconds / seconds,
            'peak_memory_mb': peak_memory(self.device),
        }

    def resume(self) -> bool:
        """Loads the last checkpoint; False if there is none."""
        if not self.checkpoint.is_file():
            return False
        try:
            state = torch.load(
                self.checkpoint, map_location='cpu', weights_only=True
            )
            self.model.load_state_dict(state['model'])
            self.optimizer.load_state_dict(state['optimizer'])
        except Exception as e:
            raise RuntimeError(
                f"Could not resume from '{self.checkpoint}': {cause(e)}. "
                'Delete it to start again'
            ) from e
        self.step = state['step']
        self.seconds = state['seconds']
        self.load_seconds = state['load_seconds']
        return True

    def save(self) -> None:
        """Writes the checkpoint."""
        if self.main:
            state = {
                'model': self.model.state_dict(),
                'optimizer': self.optimizer.state_dict(),
                'step': self.step,
                'seconds': self.seconds,
                'load_seconds': self.load_seconds,
            }
            save_tensors(state, self.checkpoint)

    def run(self, title: str) -> None:
        """Trains until the last step."""
        processes = self.loader.world_size
        if self.config.graph and (self.device.type != 'cuda' or processes > 1):
            raise ValueError(
                "Expected '--train.graph false' without a GPU and with several"
                f' processes (got true on {self.device} with {processes})'
            )
        self._module = self.model
        if processes > 1:
            self._module = DistributedDataParallel(self.model)
        if self.config.compile:
            self._module.compile()
        bar = tqdm(
            total=self.steps,
            initial=self.step,
            desc=title,
            unit='step',
            disable=None if self.main else True,
        )
        self._saved = time.monotonic()
        if self.main:
            self.log.open(self.step)
        with bar:
            while self.step < self.steps:
                self._train_epoch(bar)
        self.save()
        if self.main:
            self.log.close()

    def _train_epoch(self, bar: Any) -> None:
        """Trains until the epoch or the training ends."""
        epoch, start = divmod(self.step, len(self.loader))
        self.loader.set_epoch(epoch, start)
        ready = time.perf_counter()
        for batch in self.loader:
            begin = time.perf_counter()
            self.load_seconds += begin - ready
            x, y = self._to_device(batch.x), self._to_device(batch.y)
            if self.config.graph and self._module is self.model:
                part = x[: self._part_size(x)]
                self._module = graphed(self.model, part, self.config.amp)
            self._losses.append(self._train_step(x, y, epoch))
            self.step += 1
            last = self.step == self.steps
            test = last or self.step % self.evaluate_steps == 0
            write = test or self.step % 50 == 0
            if write:  # cpu() synchronises the GPU
                total = sum(self._losses[1:], self._losses[0]).cpu()
                self._losses = [total / len(self._losses)]
            self.seconds += time.perf_counter() - begin
            bar.update()
            if write:
                self._write_loss(float(self._losses.pop()), bar)
            if test:
                self._write_validation(bar)
            if time.monotonic() - self._saved > self.config.save_every:
                self.save()
                self._saved = time.monotonic()
            if last:
                break
            ready = time.perf_counter()

    def _part_size(self, x: Tensor) -> int:
        return -(-x.size(0) // self.accumulate)

    def _to_device(self, x: Tensor) -> Tensor:
        if self.device.type == 'cuda':
            x = x.pin_memory()  # copies without waiting for the last step
        return x.to(self.device, non_blocking=True)

    def _train_step(self, x: Tensor, y: Tensor, epoch: int) -> Tensor:
        torch.manual_seed(random_seed(self.seed, self.step, self.loader.rank))
        self._module.train()
        x, y = self.augment(x, y)
        for group in self.optimizer.param_groups:
            group['lr'] = self.rate(epoch)
        self.optimizer.zero_grad(set_to_none=True)
        size, part = x.size(0), self._part_size(x)
        parts = list(zip(x.split(part), y.split(part), strict=True))
        losses = []
        for number, (x, y) in enumerate(parts, start=1):
            with self._gradient_sync(last=number == len(parts)):
                losses.append(self._backward(x, y, size))
        self.optimizer.step()
        return sum(losses[1:], losses[0])

    def _backward(self, x: Tensor, y: Tensor, size: int) -> Tensor:
        amp = self.config.amp
        with torch.autocast(self.device.type, torch.bfloat16, amp):
            out = self._module(x)
        if math.isnan(self.zero_loss):  # float() synchronises the GPU, once
            self.zero_loss = float(self.loss(torch.zeros_like(out).float(), y))
        loss = self.loss(out.float(), y)
        if x.size(0) != size:
            loss = loss * (x.size(0) / size)
        loss.backward()
        return loss.detach()

    def _gradient_sync(self, last: bool) -> Any:
        """Processes sum their gradients after the last part of a batch."""
        if last or not isinstance(self._module, DistributedDataParallel):
            return contextlib.nullcontext()
        return self._module.no_sync()

    def _write_loss(self, loss: float, bar: Any) -> None:
        what = f'the loss at step {self.step} (--train.lr {self.config.lr})'
        check_converged(loss, self.zero_loss, what)
        self._show(bar, loss=f'{loss:.4f}')
        lr = self.optimizer.param_groups[0]['lr']
        self._append(loss=loss, lr=lr, seconds=round(self.seconds, 3))

    def _write_validation(self, bar: Any) -> None:
        if self.validate is not None and self.main:
            values = self.validate()
            self._show(bar, **{name: f'{v:.4g}' for name, v in values.items()})
            self._append(**values, seconds=round(self.seconds, 3))
            self.log.flush()

    def _show(self, bar: Any, **values: str) -> None:
        """Shows figures on the progress bar, next to the ones before."""
        self._shown.update(values)
        bar.set_postfix(self._shown, refresh=False)

    def _append(self, **values: float) -> None:
        if self.main:
            self.log.append(self.step, values)
