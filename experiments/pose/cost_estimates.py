"""What the rows of pose presets cost on this machine."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from copy import deepcopy
from dataclasses import asdict
from typing import NamedTuple

import torch

from experiments.pose.config import ModelConfig, RunConfig
from experiments.reporting.tables import count
from experiments.sweep.cost import count_macs
from experiments.sweep.listing import duration
from pyg_hcsf.nn import PoseLifter
from pyg_hcsf.protocols import PoseProtocol, get_protocol

TIMED_STEPS = 2  # of which the faster counts, after one that does not
NOTE = """Times are of the training of one seed on this machine ({device}), to
some 20 % if it has nothing else to do. A step takes its poses x MACs of a pose
at the pace of LCN's further hops, and what else belongs to a layer at a width:
both were timed just now. Validation and test come on top."""
Build = Callable[[RunConfig, PoseProtocol, int], PoseLifter]


class Size(NamedTuple):
    """What a network holds, and its multiply-adds for one pose."""

    params: int
    macs: int


class Prices:
    """What rows cost.

    Args:
        build: Makes the network of a row.
    """

    def __init__(self, build: Build) -> None:
        self._build = build
        self._sizes: dict[str, Size] = {}
        self._rests: dict[str, float] = {}
        self._pace: float | None = None

    def _network(self, config: RunConfig) -> PoseLifter:
        return self._build(config, get_protocol('openmocap'), 0)

    def size(self, config: RunConfig) -> Size:
        """Parameters and multiply-adds."""
        key = json.dumps(asdict(config.model), sort_keys=True)
        if key not in self._sizes:
            model = self._network(config)
            params = sum(p.numel() for p in model.parameters())
            self._sizes[key] = Size(params, count_macs(model))
        return self._sizes[key]

    def seconds(self, config: RunConfig, frames: int) -> float:
        """The time of a training.

        Args:
            config: The row.
            frames: The frames of the training clips.
        """
        train = config.train
        poses = train.batch_size
        epoch = config.clips.takes * frames // config.clips.stride // poses
        steps = train.steps or train.epochs * epoch
        return steps * (self._products(config) + self._rest(config))

    def _products(self, config: RunConfig) -> float:
        """The time of the multiply-adds of a step."""
        if self._pace is None:
            self._pace = self._measure_frame_stride()
        return config.train.batch_size * self.size(config).macs * self._pace

    def _measure_frame_stride(self) -> float:
        """Seconds that one more multiply-add of a pose takes in training."""
        models = [
            ModelConfig('lcn', 'lcn', 64, layer_options={'long_hops': hops})
            for hops in (1, 6)
        ]
        near, far = (RunConfig(model=model) for model in models)
        more = self.size(far).macs - self.size(near).macs
        seconds = self._step(far) - self._step(near)
        return max(seconds, 0.0) / (near.train.batch_size * more)

    def _rest(self, config: RunConfig) -> float:
        """What a step takes beyond."""
        m, options = config.model, config.model.layer_options
        graph = options.get('dynamic')
        kind = [m.layer, m.hidden_channels, m.frames, options.get('sharing')]
        kind += [graph is not None and graph.get('offset', True)]
        key = json.dumps(kind + [config.train.batch_size])
        if key not in self._rests:
            rest = self._step(config) - self._products(config)
            self._rests[key] = max(rest, 0.0)
        return self._rests[key]

    def _step(self, config: RunConfig) -> float:
        model = self._network(config).train()
        optimizer = torch.optim.Adam(model.parameters(), fused=True)
        device = next(model.parameters()).device
        shape = (model.skeleton.num_joints, model.in_channels)
        window = shape if model.frames == 1 else (model.frames, *shape)
        x = torch.rand(config.train.batch_size, *window, device=device)
        times = []
        for _ in range(1 + TIMED_STEPS):
            begin = time.perf_counter()
            optimizer.zero_grad()
            loss = model(x).abs().mean()
            loss.backward()
            optimizer.step()
            loss.item()  # waits for an accelerator
            times.append(time.perf_counter() - begin)
        return min(times[1:])

    def equal_width(self, config: RunConfig, macs: int) -> int:
        """The width at which a row comes closest to some multiply-adds."""
        sizes: dict[int, int] = {}
        width = config.model.hidden_channels
        while width not in sizes:
            change = deepcopy(config)
            change.model.hidden_channels = width
            sizes[width] = self.size(change).macs
            # They grow with the square of the width, or nearly.
            width = max(1, round(width * (macs / sizes[width]) ** 0.5))
        return min(sizes, key=lambda width: abs(sizes[width] - macs))

    def price(
        self, config: RunConfig, frames: int, equal: int | None
    ) -> tuple[str, float]:
        """What a row costs, in words, and the seconds of its training.

        Args:
            config: The row.
            frames: The frames of the training clips; zero if not known.
            equal: Multiply-adds for which to say the width.
        """
        params, macs = self.size(config)
        text = f'{count(params)} parameters, {count(macs)} MACs'
        seconds = 0.0
        if config.train.steps or frames:
            seconds = self.seconds(config, frames)
            text += f', {duration(seconds)}'
        if equal:
            text += f', C={self.equal_width(config, equal)} for equal MACs'
        return text, seconds

    def note(self) -> str:
        """How times are found, and on which machine."""
        device = f'CPU, threads: {torch.get_num_threads()}'
        if torch.cuda.is_available():
            device = torch.cuda.get_device_name()
        return NOTE.format(device=device, steps=TIMED_STEPS)
