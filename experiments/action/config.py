"""What an action run is: typed settings of a row."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Literal, Optional


@dataclass
class ActionClipsConfig:
    """The clips that are learned from.

    Args:
        stream: What the network sees: joint, bone, joint-motion or
            bone-motion.
        motion: Take motion after clips are filled up, as in the paper, or
            before.
        length: The frames of a clip for the network.
        fit: How clips get there: repeat, zero, resize or sample; see
            pyg_hcsf.transforms.FitFrames.
        crop: The smallest part of a training clip that is resized.
        rotate: Turn training clips by three angles of up to so many radians.
        normalize: How clips of NTU RGB+D are moved and turned; auto is agcn,
            or nothing for files of 2s-AGCN, which are already.
        hold_out: Keep the validation subjects out of training, so that the
            error on them can be looked at. Published results train on them.
        num_frames: The length of a clip of SyntheticMotion, at 25 Hz.
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


@dataclass
class ActionModelConfig:
    """The arguments of pyg_hcsf.nn.ActionRecognizer."""

    layer: str = 'hcsf'
    graph: str = 'tree'
    hidden_channels: int = 64
    num_blocks: int = 9
    kernel_size: int = 9
    dropout: float = 0.0
    layer_options: dict[str, Any] = field(default_factory=dict)


@dataclass
class ActionTrainConfig:
    """How a model is trained, by default as in the paper.

    Args:
        epochs: The length of the training, unless steps is given.
        steps: The length of the training in batches.
        batch_size: Clips in a batch, over all processes.
        accumulate: Parts that a batch is cut into for its gradient, to need
            less memory. Batch norm sees the parts.
        optimizer: Which optimizer.
        lr: The learning rate. It belongs to the batch size: change both by
            one factor.
        momentum: That of SGD.
        nesterov: Nesterov's momentum.
        weight_decay: On all weights.
        schedule: A tenth at each milestone, or a cosine to zero.
        milestones: The epochs of a drop.
        warmup: Epochs in which the rate grows to its full size.
        label_smoothing: The share of other classes in the target.
        evaluate_every: Epochs between two looks at the validation subjects.
        save_every: Seconds between two checkpoints.
        amp: Compute in bfloat16 where that is safe.
        compile: Compile the network; takes about a minute and a C++ compiler.
        graph: Replay passes as CUDA graphs: on one accelerator, where a step
            is small.
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
    """How a model is evaluated.

    Args:
        split: The subjects: test for results, val for choices, which leaves
            the test subjects alone and those of val out of training.
        batch_size: Clips in a batch.
    """

    split: Literal['test', 'val'] = 'test'
    batch_size: int = 64


@dataclass
class ActionConfig:
    """One row of a table: everything that a number depends on, but the seed.

    Args:
        label: The name in tables.
        clips: The clips.
        model: The network.
        train: The recipe.
        evaluate: The evaluation.
        paper: The values that the paper prints for this row, in percent.
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
    """The same row in seconds: short clips, few steps, a narrow model."""
    config.clips.length = min(config.clips.length, 16)
    config.clips.num_frames = min(config.clips.num_frames, 16)
    config.model.hidden_channels = min(config.model.hidden_channels, 4)
    config.model.num_blocks = 3
    config.train.steps = 4
    config.train.batch_size = min(config.train.batch_size, 16)
    config.train.accumulate = min(config.train.accumulate, 2)
    config.train.evaluate_every = 1
    return config
