"""All scores of a trained lifter."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from torch_geometric.data import Data

from experiments.lifting.config import LiftConfig
from experiments.lifting.data import PEOPLE, motion_clips
from experiments.lifting.evaluate import LiftEvaluator
from experiments.lifting.expected import score_expected
from experiments.lifting.motion_scores import score_motion
from experiments.sweep.splits import check_split
from pyg_hcsf import metrics
from pyg_hcsf.nn import PoseLifter
from pyg_hcsf.skeleton import H36M17

# HDM05 is only tested on, as a rig that is in no training data.
TESTS = {'cmu': ('cmu', 'hdm05', 'synthetic'), 'synthetic': ('synthetic',)}


def load_tests(
    data: str, root: Path, split: str, num_frames: int, partial: bool = False
) -> dict[str, list[Data]]:
    """The clips to test on, for weights that were trained on some data."""
    tests = {
        name: motion_clips(name, root, split, 1, num_frames)
        for name in TESTS[data]
    }
    for name, found in tests.items():
        values = {'subject': PEOPLE.get((name, split), ())}
        check_split(found, f'{split} of {name}', values, partial)
    return tests


class LiftScores(NamedTuple):
    """The scores of a lifter by data set.

    Args:
        errors: In mm, under each condition.
        joints: The mean error of each joint in mm, typical condition.
        expected: How right expected errors are, under each condition.
        arrays: Results per frame of the first data set.
    """

    errors: dict[str, dict[str, dict[str, float]]]
    joints: dict[str, dict[str, float]]
    expected: dict[str, dict[str, dict[str, float]]]
    arrays: dict[str, np.ndarray]


def score_lifter(
    model: PoseLifter,
    calibration: Any,
    config: LiftConfig,
    tests: Mapping[str, Sequence[Data]],
    split: str,
) -> LiftScores:
    """Scores a network on all clips, frame by frame.

    Args:
        model: The network.
        calibration: Of :func:`experiments.lifting.expected.calibrate`.
        config: Its run config.
        tests: The clips by data set.
        split: Their split, which seeds the random cameras.
    """
    scores = LiftScores({}, {}, {}, {})
    for name, clips in tests.items():
        evaluator = LiftEvaluator(clips, config, f'{name} {split}')
        outs = evaluator.lift_all(model)
        scores.errors[name] = {c: evaluator.score(outs[c]) for c in outs}
        scores.expected[name] = {
            c: score_expected(outs[c], calibration, evaluator.people)
            for c in outs
        }
        out = outs['typical']
        error = metrics.joint_errors(out.pose, out.joints).mean(dim=0)
        scores.joints[name] = dict(
            zip(H36M17.joints, error.tolist(), strict=True)
        )
        if not scores.arrays:
            scores.arrays.update(evaluator.arrays(out))
    return scores


def score_all_motion(
    weights: Path, layout: str, tests: Mapping[str, Sequence[Data]]
) -> dict[str, dict[str, dict[str, float]]]:
    """How natural the motion looks that saved weights lift."""
    return {
        name: score_motion(weights, clips, layout, name)
        for name, clips in tests.items()
    }
