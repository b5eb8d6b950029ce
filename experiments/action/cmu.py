"""Windows of the poses of CMU's people, to classify their actions."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor
from torch_geometric.data import Data

from experiments.action.clips import ActionClips, ActionRequest
from experiments.action.cmu_takes import (
    ACTIONS,
    FPS,
    GENERATED,
    VERSION,
    Take,
    load_takes,
)
from experiments.lifting.card import CMU
from experiments.pose.data import find_openmocap
from pyg_hcsf.datasets.mocap.openmocap_people import subjects_of
from pyg_hcsf.geometry.bodies import shift_joints
from pyg_hcsf.recognition.pose_windows import loop_short
from pyg_hcsf.skeleton import get_skeleton
from pyg_hcsf.transforms import AlignBody

# z is up, in mm; of the path of the root, the height is kept.
ALIGN: dict[str, Any] = {'up': 2, 'scale': 0.001, 'follow': True}
STRETCH = 0.22  # log of the largest change of speed
SLOPE = 400.0  # mm/s, standard deviation of a steady rise of the person
RIGS = 1.0  # how far joints are displaced, see shift_joints
PATHLESS = 0.25  # share of the training windows without the path of the root


def find_cmu(root: Path) -> Path | None:
    """The raw files of OpenMocap."""
    return find_openmocap(root)


def load_cmu(request: ActionRequest, raw: Path) -> ActionClips:
    """Windows of all takes in a split."""
    takes = load_takes(
        request.root, request.split, request.lift, request.scenes
    )
    if request.split == 'train':
        half = request.scenes // 2
        takes += load_takes(request.root, GENERATED, request.lift, half)
    cut = draw_windows if request.split == 'train' else cut_windows
    people = _numbers(subjects_of('test'))
    trained = _numbers([s for s in subjects_of('train') if s[:3] == 'CMU'])
    return ActionClips(
        clips=list(cut(takes, request)),
        skeleton=get_skeleton('h36m17', graph='tree'),
        actions=ACTIONS,
        num_bodies=1,
        protocol=(
            f'{trained} and SyntheticMotion train, {people} test; windows of '
            'true poses and of simulated videos, lifted'
        ),
        fingerprint=f'openmocap 2, takes v{VERSION}',
        normalize=ALIGN,
        fps=FPS,
        usual=request.num_frames,
    )


def _numbers(people: Sequence[str]) -> str:
    return f'CMU {" ".join(people).replace("CMU", "")}'


def draw_windows(
    takes: Sequence[Take], request: ActionRequest
) -> Iterator[Data]:
    """As many random windows of each action, at random speeds, with joints as
    other rigs define them, and on random slopes, without which walking up or
    down is taken for climbing or jumps.
    """
    rng = np.random.default_rng(0)
    generator = torch.Generator().manual_seed(0)
    for action in ACTIONS:
        mine = [take for take in takes if take.action == action]
        for number in range(request.windows):
            take = mine[number % len(mine)]
            stretch = np.exp(rng.uniform(-STRETCH, STRETCH))
            length = round(request.num_frames * stretch)
            joints = loop_short(take.joints, length)
            start = int(rng.integers(len(joints) - length + 1))
            joints = joints[start : start + length]
            joints = shift_joints(joints[None], RIGS, generator)[0]
            joints[..., 2] += _rise(length, rng)
            if rng.random() < PATHLESS:
                joints = joints - joints[:, :1]
            yield _window(take, joints, number)


def _rise(length: int, rng: np.random.Generator) -> Tensor:
    """The heights of a random slope in mm: ``[T, 1]``."""
    return rng.normal(0, SLOPE) / FPS * torch.arange(length)[:, None]


def cut_windows(
    takes: Sequence[Take], request: ActionRequest
) -> Iterator[Data]:
    """All windows that overlap by half; lifted ones also without the path of
    the root.
    """
    length = request.num_frames
    for take in takes:
        joints = loop_short(take.joints, length)
        for start in range(0, len(joints) - length + 1, length // 2):
            part = joints[start : start + length]
            yield _window(take, part, start)
            if take.source == 'lifted':
                named = take._replace(source='lifted, no path')
                yield _window(named, part - part[:, :1], start)


def _window(take: Take, joints: Tensor, number: int) -> Data:
    # Copied, as views would keep a data set in memory for each window.
    data = Data(
        x=joints.transpose(0, 1).contiguous(),
        y=ACTIONS.index(take.action),
        clip=f'{take.clip}/{number}/{take.source}',
        subject=take.subject,
        action=take.action,
        source=take.source,
    )
    return _ALIGN(data)


def make_card(
    by_source: dict[str, dict[str, Any]], split: str
) -> dict[str, str]:
    """The model card that is saved with the weights."""
    shares = ', '.join(
        f'{source}: {group["clip_top1"]:.0f} %'
        for source, group in by_source.items()
    )
    return {
        'licence': 'MIT',
        'acknowledgement': CMU,
        'accuracy': f'clips of {split} people: {shares}',
        'limits': 'one adult at a time; eight groups of actions, recorded of '
        'few people; other actions get one of them too',
    }


_ALIGN = AlignBody(get_skeleton('h36m17', graph='tree'), **ALIGN)
