"""Compares lifted motion with and without smoothing, on recorded motion seen
by a virtual camera and a detector with errors.

    python -m experiments.bench.motion --root $PYG_HCSF_DATA --seed 0 1 2
    python -m experiments.bench.motion --root $PYG_HCSF_DATA --live
    python -m experiments.bench.motion --root $PYG_HCSF_DATA --seed 0 1 2 \
        --people test --purpose 'why'

The validation people of openmocap are used to choose between methods, the
test people for nothing: neither to train a lifter or a smoother, nor for a
choice; a line in docs/results/test_scores.csv says that they were scored.
With --live, filters that do not look ahead are compared; "lag" is the time in
ms by which poses are late.
"""

from __future__ import annotations

import shlex
import sys
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from functools import partial
from itertools import cycle
from pathlib import Path

import numpy as np
import pandas as pd
from scipy.signal import savgol_filter

from experiments.bench.live_motion import LIVE_METHODS
from experiments.bench.window_network import train_network
from experiments.fitting.smoother import PEOPLE as TAUGHT
from experiments.lifting.motion_scores import measure, summarize
from experiments.lifting.scenes import (
    IMAGE,
    NOISES,
    Noise,
    Scene,
    make_scenes,
)
from experiments.reporting.compare import interval
from experiments.reporting.page import markdown, write_table
from experiments.sweep.ledger import record_network
from experiments.sweep.processes import progress
from experiments.sweep.sources import data_home
from pyg_hcsf.cli.command import CommandParser, run_command
from pyg_hcsf.datasets.mocap.openmocap_people import (
    TEST_SUBJECTS,
    VAL_SUBJECTS,
)
from pyg_hcsf.lifting import Lifter
from pyg_hcsf.lifting.smoothing.bands import smooth_whittaker
from pyg_hcsf.poses import PoseSequence

PEOPLE = {'val': VAL_SUBJECTS, 'test': TEST_SUBJECTS}
KEYS = ['detector', 'smoothing']  # of a row
Method = Callable[[Scene, Lifter], PoseSequence]
Smoother = Callable[[np.ndarray, float], np.ndarray]


def savitzky_golay(motion: np.ndarray, fps: float) -> np.ndarray:
    """A cubic polynomial through the 0.44 seconds around each frame."""
    size = min(2 * round(0.2 * fps) + 1, len(motion) - 1 | 1)
    return savgol_filter(motion, max(size, 5), 3, axis=0)


def kalman(motion: np.ndarray, fps: float, cutoff: float = 3.0) -> np.ndarray:
    """The smoother of Rauch et al. (1965) for random jerk of a constant
    size and independent noise: the same least-squares problem as that of
    Whittaker and Henderson.
    """
    flat = motion.reshape(len(motion), 1, -1)
    weight = np.ones((len(motion), 1))
    return smooth_whittaker(flat, weight, cutoff, fps).reshape(motion.shape)


def filtered(
    scene: Scene, lifter: Lifter, smoother: Smoother | None
) -> PoseSequence:
    """Lifts frame by frame, and smooths poses and root with one filter."""
    lifter.smooth = False
    (person,) = lifter.lift(scene.keypoints())
    if smoother is None:
        return person
    assert person.root is not None
    pose, root = (smoother(x, scene.fps) for x in (person.pose, person.root))
    return replace(person, pose=pose, root=root)


def smoothed(scene: Scene, lifter: Lifter) -> PoseSequence:
    """Lifts with the smoothing of the package."""
    return lifter.lift(scene.keypoints())[0]


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
    """All methods on all scenes: a row for each noise and method."""
    rows = []
    for noise, scene in progress(list(scenes), weights):
        for name, method in methods.items():
            lifter = Lifter(
                weights,
                height=scene.height,
                focal=scene.focal,
                image_size=IMAGE,
                fps=scene.fps,
            )
            values = measure(scene, method(scene, lifter))
            key = dict(zip(KEYS, (noise.name, name), strict=True))
            rows.append({**key, 'subject': scene.subject, **values})
    groups = pd.DataFrame(rows).groupby(KEYS, sort=False)
    return pd.DataFrame({key: summarize(part) for key, part in groups}).T


def add_intervals(tables: Sequence[pd.DataFrame]) -> pd.DataFrame:
    """Means over seeds as text, with 95 % intervals if there are several."""
    out = tables[0].astype(object)
    for row in out.index:
        for column in out.columns:
            mean, half = interval([x.loc[row, column] for x in tables])
            text = f'{mean:.2f}'
            out.loc[row, column] = text + f' ± {half:.2f}' * (half == half)
    return out.rename_axis(KEYS)


def main(argv: list[str] | None = None) -> pd.DataFrame:
    """Runs the command; returns the means over seeds."""
    parser = CommandParser(prog='motion', description=__doc__)
    parser.add_argument('--root', help='the data home')
    parser.add_argument('--people', choices=PEOPLE, default='val')
    parser.add_argument('--purpose', help='why test people are scored')
    parser.add_argument('--weights', default='auto')
    parser.add_argument('--count', type=int, default=40, help='clips a seed')
    parser.add_argument('--fps', type=float, default=25.0)
    parser.add_argument('--seed', type=int, nargs='+', default=[0])
    text = 'also train and compare a network on windows of 32 frames'
    parser.add_argument('--network', action='store_true', help=text)
    text = 'write the table there, as .csv'
    parser.add_argument('--out', type=Path, help=text)
    text = 'compare filters that do not look ahead'
    parser.add_argument('--live', action='store_true', help=text)
    args = parser.parse_args(argv)
    root = data_home(args.root)
    if args.people == 'test':
        if not args.purpose:
            parser.error("state the '--purpose' of a score on test people")
        record_network(
            shlex.join(sys.argv),
            'OpenMocap, test, motion',
            f'lifter {args.weights}, smoother',
            args.purpose,
        )
    methods = dict(LIVE_METHODS if args.live else METHODS)
    if args.network:
        taught = make_scenes(root, TAUGHT, None, 80, args.fps, 0)
        network = train_network(list(taught), args.weights)
        methods['windows'] = partial(filtered, smoother=network.smooth)
    tables = []
    for seed in args.seed:
        scenes = make_scenes(
            root, PEOPLE[args.people], NOISES, args.count, args.fps, seed
        )
        pairs = zip(cycle(NOISES), scenes)  # each scene has all detectors
        tables.append(compare(pairs, args.weights, methods))
    print(f'{args.people}, {args.weights}, {args.fps:g} Hz, {args.seed}')
    table = add_intervals(tables)
    print(markdown(table.reset_index()))
    if args.out:
        write_table(table.reset_index(), args.out)
    return pd.concat(tables, keys=args.seed, names=['seed'])


if __name__ == '__main__':
    run_command(main)
