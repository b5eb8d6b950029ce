"""Trains an action recognizer with the cross-entropy loss."""

from __future__ import annotations

import math
from typing import Any

import torch.nn.functional as F
from torch import Tensor

from experiments.action.config import ActionTrainConfig
from experiments.sweep.trainer import Trainer


def action_rate(
    config: ActionTrainConfig, step: int, steps: int, per_epoch: int
) -> float:
    """The learning rate of a step.

    Milestones and the warm-up are given in epochs. If ``config.steps`` sets
    the length of the training, they are scaled along.
    """
    epoch = step / max(1, steps) * config.epochs
    if not config.steps:
        epoch = step / per_epoch
    grown = (math.floor(epoch) + 1) / config.warmup if config.warmup else 1.0
    lr = config.lr * min(1.0, grown)
    if config.schedule == 'cosine':
        share = max(0.0, epoch - config.warmup)
        share /= max(1e-9, config.epochs - config.warmup)
        return lr * (1 + math.cos(math.pi * min(1.0, share))) / 2
    drops = sum(epoch >= milestone for milestone in config.milestones)
    return lr * 0.1**drops


class ActionTrainer(Trainer):
    """Trains on labelled clips; its ``evaluate_every`` counts epochs."""

    config: ActionTrainConfig

    def __init__(self, *args: Any) -> None:
        super().__init__(*args)
        if self.config.accumulate < 1:
            raise ValueError(
                "Expected '--train.accumulate' >= 1 (got "
                f'{self.config.accumulate})'
            )
        self.accumulate = self.config.accumulate
        every = self.config.evaluate_every * len(self.loader)
        self.evaluate_steps = max(1, min(every, self.steps))

    def rate(self, epoch: int) -> float:
        return action_rate(
            self.config, self.step, self.steps, len(self.loader)
        )

    def loss(self, out: Tensor, y: Tensor) -> Tensor:
        return F.cross_entropy(
            out, y, label_smoothing=self.config.label_smoothing
        )
