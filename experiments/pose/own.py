"""One's own data: arrays of poses on any skeleton, and BVH files."""

from __future__ import annotations

import inspect
import warnings
from pathlib import Path
from typing import Any

from torch_geometric.data import Data

from experiments.pose.config import RunConfig
from experiments.pose.request import PoseRequest, make_views
from experiments.sweep import sources
from experiments.sweep.sources import processed_root
from pyg_hcsf.datasets import ArrayPoses, BVHMotion
from pyg_hcsf.datasets.arrays import split_subjects
from pyg_hcsf.datasets.arrays.dataset import find_skeleton
from pyg_hcsf.datasets.arrays.files import array_files
from pyg_hcsf.datasets.mocap.bvh_motion import bvh_files
from pyg_hcsf.geometry import lifting_clips
from pyg_hcsf.nn.models.layers import LAYERS
from pyg_hcsf.skeleton import H36M17, Skeleton, as_skeleton, load_skeleton

SKELETON = 'skeleton.yaml'  # in the folder of a run
KEYPOINTS = 'files'  # the name of the 2D input of arrays in tables
HOPS = ('short_hops', 'long_hops')  # at most the diameter of the graph


def find_arrays(root: Path) -> Path | None:
    """The folder below a data home with files of arrays."""
    folders = (root / 'ArrayPoses' / 'raw', root / 'raw', root)
    return next((path for path in folders if array_files(path)), None)


def skeleton_of_arrays(root: Path, skeleton: str | None) -> Skeleton:
    """The skeleton of ``--clips.skeleton``, or of the folder of arrays."""
    raw = find_arrays(root)
    assert raw is not None
    return as_skeleton(skeleton or find_skeleton(raw))


def skeleton_of(folder: Path) -> Skeleton:
    """The skeleton of the run in a folder."""
    path = folder / SKELETON
    return load_skeleton(path) if path.is_file() else H36M17


def load_arrays(request: PoseRequest) -> ArrayPoses:
    """Arrays of poses, encoded and stored on disk."""
    if request.keypoints != KEYPOINTS:
        raise ValueError(
            "Expected no '--clips.keypoints' for arrays, whose keypoints are "
            f"in their files or projected (got '{request.keypoints}')"
        )
    raw = find_arrays(request.root)
    root: str | Path = request.root  # that of ArrayPoses(root)
    if raw != request.root / 'raw':
        root = processed_root(request.root, 'ArrayPoses', raw)
    train, val, test = request.subjects
    return ArrayPoses(
        root=root,
        skeleton=request.skeleton,  # without one, that of the folder raw
        split=request.split,
        unit=request.unit,
        train_subjects=train,
        val_subjects=val,
        test_subjects=test,
        raw=raw,
        pre_transform=request.encode,
    )


def find_bvh(root: Path) -> Path | None:
    """The folder below a data home with BVH files."""
    folders = (root / 'BVHMotion' / 'raw', root)
    return next((path for path in folders if bvh_files(path)), None)


class ClipList(list[Data]):
    """Clips in memory, with the hash of their raw files."""

    raw_fingerprint = ''


def load_bvh(request: PoseRequest) -> Any:
    """BVH files, projected to virtual cameras. The subject of a file is the
    name of its folder.
    """
    raw = find_bvh(request.root)
    motion = BVHMotion(sources.HOME / 'BVHMotion', raw)
    splits = split_subjects(motion.subjects, *request.subjects)
    if splits.note:
        warnings.warn(splits.note, stacklevel=2)
    subjects = getattr(splits, request.split)

    def project(seed: int) -> ClipList:
        clips = ClipList(
            clip if request.encode is None else request.encode(clip)
            for moving in motion
            if moving.subject in subjects
            for clip in lifting_clips(
                moving, request.keypoints, request.distortion, seed
            )
        )
        clips.raw_fingerprint = motion.raw_fingerprint
        return clips

    return make_views(project, request.views)


def fit_to_skeleton(config: RunConfig, skeleton: Skeleton) -> list[str]:
    """Changes settings that a skeleton of one's own does not have: the graph,
    hops beyond its diameter, and mirror images without left and right.

    Args:
        config: The run config, which is changed.
        skeleton: The skeleton of the data.

    Returns:
        What was changed, in sentences.
    """
    model, notes = config.model, list[str]()
    if skeleton.joints == H36M17.joints:
        return notes
    if config.clips.proportions:
        raise ValueError(
            "Expected '--clips.proportions 0' for joints other than those of "
            f'Human3.6M (got {config.clips.proportions} for '
            f"'{skeleton.name}')"
        )
    if model.graph not in skeleton.graphs:
        notes.append(
            f"the graph '{skeleton.graph}' of '{skeleton.name}' is used, "
            f"which has no '{model.graph}'"
        )
        model.graph = skeleton.graph
    diameter = skeleton.with_graph(model.graph).diameter
    layer = LAYERS.get(model.layer)
    known = inspect.signature(layer).parameters if layer else {}
    for name in [name for name in HOPS if name in known]:
        hops = model.layer_options.get(name, known[name].default)
        if hops is not None and hops > diameter:
            notes.append(
                f'{name} is {diameter}, the diameter of the graph (not {hops})'
            )
            model.layer_options[name] = diameter
    if not skeleton.left and (config.train.mirror or config.evaluate.flip):
        notes.append(
            f"poses are not mirrored, as '{skeleton.name}' has no left and "
            'right'
        )
        config.train.mirror = config.evaluate.flip = False
    return notes
