"""Measures the error of a temporal lifter at other frame rates than that of
its training, with the frame strides of the package and with every n-th frame
only, on CMU's validation subject.

    python -m experiments.bench.frame_rates --root $PYG_HCSF_DATA
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any, cast

import pandas as pd
import torch
from torch_geometric.data import Data

from experiments.lifting.config import LiftConfig
from experiments.lifting.evaluate import LiftEvaluator
from experiments.sweep.sources import data_home
from pyg_hcsf import metrics
from pyg_hcsf.axes import to_data
from pyg_hcsf.cli.command import CommandParser, run_command
from pyg_hcsf.datasets.mocap.cmu import read_cmu
from pyg_hcsf.datasets.mocap.motion import MotionClip, clean_clips
from pyg_hcsf.datasets.mocap.openmocap_clips import AMC_PLACES
from pyg_hcsf.datasets.mocap.openmocap_people import VAL_SUBJECTS
from pyg_hcsf.geometry.root_ray import decode_pose, window_input
from pyg_hcsf.lifting.lifter_ensemble import LifterEnsemble
from pyg_hcsf.lifting.windows import frame_stride_of, offsets_of

RATES = (8, 10, 12, 15, 20, 24, 25, 30, 40, 50, 60)  # Hz
CONDITIONS = ('typical', 'exact')


def recorded(root: Path) -> list[MotionClip]:
    """CMU's clips of the validation subjects at the recorded 120 Hz."""
    subjects = [int(s[3:]) for s in VAL_SUBJECTS if s.startswith('CMU')]
    places = [root / p for p in AMC_PLACES if (root / p).exists()]
    return [clip for p in places for clip in read_cmu(p, subjects)]


def errors(
    network: LifterEnsemble, clips: list[Data], fps: float
) -> Iterator[tuple[str, float]]:
    """MPJPE in mm at known size, for each condition and rule of frames."""
    info = network.info
    frames, target = info.frames, info.target or 0
    even = max(1, round(fps / info.fps))
    rules = {
        'frame strides': offsets_of(
            frames, target, frame_stride_of(fps, info.fps)
        ),
        'every n-th': offsets_of(frames, target, even),
    }
    # Windows of all frames, with the same one in the middle.
    before = max(abs(i) for offsets in rules.values() for i in offsets)
    config = LiftConfig()
    config.motion.layout = cast(Any, info.layout)
    config.model.frames = 2 * before + 1
    evaluator = LiftEvaluator(clips, config, 'cmu')
    for condition in CONDITIONS:
        observed = evaluator.observe(condition)
        for rule, offsets in rules.items():
            x = observed.x[:, [before + offset for offset in offsets]]
            with torch.no_grad():
                y, _ = network(window_input(x[..., :2], x[..., 2]).float())
            pose = decode_pose(
                y.to(observed.rotation), observed.rotation, observed.size
            )
            error = metrics.mpjpe(pose, observed.joints)
            yield f'{condition}, {rule}', float(error)


def main(argv: list[str] | None = None) -> pd.DataFrame:
    """Runs the command line; returns what it prints."""
    parser = CommandParser(description=__doc__.split('\n\n')[0])
    parser.add_argument('--root', help='data home; default: $PYG_HCSF_DATA')
    parser.add_argument('--weights', default='temporal_h36m17')
    args = parser.parse_args(argv)
    torch.set_num_threads(1)
    motion = recorded(data_home(args.root))
    network = LifterEnsemble([args.weights])
    rows = {}
    for fps in RATES:
        clips = [
            to_data(piece, ('pos',))
            for clip in motion
            for piece in clean_clips(clip, fps)[0]
        ]
        rows[fps] = dict(errors(network, clips, fps))
    table = pd.DataFrame(rows).T.rename_axis('Hz')
    print(table.to_markdown(floatfmt='.1f'))
    return table


if __name__ == '__main__':
    run_command(main)
