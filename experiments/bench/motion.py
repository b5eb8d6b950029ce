"""Compares lifted motion with and without smoothing, on recorded motion seen
by a virtual camera and a detector with errors.

    python -m experiments.bench.motion --root $PYG_HCSF_DATA --people unseen

The people of "validation" were used to choose between methods, those of
"unseen" were used for nothing: neither to train a lifter or a smoother, nor
for a choice.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from functools import partial

import numpy as np
import pandas as pd
from scipy.linalg import solveh_banded
from scipy.signal import savgol_filter

from experiments.bench.window_network import train_network
from experiments.fitting.smoother import PEOPLE as TAUGHT
from experiments.lifting.motion_scores import measure, summarize
from experiments.lifting.scenes import NOISES, Noise, Scene, make_scenes
from experiments.sweep.processes import progress
from experiments.sweep.sources import data_home
from pyg_hcsf.cli.command import CommandParser, run_command
from pyg_hcsf.lifting import Lifter
from pyg_hcsf.lifting.smoothing.bands import (
    difference_penalty,
    penalty_of,
)
from pyg_hcsf.poses import PoseSequence

PEOPLE = {
    'validation': ('CMU03', 'CMU16', 'CMU86', 'HDM05-mm'),
    'unseen': ('CMU07', 'CMU08', 'CMU10', 'CMU38', 'CMU43'),
}
Smoother = Callable[[np.ndarray, float], np.ndarray]


def savitzky_golay(motion: np.ndarray, fps: float) -> np.ndarray:
    """A cubic polynomial through the 0.44 seconds around each frame."""
    size = min(2 * round(0.2 * fps) + 1, len(motion) - 1 | 1)
    return savgol_filter(motion, max(size, 5), 3, axis=0)


def kalman(motion: np.ndarray, fps: float, cutoff: float = 3.0) -> np.ndarray:
    """The smoother of Rauch, Tung and Striebel for random jerk of a constant
    size and independent noise: the same least-squares problem as that of
    Whittaker and Henderson.
    """
    matrix = penalty_of(cutoff, fps, 3) * difference_penalty(
        np.ones(len(motion) - 3), 3
    )
    matrix[-1] += 1
    flat = motion.reshape(len(motion), -1)
    return solveh_banded(matrix, flat).reshape(motion.shape)


def filtered(
    scene: Scene, lifter: Lifter, smoother: Smoother | None
) -> PoseSequence:
    """Lifts frame by frame, and smooths poses and root with one filter."""
    (person,) = replace_smooth(lifter, False).lift(scene.keypoints())
    if smoother is None:
        return person
    assert person.root is not None
    pose, root = (smoother(x, scene.fps) for x in (person.pose, person.root))
    return replace(person, pose=pose, root=root)


def replace_smooth(lifter: Lifter, smooth: bool) -> Lifter:
    """The lifter with smoothing on or off."""
    lifter.smooth = smooth
    return lifter


def smoothed(scene: Scene, lifter: Lifter) -> PoseSequence:
    """Lifts with the smoothing of the package."""
    return replace_smooth(lifter, True).lift(scene.keypoints())[0]


Method = Callable[[Scene, Lifter], PoseSequence]
METHODS: dict[str, Method] = {
    'off': partial(filtered, smoother=None),
    'Savitzky-Golay': partial(filtered, smoother=savitzky_golay),
    'Kalman (RTS)': partial(filtered, smoother=kalman),
    'on': smoothed,
}


def compare(
    scenes: Iterable[tuple[Noise, Scene]],
    weights: str,
    methods: Mapping[str, Method],
) -> pd.DataFrame:
    """All methods on all scenes."""
    rows = []
    for noise, scene in progress(list(scenes), weights):
        lifter = Lifter(weights, height=scene.height, focal=scene.focal)
        for name, method in methods.items():
            values = measure(scene, method(scene, lifter))
            key = {'noise': noise.name, 'method': name}
            rows.append({**key, 'subject': scene.subject, **values})
    return pd.DataFrame(rows)


def main(argv: list[str] | None = None) -> pd.DataFrame:
    """Runs the command."""
    parser = CommandParser(prog='motion', description=__doc__)
    parser.add_argument('--root', help='the data home')
    parser.add_argument('--people', choices=PEOPLE, default='validation')
    parser.add_argument('--weights', nargs='+', default=['single', 'temporal'])
    parser.add_argument('--count', type=int, default=30, help='clips')
    parser.add_argument('--fps', type=float, default=25.0)
    parser.add_argument('--seed', type=int, default=0)
    text = 'also train and compare a network on windows of 32 frames'
    parser.add_argument('--network', action='store_true', help=text)
    args = parser.parse_args(argv)
    people = PEOPLE[args.people]
    made = make_scenes(
        data_home(args.root), people, NOISES, args.count, args.fps, args.seed
    )
    scenes = [(NOISES[i % len(NOISES)], scene) for i, scene in enumerate(made)]
    pd.set_option('display.width', 250, 'display.max_columns', 20)
    out = {}
    for weights in args.weights:
        methods = dict(METHODS)
        if args.network:
            taught = make_scenes(
                data_home(args.root), TAUGHT, None, 80, args.fps, args.seed
            )
            network = train_network(list(taught), weights)
            methods['windows'] = partial(filtered, smoother=network.smooth)
        table = compare(scenes, weights, methods)
        groups = table.groupby(['noise', 'method'], sort=False)
        rows = {key: summarize(part) for key, part in groups}
        out[weights] = pd.DataFrame(rows).T
        print(f'\n{args.people}, {weights}, {args.fps:g} Hz')
        print(out[weights].round(2).to_string())
    return pd.concat(out, names=['weights'])


if __name__ == '__main__':
    run_command(main)
