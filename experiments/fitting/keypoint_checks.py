"""Fits the table of pyg_hcsf.keypoints.checks on CMU's training subjects of
the openmocap protocol, and writes it into the library. HDM05 is excluded, as
its licence would apply to the table.

    python -m experiments.fitting.keypoint_checks --root $PYG_HCSF_DATA

The body proportions are the mean and covariance of observed limb lengths, in
full clips and in short parts of them. Left and right are classified by a
network with two hidden layers, whose inputs are single poses and their motion;
it is trained on swaps of all, no, some typical, and random joints. Generated
motion of SyntheticMotion's training subjects is added, as the recorded people
do not sit or talk. Bodies get other proportions in each pass. This takes 10
minutes.

The stretch of an image is a quadratic regression on the extents of limbs in
four directions of the image, for files stretched by up to a factor of 4, in
the recorded and in other postures (experiments/fitting/postures.py).
``--only stretch`` fits only this, in 2 minutes, and keeps the rest.
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional
from torch_geometric.data import Data

from experiments.bench.keypoint_checks import (
    make_files,
    real_clips,
    synthetic_clips,
)
from experiments.fitting.postures import in_postures
from pyg_hcsf.cli.command import CommandParser, run_command
from pyg_hcsf.geometry.bodies import vary_proportions
from pyg_hcsf.keypoints import Keypoints, Track
from pyg_hcsf.keypoints.checks import body, left_right, stretch
from pyg_hcsf.safe_io.atomic_write import atomic_write

PATH = Path(body.__file__).with_name('body.npz')
PAIRS = tuple(
    tuple(map(body.SIDED.index, pair)) for pair in left_right.OUTPUTS
)
# Which of the six left-right pairs are swapped, in the order of body.SIDED.
MASKS = '000000 000000 111111 111111 111000 000111 011000 001000 000011 000001'
BATCH, EPOCHS, RATE = 1024, 15, 4e-3
PASSES, SPREAD = 8, 0.08  # over the clips; of random bone lengths
SHORT = 8, 40  # frames of short files
# For the stretch: passes, stretches per file, the largest logarithm of a
# stretch, and the ridge penalty of the regression.
ROUNDS, STRETCHES, STRETCH, RIDGE = 2, 2, 1.4, 1.0


def other_bodies(clips: list[Data], seed: int) -> list[Data]:
    """Changes the bone lengths of each clip at random."""
    generator = torch.Generator().manual_seed(seed)
    out = []
    for clip in clips:
        window = clip.pos.transpose(0, 1)[None]
        pos = vary_proportions(window, SPREAD, generator)[0].transpose(0, 1)
        out.append(clip.clone().update({'pos': pos.contiguous()}))
    return out


def shorten(track: Track, rng: np.random.Generator) -> Track:
    """Cuts a random part from a track."""
    number = int(np.exp(rng.uniform(*np.log(SHORT))))
    start = int(rng.integers(max(1, len(track.frames) - number)))
    cut = slice(start, start + number)
    return replace(
        track,
        frames=track.frames[cut],
        xy=track.xy[cut],
        score=track.score[cut],
    )


def fit_proportions(seen: list[np.ndarray]) -> tuple[np.ndarray, np.ndarray]:
    """The mean and covariance of proportions."""
    known = np.stack(seen)
    known = known[np.isfinite(known).all(axis=1)]
    mean = np.median(known, axis=0)
    gap = known - mean
    # Regularised, so that rare bodies are not flagged.
    return mean, gap.T @ gap / len(gap) + 1e-3 * np.eye(len(mean))


def stretched(track: Track, log: float) -> Track:
    """A track in an image whose x is ``exp(log)`` times as wide."""
    return replace(track, xy=track.xy * np.exp([log / 2, -log / 2]))


def fit_stretch(files: list[Keypoints], part: str) -> dict[str, np.ndarray]:
    """Fits the regression of the stretch on randomly stretched files.

    Returns:
        The mean extents of limbs, and the weights of the regression.
    """
    rng = np.random.default_rng(0)
    seen, logs = [], []
    for k in files:
        for log in (0.0, *rng.uniform(-STRETCH, STRETCH, STRETCHES)):
            tracks = [stretched(track, log) for track in k.tracks]
            seen.append(stretch.extents(tracks, k.layout, part))
            logs.append(log)
    known = np.stack(seen)
    finite = np.isfinite(known).all(axis=1)
    mean = known[finite].mean(axis=0)
    x, y = (
        stretch.regression_terms(known[finite], mean),
        np.array(logs)[finite],
    )
    ridge = RIDGE * np.eye(x.shape[1])
    fitted = np.linalg.solve(x.T @ x + ridge, x.T @ y)
    return {f'extent_{part}': mean, f'stretch_{part}': fitted}


def fit_stretches(clips: list[Data]) -> dict[str, np.ndarray]:
    """Fits the regressions on all limbs, and on those above the hips."""
    files = []
    for seed in range(ROUNDS):
        others = other_bodies(clips, seed)
        for posed in (others, in_postures(others, seed)):
            files += [file.keypoints for file in make_files(posed, seed)]
    parts = [fit_stretch(files, part) for part in stretch.PARTS]
    return {name: array for part in parts for name, array in part.items()}


def swap_sides(x: Tensor, which: Tensor) -> Tensor:
    """Swaps the left-right pairs ``which [B, 6]`` of poses ``[B, 14, 2]``."""
    left, right, which = x[:, :6], x[:, 6:12], which[..., None]
    return torch.cat(
        [
            torch.where(which, right, left),
            torch.where(which, left, right),
            x[:, 12:],
        ],
        dim=1,
    )


def augment(x: Tensor) -> Tensor:
    """Mirrors, rolls the camera, drops motion and adds noise at random."""
    number = len(x)
    everywhere = torch.ones(number, 6, dtype=torch.bool)
    mirrored = (
        swap_sides(x, everywhere) * torch.from_numpy(left_right.SIGNS).float()
    )
    x = torch.where(torch.rand(number, 1, 1) < 0.5, mirrored, x)
    angle = (torch.rand(number, 1) - 0.5) * 0.3
    cos, sin = angle.cos(), angle.sin()
    turned = torch.stack(
        [x[..., 0] * cos - x[..., 1] * sin, x[..., 0] * sin + x[..., 1] * cos],
        dim=-1,
    )
    x = torch.cat([turned[:, :13], x[:, 13:]], dim=1)
    x[:, 12:] *= torch.rand(number, 1, 1) > 0.1
    return x + torch.randn_like(x) * 0.03


def fit_sides(poses: list[Tensor]) -> dict[str, np.ndarray]:
    """Trains the left-right network on poses ``[T, 14, 2]`` of each file."""
    torch.manual_seed(0)
    x = torch.cat(poses)
    w = torch.cat(
        [p.new_full((len(p),), max(len(p), 1) ** -0.5) for p in poses]
    )
    w /= w.mean()
    masks = torch.tensor([[c == '1' for c in mask] for mask in MASKS.split()])
    net = nn.Sequential(
        nn.Linear(27, 128),
        nn.ReLU(),
        nn.Dropout(0.1),
        nn.Linear(128, 64),
        nn.ReLU(),
        nn.Dropout(0.1),
        nn.Linear(64, len(PAIRS)),
    )
    steps = EPOCHS * len(x) // BATCH
    adam = torch.optim.AdamW(net.parameters(), weight_decay=0.1)
    rate = torch.optim.lr_scheduler.OneCycleLR(adam, RATE, total_steps=steps)
    first, second = zip(*PAIRS, strict=True)
    for _ in range(steps):
        chosen = torch.randint(len(x), (BATCH,))
        which = masks[torch.randint(len(masks), (BATCH,))]
        anything = torch.rand(BATCH, 6) < 0.5
        which = torch.where(torch.rand(BATCH, 1) < 0.3, anything, which)
        wrong = which[:, first] ^ which[:, second]
        wrong[:, 0] = which[:, first[0]]
        pose = swap_sides(augment(x[chosen]), which)
        logits = net(pose.flatten(1)[:, :27])
        loss = functional.binary_cross_entropy_with_logits(
            logits, (~wrong).float(), reduction='none'
        ).mean(dim=1)
        loss = (loss * w[chosen]).mean() + 1e-4 * logits.square().mean()
        adam.zero_grad()
        loss.backward()
        adam.step()
        rate.step()
    out = {}
    layers = [layer for layer in net if isinstance(layer, nn.Linear)]
    for number, layer in enumerate(layers):
        out[f'weight{number}'] = layer.weight.detach().numpy()
        out[f'bias{number}'] = layer.bias.detach().numpy()
    return out


def fit_bodies(clips: list[Data]) -> dict[str, np.ndarray]:
    """Fits the proportions and the left-right network."""
    rng = np.random.default_rng(0)
    poses: list[Tensor] = []
    full: list[np.ndarray] = []
    short: list[np.ndarray] = []
    for seed in range(PASSES):
        for file in make_files(other_bodies(clips, seed), seed):
            k = file.keypoints
            (track,) = k.tracks
            seen = left_right.pose_features(track, k.layout, k.fps)[::3]
            poses.append(torch.from_numpy(seen).float())
            for part, out in ((track, full), (shorten(track, rng), short)):
                out.append(body.proportions(body.Limbs([part], k.layout)))
    fits = fit_proportions(full), fit_proportions(short)
    mean, covariance = map(np.stack, zip(*fits, strict=True))
    return {'mean': mean, 'covariance': covariance, **fit_sides(poses)}


def main(argv: list[str] | None = None) -> int:
    """Runs the command line; returns the exit code."""
    parser = CommandParser(description=__doc__.split('\n\n')[0])
    parser.add_argument('--root', help='data home; default: $PYG_HCSF_DATA')
    parser.add_argument(
        '--only', choices=['stretch'], help='fit only this part'
    )
    args = parser.parse_args(argv)
    torch.set_num_threads(1)
    clips = [
        clip
        for clip in real_clips(args.root, 'train')
        if clip.subject.startswith('CMU')
    ]
    clips += synthetic_clips('train')
    if args.only is None:
        arrays = fit_bodies(clips) | fit_stretches(clips)
    else:
        arrays = body.weights() | fit_stretches(clips)
    with atomic_write(PATH) as part, part.open('wb') as file:
        halves: dict[str, Any] = {
            name: array.astype(np.float16) for name, array in arrays.items()
        }
        np.savez_compressed(file, **halves)
    print(f"'{PATH}': fitted on {len(clips):,} clips of training subjects")
    return 0


if __name__ == '__main__':
    run_command(main)
