"""The settings of an action run."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Literal, Optional


@dataclass
class ActionClipsConfig:
    """The clips to train and test on.

    Args:
        stream: The input: joint, bone, joint-motion or bone-motion.
        motion: Compute motion after clips are extended to length, as in the
            paper, or before.
        length: Frames of a clip in the network.
        fit: How clips are brought to this length: repeat, zero, resize or
            sample; see pyg_hcsf.transforms.FitFrames.
        crop: The smallest share of a training clip that is resized.
        rotate: The largest of the three angles in radians by which training
            clips are rotated at random.
        normalize: How clips of NTU RGB+D are translated and rotated; auto is
            agcn, or none for files of 2s-AGCN, which are normalised already.
        hold_out: Exclude the validation subjects from the training, to
            measure the error on them. Published results are of networks that
            are trained on them.
        num_frames: The length of a clip of SyntheticMotion, or of a window of
            cmu, at 25 Hz.
        lift: The weights of the package that lift the videos of cmu.
        scenes: Training scenes of cmu for each action.
        windows: Training windows of cmu for each action.
    """

    stream: Literal['joint', 'bone', 'joint-motion', 'bone-motion'] = 'joint'
    motion: Literal['after', 'before'] = 'after'
    length: int = 300
    fit: Literal['repeat', 'zero', 'resize', 'sample'] = 'repeat'
    crop: float = 0.5
    rotate: float = 0.0
    normalize: Literal['auto', 'agcn', 'pyskl', 'ctrgcn', 'none'] = 'auto'
    hold_out: bool = True
    num_frames: int = 100
    lift: Literal['auto', 'single', 'temporal'] = 'auto'
    scenes: int = 64
    windows: int = 800


@dataclass
class ActionModelConfig:
    """The arguments of pyg_hcsf.nn.ActionRecognizer.

    Args:
        layer: The layer of the network, such as hcsf or st_gcn.
        graph: The graph of the skeleton.
        hidden_channels: The width of the first blocks; later ones have two
            and four times as many channels.
        num_blocks: The number of blocks.
        kernel_size: The frames of a temporal convolution.
        dropout: The dropout rate.
        layer_options: The arguments of the layer, such as {squeeze: 0.5} or
            --model.layer_options.squeeze 0.5.
    """

    layer: str = 'hcsf'
    graph: str = 'tree'
    hidden_channels: int = 64
    num_blocks: int = 9
    kernel_size: int = 9
    dropout: float = 0.0
    layer_options: dict[str, Any] = field(default_factory=dict)


@dataclass
class ActionTrainConfig:
    """How a network is trained; the defaults are those of the paper.

    Args:
        epochs: The length of the training, unless steps is given.
        steps: The length of the training in batches.
        batch_size: Clips in a batch, over all processes.
        accumulate: Parts of a batch whose gradients are accumulated, to need
            less memory. Batch norm normalises each part.
        optimizer: The optimizer.
        lr: The learning rate; to be scaled with the batch size.
        momentum: The momentum of SGD.
        nesterov: Use Nesterov's momentum.
        weight_decay: The weight decay.
        schedule: milestones divides the rate by 10 at each milestone; cosine
            decays it to zero.
        milestones: Epochs.
        warmup: Epochs in which the rate grows linearly to lr.
        label_smoothing: The share of other classes in the target.
        evaluate_every: Epochs between two validations.
        save_every: Seconds between two checkpoints.
        amp: Use autocast to bfloat16.
        compile: Compile the network, which takes about a minute and a C++
            compiler.
        graph: Replay passes as CUDA graphs, which pays on one GPU with small
            steps.
    """

    epochs: int = 60
    steps: Optional[int] = None
    batch_size: int = 64
    accumulate: int = 1
    optimizer: Literal['sgd', 'adamw'] = 'sgd'
    lr: float = 0.1
    momentum: float = 0.9
    nesterov: bool = True
    weight_decay: float = 5e-4
    schedule: Literal['milestones', 'cosine'] = 'milestones'
    milestones: list[int] = field(default_factory=lambda: [35, 45])
    warmup: int = 0
    label_smoothing: float = 0.0
    evaluate_every: int = 5
    save_every: float = 20.0
    amp: bool = False
    compile: bool = False
    graph: bool = False


@dataclass
class ActionEvaluateConfig:
    """How a network is evaluated.

    Args:
        split: test for results, val to tune settings, which excludes the
            validation subjects from the training.
        batch_size: Clips in a batch.
        calibrate: Divide the logits by a temperature that is fitted on the
            validation subjects, so that probabilities are right on average.
    """

    split: Literal['test', 'val'] = 'test'
    batch_size: int = 64
    calibrate: bool = False


@dataclass
class ActionConfig:
    """A run config: all settings of a table row but the seed.

    Args:
        label: The name in tables.
        clips: The clips.
        model: The network.
        train: The training.
        evaluate: The evaluation.
        paper: The figures of the paper for this row, in percent.
    """

    label: str = ''
    clips: ActionClipsConfig = field(default_factory=ActionClipsConfig)
    model: ActionModelConfig = field(default_factory=ActionModelConfig)
    train: ActionTrainConfig = field(default_factory=ActionTrainConfig)
    evaluate: ActionEvaluateConfig = field(
        default_factory=ActionEvaluateConfig
    )
    paper: dict[str, float] = field(default_factory=dict)


def smoke(config: ActionConfig) -> ActionConfig:
    """Shrinks a run config to seconds: short clips, few steps, small model."""
    config.clips.length = min(config.clips.length, 16)
    config.clips.num_frames = min(config.clips.num_frames, 16)
    config.clips.scenes = config.clips.windows = 2
    config.model.hidden_channels = min(config.model.hidden_channels, 4)
    config.model.num_blocks = 3
    config.train.steps = 4
    config.train.batch_size = min(config.train.batch_size, 16)
    config.train.accumulate = min(config.train.accumulate, 2)
    config.train.evaluate_every = 1
    return config
