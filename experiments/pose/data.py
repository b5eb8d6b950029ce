"""Finds and loads the clips of a pose run."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from pathlib import Path
from typing import Any

import torch
from torch import Tensor
from torch_geometric.data import Dataset

from experiments.pose.config import ClipsConfig, RunConfig
from experiments.pose.own import (
    find_arrays,
    find_bvh,
    load_arrays,
    load_bvh,
    skeleton_of_arrays,
)
from experiments.pose.request import PoseRequest, make_views
from experiments.sweep import sources
from experiments.sweep.sources import DataSource, find_raw, processed_root
from pyg_hcsf.datasets import MPIINF3DHP, Human36M, OpenMocap, SyntheticMotion
from pyg_hcsf.datasets.human36m import constants as human36m
from pyg_hcsf.datasets.mocap import openmocap_people
from pyg_hcsf.datasets.mpi_inf_3dhp import constants as mpi_inf_3dhp
from pyg_hcsf.geometry.image_frame import LCN_FRAME
from pyg_hcsf.protocols import H36M_ACTIONS, PoseProtocol, get_protocol
from pyg_hcsf.skeleton import H36M17, Skeleton

# Neither Human3.6M nor MPI-INF-3DHP defines a validation split.
VAL_SUBJECTS = ('S8',)


def find_openmocap(root: Path) -> Path | None:
    """The folder below a data home with openmocap's raw files."""
    for path in (root, root / 'OpenMocap' / 'raw'):
        if OpenMocap.found(path):
            return path
    return None


def find_human36m(root: Path) -> Path | None:
    """The folder below a data home with Human3.6M's raw files."""
    return find_raw(root, 'Human36M', Human36M.found)


def find_mpi_inf_3dhp(root: Path) -> Path | None:
    """The folder below a data home with MPI-INF-3DHP's raw files."""
    return find_raw(root, 'MPIINF3DHP', MPIINF3DHP.found)


def load_synthetic(request: PoseRequest) -> Any:
    """Procedural motion."""
    return make_views(
        SyntheticMotion,
        request.views,
        split=request.split,
        keypoints=request.keypoints,
        num_frames=request.num_frames,
        distortion=request.distortion,
        transform=request.encode,
    )


def load_openmocap(request: PoseRequest, held_out: Any = 'subjects') -> Any:
    """Open motion capture."""
    return make_views(
        OpenMocap,
        request.views,
        root=str(sources.HOME / 'OpenMocap'),
        split=request.split,
        keypoints=request.keypoints,
        distortion=request.distortion,
        raw=str(find_openmocap(request.root)),
        transform=request.encode,
        held_out=held_out,
    )


def load_openmocap_rigs(request: PoseRequest) -> Any:
    """Open motion capture, tested on the DAZ rig."""
    return load_openmocap(request, 'rig')


def load_human36m(
    request: PoseRequest, val_subjects: tuple[str, ...] = ()
) -> Dataset:
    """Human3.6M, encoded and stored on disk.

    Published results are of networks that are trained on S8 too. The
    validation error is then one on training poses, unless ``val_subjects``
    excludes S8 from the training.
    """
    raw = find_human36m(request.root)
    protocol = request.protocol
    dataset = Human36M(
        root=processed_root(request.root, 'Human36M', raw),
        split=request.split,
        keypoints=request.keypoints,
        distortion=request.distortion,
        dropped=() if protocol is None else protocol.dropped,
        val_subjects=VAL_SUBJECTS if request.split == 'val' else val_subjects,
        raw=str(raw),
        pre_transform=request.encode,
    )
    if dataset.format == 'motionbert' and (
        protocol is not None and protocol.frame != LCN_FRAME
    ):
        raise ValueError(
            "Expected '--protocol' to be 'lcn' or 'openmocap' for the file of "
            f"MotionBERT, whose poses have no size (got '{protocol.name}')"
        )
    return dataset


def load_human36m_dev(request: PoseRequest) -> Dataset:
    """Human3.6M without S8 in the training, to tune settings."""
    return load_human36m(request, VAL_SUBJECTS)


def load_mpi_inf_3dhp(request: PoseRequest) -> Dataset:
    """MPI-INF-3DHP with universal poses, encoded and stored on disk. S8 is
    trained on too, as in load_human36m. Test clips have all frames, as inputs
    of temporal networks; only the valid frames are scored.
    """
    raw = find_mpi_inf_3dhp(request.root)
    return MPIINF3DHP(
        root=processed_root(request.root, 'MPIINF3DHP', raw),
        split=request.split,
        keypoints=request.keypoints,
        frames='all',
        val_subjects=VAL_SUBJECTS if request.split == 'val' else (),
        raw=str(raw),
        pre_transform=request.encode,
    )


# ``--data auto`` takes the first that is found.
SOURCES = {
    'human36m': DataSource(
        find_human36m,
        load_human36m,
        'srnet',
        "the files of Human3.6M in '{root}/Human36M/raw' or '{root}'; see "
        'datasets/Human36M/README.md',
        frames=1_559_752,
    ),
    'openmocap': DataSource(
        find_openmocap,
        load_openmocap,
        'openmocap',
        "the raw files of openmocap in '{root}' or '{root}/OpenMocap/raw'; "
        'see datasets/OpenMocap/README.md',
        frames=341_108,
    ),
    'synthetic': DataSource(
        lambda root: root, load_synthetic, 'openmocap', frames=240_000
    ),
}
# After 'synthetic', so that ``--data auto`` never chooses them.
SOURCES['mpi_inf_3dhp'] = DataSource(
    find_mpi_inf_3dhp,
    load_mpi_inf_3dhp,
    '3dhp-official',
    "the files of MPI-INF-3DHP in '{root}/MPIINF3DHP/raw' or '{root}'; see "
    'datasets/MPIINF3DHP/README.md',
)
SOURCES['openmocap-rigs'] = SOURCES['openmocap']._replace(
    load=load_openmocap_rigs, protocol='openmocap-rigs', frames=185_360
)
SOURCES['human36m-dev'] = SOURCES['human36m']._replace(load=load_human36m_dev)
# One's own data.
SOURCES['arrays'] = DataSource(
    find_arrays,
    load_arrays,
    'arrays',
    "your .npz files in '{root}', '{root}/raw' or '{root}/ArrayPoses/raw'; "
    'see docs/own_data.md',
)
SOURCES['bvh_motion'] = DataSource(
    find_bvh,
    load_bvh,
    'openmocap',
    "your .bvh files in '{root}' or '{root}/BVHMotion/raw', in a folder for "
    'each subject; see docs/own_data.md',
)
DATA = ('auto', *SOURCES)
VIRTUAL_CAMERAS = ('openmocap', 'openmocap-rigs', 'synthetic', 'bvh_motion')


def find_skeleton(data: str, root: Path, config: ClipsConfig) -> Skeleton:
    """The skeleton of a data set; only that of arrays is to be chosen."""
    if data == 'arrays':
        SOURCES[data].require(root)
        return skeleton_of_arrays(root, config.skeleton)
    return H36M17


def find_protocol(
    config: RunConfig, data: str, skeleton: Skeleton = H36M17
) -> PoseProtocol:
    """The protocol of a run config; ``auto`` is that of the data."""
    auto = config.protocol == 'auto'
    name = SOURCES[data].protocol if auto else config.protocol
    return get_protocol(name, skeleton)


def expected(data: str, split: str) -> dict[str, Sequence[str]]:
    """The subjects and actions that a complete split has, if known."""
    subjects: dict[str, Sequence[str]] = {}
    test: Sequence[str] = ()
    actions: Sequence[str] = ()
    if data in ('openmocap', 'openmocap-rigs'):
        held_out = 'rig' if data == 'openmocap-rigs' else 'subjects'
        subjects = {
            name: openmocap_people.subjects_of(name, held_out)
            for name in openmocap_people.SPLITS
        }
    elif data not in ('synthetic', 'arrays', 'bvh_motion'):
        source = mpi_inf_3dhp if data == 'mpi_inf_3dhp' else human36m
        actions = H36M_ACTIONS if source is human36m else ()
        train = source.TRAIN_SUBJECTS
        if data == 'human36m-dev':
            train = tuple(s for s in train if s not in VAL_SUBJECTS)
        test = source.TEST_SUBJECTS
        subjects = {'train': train, 'val': VAL_SUBJECTS, 'test': test}
    return {'subject': subjects.get(split, ()), 'action': actions}


def load_clips(
    data: str,
    root: Path,
    split: str,
    config: ClipsConfig,
    protocol: PoseProtocol | None = None,
) -> Any:
    """Loads the clips of a split, encoded for a protocol.

    Args:
        data: The name of a data set in :obj:`SOURCES`.
        root: The data home.
        split: train, val or test.
        config: Keypoints, distortion, length and views.
        protocol: Encodes the clips; None leaves pixels and millimetres.
    """
    SOURCES[data].require(root)
    if config.views < 1 or (config.views > 1 and data not in VIRTUAL_CAMERAS):
        raise ValueError(
            "Expected '--clips.views' to be 1, or more for one of "
            f'{", ".join(VIRTUAL_CAMERAS)} (got {config.views} for {data})'
        )
    request = PoseRequest(
        root=root,
        split=split,
        protocol=protocol,
        keypoints=config.keypoints,
        distortion=None if config.distortion == 'auto' else config.distortion,
        num_frames=config.num_frames,
        views=config.views if split == 'train' else 1,
        skeleton=config.skeleton,
        unit=config.unit,
        subjects=(
            tuple(config.train_subjects),
            tuple(config.val_subjects),
            tuple(config.test_subjects),
        ),
    )
    return _load(data, request)


@lru_cache(maxsize=6)  # the rows of a table share their clips
def _load(data: str, request: PoseRequest) -> Dataset:
    return SOURCES[data].load(request)


def camera_table(clips: Any) -> dict[str, Tensor]:
    """The camera parameters of clips, each ``[K, 1, 2]``."""
    cameras: dict[str, list[Tensor]] = {}
    for number in range(len(clips)):
        clip = clips[number]
        for key in ('focal', 'center', 'image_size'):
            cameras.setdefault(key, []).append(clip[key])
    return {key: torch.stack(values) for key, values in cameras.items()}
