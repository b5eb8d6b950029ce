"""World motion of people, before it is projected to cameras."""

from __future__ import annotations

from collections.abc import Iterable
from functools import lru_cache
from pathlib import Path

from torch_geometric.data import Data

from experiments.sweep import sources
from pyg_hcsf.datasets.mocap.openmocap import Motion
from pyg_hcsf.datasets.mocap.openmocap_people import split_of
from pyg_hcsf.datasets.synthetic.dataset import (
    ACTIONS,
    SPLITS,
    TAKES,
    motion_clip,
)


@lru_cache(maxsize=2)
def _open_motion(root: Path, raw: Path | None) -> list[Data]:
    return list(Motion(root, raw=raw, log=False))


def openmocap_motion(
    raw: Path | None, split: str, held_out: str = 'subjects'
) -> list[Data]:
    """The motion of a split of OpenMocap: ``pos [17, T, 3]`` in mm, z up.
    With ``held_out='rig'`` its test split has HDM05 and the DAZ rig.
    """
    clips = _open_motion(sources.HOME / 'OpenMocap', raw)
    return [
        clip for clip in clips if split_of(clip.subject, held_out) == split
    ]


def synthetic_motion(
    split: str, num_frames: int, seeds: Iterable[int] = (0,)
) -> list[Data]:
    """The motion of a split of SyntheticMotion, likewise."""
    return [
        motion_clip(subject, action, take, num_frames, seed)
        for seed in seeds
        for subject in SPLITS[split]
        for action in ACTIONS
        for take in TAKES
    ]
