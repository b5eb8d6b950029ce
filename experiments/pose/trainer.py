"""Trains a pose lifter with an L1 loss on randomly mirrored poses."""

from __future__ import annotations

import math
from typing import Any

import torch
from torch import Tensor

from experiments.pose.config import TrainConfig
from experiments.sweep.trainer import Trainer
from pyg_hcsf.nn import PoseLifter
from pyg_hcsf.protocols import PoseProtocol


def rate(config: TrainConfig, step: int, steps: int, epoch: int) -> float:
    """The learning rate of a step."""
    if config.schedule == 'exponential':
        return config.lr * config.decay**epoch
    warm = max(1, round(0.1 * steps))
    if step < warm:
        low, high, part = 0.04, 1.0, step / warm
    else:
        low, high, part = 1.0, 1e-4, (step - warm) / max(1, steps - warm)
    return config.lr * (
        low + (high - low) * (1 - math.cos(math.pi * part)) / 2
    )


class PoseTrainer(Trainer):
    """Trains a lifter on poses that are encoded by a protocol.

    Args:
        protocol: Mirrors encoded poses.
        *args: The arguments of :class:`experiments.sweep.trainer.Trainer`.
    """

    model: PoseLifter
    config: TrainConfig

    def __init__(self, protocol: PoseProtocol, *args: Any) -> None:
        super().__init__(*args)
        self.protocol = protocol

    def rate(self, epoch: int) -> float:
        return rate(self.config, self.step, self.steps, epoch)

    def augment(self, x: Tensor, y: Tensor) -> tuple[Tensor, Tensor]:
        if not self.config.mirror:
            return x, y
        flip = self._to_device(torch.rand(x.size(0)) < 0.5)
        skeleton = self.model.skeleton
        x = _where(flip, self.protocol.mirror(x, skeleton), x)
        return x, _where(flip, self.protocol.mirror(y, skeleton), y)

    def loss(self, out: Tensor, y: Tensor) -> Tensor:
        return (out - y).abs().mean()


def _where(flip: Tensor, mirrored: Tensor, plain: Tensor) -> Tensor:
    return torch.where(
        flip.view(-1, *[1] * (plain.dim() - 1)), mirrored, plain
    )
