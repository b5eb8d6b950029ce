"""Measures how many mistakes in keypoint files are found, and how many correct
files have issues, on motion capture of people that the checks were not fitted
on.

    python -m experiments.bench.keypoint_checks --root $PYG_HCSF_DATA

Each clip is projected to the cameras of Human3.6M, and to cameras at other
heights and distances, as joints of every layout with detector noise. Faces,
feet and fingers are not recorded; they are placed by a simple body model.
``--postures`` changes the recorded postures as in
experiments/fitting/postures.py, and adds a table by posture.
"""

from __future__ import annotations

import zlib
from collections.abc import Iterable, Iterator
from typing import NamedTuple

import numpy as np
import pandas as pd
import torch
from scipy.spatial.transform import Rotation
from torch_geometric.data import Data

from experiments.fitting.body_points import body_points
from experiments.fitting.keypoint_mistakes import MISTAKES, confused
from experiments.fitting.postures import in_postures
from experiments.pose.data import find_openmocap
from experiments.sweep.motion import openmocap_motion, synthetic_motion
from experiments.sweep.sources import data_home
from pyg_hcsf.cli.command import CommandParser, run_command
from pyg_hcsf.geometry.camera import Camera
from pyg_hcsf.geometry.keypoint_noise import detector_noise
from pyg_hcsf.geometry.virtual_cameras import View, project_views
from pyg_hcsf.keypoints import Keypoints, Track, check_keypoints
from pyg_hcsf.keypoints.layouts import LAYOUTS

NONE, CONFUSED = 'none', 'none, limbs confused'
LONG = 3  # s


class File(NamedTuple):
    """Correct keypoints, with the names of their clip and cameras."""

    name: str
    cameras: str
    keypoints: Keypoints
    posture: str = ''


def random_cameras(clip: str, number: int, seed: int = 0) -> list[Camera]:
    """Cameras 2.5 to 7 m from the people, at heights of 0.5 to 2.6 m."""
    rng = np.random.default_rng([zlib.crc32(clip.encode()), seed])
    out = []
    for i in range(number):
        turn, far = rng.uniform(0, 2 * np.pi), rng.uniform(2500, 7000)
        eye = np.array([np.cos(turn), np.sin(turn), 0]) * far
        eye += (0, 500, rng.uniform(500, 2600))
        ahead = np.array([0, 500, rng.uniform(700, 1100)]) - eye
        ahead /= np.linalg.norm(ahead)
        right = np.cross(ahead, [0, 0, 1])
        right /= np.linalg.norm(right)
        axes = np.stack([right, np.cross(ahead, right), ahead], axis=1)
        x, y, z, w = Rotation.from_matrix(axes).as_quat()
        focal = rng.uniform(900, 1600)
        out.append(
            Camera(
                name=f'random {i}',
                width=1920,
                height=1080,
                focal=(focal, focal),
                center=(960.0, 540.0),
                orientation=(w, x, y, z),
                translation=tuple(eye),
            )
        )
    return out


def make_file(view: View, clip: str, layout: str, fps: float) -> Keypoints:
    """Keypoints of a clip in one view, with detector noise."""
    camera = view.camera
    noisy, score = detector_noise(
        view.keypoints, view.joints, camera, clip, seed=0
    )
    exact = view.keypoints.numpy()
    moved = noisy.numpy() - exact
    rng = np.random.default_rng(zlib.crc32(f'{clip} {camera.name}'.encode()))
    xy, confidence = [], []
    for pos, near in body_points(view.joints.numpy(), layout, rng):
        point = camera.project(torch.from_numpy(pos)).numpy()
        jitter = rng.normal(scale=4, size=point.shape)
        extra = jitter * camera.focal[0] / pos[:, 2:]
        xy.append(point + moved[:, near] + extra * (near >= 17))
        confidence.append(score[:, near].numpy())
    points, certain = np.stack(xy, axis=1), np.stack(confidence, axis=1)
    points[certain == 0] = np.nan
    track = Track('1', np.arange(len(points)), points, certain)
    size = float(camera.width), float(camera.height)
    return Keypoints(layout, (track,), 'bench', size, fps)


def make_files(
    clips: list[Data], seed: int = 0, least: int = 12
) -> Iterator[File]:
    """Makes a file per clip of at least so many frames and camera (8 each), of
    all layouts in turn. The seed decides views and noise.
    """
    turn = seed
    for clip in clips:
        pos = clip.pos.transpose(0, 1)
        if len(pos) < least:
            continue
        chosen = random_cameras(clip.clip, 4, seed)
        for cameras, which in (('human36m', None), ('random', chosen)):
            for view in project_views(pos, clip.clip, seed, which):
                layout = LAYOUTS[turn % len(LAYOUTS)]
                turn += 1
                k = make_file(view, f'{clip.clip} {seed}', layout, clip.fps)
                name = f'{clip.subject} {clip.clip} {view.camera.name}'
                posture = clip.get('posture', '')
                yield File(name, cameras, k, posture)


def real_clips(root: str | None, split: str) -> list[Data]:
    """The motion of a split of the openmocap protocol."""
    return openmocap_motion(find_openmocap(data_home(root)), split)


def synthetic_clips(split: str) -> list[Data]:
    """Generated motion, with 4 s per clip; it includes sitting and talking."""
    return synthetic_motion(split, 100)


def load_files(
    root: str | None,
    split: str,
    seeds: Iterable[int],
    synthetic: bool = False,
    postures: bool = False,
) -> list[File]:
    """Makes files of real or generated motion: 8 for each clip and seed."""
    clips = synthetic_clips(split) if synthetic else real_clips(root, split)
    return [
        file
        for seed in seeds
        for file in make_files(
            in_postures(clips, seed) if postures else clips, seed
        )
    ]


def measure(files: list[File], seed: int = 0) -> pd.DataFrame:
    """Checks each file, correct and with some mistakes: a line per check."""
    rng = np.random.default_rng(seed)
    make = {NONE: lambda k, rng: k, CONFUSED: confused} | MISTAKES
    rows = []
    for number, file in enumerate(files):
        k = file.keypoints
        # Three of the mistakes per file, so that all are equally frequent.
        names = list(MISTAKES)
        turn = [names[(3 * number + i) % len(names)] for i in range(3)]
        for name in (NONE, CONFUSED, *turn):
            changed = make[name](k, rng)
            if changed is not None:
                issues = check_keypoints(changed)
                rows.append(
                    {
                        'mistake': name,
                        'cameras': file.cameras,
                        'long': len(k.tracks[0].frames) >= LONG * 25,
                        'found': bool(issues),
                        'refused': any(i.level == 'error' for i in issues),
                        'as': ', '.join(issue.kind for issue in issues),
                        'layout': k.layout,
                        'file': file.name,
                        'posture': file.posture,
                    }
                )
    return pd.DataFrame(rows)


def summary(rows: pd.DataFrame) -> pd.DataFrame:
    """The share of files with issues, by mistake: of all files, by cameras,
    and of long clips.
    """
    order = [NONE, CONFUSED, *MISTAKES]
    groups = rows.groupby('mistake', sort=False)
    named = rows[rows['found']].groupby('mistake')['as']
    table = pd.DataFrame(
        {
            'files': groups.size(),
            'with issues %': groups['found'].mean() * 100,
            'refused %': groups['refused'].mean() * 100,
            'human36m %': _share(rows[rows['cameras'] == 'human36m']),
            'random %': _share(rows[rows['cameras'] == 'random']),
            f'{LONG} s and longer %': _share(rows[rows['long']]),
            'mostly as': named.agg(lambda kinds: kinds.mode()[0]),
        }
    )
    return table.reindex([name for name in order if name in table.index])


def _share(rows: pd.DataFrame) -> pd.Series:
    return rows.groupby('mistake')['found'].mean() * 100


def main(argv: list[str] | None = None) -> int:
    """Runs the command line; returns the exit code."""
    parser = CommandParser(description=__doc__.split('\n\n')[0])
    parser.add_argument('--root', help='data home; default: $PYG_HCSF_DATA')
    parser.add_argument('--split', choices=('train', 'val'), default='val')
    parser.add_argument('--seeds', type=int, default=2, help='number of seeds')
    parser.add_argument('--first_seed', type=int, default=0)
    parser.add_argument(
        '--synthetic', action='store_true', help='generated motion instead'
    )
    parser.add_argument(
        '--postures',
        action='store_true',
        help='people who face one way, lean, lie, sit or ride a bicycle',
    )
    args = parser.parse_args(argv)
    torch.set_num_threads(1)
    seeds = range(args.first_seed, args.first_seed + args.seeds)
    files = load_files(
        args.root, args.split, seeds, args.synthetic, args.postures
    )
    rows = measure(files, args.first_seed)
    print(summary(rows).to_markdown(floatfmt='.1f'))
    if args.postures:
        right = rows[rows['mistake'].isin([NONE, CONFUSED])].copy()
        right['some sides %'] = right['as'].str.contains('some sides') * 100
        right['refused %'] = right['refused'] * 100
        columns = ['some sides %', 'refused %']
        table = right.groupby(['posture', 'mistake'])[columns].mean()
        print(f'\n{table.to_markdown(floatfmt=".1f")}')
    for what in ('found', 'refused'):
        mistakes = rows[rows['mistake'].isin(list(MISTAKES))][what]
        correct = rows[rows['mistake'] == NONE][what]
        print(
            f'\nMistakes {what}: {mistakes.mean():.1%} of {len(mistakes):,}. '
            f'Correct files {what}: {correct.mean():.2%} of {len(correct):,}'
        )
    return 0


if __name__ == '__main__':
    run_command(main)
