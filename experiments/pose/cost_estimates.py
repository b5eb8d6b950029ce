"""Estimates what the run configs of pose presets cost on this machine."""

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

TIMED_STEPS = 2  # after one to warm up; the faster one counts
NOTE = """Times are estimates for the training of one seed on this machine
({device}), within 20 % if nothing else runs. The time of a step is that of its
multiply-adds, at the speed of LCN's further hops, plus an overhead for each
kind of layer and width; both were measured just now. Validation and test take
additional time."""
Build = Callable[[RunConfig, PoseProtocol, int], PoseLifter]


class Size(NamedTuple):
    """The parameters of a network, and its multiply-adds per pose."""

    params: int
    macs: int


class CostEstimates:
    """Estimates the size and the training time of run configs.

    Args:
        build: Builds the network of a run config.
    """

    def __init__(self, build: Build) -> None:
        self._build = build
        self._sizes: dict[str, Size] = {}
        self._overheads: dict[str, float] = {}
        self._mac_seconds: float | None = None

    def _network(self, config: RunConfig) -> PoseLifter:
        return self._build(config, get_protocol('openmocap'), 0)

    def size(self, config: RunConfig) -> Size:
        """Counts parameters and multiply-adds."""
        key = json.dumps(asdict(config.model), sort_keys=True)
        if key not in self._sizes:
            model = self._network(config)
            params = sum(p.numel() for p in model.parameters())
            self._sizes[key] = Size(params, count_macs(model))
        return self._sizes[key]

    def seconds(self, config: RunConfig, frames: int) -> float:
        """Estimates the time of a training on so many frames of clips."""
        train = config.train
        windows = config.clips.views * frames // config.clips.stride
        steps = train.steps or train.epochs * (windows // train.batch_size)
        return steps * (self._mac_time(config) + self._overhead(config))

    def _mac_time(self, config: RunConfig) -> float:
        """The time of the multiply-adds of a step."""
        if self._mac_seconds is None:
            self._mac_seconds = self._measure_mac()
        macs = self.size(config).macs
        return config.train.batch_size * macs * self._mac_seconds

    def _measure_mac(self) -> float:
        """Seconds per additional multiply-add of a pose in training."""
        near, far = (
            RunConfig(
                model=ModelConfig(
                    'lcn', 'lcn', 64, layer_options={'long_hops': hops}
                )
            )
            for hops in (1, 6)
        )
        more = self.size(far).macs - self.size(near).macs
        seconds = self._measure_step(far) - self._measure_step(near)
        return max(seconds, 0.0) / (near.train.batch_size * more)

    def _overhead(self, config: RunConfig) -> float:
        """The time of a step without its multiply-adds."""
        m, options = config.model, config.model.layer_options
        graph = options.get('dynamic')
        kind = [m.layer, m.hidden_channels, m.frames, options.get('sharing')]
        kind += [graph is not None and graph.get('offset', True)]
        key = json.dumps(kind + [config.train.batch_size])
        if key not in self._overheads:
            rest = self._measure_step(config) - self._mac_time(config)
            self._overheads[key] = max(rest, 0.0)
        return self._overheads[key]

    def _measure_step(self, config: RunConfig) -> float:
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
            loss.item()  # synchronises the GPU
            times.append(time.perf_counter() - begin)
        return min(times[1:])

    def equal_width(self, config: RunConfig, macs: int) -> int:
        """The width at which a network comes closest to some multiply-adds."""
        sizes: dict[int, int] = {}
        width = config.model.hidden_channels
        while width not in sizes:
            change = deepcopy(config)
            change.model.hidden_channels = width
            sizes[width] = self.size(change).macs
            # Multiply-adds grow nearly with the square of the width.
            width = max(1, round(width * (macs / sizes[width]) ** 0.5))
        return min(sizes, key=lambda width: abs(sizes[width] - macs))

    def describe(
        self, config: RunConfig, frames: int, macs: int | None
    ) -> tuple[str, float]:
        """Describes the cost of a run config.

        Args:
            config: The run config.
            frames: The frames of the training clips; zero if not known.
            macs: Multiply-adds for which to add the width, if any.

        Returns:
            A text, and the seconds of the training.
        """
        size = self.size(config)
        text = f'{count(size.params)} parameters, {count(size.macs)} MACs'
        seconds = 0.0
        if config.train.steps or frames:
            seconds = self.seconds(config, frames)
            text += f', {duration(seconds)}'
        if macs:
            text += f', C={self.equal_width(config, macs)} for equal MACs'
        return text, seconds

    def note(self) -> str:
        """How times are estimated, and on which machine."""
        device = f'CPU, threads: {torch.get_num_threads()}'
        if torch.cuda.is_available():
            device = torch.cuda.get_device_name()
        return NOTE.format(device=device)
