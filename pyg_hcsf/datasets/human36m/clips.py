r"""From takes of Human3.6M to the clips of the data set."""

from __future__ import annotations

from collections.abc import Iterator

import torch
from torch import Tensor
from torch_geometric.data import Data

from pyg_hcsf.data.projection import clip_camera
from pyg_hcsf.datasets.human36m.constants import (
    H36M16_OF_17,
    H36M_FPS,
    OFFICIAL_ACTIONS,
    SUBJECTS,
    Human36MTake,
)
from pyg_hcsf.datasets.human36m.formats import RawFiles, read_takes
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
    r"""Replaces the keypoints of a clip by its joints as they are seen
    through a lens.

    Args:
        data (torch_geometric.data.Data): The clip.
        distortion (str): See
            :meth:`~pyg_hcsf.geometry.camera.Camera.project`.
    """
    camera = clip_camera(data)
    x = camera.project(data.y.transpose(0, 1).double(), distortion)
    data.x = x.transpose(0, 1).float().contiguous()
    return data


class Human36MClips:
    r"""Clips that are made of raw files, in the order of actions, subjects,
    takes and cameras. They are made one by one, and once.

    Args:
        raw (RawFiles): The files.
        side (str): :obj:`'train'` or :obj:`'test'`.
        keypoints, joints, naming, subsample: See
            :class:`~pyg_hcsf.datasets.Human36M`.

    Raises:
        ValueError: If a file is damaged, or has not what is asked for; names
            it.

    Example:
        >>> clips = Human36MClips(raw, 'test', 'gt', 17, 'paper', 1)
        >>> len(clips), next(iter(clips)).x.shape
        (240, torch.Size([17, 2699, 2]))
    """

    def __init__(
        self,
        raw: RawFiles,
        side: str,
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
        self.takes = list(read_takes(raw, side))
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

    def __iter__(self) -> Iterator[Data]:
        while self.takes:  # each is let go of
            yield self._to_data(self.takes.pop())

    def _to_data(self, take: Human36MTake) -> Data:
        camera = take.camera
        y = torch.from_numpy(take.joints[:: self.subsample])
        x = self._keypoints(take, y)
        if self.joints == 16:
            y = y[:, H36M16_OF_17]
        return Data(
            x=x.float().transpose(0, 1).contiguous(),
            y=y.transpose(0, 1).contiguous(),
            edge_index=self.edge_index,
            num_nodes=self.joints,
            subject=take.subject,
            action=self._action(take),
            clip=take.name,
            camera=camera.name,
            fps=H36M_FPS / self.subsample,
            focal=torch.tensor([camera.focal], dtype=torch.float64),
            center=torch.tensor([camera.center], dtype=torch.float64),
            image_size=torch.tensor([camera.image_size], dtype=torch.float64),
            radial=torch.tensor([camera.radial], dtype=torch.float64),
            tangential=torch.tensor([camera.tangential], dtype=torch.float64),
        )

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
            # Videos go on after the motion capture has stopped.
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
