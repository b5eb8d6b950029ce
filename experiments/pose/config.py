"""What a pose run is: typed settings of a row."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Literal, Optional

Keypoints = str  # 'gt', 'noisy', 'annotation', or a detector of Human3.6M
Distortion = Optional[Literal['auto', 'vp3d', 'm17']]


@dataclass
class ClipsConfig:
    """The clips that are learned from.

    Args:
        keypoints: The 2D input: gt for true projections, noisy for some with
            detector-like noise, a detector that Human3.6M comes with, such as
            cpn_ft_h36m_dbb, or annotation for that of MPI-INF-3DHP.
        distortion: The lens distortion of the projection; auto takes that of
            the protocol.
        stride: Take every so many frames for training; tests take all.
        takes: How often the training clips of openmocap are filmed, each time
            from other directions, or those of SyntheticMotion made.
        proportions: The spread of the lengths of bones that each window of a
            training gets, see pyg_hcsf.geometry.random_bodies; 0 leaves
            bodies as they are.
        num_frames: The length of a clip of SyntheticMotion, at 25 Hz.
    """

    keypoints: Keypoints = 'gt'
    distortion: Distortion = 'auto'
    stride: int = 1
    takes: int = 1
    proportions: float = 0.0
    num_frames: int = 400


@dataclass
class ModelConfig:
    """The arguments of pyg_hcsf.nn.PoseLifter."""

    layer: str = 'hcsf'
    graph: str = 'lcn'
    hidden_channels: int = 128
    num_blocks: int = 2
    frames: int = 1
    dropout: float = 0.25
    negative_slope: float = 0.2
    output_scale: float = 1.0
    layer_options: dict[str, Any] = field(default_factory=dict)


@dataclass
class TrainConfig:
    """How a model is trained, by default as in the paper.

    Args:
        epochs: The length of the training, unless steps is given.
        steps: The length of the training in batches.
        batch_size: Windows in a batch, over all processes.
        optimizer: Which optimizer.
        lr: The learning rate; with one-cycle its peak.
        weight_decay: That of AdamW.
        schedule: x decay per epoch, or a warm-up over a tenth of the steps
            and a cosine to zero.
        decay: The factor per epoch.
        mirror: Mirror half of the poses.
        evaluate_every: Steps between two looks at the validation subjects.
        save_every: Seconds between two checkpoints.
        amp: Compute in bfloat16 where that is safe.
        compile: Compile the network; takes about a minute and a C++ compiler.
        graph: Replay passes as CUDA graphs: on one accelerator, where a step
            is small. Not for gcn and mixhop.
    """

    epochs: int = 80
    steps: Optional[int] = None
    batch_size: int = 256
    optimizer: Literal['adam', 'adamw'] = 'adam'
    lr: float = 1e-3
    weight_decay: float = 0.0
    schedule: Literal['exponential', 'onecycle'] = 'exponential'
    decay: float = 0.95
    mirror: bool = True
    evaluate_every: int = 1000
    save_every: float = 20.0
    amp: bool = False
    compile: bool = False
    graph: bool = False


@dataclass
class EvaluateConfig:
    """How a model is evaluated.

    Args:
        split: The subjects: test for results, val for choices.
        flip: Average over the pose and its mirror image.
        batch_size: Windows in a batch.
    """

    split: Literal['test', 'val'] = 'test'
    flip: bool = True
    batch_size: int = 1024


@dataclass
class RunConfig:
    """One row of a table: everything that a number depends on, but the seed.

    Args:
        label: The name in tables.
        protocol: The evaluation protocol; auto takes that of the data.
        paper: The values that the paper prints for this row, in mm.
    """

    label: str = ''
    protocol: str = 'auto'
    clips: ClipsConfig = field(default_factory=ClipsConfig)
    model: ModelConfig = field(default_factory=ModelConfig)
    train: TrainConfig = field(default_factory=TrainConfig)
    evaluate: EvaluateConfig = field(default_factory=EvaluateConfig)
    paper: dict[str, float] = field(default_factory=dict)


def smoke(config: RunConfig) -> RunConfig:
    """The same row in seconds: fewer frames, few steps, a narrow model."""
    config.clips.num_frames = min(config.clips.num_frames, 20)
    config.clips.takes = min(config.clips.takes, 2)
    config.model.hidden_channels = min(config.model.hidden_channels, 16)
    config.train.steps = 6
    config.train.batch_size = min(config.train.batch_size, 64)
    config.train.evaluate_every = 3
    return config
