"""What two detectors did on the real clip: the source of the defaults of
:class:`pyg_hcsf.geometry.random_keypoints.KeypointNoise`.

    python -m experiments.fitting.detector_errors --root $PYG_HCSF_DATA

Errors are distances from the projections of the refined reference, see
docs/results/real.md. It is fitted to the same keypoints, so that their random
part is a tenth too small: 16 coordinates determine 3.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd
from scipy.stats import spearmanr

from experiments.lifting.real_clip import FPS, LIMBS, find_clip, load_clip
from experiments.lifting.real_scores import (
    Reference,
    limbs_of,
    references,
)
from experiments.lifting.triangulation import to_pixels
from experiments.sweep.sources import data_home
from pyg_hcsf.cli.command import CommandParser, UsageError, run_command
from pyg_hcsf.keypoints import Keypoints, fix_side_swaps

RATE = 25.0  # Hz, of the training windows
SIDES = [LIMBS.index('LR'[name[0] == 'L'] + name[1:]) for name in LIMBS]
PARTS = {'legs': slice(0, 6), 'arms': slice(6, 12)}
MIN_GAIN = 60.0  # mm, by which exchanging sides must be better


def errors(
    view: Keypoints, reference: Reference, number: int
) -> tuple[np.ndarray, np.ndarray]:
    """Errors of keypoints in mm on the person ``[T, 12, 2]`` and those with
    left and right exchanged.
    """
    camera = reference.cameras[number]
    xy, exact = limbs_of(view)[0], to_pixels(reference.points, camera)
    scale = reference.seen_by(number)[..., 2:] / np.mean(camera.focal)
    return (xy - exact) * scale, (xy[:, SIDES] - exact) * scale


def spells(found: np.ndarray) -> list[int]:
    """The lengths of the runs of True along the first axis ``[T, ...]``."""
    columns = found.reshape(len(found), -1).T
    padded = np.pad(columns.astype(int), ((0, 0), (1, 1)))
    change = np.diff(padded, axis=1)
    starts, ends = (np.nonzero(change == sign)[1] for sign in (1, -1))
    return (ends - starts).tolist()


def correlation(error: np.ndarray) -> float:
    """The correlation of successive errors at 25 Hz, without constants."""
    error = error - np.nanmean(error, axis=0)
    step, values = FPS / RATE, []
    for lag in (int(step), int(step) + 1):
        product = error[lag:] * error[:-lag]
        values.append(np.nanmean(product) / np.nanmean(np.square(error)))
    return float(np.interp(step % 1, [0, 1], values))


def summarize(
    views: Sequence[Keypoints], reference: Reference
) -> dict[str, float]:
    """The figures of one detector."""
    fixed = [fix_side_swaps(view)[0] for view in views]
    error = np.stack(
        [errors(view, reference, i)[0] for i, view in enumerate(fixed)]
    )
    score = np.stack([limbs_of(view)[1] for view in fixed])
    bias = np.nanmean(error, axis=1, keepdims=True)
    random = error - bias
    size = np.linalg.norm(random, axis=-1)
    known = np.isfinite(size) & (score > 0)
    total = np.linalg.norm(error, axis=-1)[known]
    out = {
        'bias (mm)': np.sqrt(np.nanmean(np.square(bias))),
        'random (mm)': np.sqrt(np.nanmean(np.square(random))),
        'random, median distance (mm)': np.median(size[known]),
        'random, 95 % over median': np.quantile(size[known], 0.95)
        / np.median(size[known]),
        'over 100 mm (%)': 100 * (total > 100).mean(),
        'correlation at 25 Hz': np.mean([*map(correlation, error)]),
        'rank correlation of score and error': spearmanr(
            score[known], total
        ).statistic,
        'missing (%)': 100 * (1 - known.mean()),
        'spells of missing (frames)': np.mean(
            spells(~known.swapaxes(0, 1)) or [0]
        ),
    }
    quarter = pd.qcut(score[known], 4, labels=False, duplicates='drop')
    for i, group in pd.Series(total).groupby(quarter):
        rows = quarter == i
        out[f'quarter {i + 1} of scores: score'] = score[known][rows].mean()
        out[f'quarter {i + 1} of scores: error (mm)'] = group.median()
    return out | swaps(views, reference)


def swaps(
    views: Sequence[Keypoints], reference: Reference
) -> dict[str, float]:
    """Frames in which exchanging the sides of legs or arms is better."""
    out, found = {}, {}
    pairs = [errors(view, reference, i) for i, view in enumerate(views)]
    plain, mirrored = (
        np.stack([np.linalg.norm(p[k], axis=-1) for p in pairs], axis=1)
        for k in (0, 1)
    )
    for name, part in PARTS.items():
        gain = np.nanmean((plain - mirrored)[..., part], axis=-1)
        found[name] = gain > MIN_GAIN  # [T, K]
    both = found['legs'] & found['arms']
    found = {name: x & ~both for name, x in found.items()} | {'all': both}
    for name, frames in found.items():
        out[f'{name} exchanged (%)'] = 100 * frames.mean()
        out[f'{name} exchanged: spells'] = float(len(spells(frames)))
        out[f'{name} exchanged: frames'] = np.mean(spells(frames) or [0])
    return out


def joint_errors(
    views: Sequence[Keypoints], reference: Reference
) -> dict[str, str]:
    """Bias and random error of each joint in mm a coordinate, of both sides
    together.
    """
    error = np.stack(
        [
            errors(fix_side_swaps(view)[0], reference, i)[0]
            for i, view in enumerate(views)
        ]
    )
    bias = np.nanmean(error, axis=1, keepdims=True)
    out = {}
    for name in dict.fromkeys(limb[1:] for limb in LIMBS):
        rows = [LIMBS.index(side + name) for side in 'LR']
        first, second = (
            np.sqrt(np.nanmean(np.square(x[:, :, rows])))
            for x in (bias, error - bias)
        )
        out[name] = f'{first:.0f}, {second:.0f}'
    return out


def main(argv: list[str] | None = None) -> pd.DataFrame:
    """Runs the command line; returns the table it prints."""
    parser = CommandParser(description=(__doc__ or '').split('\n\n')[0])
    parser.add_argument('--root', help='the data home')
    root = data_home(parser.parse_args(argv).root)
    folder = find_clip(root)
    if folder is None:
        raise UsageError(
            f"Expected the demo of Pose2Sim in '{root}/pose2sim'; see "
            'docs/results/real.md'
        )
    clip = load_clip(folder)
    reference = references(clip)['refined']
    table = pd.DataFrame(
        {
            name: summarize(views, reference)
            for name, views in clip.detected.items()
        }
    )
    print(table.to_markdown(floatfmt='.2f'))
    print('\nBias, random error of a coordinate (mm):\n')
    joints = {
        name: joint_errors(views, reference)
        for name, views in clip.detected.items()
    }
    print(pd.DataFrame(joints).to_markdown())
    return table


if __name__ == '__main__':
    run_command(main)
