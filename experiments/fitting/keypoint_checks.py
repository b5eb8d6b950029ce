"""Fits what pyg_hcsf.keypoints checks keypoints with, on CMU's training
subjects of the openmocap protocol, and writes it into the library. HDM05 takes
no part: its licence asks works made from it to be shared alike. Bodies have
other proportions in each pass, as CMU's training subjects are few.

    python -m experiments.fitting.keypoint_checks --root datasets/OpenMocap

The proportions of a body are the mean and covariance of its limbs' lengths,
as they are seen in whole clips and in short parts of them. Left and right are
told by a network of two hidden layers, which sees single poses, and how they
move, with the sides of joints exchanged: all, none, those of a mistake, or at
random. Generated motion of the training subjects of SyntheticMotion is added,
as in the real one nobody sits or talks. It takes 10 minutes.

How much an image is stretched is a quadratic regression on how far limbs
extend in four directions of the image, of files stretched by up to a factor of
4, of the same clips and of the same in other postures
(experiments/fitting/postures.py).
``--only stretch`` fits this alone, in 2 minutes, and keeps the rest.
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

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
from pyg_hcsf.geometry.random_bodies import vary_proportions
from pyg_hcsf.keypoints import Keypoints, Track
from pyg_hcsf.keypoints.checks import body, left_right, stretch
from pyg_hcsf.safe_io.atomic_write import atomic_write

PATH = Path(body.__file__).with_name('body.npz')
PAIRS = tuple(
    tuple(map(body.SIDED.index, pair)) for pair in left_right.OUTPUTS
)
# Which of the six pairs of joints are exchanged: in order of body.SIDED.
MASKS = (
    *('000000', '000000', '111111', '111111', '111000', '000111'),
    *('011000', '001000', '000011', '000001'),
)
BATCH, EPOCHS, RATE = 1024, 15, 4e-3
PASSES, SPREAD = 8, 0.08  # over the motion; of the lengths of bones
SHORT = 8, 40  # frames of short files
# Passes for the stretch, how often each file is stretched, by up to which
# logarithm, and the ridge of the regression.
ROUNDS, STRETCHES, STRETCH, RIDGE = 2, 2, 1.4, 1.0


def other_bodies(clips: list[Data], seed: int) -> list[Data]:
    """The same motion of bodies with other proportions."""
    generator = torch.Generator().manual_seed(seed)
    out = []
    for clip in clips:
        window = clip.pos.transpose(0, 1)[None]
        pos = vary_proportions(window, SPREAD, generator)[0].transpose(0, 1)
        out.append(clip.clone().update({'pos': pos.contiguous()}))
    return out


def shorten(track: Track, rng: np.random.Generator) -> Track:
    """Some successive frames."""
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
    """The mean and the covariance of proportions."""
    known = np.stack(seen)
    known = known[np.isfinite(known).all(axis=1)]
    mean = np.median(known, axis=0)
    gap = known - mean
    # Shrunk, so that a rare body is not excluded.
    return mean, gap.T @ gap / len(gap) + 1e-3 * np.eye(len(mean))


def stretched(track: Track, log: float) -> Track:
    """A track in an image whose x is ``exp(log)`` times as wide."""
    return replace(track, xy=track.xy * np.exp([log / 2, -log / 2]))


def fit_stretch(files: list[Keypoints], part: str) -> dict[str, np.ndarray]:
    """The mean extents of limbs, and the weights of the regression on them:
    of each file as it is, and stretched a few times.
    """
    rng = np.random.default_rng(0)
    seen, logs = [], []
    for k in files:
        for log in (0.0, *rng.uniform(-STRETCH, STRETCH, STRETCHES)):
            tracks = [stretched(track, log) for track in k.tracks]
            seen.append(stretch.extents(tracks, k.layout, part))
            logs.append(log)
    known = np.stack(seen)
    whole = np.isfinite(known).all(axis=1)
    mean = known[whole].mean(axis=0)
    x, y = stretch.regression_terms(known[whole], mean), np.array(logs)[whole]
    ridge = RIDGE * np.eye(x.shape[1])
    fitted = np.linalg.solve(x.T @ x + ridge, x.T @ y)
    return {f'extent_{part}': mean, f'stretch_{part}': fitted}


def fit_stretches(clips: list[Data]) -> dict[str, np.ndarray]:
    """The regressions on all limbs, and on those above the hips."""
    files = []
    for seed in range(ROUNDS):
        others = other_bodies(clips, seed)
        for put in (others, in_postures(others, seed)):
            files += [file.keypoints for file in make_files(put, seed)]
    parts = [fit_stretch(files, part) for part in stretch.PARTS]
    return {name: array for part in parts for name, array in part.items()}


def exchange(x: Tensor, which: Tensor) -> Tensor:
    """Exchanges sides of poses ``[B, 14, 2]`` where ``which [B, 6]``."""
    left, right, which = x[:, :6], x[:, 6:12], which[..., None]
    return torch.cat(
        [
            torch.where(which, right, left),
            torch.where(which, left, right),
            x[:, 12:],
        ],
        dim=1,
    )


def disturb(x: Tensor) -> Tensor:
    """Tilts the camera, forgets motion, mirrors and adds noise."""
    number = len(x)
    everywhere = torch.ones(number, 6, dtype=torch.bool)
    mirrored = (
        exchange(x, everywhere) * torch.from_numpy(left_right.SIGNS).float()
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
    """The weights of the network, of the poses of each file."""
    torch.manual_seed(0)
    x = torch.cat(poses)
    w = torch.cat(
        [p.new_full((len(p),), max(len(p), 1) ** -0.5) for p in poses]
    )
    w /= w.mean()
    masks = torch.tensor([[c == '1' for c in mask] for mask in MASKS])
    net = nn.Sequential(
        *(nn.Linear(27, 128), nn.ReLU(), nn.Dropout(0.1)),
        *(nn.Linear(128, 64), nn.ReLU(), nn.Dropout(0.1)),
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
        pose = exchange(disturb(x[chosen]), which)
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
    for number, layer in enumerate(m for m in net if hasattr(m, 'weight')):
        out[f'weight{number}'] = layer.weight.detach().numpy()
        out[f'bias{number}'] = layer.bias.detach().numpy()
    return out


def fit_bodies(clips: list[Data]) -> dict[str, np.ndarray]:
    """The proportions, and the network that distinguishes left and right."""
    rng = np.random.default_rng(0)
    poses, whole, short = [], [], []
    for seed in range(PASSES):
        for file in make_files(other_bodies(clips, seed), seed):
            k = file.keypoints
            (track,) = k.tracks
            seen = left_right.pose_features(track, k.layout, k.fps)[::3]
            poses.append(torch.from_numpy(seen).float())
            for part, out in ((track, whole), (shorten(track, rng), short)):
                out.append(body.proportions(body.Limbs([part], k.layout)))
    fits = fit_proportions(whole), fit_proportions(short)
    mean, covariance = map(np.stack, zip(*fits, strict=True))
    return {'mean': mean, 'covariance': covariance, **fit_sides(poses)}


def main(argv: list[str] | None = None) -> int:
    """Runs the command line; returns the exit code."""
    parser = CommandParser(description=__doc__.split('\n\n')[0])
    parser.add_argument('--root', default='datasets/OpenMocap')
    parser.add_argument('--only', choices=['stretch'])
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
        np.savez_compressed(
            file, **{k: v.astype(np.float16) for k, v in arrays.items()}
        )
    print(f"'{PATH}': fitted on {len(clips):,} clips of training subjects")
    return 0


if __name__ == '__main__':
    run_command(main)
