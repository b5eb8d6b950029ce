r"""Makes the clips of the data set from the recordings of Human3.6M."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import torch
from torch import Tensor
from torch_geometric.data import Data

from pyg_hcsf.data.cameras import camera_attributes, clip_camera
from pyg_hcsf.datasets.human36m.constants import (
    H36M16_OF_17,
    H36M_FPS,
    OFFICIAL_ACTIONS,
    SUBJECTS,
    Human36MTake,
)
from pyg_hcsf.datasets.human36m.formats import RawFiles
from pyg_hcsf.datasets.human36m.recordings import read_takes
from pyg_hcsf.geometry.camera import Distortion
from pyg_hcsf.protocols import H36M_ACTIONS
from pyg_hcsf.skeleton import get_skeleton

NAMINGS = ('paper', 'official')


def action_names(naming: str) -> tuple[str, ...]:
    r"""The 15 actions in the order of published tables, or with the names and
    in the order of the official :obj:`metadata.xml`.

    Args:
        naming (str): :obj:`'paper'` or :obj:`'official'`.
    """
    return H36M_ACTIONS if naming == 'paper' else tuple(OFFICIAL_ACTIONS)


def project_clip(data: Data, distortion: Distortion) -> Data:
    r"""Replaces the keypoints of a clip by the projections of its joints
    through a distorting lens.

    Args:
        data (torch_geometric.data.Data): The clip.
        distortion (str): See
            :meth:`~pyg_hcsf.geometry.camera.Camera.project`.
    """
    data.x = clip_camera(data).project(data.y.double(), distortion).float()
    return data


class Human36MClips:
    r"""An iterator over the clips of raw files, in the order of actions,
    subjects, recordings and cameras. It can be used once.

    Each clip is a dictionary of the attributes of
    :class:`~pyg_hcsf.datasets.Human36M`, sequences with frames first.

    Args:
        raw (RawFiles): The files.
        split (str): :obj:`'train'` or :obj:`'test'`.
        keypoints, joints, naming, subsample: See
            :class:`~pyg_hcsf.datasets.Human36M`.

    Raises:
        ValueError: If a file is damaged, or does not have what is requested;
            names it.
    """

    def __init__(
        self,
        raw: RawFiles,
        split: str,
        keypoints: str,
        joints: int,
        naming: str,
        subsample: int,
    ) -> None:
        self.keypoints = keypoints
        self.joints = joints
        self.naming = naming
        self.subsample = subsample
        self.edge_index = (
            get_skeleton(f'h36m{joints}').with_graph('tree').edge_index
        )
        order = {name: i for i, name in enumerate(action_names(naming))}
        self.takes = list(read_takes(raw, split))
        self.takes.sort(
            key=lambda take: (
                order[self._action(take)],
                SUBJECTS.index(take.subject),
                take.name,
                take.camera.name,
            )
        )
        self.takes.reverse()
        self.count = len(self.takes)

    def __len__(self) -> int:
        return self.count

    def __iter__(self) -> Iterator[dict[str, Any]]:
        while self.takes:  # pop() frees each recording after use
            yield self._to_clip(self.takes.pop())

    def _to_clip(self, take: Human36MTake) -> dict[str, Any]:
        camera = take.camera
        y = torch.from_numpy(take.joints[:: self.subsample])
        x = self._keypoints(take, y)
        if self.joints == 16:
            y = y[:, H36M16_OF_17]
        return {
            'x': x.float(),
            'y': y,
            'edge_index': self.edge_index,
            'num_nodes': self.joints,
            'subject': take.subject,
            'action': self._action(take),
            'clip': take.name,
            'camera': camera.name,
            'fps': H36M_FPS / self.subsample,
            **camera_attributes(camera),
            'radial': torch.tensor([camera.radial], dtype=torch.float64),
            'tangential': torch.tensor(
                [camera.tangential], dtype=torch.float64
            ),
        }

    def _keypoints(self, take: Human36MTake, y: Tensor) -> Tensor:
        if self.keypoints == 'gt':
            x = take.camera.project(y.double())
        else:
            assert take.keypoints is not None
            if len(take.keypoints) < len(take.joints):
                raise ValueError(
                    f"Expected keypoints '{self.keypoints}' for all "
                    f'{len(take.joints)} frames of {take.name} by camera '
                    f'{take.camera.name} (got {len(take.keypoints)}): get the '
                    'file again'
                )
            # Videos are longer than the motion capture.
            found = take.keypoints[: len(take.joints)]
            x = torch.from_numpy(found[:: self.subsample])
        if x.size(1) < self.joints:
            raise ValueError(
                f"Expected 'joints=16' with the keypoints '{self.keypoints}', "
                'which have no Neck/Nose (got 17)'
            )
        return x[:, H36M16_OF_17] if x.size(1) > self.joints else x

    def _action(self, take: Human36MTake) -> str:
        if self.naming == 'paper':
            return take.action
        return {v: k for k, v in OFFICIAL_ACTIONS.items()}[take.action]
