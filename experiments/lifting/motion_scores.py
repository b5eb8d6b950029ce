"""How natural lifted motion looks: accelerations, sliding feet and bones."""

from __future__ import annotations

import zlib
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pandas as pd
import torch
from scipy.interpolate import interp1d
from torch import Generator
from torch_geometric.data import Data

from experiments.lifting.scenes import NOISES, Scene, detect, film
from pyg_hcsf import metrics
from pyg_hcsf.lifting import Lifter
from pyg_hcsf.lifting.smoothing.feet import ANKLES
from pyg_hcsf.poses import PoseSequence
from pyg_hcsf.skeleton import H36M17

WORST = 0.95  # quantile of the errors of frames above which they are worst
CLIPS = 12
SHORTEST, LONGEST = 0.8, 12.0  # seconds of a clip
TYPICAL = NOISES[2]
LAGS = np.linspace(-0.1, 0.3, 81)  # seconds


def measure(scene: Scene, person: PoseSequence) -> dict[str, float]:
    """The errors of one clip, at the true height and focal length."""
    frames = person.frames
    truth, pose = (
        torch.from_numpy(x) for x in (scene.truth[frames], person.pose)
    )
    exact = truth - truth[:, :1]
    position = torch.from_numpy(person.position)
    error = metrics.mpjpe(pose, exact, per_frame=True)
    ours, root = (
        metrics.acceleration(x) for x in (pose, torch.from_numpy(person.root))
    )
    return {
        'frames': len(frames),
        'lag': 1e3 * find_lag(person, scene),
        'mpjpe': float(error.mean()),
        'n_mpjpe': float(metrics.n_mpjpe(pose, exact)),
        'pa_mpjpe': float(metrics.pa_mpjpe(pose, exact)),
        'worst': float(error[error >= error.quantile(WORST)].mean()),
        'acceleration': float(ours),
        'true acceleration': float(metrics.acceleration(exact)),
        'root acceleration': float(root),
        'true root acceleration': float(metrics.acceleration(truth[:, 0])),
        'sliding': float(
            metrics.foot_sliding(
                position[:, ANKLES], truth[:, ANKLES], scene.fps
            )
        ),
        'bone spread': float(metrics.bone_spread(pose, H36M17.parents)),
    }


def find_lag(person: PoseSequence, scene: Scene) -> float:
    """The delay in seconds of the true motion that explains poses best, up to
    a constant error of each joint.
    """
    times, truth = person.frames / scene.fps, scene.pose
    frames = np.arange(len(truth)) / scene.fps
    late = interp1d(frames, truth, axis=0, bounds_error=False)
    inside = (times > LAGS[-1]) & (times < times[-1] + LAGS[0])
    pose, times = person.pose[inside], times[inside]
    off = [(pose - late(times - lag)).std(axis=0).sum() for lag in LAGS]
    return float(LAGS[np.argmin(off)])


def summarize(table: pd.DataFrame) -> pd.Series:
    """One row: means over people, ratios of accelerations over all clips and
    over the third of the clips with the least and the most.
    """
    people = table.groupby('subject')
    columns = ['mpjpe', 'n_mpjpe', 'pa_mpjpe', 'worst', 'sliding']
    out = people[[*columns, 'bone spread']].mean().mean()
    out['lag'] = table['lag'].median()
    ordered = table.sort_values('true acceleration')
    third = max(1, len(table) // 3)
    for name, part in (
        ('acceleration', ordered),
        ('acceleration, slow', ordered[:third]),
        ('acceleration, fast', ordered[-third:]),
    ):
        ratio = part['acceleration'].sum() / part['true acceleration'].sum()
        out[name] = ratio
    total = table['true root acceleration'].sum()
    out['root acceleration'] = table['root acceleration'].sum() / total
    return out


def score_motion(
    weights: Path, clips: Sequence[Data], layout: str, name: str
) -> dict[str, dict[str, float]]:
    """Lifts up to 12 clips with and without smoothing, as a typical detector
    finds them.

    Args:
        weights: The weights.
        clips: World motion.
        layout: The joints of the detector.
        name: The name of the data, which seeds cameras and detector.
    """
    seed = zlib.crc32(f'{name} motion'.encode())
    rng, generator = np.random.default_rng(seed), Generator()
    generator.manual_seed(seed)
    rows: dict[str, list] = {'off': [], 'on': []}
    for index in rng.permutation(len(clips)).tolist():
        clip = clips[index]
        fps = float(clip.get('fps', 25.0))
        pos = clip.pos.transpose(0, 1)[: int(LONGEST * fps)].float()
        if len(pos) < SHORTEST * fps or len(rows['on']) == CLIPS:
            continue
        scene = film(
            clip.subject, clip.clip, pos, fps, generator, layout=layout
        )
        if scene is None:
            continue
        scene = detect(scene, TYPICAL, rng)
        for smooth, found in rows.items():
            lifter = Lifter(
                weights,
                height=scene.height,
                focal=scene.focal,
                smooth=smooth == 'on',
            )
            (person,) = lifter.lift(scene.keypoints())
            values = measure(scene, person)
            found.append({'subject': scene.subject, **values})
    tables = {smooth: pd.DataFrame(found) for smooth, found in rows.items()}
    return {
        smooth: {str(key): value for key, value in summarize(table).items()}
        for smooth, table in tables.items()
        if len(table)
    }
