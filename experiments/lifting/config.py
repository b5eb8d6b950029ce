"""What a lift run is: typed settings of a row."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

from experiments.pose.config import EvaluateConfig, ModelConfig, TrainConfig


@dataclass
class MotionConfig:
    """The motion that is learned from, and who sees it.

    Args:
        layout: The joints that a detector finds: those of Human3.6M, or of
            COCO, which are then brought to Human3.6M's.
        repeats: How often real motion comes in an epoch.
        synthetic: The number of seeds of SyntheticMotion.
        proportions: The spread of the lengths of bones, see
            pyg_hcsf.geometry.random_bodies.
        tumble: The share of windows of bodies that are turned in any
            direction.
        guess_rate: The share of windows whose focal length is guessed.
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
    """One row of a table: everything that a number depends on, but the seed.

    Args:
        label: The name in tables.
        motion: Motion, bodies and cameras.
        model: The network; with several frames it lifts the last one.
        train: The recipe.
        evaluate: The evaluation.
        paper: Empty: the paper has no such table.
    """

    label: str = ''
    motion: MotionConfig = field(default_factory=MotionConfig)
    model: ModelConfig = field(default_factory=ModelConfig)
    train: TrainConfig = field(default_factory=TrainConfig)
    evaluate: EvaluateConfig = field(default_factory=EvaluateConfig)
    paper: dict[str, float] = field(default_factory=dict)


def smoke(config: LiftConfig) -> LiftConfig:
    """The same row in seconds: short clips, few steps, a narrow model."""
    config.motion.synthetic = 1
    config.motion.num_frames = min(config.motion.num_frames, 20)
    config.model.hidden_channels = min(config.model.hidden_channels, 8)
    config.train.steps = 4
    config.train.batch_size = min(config.train.batch_size, 32)
    config.train.evaluate_every = 2
    return config
