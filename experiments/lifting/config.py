"""The settings of a lift run."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

from experiments.pose.config import EvaluateConfig, ModelConfig, TrainConfig


@dataclass
class MotionConfig:
    """The motion to train on, and the virtual cameras and detectors.

    Args:
        layout: The joints of the detector: those of Human3.6M, or those of
            COCO, which are converted to Human3.6M's.
        repeats: How often real motion is repeated in an epoch.
        synthetic: The number of seeds of SyntheticMotion.
        proportions: The spread of the random bone lengths, see
            pyg_hcsf.geometry.random_bodies.
        tumble: The share of windows whose body is rotated at random.
        guess_rate: The share of windows with a guessed focal length.
        num_frames: The length of a clip of SyntheticMotion, at 25 Hz.
    """

    layout: Literal['h36m17', 'coco17'] = 'h36m17'
    repeats: int = 3
    synthetic: int = 2
    proportions: float = 0.08
    tumble: float = 0.15
    guess_rate: float = 0.5
    num_frames: int = 400


@dataclass
class LiftConfig:
    """A run config: all settings of a table row but the seed.

    Args:
        label: The name in tables.
        weights: The weights to test on real clips, instead of a training: a
            name, a file, the folder of a run, or mediapipe for MediaPipe's
            own 3D.
        motion: Motion, bodies and cameras.
        model: The network; with several frames it lifts the last one.
        train: The training.
        evaluate: The evaluation.
        paper: Empty: the paper has no such table.
    """

    label: str = ''
    weights: str = ''
    motion: MotionConfig = field(default_factory=MotionConfig)
    model: ModelConfig = field(default_factory=ModelConfig)
    train: TrainConfig = field(default_factory=TrainConfig)
    evaluate: EvaluateConfig = field(default_factory=EvaluateConfig)
    paper: dict[str, float] = field(default_factory=dict)


def smoke(config: LiftConfig) -> LiftConfig:
    """Shrinks a run config to seconds: short clips, few steps, small model."""
    config.motion.synthetic = 1
    config.motion.num_frames = min(config.motion.num_frames, 20)
    config.model.hidden_channels = min(config.model.hidden_channels, 8)
    config.train.steps = 4
    config.train.batch_size = min(config.train.batch_size, 32)
    config.train.evaluate_every = 2
    return config
