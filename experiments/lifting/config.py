"""The settings of a lift run."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal, Union

from experiments.pose.config import EvaluateConfig, ModelConfig, TrainConfig


@dataclass
class MotionConfig:
    """The motion to train on, and the virtual cameras and detectors.

    Args:
        layout: The joints of the detector: those of Human3.6M, or those of
            COCO, with and without Halpe's feet.
        feet_rate: The share of batches with feet.
        people: The people of CMU to train on, such as CMU01; all training
            people unless given.
        spacing: Frames at 25 Hz from one frame of a window to the next.
        balance: With 0 all people of motion capture are seen as often, with 1
            all of their frames.
        synthetic: The number of seeds of SyntheticMotion.
        synthetic_share: Its share of the windows, beside motion capture.
        proportions: The random bone lengths: their spread, a population, or
            both as in anny+0.03, see
            pyg_hcsf.geometry.bodies.vary_proportions.
        bend: The standard deviation of random bends of joints in degrees,
            see pyg_hcsf.geometry.bodies.bend_joints.
        mix_legs: The share of windows with the legs of another window.
        rigs: How far joints are displaced as if other rigs had defined them;
            1 is as far as rigs differ, see
            pyg_hcsf.geometry.bodies.shift_joints.
        tumble: The share of windows whose body is rotated at random.
        guess_rate: The share of windows with a guessed focal length.
        num_frames: The length of a clip of SyntheticMotion, at 25 Hz.
    """

    layout: Literal['h36m17', 'coco17'] = 'h36m17'
    feet_rate: float = 0.3
    people: list[str] = field(default_factory=list)
    spacing: int = 1
    balance: float = 0.5
    synthetic: int = 2
    synthetic_share: float = 0.1
    proportions: Union[float, str] = 'anny'
    bend: float = 10.0
    mix_legs: float = 0.3
    rigs: float = 0.0
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
        model: The network.
        causal: Whether it lifts the last frame of a window, as for a video
            that is running, instead of the central one.
        start: The row of the preset whose network of single frames it goes
            on from; random weights unless given.
        expected_error: Whether it also predicts the error of each joint.
        train: The training.
        evaluate: The evaluation.
        paper: Empty: the paper has no such table.
    """

    label: str = ''
    weights: str = ''
    motion: MotionConfig = field(default_factory=MotionConfig)
    model: ModelConfig = field(default_factory=ModelConfig)
    causal: bool = False
    start: str = ''
    expected_error: bool = True
    train: TrainConfig = field(default_factory=TrainConfig)
    evaluate: EvaluateConfig = field(default_factory=EvaluateConfig)
    paper: dict[str, float] = field(default_factory=dict)


def smoke(config: LiftConfig) -> LiftConfig:
    """Shrinks a run config to seconds: short clips, few steps, small model,
    which does not go on from another one, and any people.
    """
    config.start, config.motion.people = '', []
    config.motion.synthetic = 1
    config.motion.num_frames = min(config.motion.num_frames, 20)
    config.model.hidden_channels = min(config.model.hidden_channels, 8)
    config.train.steps = 4
    config.train.batch_size = min(config.train.batch_size, 32)
    config.train.evaluate_every = 2
    return config
