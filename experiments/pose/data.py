"""Finds the clips of a run under the data home, or makes synthetic ones."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import lru_cache
from pathlib import Path
from typing import Any, NamedTuple

import torch
from torch import Tensor
from torch.utils.data import ConcatDataset
from torch_geometric.data import Dataset

from experiments.pose.config import ClipsConfig
from experiments.sweep import sources
from experiments.sweep.sources import DataSource
from pyg_hcsf.datasets import MPIINF3DHP, Human36M, OpenMocap, SyntheticMotion
from pyg_hcsf.datasets.human36m import constants as human36m
from pyg_hcsf.datasets.mocap import openmocap
from pyg_hcsf.datasets.mpi_inf_3dhp import constants as mpi_inf_3dhp
from pyg_hcsf.geometry.image_frame import LCN_FRAME
from pyg_hcsf.protocols import H36M_ACTIONS, PoseProtocol
from pyg_hcsf.transforms import EncodePose

# Neither Human3.6M nor MPI-INF-3DHP has a validation part of its own.
VAL_SUBJECTS = ('S8',)


def find_openmocap(root: Path) -> Path | None:
    """The folder below a data home that holds openmocap's raw files."""
    for path in (root, root / 'OpenMocap' / 'raw'):
        if OpenMocap.found(path):
            return path
    return None


def find_human36m(root: Path) -> Path | None:
    """The folder below a data home that holds Human3.6M's raw files, or where
    they were when they were prepared.
    """
    folder = root / 'Human36M'
    for path in (folder / 'raw', folder, root):
        if Human36M.found(path):
            return path
    prepared = any((folder / 'processed').glob('*.clips'))
    return folder / 'raw' if prepared else None


def find_mpi_inf_3dhp(root: Path) -> Path | None:
    """The folder below a data home that holds MPI-INF-3DHP's raw files, or
    where they were when they were prepared.
    """
    folder = root / 'MPIINF3DHP'
    for path in (folder / 'raw', folder, root):
        if MPIINF3DHP.found(path):
            return path
    prepared = any((folder / 'processed').glob('*.clips'))
    return folder / 'raw' if prepared else None


class PoseRequest(NamedTuple):
    """The clips that a run asks for; see ClipsConfig for the last four."""

    root: Path
    split: Any
    protocol: PoseProtocol | None
    keypoints: Any
    distortion: Any
    num_frames: int
    takes: int

    @property
    def encode(self) -> EncodePose | None:
        """From pixels and millimetres to what a network reads."""
        return None if self.protocol is None else EncodePose(self.protocol)


class Takes(ConcatDataset):
    """Clips that were filmed several times."""

    datasets: list[Any]

    @property
    def raw_fingerprint(self) -> str:
        """That of the first: they are of the same files."""
        return str(self.datasets[0].raw_fingerprint)


def project_views(
    make: Callable[..., Dataset], takes: int, **options: Any
) -> Any:
    """Makes a data set, or several with other seeds, as one."""
    made = [make(**options, seed=seed) for seed in range(takes)]
    return made[0] if takes == 1 else Takes(made)


def load_synthetic(request: PoseRequest) -> Any:
    """Our own procedural motion."""
    return project_views(
        SyntheticMotion,
        request.takes,
        split=request.split,
        keypoints=request.keypoints,
        num_frames=request.num_frames,
        distortion=request.distortion,
        transform=request.encode,
    )


def load_openmocap(request: PoseRequest, held_out: Any = 'subjects') -> Any:
    """Open motion capture."""
    return project_views(
        OpenMocap,
        request.takes,
        root=str(sources.HOME / 'OpenMocap'),
        split=request.split,
        keypoints=request.keypoints,
        distortion=request.distortion,
        raw=str(find_openmocap(request.root)),
        transform=request.encode,
        held_out=held_out,
    )


def load_openmocap_rigs(request: PoseRequest) -> Any:
    """Open motion capture with the DAZ rig kept for the test."""
    return load_openmocap(request, 'rig')


def load_human36m(
    request: PoseRequest, val_subjects: tuple[str, ...] = ()
) -> Dataset:
    """Human3.6M, encoded on disk, from where it streams.

    Published numbers are of networks that train on S8 too: the curve of the
    validation error shows an error on poses that the network has seen, unless
    S8 is kept out.
    """
    raw = find_human36m(request.root)
    inside = raw is not None and request.root / 'Human36M' in (raw, raw.parent)
    protocol = request.protocol
    dataset = Human36M(
        root=str((request.root if inside else sources.HOME) / 'Human36M'),
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
    """Human3.6M with S8 kept out of training, to make choices by."""
    return load_human36m(request, VAL_SUBJECTS)


def load_mpi_inf_3dhp(request: PoseRequest) -> Dataset:
    """MPI-INF-3DHP with universal poses, encoded on disk. S8 stays among the
    training subjects, as in load_human36m. Test clips have all frames, for
    networks that look at neighbours; Evaluator scores the valid ones.
    """
    raw = find_mpi_inf_3dhp(request.root)
    folder = request.root / 'MPIINF3DHP'
    inside = raw is not None and folder in (raw, raw.parent)
    return MPIINF3DHP(
        root=str(folder if inside else sources.HOME / 'MPIINF3DHP'),
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
        frames=160_116,
    ),
    'synthetic': DataSource(
        lambda root: root, load_synthetic, 'openmocap', frames=240_000
    ),
}
# Never taken by ``--data auto``: its networks are not those of the paper.
SOURCES['mpi_inf_3dhp'] = DataSource(
    find_mpi_inf_3dhp,
    load_mpi_inf_3dhp,
    '3dhp-official',
    "the files of MPI-INF-3DHP in '{root}/MPIINF3DHP/raw' or '{root}'; see "
    'datasets/MPIINF3DHP/README.md',
)
SOURCES['openmocap-rigs'] = SOURCES['openmocap']._replace(
    load=load_openmocap_rigs, protocol='openmocap-rigs', frames=68_692
)
SOURCES['human36m-dev'] = SOURCES['human36m']._replace(load=load_human36m_dev)
DATA = ('auto', *SOURCES)
FILMED = ('openmocap', 'openmocap-rigs', 'synthetic')  # by virtual cameras


def default_protocol(data: str) -> str:
    """The protocol that ``auto`` stands for."""
    return SOURCES[data].protocol


def expected(data: str, split: str) -> dict[str, Sequence[str]]:
    """The subjects and actions that a split must have, as far as known."""
    subjects: dict[str, Sequence[str]] = {}
    test: Sequence[str] = ()
    actions: Sequence[str] = ()
    if data in ('openmocap', 'openmocap-rigs'):
        test = openmocap.TEST_SUBJECTS
        if data == 'openmocap-rigs':
            test = openmocap.DAZ_SUBJECTS
        subjects = {'val': openmocap.VAL_SUBJECTS, 'test': test}
    elif data != 'synthetic':
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
    """The clips of a split, encoded for a protocol.

    Args:
        data: A name that :func:`resolve` returned.
        root: The data home.
        split: train, val or test.
        config: Keypoints, distortion, length, takes.
        protocol: Encodes the clips; None leaves pixels and millimetres.
    """
    source = SOURCES[data]
    if source.find(root) is None:
        raise ValueError(f'Expected {source.needs.format(root=root)}')
    if config.takes < 1 or (config.takes > 1 and data not in FILMED):
        raise ValueError(
            "Expected '--clips.takes' to be 1, or more for one of "
            f'{", ".join(FILMED)} (got {config.takes} for {data})'
        )
    distortion = None if config.distortion == 'auto' else config.distortion
    takes = config.takes if split == 'train' else 1
    options = (config.keypoints, distortion, config.num_frames, takes)
    return _load(data, PoseRequest(root, split, protocol, *options))


@lru_cache(maxsize=6)  # the rows of a table share their clips
def _load(data: str, request: PoseRequest) -> Dataset:
    return SOURCES[data].load(request)


def camera_table(clips: Any) -> dict[str, Tensor]:
    """The cameras of clips, ``[K, 1, 2]`` by key."""
    cameras: dict[str, list[Tensor]] = {}
    for number in range(len(clips)):
        clip = clips[number]
        for key in ('focal', 'center', 'image_size'):
            cameras.setdefault(key, []).append(clip[key])
    return {key: torch.stack(values) for key, values in cameras.items()}
