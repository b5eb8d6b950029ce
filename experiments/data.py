"""Finds the clips of a run under the data home, or makes synthetic ones."""

from __future__ import annotations

import os
from functools import lru_cache
from pathlib import Path
from typing import Literal

from config import ClipsConfig, Keypoints
from torch_geometric.data import InMemoryDataset

from pyg_hcsf.datasets import OpenMocap, SyntheticMotion
from pyg_hcsf.protocols import PoseProtocol
from pyg_hcsf.transforms import EncodePose

HOME = Path(__file__).parents[1] / 'datasets'
DATA = ('auto', 'synthetic', 'openmocap')


def data_home(root: str | None) -> Path:
    """The folder to look for raw data in."""
    path = Path(root or os.environ.get('PYG_HCSF_DATA') or HOME)
    if not path.is_dir():
        raise ValueError(
            f"Expected '--root' (or PYG_HCSF_DATA) to be a folder (got "
            f"'{path}')"
        )
    return path


def find_openmocap(root: Path) -> Path | None:
    """The folder below a data home that holds openmocap's raw files."""
    for path in (root, root / 'OpenMocap' / 'raw'):
        if OpenMocap.found(path):
            return path
    return None


def resolve(data: str, root: Path) -> str:
    """The data that ``auto`` stands for."""
    if data not in DATA:
        raise ValueError(
            f"Expected '--data' to be one of {DATA} (got '{data}')"
        )
    if data == 'auto':
        return 'openmocap' if find_openmocap(root) else 'synthetic'
    return data


def load_clips(
    data: str,
    root: Path,
    split: str,
    config: ClipsConfig,
    protocol: PoseProtocol | None = None,
) -> InMemoryDataset:
    """The clips of a split, encoded for a protocol.

    Args:
        data: A name that :func:`resolve` returned.
        root: The data home.
        split: train, val or test.
        config: Keypoints, distortion, length.
        protocol: Encodes the clips; None leaves pixels and millimetres.
    """
    distortion = None if config.distortion == 'auto' else config.distortion
    return _load(
        *(data, root, split, config.keypoints, distortion),
        *(config.num_frames, protocol),
    )


@lru_cache(maxsize=6)  # the rows of a table share their clips
def _load(
    data: str,
    root: Path,
    split: str,
    keypoints: Keypoints,
    distortion: Literal['vp3d', 'm17'] | None,
    num_frames: int,
    protocol: PoseProtocol | None,
) -> InMemoryDataset:
    transform = EncodePose(protocol) if protocol is not None else None
    if data == 'synthetic':
        return SyntheticMotion(
            split=split,
            keypoints=keypoints,
            num_frames=num_frames,
            distortion=distortion,
            transform=transform,
        )
    raw = find_openmocap(root)
    if raw is None:
        raise ValueError(
            f"Expected the raw files of openmocap in '{root}' or "
            f"'{root}/OpenMocap/raw'; see "
            'datasets/OpenMocap/README.md'
        )
    return OpenMocap(
        root=str(HOME / 'OpenMocap'),
        split=split,
        keypoints=keypoints,
        distortion=distortion,
        raw=str(raw),
        transform=transform,
    )
