"""Measures how well people without ids are followed through the frames of
keypoint files, on scenes of recorded people whose paths cross.

    python -m experiments.bench.tracking --root $PYG_HCSF_DATA

The scenes have people of the validation split of openmocap, and every other
trial of CMU's dancing couple; ``--split train`` takes the training people and
the couple's other trials. Walks have new paths and are seen by one camera, as
COCO's joints with 2 to 4 pixels of noise; see
experiments/bench/people_scenes.py.
"""

from __future__ import annotations

import time
import warnings
from collections.abc import Sequence

import numpy as np
import pandas as pd
from scipy.optimize import linear_sum_assignment
from torch_geometric.data import Data

from experiments.bench.keypoint_checks import real_clips
from experiments.bench.people_scenes import (
    DOUBLE,
    GHOST,
    Scene,
    make_scene,
)
from experiments.bench.walkers import KINDS
from pyg_hcsf.cli.command import CommandParser, run_command
from pyg_hcsf.keypoints import Track
from pyg_hcsf.keypoints.tracking import make_tracks


def scene_clips(root: str | None, split: str) -> list[Data]:
    """The motion of a split, and its trials of the dancing couple."""
    clips = [c for c in real_clips(root, split) if c.action != 'salsa']
    salsa = real_clips(root, 'train')
    odd = split == 'train'
    return clips + [
        c
        for c in salsa
        if c.action == 'salsa' and (int(c.clip[6:8]) - 1) % 15 % 2 == 1 - odd
    ]


def split_people(scene: Scene) -> np.ndarray:
    """The person of each detection. Somebody who is away for more than a
    second counts as another person, as tracks end after a second.
    """
    frames = np.array([d.frame for d in scene.found])
    truth = scene.truth.copy()
    new = scene.people
    for person in range(scene.people):
        rows = np.flatnonzero(scene.truth == person)
        rows = rows[np.argsort(frames[rows])]
        gaps = np.flatnonzero(np.diff(frames[rows]) > scene.fps)
        for part in np.split(rows, gaps + 1)[1:]:
            truth[part] = new
            new += 1
    return truth


def score(scene: Scene, tracks: Sequence[Track]) -> dict[str, float]:
    """Compares tracks with the people of a scene."""
    truth = split_people(scene)
    rows = {
        (d.frame, d.joints[:, :2].tobytes()): i
        for i, d in enumerate(scene.found)
    }
    track = np.full(len(truth), -1)
    for number, t in enumerate(tracks):
        for frame, xy in zip(t.frames.tolist(), t.xy, strict=True):
            track[rows[frame, xy.tobytes()]] = number
    real = truth >= 0
    table = np.zeros((truth.max() + 1, len(tracks)), dtype=int)
    kept = real & (track >= 0)
    np.add.at(table, (truth[kept], track[kept]), 1)
    people, of = linear_sum_assignment(-table)
    right = table[people, of].sum()
    frames = np.array([d.frame for d in scene.found])
    switches = 0
    for person in range(len(table)):
        mine = np.flatnonzero((truth == person) & (track >= 0))
        names = track[mine[np.argsort(frames[mine])]]
        switches += int((np.diff(names) != 0).sum())
    sizes = np.bincount(truth[real])
    return {
        'detections': int(real.sum()),
        'right': int(right),
        'switches': switches,
        'people': int((sizes >= min(5, scene.fps / 5)).sum()),
        'tracks': len(tracks),
        'lost': int((real & (track < 0)).sum()),
        'ghosts': int((truth == GHOST).sum()),
        'ghosts kept': int(((truth == GHOST) & (track >= 0)).sum()),
        'doubles': int((truth == DOUBLE).sum()),
        'doubles kept': int(((truth == DOUBLE) & (track >= 0)).sum()),
    }


def measure(scenes: Sequence[Scene]) -> pd.DataFrame:
    """Follows the people of each scene: a row per scene."""
    rows = []
    for scene in scenes:
        start = time.perf_counter()
        with warnings.catch_warnings():  # about ghosts
            warnings.simplefilter('ignore')
            tracks = make_tracks(scene.found, scene.fps)
        spent = time.perf_counter() - start
        values = score(scene, tracks)
        rows.append({'scene': scene.kind, 'files': 1, **values, 's': spent})
    return pd.DataFrame(rows)


def summary(rows: pd.DataFrame) -> pd.DataFrame:
    """Sums by kind of scene, and of all."""
    total = rows.groupby('scene', sort=False).sum()
    total.loc['all'] = total.sum()
    out = total[['files', 'people', 'tracks', 'switches']].astype(int)
    out.insert(1, 'right %', 100 * total['right'] / total['detections'])
    out['lost %'] = 100 * total['lost'] / total['detections']
    for name in ('ghosts', 'doubles'):
        share = total[f'{name} kept'] / total[name].clip(lower=1)
        out[f'{name} kept %'] = 100 * share
    out['ms per 100 detections'] = 1e5 * total['s'] / total['detections']
    return out


def main(argv: list[str] | None = None) -> int:
    """Runs the command line; returns the exit code."""
    parser = CommandParser(description=__doc__.split('\n\n')[0])
    parser.add_argument('--root', help='data home; default: $PYG_HCSF_DATA')
    parser.add_argument('--split', choices=('train', 'val'), default='val')
    parser.add_argument('--seeds', type=int, default=10, help='per kind')
    parser.add_argument('--first_seed', type=int, default=0)
    args = parser.parse_args(argv)
    clips = scene_clips(args.root, args.split)
    seeds = range(args.first_seed, args.first_seed + args.seeds)
    rows = measure([make_scene(k, clips, s) for k in KINDS for s in seeds])
    print(summary(rows).to_markdown(floatfmt='.4g'))
    return 0


if __name__ == '__main__':
    run_command(main)
