"""The preset real: weights on a real clip with a reference.

python experiments/run.py --task lift --preset real --root $PYG_HCSF_DATA
python experiments/run.py --task lift --preset real/single \\
        --weights runs/lift/default/single_coco17/0 --out runs/mine
"""

from __future__ import annotations

import json
import warnings
from dataclasses import replace
from typing import Any

import numpy as np

from experiments.lifting.config import LiftConfig, smoke
from experiments.lifting.real_clip import (
    NEEDS,
    VIEWS,
    find_clip,
    load_clip,
)
from experiments.lifting.real_report import RealReport
from experiments.lifting.real_scores import (
    count_mistakes,
    describe_references,
    references,
    score_method,
)
from experiments.sweep.processes import WORLD
from experiments.sweep.sources import DataSource
from experiments.sweep.task import Evaluation, RunSpec, Task, TaskRun

SOURCES = {'real': DataSource(find_clip, load_clip, 'root-ray', NEEDS)}


class Untrained:
    """What a run needs of a trainer where nothing is trained."""

    cost = {'train_seconds': 0.0}


class RealRun(TaskRun):
    """Tests the weights of ``--weights``. As that takes seconds, it is always
    repeated: weights of the same name may have changed.
    """

    task = 'real'
    config: LiftConfig

    def __init__(self, spec: RunSpec) -> None:
        super().__init__(replace(spec, request=''))
        source = SOURCES[spec.data]
        source.require(spec.root)
        clip = source.load(find_clip(spec.root))
        with warnings.catch_warnings():  # of swaps, which are counted
            warnings.simplefilter('ignore', UserWarning)
            known = references(clip)
            weights = self.config.weights
            self.records = [*score_method(clip, known, weights)]
            self.mistakes = {
                name: count_mistakes(views)
                for name, views in clip.detected.items()
            }
            self.references = describe_references(clip, known)

    def data_key(self) -> list:
        return [self.spec.data, json.dumps(self.records)]

    def check_splits(self) -> None:
        """The clip is complete, or it was not found."""

    def make_trainer(self) -> Any:
        return Untrained()

    def _train(self, store: Any, trainer: Any) -> None:
        store.prepare(self.config, self.spec.resume, WORLD)

    def evaluate(self, trainer: Any) -> Evaluation:
        chosen = [
            record
            for record in self.records
            if record['reference'] == 'refined'
            and record['detector'] == 'MediaPipe'
            and record['swaps'] == 'fixed'
            and record['smoothing'] == 'on'
        ]
        error = [record['by_frame'] for record in chosen]
        counts = [*map(len, error)]
        names = np.array([f'view {i}' for i in VIEWS])
        arrays = {
            'error': np.concatenate(error),
            'clip': np.repeat(np.arange(len(names)), counts),
            'frame': np.concatenate([*map(np.arange, counts)]),
            'clip_names': names,
            'camera': names,
            'subject': np.full(len(names), 'man'),
            'action': np.full(len(names), 'balancing'),
        }
        mean = np.mean([record['pa_mpjpe'] for record in chosen])
        values = {
            'data': "Pose2Sim's single-person demo",
            'keypoints': 'OpenPose, MediaPipe',
            'protocol': 'root-ray',
            'split': 'test',
            'weights': self.config.weights,
            'mistakes': self.mistakes,
            'references': self.references,
            'records': [
                {k: v for k, v in record.items() if k != 'by_frame'}
                for record in self.records
            ],
        }
        summary = f"PA-MPJPE {mean:.1f} mm with MediaPipe's keypoints"
        return Evaluation(values, arrays, summary)


def check(config: LiftConfig, data: str) -> None:
    """Raises an error if there are no weights to test."""
    if not config.weights:
        raise ValueError(
            "Expected '--weights' to name weights to test on real clips (got "
            "''); each row of --preset real has some"
        )


REAL = Task(
    config=LiftConfig,
    sources=SOURCES,
    smoke=smoke,
    run=RealRun,
    report=RealReport(),
    paper=('mpjpe', 'mm'),
    required_data='real clips',
    check=check,
)
