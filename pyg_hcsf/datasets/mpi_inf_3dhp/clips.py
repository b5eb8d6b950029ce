r"""Makes the clips of the data set from the recordings of MPI-INF-3DHP."""

from __future__ import annotations

import math
from typing import Any

import torch

from pyg_hcsf.data.cameras import camera_attributes
from pyg_hcsf.datasets.mpi_inf_3dhp.constants import (
    H36M17_OF_RELEVANT17,
    JOINTS28,
    RELEVANT17_OF_28,
    TEST_SEQUENCES,
    TRAIN_SEQUENCES,
)
from pyg_hcsf.datasets.mpi_inf_3dhp.takes import MPIINF3DHPTake
from pyg_hcsf.skeleton import get_skeleton

SKELETONS = {
    'h36m17': 'h36m17',
    'relevant17': 'mpi_inf_3dhp17',
    'all28': 'mpi_inf_3dhp28',
}


def make_clip(
    take: MPIINF3DHPTake,
    split: str,
    frames: str,
    ground_truth: str,
    keypoints: str,
    joints: str,
    subsample: int,
) -> dict[str, Any]:
    r"""Makes a clip of a recording: a dictionary of the attributes of
    :class:`~pyg_hcsf.datasets.MPIINF3DHP`, sequences with frames first.

    Args:
        take (MPIINF3DHPTake): The recording.
        split (str): :obj:`'train'` or :obj:`'test'`.
        frames (str): See :class:`~pyg_hcsf.datasets.MPIINF3DHP`.
        ground_truth (str): See there.
        keypoints (str): See there.
        joints (str): See there.
        subsample (int): See there.
    """
    camera = take.camera
    skeleton = get_skeleton(SKELETONS[joints], graph='tree')
    metric = torch.from_numpy(take.metric)
    y = metric
    if ground_truth == 'universal':
        y = torch.from_numpy(take.universal)
    if keypoints == 'gt':
        x = camera.project(metric.double()).float()
    else:
        x = torch.from_numpy(take.keypoints)
    valid = torch.from_numpy(take.valid)
    chosen = torch.arange(len(valid))
    if split == 'test' and frames == 'valid':
        chosen = chosen[valid]
    chosen = chosen[::subsample]
    order = _joint_order(joints, x.size(1))
    clip: dict[str, Any] = {
        'x': x[chosen][:, order],
        'y': y[chosen][:, order],
        'edge_index': skeleton.edge_index,
        'num_nodes': skeleton.num_joints,
        'subject': take.subject,
        'clip': take.name,
        'camera': camera.name,
        **camera_attributes(camera),
    }
    if split == 'test':
        scene = TEST_SEQUENCES[take.name].scene
        clip |= {'action': scene, 'scene': scene, 'fps': math.nan}
    else:
        clip['action'] = take.name.split()[1]
        clip['fps'] = TRAIN_SEQUENCES[take.name][1] / subsample
    if split == 'test' and frames == 'all':
        clip['valid'] = valid[chosen][:, None]
    return clip


def _joint_order(joints: str, number: int) -> list[int]:
    order = list(range(number))
    if joints != 'all28' and number == len(JOINTS28):
        order = list(RELEVANT17_OF_28)
    if joints == 'h36m17':
        order = [order[i] for i in H36M17_OF_RELEVANT17]
    return order
