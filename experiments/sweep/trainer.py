"""Trains a network; can be killed at any moment and resumed.

Every random number of a step comes from (seed, step, process), and the rate is
a function of the step, so a checkpoint is the weights, the optimizer and the
step, and a resumed training ends with the very bits of an uninterrupted one.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import math
import sys
import time
from abc import ABC, abstractmethod
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any, Optional

import torch
from torch import Tensor
from torch.nn.parallel import DistributedDataParallel
from tqdm import tqdm

from experiments.sweep.divergence import check_converged
from experiments.sweep.graphed import graphed
from pyg_hcsf.safe_io.atomic_write import atomic_write
from pyg_hcsf.safe_io.shown import cause

replacing = partial(
    atomic_write,
    remedy='free some space or choose another --out, then run the same '
    'command with --resume',
)


def save_tensors(value: Any, path: Path) -> None:
    """Saves what torch.load(weights_only=True) reads, atomically."""
    with replacing(path) as part, part.open('wb') as file:
        torch.save(value, file)


def save_json(value: Any, path: Path) -> None:
    """Saves JSON, atomically."""
    with replacing(path) as part:
        part.write_text(json.dumps(value, indent=1) + '\n')


def random_seed(*numbers: int) -> int:
    """Mixes numbers to a seed. A CPU generator of torch takes 32 bits of one,
    and forgets the others.
    """
    text = ','.join(map(str, numbers)).encode()
    return int.from_bytes(hashlib.blake2b(text, digest_size=4).digest())


def peak_memory(device: torch.device) -> float:
    """The most memory that this process has held, in MB: of the accelerator if
    there is one, else resident.
    """
    if device.type == 'cuda':
        return torch.cuda.max_memory_allocated(device) / 1e6
    try:
        import resource
    except ImportError:  # Windows
        return math.nan
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak / 1e6 if sys.platform == 'darwin' else peak / 1e3


class Trainer(ABC):
    """A training of a network: see :class:`pose.trainer.PoseTrainer` for what
    is left to the tasks.

    Args:
        model: The network.
        loader: The training batches, with drop_last: ``x`` and ``y``.
        config: The recipe.
        folder: Where checkpoint.pt and log.jsonl go.
        validate: Returns figures on validation subjects, by the name they
            have in the log.
        seed: The seed.
    """

    accumulate = 1  # parts that a batch is cut into for its gradient

    def __init__(
        self,
        model: torch.nn.Module,
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
        self.zero_loss = math.nan  # of a network that always says zero
        self.seconds = 0.0
        self.load_seconds = 0.0
        self.evaluate_steps = config.evaluate_every
        self.optimizer = self.make_optimizer(
            [p for p in model.parameters() if p.requires_grad]
        )
        self.main = loader.rank == 0
        self.device = next(model.parameters()).device

    @abstractmethod
    def make_optimizer(self, parameters: list) -> torch.optim.Optimizer:
        """The optimizer."""

    @abstractmethod
    def rate(self, epoch: int) -> float:
        """The learning rate of this step."""

    @abstractmethod
    def loss(self, out: Tensor, y: Tensor) -> Tensor:
        """What is minimised."""

    def augment(self, x: Tensor, y: Tensor) -> tuple[Tensor, Tensor]:
        """Changes a batch at random."""
        return x, y

    @property
    def checkpoint(self) -> Path:
        return self.folder / 'checkpoint.pt'

    @property
    def log(self) -> Path:
        return self.folder / 'log.jsonl'

    @property
    def samples(self) -> int:
        """The poses or clips seen so far, by all processes."""
        size = min(self.config.batch_size, self.loader.num_windows)
        return self.step * size

    @property
    def cost(self) -> dict[str, float]:
        """What the training took, for metrics.json."""
        seconds = self.seconds + self.load_seconds
        return {
            'params': sum(p.numel() for p in self.model.parameters()),
            'steps': self.steps,
            'train_seconds': seconds,
            'train_step_share': self.seconds / seconds,
            'peak_memory_mb': peak_memory(self.device),
        }

    def resume(self) -> bool:
        """Loads the last checkpoint, if there is one."""
        if not self.checkpoint.is_file():
            if self.main:
                self.log.unlink(missing_ok=True)
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
        if self.main and self.log.is_file():
            lines = self.log.read_text().splitlines()
            kept = [x for x in lines if _logged_step(x) <= self.step]
            with replacing(self.log) as part:
                part.write_text(''.join(f'{line}\n' for line in kept))
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
        """Trains to the end."""
        module: torch.nn.Module = self.model
        if self.config.graph and (
            self.device.type != 'cuda' or self.loader.world_size > 1
        ):
            raise ValueError(
                "Expected '--train.graph false' without an accelerator and "
                f'with several processes (got true on {self.device} with '
                f'{self.loader.world_size})'
            )
        if self.loader.world_size > 1:
            module = DistributedDataParallel(self.model)
        if self.config.compile:
            module.compile()
        bar = tqdm(
            total=self.steps,
            initial=self.step,
            desc=title,
            unit='step',
            disable=None if self.main else True,
        )
        saved = time.monotonic()
        per_epoch = len(self.loader)
        losses: list[Tensor] = []
        with bar:
            while self.step < self.steps:
                epoch, start = divmod(self.step, per_epoch)
                self.loader.set_epoch(epoch, start)
                ready = time.perf_counter()
                for batch in self.loader:
                    begin = time.perf_counter()
                    self.load_seconds += begin - ready
                    x, y = self._send(batch.x), self._send(batch.y)
                    if self.config.graph and module is self.model:
                        part = x[: self._part(x)]
                        module = graphed(self.model, part, self.config.amp)
                    losses.append(self._train_step(module, x, y, epoch))
                    self.step += 1
                    write = self.step % 50 == 0 or self.step == self.steps
                    if write:  # waits for an accelerator
                        total = sum(losses[1:], losses[0]).cpu()
                        losses = [total / len(losses)]
                    self.seconds += time.perf_counter() - begin
                    bar.update()
                    if write:
                        self._write_loss(float(losses.pop()), bar)
                    if self.step % self.evaluate_steps == 0:
                        self._write_validation(bar)
                    if time.monotonic() - saved > self.config.save_every:
                        self.save()
                        saved = time.monotonic()
                    if self.step == self.steps:
                        break
                    ready = time.perf_counter()
        self.save()

    def _part(self, x: Tensor) -> int:
        return -(-x.size(0) // self.accumulate)

    def _send(self, x: Tensor) -> Tensor:
        if self.device.type == 'cuda':  # else the copy waits for the last step
            x = x.pin_memory()
        return x.to(self.device, non_blocking=True)

    def _train_step(
        self, module: torch.nn.Module, x: Tensor, y: Tensor, epoch: int
    ) -> Tensor:
        torch.manual_seed(random_seed(self.seed, self.step, self.loader.rank))
        module.train()
        x, y = self.augment(x, y)
        for group in self.optimizer.param_groups:
            group['lr'] = self.rate(epoch)
        self.optimizer.zero_grad(set_to_none=True)
        size, part = x.size(0), self._part(x)
        pieces = list(zip(x.split(part), y.split(part), strict=True))
        losses = []
        for number, (x, y) in enumerate(pieces, start=1):
            with self._apart(module, last=number == len(pieces)):
                losses.append(self._backward(module, x, y, size))
        self.optimizer.step()
        return sum(losses[1:], losses[0])

    def _backward(
        self, module: torch.nn.Module, x: Tensor, y: Tensor, size: int
    ) -> Tensor:
        amp = self.config.amp
        with torch.autocast(self.device.type, torch.bfloat16, amp):
            out = module(x)
        if math.isnan(self.zero_loss):  # waits for an accelerator, once
            self.zero_loss = float(self.loss(torch.zeros_like(out).float(), y))
        loss = self.loss(out.float(), y)
        if x.size(0) != size:
            loss = loss * (x.size(0) / size)
        loss.backward()
        return loss.detach()

    def _apart(self, module: torch.nn.Module, last: bool) -> Any:
        # Processes add up their gradients once a step.
        if last or not isinstance(module, DistributedDataParallel):
            return contextlib.nullcontext()
        return module.no_sync()

    def _write_loss(self, loss: float, bar: Any) -> None:
        what = f'the loss at step {self.step} (--train.lr {self.config.lr})'
        check_converged(loss, self.zero_loss, what)
        bar.set_postfix(loss=f'{loss:.4f}', refresh=False)
        lr = self.optimizer.param_groups[0]['lr']
        self._append(loss=loss, lr=lr, seconds=round(self.seconds, 3))

    def _write_validation(self, bar: Any) -> None:
        if self.validate is None or not self.main:
            return
        values = self.validate()
        bar.set_postfix({name: f'{v:.1f}' for name, v in values.items()})
        self._append(**values, seconds=round(self.seconds, 3))

    def _append(self, **values: float) -> None:
        if self.main:
            line = json.dumps({'step': self.step, **values}) + '\n'
            try:
                with self.log.open('a') as file:
                    file.write(line)
            except OSError as e:
                raise RuntimeError(
                    f"Could not write '{self.log}': {e.strerror}; free some "
                    'space, then run the same command with --resume'
                ) from e


def _logged_step(line: str) -> float:
    try:
        return json.loads(line)['step']
    except (ValueError, KeyError):  # cut off by a kill
        return math.inf
