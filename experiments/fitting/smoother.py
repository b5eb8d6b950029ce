"""Trains the networks that smooth lifted motion
(pyg_hcsf/lifting/smoothing/weights.safetensors), about 25 minutes on one core.

    python -m experiments.fitting.smoother --root $PYG_HCSF_DATA --out FILE

They learn on people of CMU, with random bodies, cameras, detectors and frame
rates, in the order in which they are used: keypoints, poses lifted from the
smoothed keypoints, distances of the root, feet that stand. Nobody is tested
on here, see experiments/bench/motion.py.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import torch
from torch import Tensor
from torch.nn import Module
from torch.nn.functional import avg_pool1d, binary_cross_entropy_with_logits

from experiments.fitting.smoother_examples import Example, Take
from experiments.lifting.scenes import Scene, make_scenes
from experiments.sweep.processes import progress
from experiments.sweep.sources import data_home
from pyg_hcsf.cli.command import CommandParser, run_command
from pyg_hcsf.lifting.smoothing import (
    SmootherInfo,
    SmootherNetworks,
    save_smoother,
)

PEOPLE = ('CMU01', 'CMU02', 'CMU06', 'CMU11', 'CMU14', 'CMU35', 'CMU60+61')
#: Clips of each frame rate. Not all people were recorded at 120 Hz.
RATES = {12.0: 24, 24.0: 30, 25.0: 70, 30.0: 50, 60.0: 40, 120.0: 16}
FAST_PEOPLE = ('CMU06', 'CMU14', 'CMU35')
SECONDS = 12.0
WINDOW = 300  # frames of a clip in a step
CLIPS = 4  # in a step
STANDS, WIDTH = 90.0, 15.0  # mm/s, where a foot stands by half
CARD = {
    'data': 'CMU 01, 02, 06, 11, 14, 35, 60 and 61 (mocap.cs.cmu.edu), seen '
    'by random virtual cameras with noise',
    'licence': 'MIT',
    'acknowledgement': 'The data used in this project was obtained from '
    'mocap.cs.cmu.edu. The database was created with funding from NSF '
    'EIA-0196217.',
}


class Losses(NamedTuple):
    """The weights of the errors of position, acceleration, and size of the
    acceleration.
    """

    position: float = 1.0
    acceleration: float = 1.0
    liveliness: float = 5.0
    target: float = 1.0


KEYPOINTS = Losses(liveliness=8.0)
POSES = Losses(liveliness=15.0, target=1.12)  # constant bones take some of it
DEPTHS = Losses(position=0.1, acceleration=3.0, liveliness=3.0)


def loss_of(example: Example, gains: Module, weights: Losses) -> Tensor:
    """The error of a smoothed motion in mm, at 25 Hz.

    Besides the errors of position and acceleration, whose least-squares
    solution is too smooth, the size of the acceleration in each second is
    compared.
    """
    share = gains(example.features)[:, :, None]
    smooth = example.slow + (example.bands * share).sum(dim=-1)
    off = ((smooth - example.truth) * example.scale).norm(dim=-1).mean()
    rate = (example.fps / 25) ** 2
    ours, theirs = (
        x.diff(n=2, dim=0) * example.scale[1:-1] * rate
        for x in (smooth, example.truth)
    )
    second = min(len(ours), round(example.fps))
    sizes = [
        avg_pool1d(x.norm(dim=-1).T[None], second, max(1, second // 2))
        for x in (ours, weights.target * theirs)
    ]
    logs = [(x.mean(dim=1) + 0.3).log() for x in sizes]
    return (
        weights.position * off
        + weights.acceleration * (ours - theirs).norm(dim=-1).mean()
        + weights.liveliness * (logs[0] - logs[1]).abs().mean()
    )


def fit_gains(
    gains: Module, examples: Sequence[Example], weights: Losses, steps: int
) -> None:
    """Trains a network on windows of some examples."""
    optimizer = torch.optim.AdamW(gains.parameters(), 3e-3, weight_decay=1e-3)
    schedule = torch.optim.lr_scheduler.OneCycleLR(
        optimizer, 3e-3, total_steps=steps
    )
    for _ in progress(range(steps), 'Training'):
        loss = torch.zeros(())
        for index in torch.randint(len(examples), (CLIPS,)).tolist():
            example = examples[index]
            spare = max(1, len(example.slow) - WINDOW)
            start = int(torch.randint(spare, (1,)))
            rows = slice(start, start + WINDOW)
            window = Example(
                example.slow[rows],
                example.bands[rows],
                example.features[rows],
                example.truth[rows],
                example.scale[rows],
                example.fps,
            )
            loss = loss + loss_of(window, gains, weights)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        schedule.step()


def fit_contact(
    network: Module, features: Tensor, speed: Tensor, steps: int
) -> None:
    """Trains the network for standing feet, from their true speeds."""
    target = ((STANDS - speed) / WIDTH).sigmoid()
    optimizer = torch.optim.AdamW(network.parameters(), 6e-3)
    schedule = torch.optim.lr_scheduler.OneCycleLR(
        optimizer, 6e-3, total_steps=steps
    )
    for _ in progress(range(steps), 'Training'):
        rows = torch.randint(len(features), (1024,))
        chance = network(features[rows])[..., 0]
        loss = binary_cross_entropy_with_logits(chance, target[rows])
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        schedule.step()


def main(argv: list[str] | None = None) -> None:
    """Runs the command."""
    parser = CommandParser(prog='smoother', description=__doc__)
    parser.add_argument('--root', help='the data home')
    parser.add_argument('--out', type=Path, required=True)
    parser.add_argument('--steps', type=int, default=2000)
    parser.add_argument('--seed', type=int, default=0)
    args = parser.parse_args(argv)
    torch.manual_seed(args.seed)
    scenes: list[Scene] = []
    for rate, count in RATES.items():
        people = PEOPLE if rate <= 60 else FAST_PEOPLE
        scenes += make_scenes(
            data_home(args.root), people, None, count, rate, args.seed,
            SECONDS, vary=True,
        )  # fmt: skip
    networks = train(scenes, args.steps)
    save_smoother(args.out, networks, SmootherInfo(card=CARD))


def train(scenes: Sequence[Scene], steps: int) -> SmootherNetworks:
    """Trains all networks, one after the other."""
    networks = SmootherNetworks()
    takes = [Take(scene, networks) for scene in scenes]
    for gains, example, losses in (
        (networks.keypoints, Take.keypoint_example, KEYPOINTS),
        (networks.pose, Take.pose_example, POSES),
        (networks.depth, Take.depth_example, DEPTHS),
    ):
        examples = [example(take) for take in progress(takes, 'Preparing')]
        fit_gains(gains, examples, losses, steps)
    features, speeds = zip(*(take.feet() for take in takes), strict=True)
    fit_contact(
        networks.contact, torch.cat(features), torch.cat(speeds), 2 * steps
    )
    return networks.eval()


if __name__ == '__main__':
    run_command(main)
