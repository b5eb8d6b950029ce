"""The settings of a pose run."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Literal, Optional, Union

Keypoints = str  # 'gt', 'noisy', 'annotation', or a detector of Human3.6M
Distortion = Optional[Literal['auto', 'vp3d', 'm17']]


@dataclass
class ClipsConfig:
    """The clips to train and test on.

    Args:
        keypoints: The 2D input: gt for true projections, noisy for
            projections with detector-like noise, the name of a detector whose
            keypoints come with Human3.6M, such as cpn_ft_h36m_dbb, or
            annotation for the 2D annotation of MPI-INF-3DHP.
        distortion: The lens distortion of the projection; auto is that of the
            protocol.
        stride: The stride between training frames; all frames are tested.
        views: Number of random camera placements per training clip of
            openmocap, SyntheticMotion and bvh_motion.
        proportions: The random bone lengths of each training window: their
            spread, anny for people, or both as in anny+0.03, see
            pyg_hcsf.geometry.bodies.vary_proportions; 0 leaves bones as they
            are.
        num_frames: The length of a clip of SyntheticMotion, at 25 Hz.
        skeleton: The skeleton of arrays, a name or a YAML file; skeleton.yaml
            of their folder unless given.
        unit: The unit of arrays.
        train_subjects: The subjects of arrays or bvh_motion to train on; all
            others unless given.
        val_subjects: Those to validate on; a fifth unless given.
        test_subjects: Those to test on; a fifth unless given.
    """

    keypoints: Keypoints = 'gt'
    distortion: Distortion = 'auto'
    stride: int = 1
    views: int = 1
    proportions: Union[float, str] = 0.0
    num_frames: int = 400
    skeleton: Optional[str] = None
    unit: Literal['mm', 'm'] = 'mm'
    train_subjects: list[str] = field(default_factory=list)
    val_subjects: list[str] = field(default_factory=list)
    test_subjects: list[str] = field(default_factory=list)


@dataclass
class ModelConfig:
    """The arguments of pyg_hcsf.nn.PoseLifter.

    Args:
        layer: The layer of the network, such as hcsf, lcn or gcn.
        graph: The graph of the skeleton: lcn with 20 edges, or tree.
        hidden_channels: The width.
        num_blocks: The number of residual blocks.
        frames: The frames of a window; 1 lifts single frames.
        dropout: The dropout rate.
        negative_slope: The slope of LeakyReLU.
        output_scale: A factor of the output.
        temporal: Where temporal convolutions are: replace, as in the paper,
            or add.
        layer_options: The arguments of the layer, such as {squeeze: 0.5} or
            --model.layer_options.squeeze 0.5.
    """

    layer: str = 'hcsf'
    graph: str = 'lcn'
    hidden_channels: int = 128
    num_blocks: int = 2
    frames: int = 1
    dropout: float = 0.25
    negative_slope: float = 0.2
    output_scale: float = 1.0
    temporal: Literal['replace', 'add'] = 'replace'
    layer_options: dict[str, Any] = field(default_factory=dict)


@dataclass
class TrainConfig:
    """How a network is trained; the defaults are those of the paper.

    Args:
        epochs: The length of the training, unless steps is given.
        steps: The length of the training in batches.
        batch_size: Windows in a batch, over all processes.
        optimizer: The optimizer.
        lr: The learning rate; its peak with the schedule onecycle.
        weight_decay: The weight decay.
        schedule: exponential multiplies the rate by decay after each epoch;
            onecycle has a warm-up over a tenth of the steps and a cosine to
            zero.
        decay: The factor per epoch.
        mirror: Mirror half of the poses.
        evaluate_every: Steps between two validations.
        save_every: Seconds between two checkpoints.
        amp: Use autocast to bfloat16.
        compile: Compile the network, which takes about a minute and a C++
            compiler.
        graph: Replay passes as CUDA graphs, which pays on one GPU with small
            steps. Not for gcn and mixhop.
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
    """How a network is evaluated.

    Args:
        split: test for results, val to tune settings.
        flip: Average over the pose and its mirror image.
        batch_size: Windows in a batch.
    """

    split: Literal['test', 'val'] = 'test'
    flip: bool = True
    batch_size: int = 1024


@dataclass
class RunConfig:
    """A run config: all settings of a table row but the seed.

    Args:
        label: The name in tables.
        protocol: The evaluation protocol; auto is that of the data.
        clips: The clips.
        model: The network.
        train: The training.
        evaluate: The evaluation.
        paper: The figures of the paper for this row, in mm.
    """

    label: str = ''
    protocol: str = 'auto'
    clips: ClipsConfig = field(default_factory=ClipsConfig)
    model: ModelConfig = field(default_factory=ModelConfig)
    train: TrainConfig = field(default_factory=TrainConfig)
    evaluate: EvaluateConfig = field(default_factory=EvaluateConfig)
    paper: dict[str, float] = field(default_factory=dict)


def smoke(config: RunConfig) -> RunConfig:
    """Shrinks a run config to seconds: few frames and steps, small model."""
    config.clips.num_frames = min(config.clips.num_frames, 20)
    config.clips.views = min(config.clips.views, 2)
    config.model.hidden_channels = min(config.model.hidden_channels, 16)
    config.train.steps = 6
    config.train.batch_size = min(config.train.batch_size, 64)
    config.train.evaluate_every = 3
    return config
