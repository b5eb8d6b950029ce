"""A network that smooths windows of poses, to compare with: the method of
Zeng et al., SmoothNet (ECCV 2022), written anew and trained on our scenes.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch
from torch import Tensor
from torch.nn import LeakyReLU, Linear, Module, ModuleList, Sequential

from experiments.lifting.scenes import Scene
from experiments.sweep.processes import progress
from pyg_hcsf.lifting import Lifter

WINDOW, WIDTH, BLOCKS, NECK = 32, 512, 3, 16
UNIT = 100.0  # mm, in which the network sees coordinates


class WindowNetwork(Module):
    """Fully connected layers over the frames of a window, the same for each
    coordinate of each joint.
    """

    def __init__(self) -> None:
        super().__init__()
        self.encode = Sequential(Linear(WINDOW, WIDTH), LeakyReLU(0.1))
        self.blocks = ModuleList(
            Sequential(
                Linear(WIDTH, NECK),
                LeakyReLU(0.2),
                Linear(NECK, WIDTH),
                LeakyReLU(0.2),
            )
            for _ in range(BLOCKS)
        )
        self.decode = Linear(WIDTH, WINDOW)

    def forward(self, x: Tensor) -> Tensor:
        """Smooths windows ``[*, 32]``."""
        h = self.encode(x)
        for block in self.blocks:
            h = h + block(h)
        return self.decode(h)

    @torch.no_grad()
    def smooth(self, motion: np.ndarray, fps: float) -> np.ndarray:
        """The mean over all windows of a motion ``[T, ...]`` of at least 32
        frames.
        """
        flat = torch.from_numpy(motion).float().reshape(len(motion), -1)
        windows = flat.unfold(0, WINDOW, 1)
        middle = windows.mean(dim=-1, keepdim=True)
        smooth = middle + UNIT * self((windows - middle) / UNIT)
        total, count = torch.zeros_like(flat), torch.zeros(len(flat), 1)
        for start, window in enumerate(smooth):
            total[start : start + WINDOW] += window.T
            count[start : start + WINDOW] += 1
        return (total / count).reshape(motion.shape).double().numpy()


def train_network(
    scenes: Sequence[Scene], weights: str, steps: int = 3000, seed: int = 0
) -> WindowNetwork:
    """Trains on lifted poses: errors of position and of acceleration, each as
    a mean absolute difference.
    """
    torch.manual_seed(seed)
    pairs = []
    for scene in scenes:
        lifter = Lifter(
            weights, height=scene.height, focal=scene.focal, smooth=False
        )
        (person,) = lifter.lift(scene.keypoints())
        if len(person.frames) >= WINDOW:
            both = person.pose, scene.pose[person.frames]
            pairs.append([torch.from_numpy(x).float() for x in both])
    network = WindowNetwork()
    optimizer = torch.optim.Adam(network.parameters(), 1e-3)
    schedule = torch.optim.lr_scheduler.OneCycleLR(
        optimizer, 1e-3, total_steps=steps
    )
    for _ in progress(range(steps), 'Training'):
        batch = []
        for index in torch.randint(len(pairs), (8,)).tolist():
            length = len(pairs[index][0])
            start = int(torch.randint(length - WINDOW + 1, (1,)))
            rows = slice(start, start + WINDOW)
            batch.append(torch.stack([x[rows] for x in pairs[index]]))
        given, truth = torch.stack(batch, dim=1).flatten(3).movedim(2, -1)
        middle = given.mean(dim=-1, keepdim=True)
        out = network((given - middle) / UNIT)
        wanted = (truth - middle) / UNIT
        loss = (out - wanted).abs().mean()
        loss = loss + (out.diff(n=2) - wanted.diff(n=2)).abs().mean()
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        schedule.step()
    return network.eval()
