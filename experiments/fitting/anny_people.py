"""People of the body model Anny: their joints, keypoints and head."""

from __future__ import annotations

from typing import Any, NamedTuple

import roma
import torch
from torch import Tensor

from experiments.fitting.rig_motion import legs
from pyg_hcsf.skeleton import H36M17

BATCH = 50
ADULTS, CHILDREN = (18.0, 90.0), (2.0, 17.0)  # years, drawn uniformly
# Joints of Human3.6M outside the trunk; a bone begins at its joint.
LIMBS = {
    'Hip': 'upperleg01',
    'Knee': 'lowerleg01',
    'Foot': 'foot',
    'Shoulder': 'upperarm01',
    'Elbow': 'lowerarm01',
    'Wrist': 'wrist',
}
SPINE = [f'spine0{i}' for i in (5, 4, 3, 2, 1)]
SPINE += ['neck01', 'neck02', 'neck03', 'head']
# Standard deviations in degrees of rotations about the axes to the left, to
# the back and up, from the pose at rest.
MOVED = {
    'upperleg01': (35.0, 15.0, 15.0),
    'lowerleg01': (30.0, 0.0, 0.0),
    'foot': (15.0, 8.0, 8.0),
    'clavicle': (5.0, 8.0, 8.0),
    'upperarm01': (40.0, 40.0, 40.0),
    'lowerarm01': (30.0, 30.0, 30.0),
    **dict.fromkeys(SPINE[:5], (5.0, 4.0, 5.0)),
    **dict.fromkeys(SPINE[5:], (6.0, 4.0, 10.0)),
}
TRUNK = ('Spine', 'Thorax', 'Neck', 'Head')


class People(NamedTuple):
    """People in the frame of Anny, which face -y, with x to their left, in mm.

    Args:
        limbs: The joints of Human3.6M; those of the trunk are zero: ``[N, 17,
            3]``.
        spine: The middle of the hips, the joints of SPINE and the crown:
            ``[N, 11, 3]``.
        points: COCO's keypoints, feet included: ``[N, 23, 3]``.
        head: The axes of the head forward, left and up: ``[N, 3, 3]``.
        stature: The height: ``[N]``.
    """

    limbs: Tensor
    spine: Tensor
    points: Tensor
    head: Tensor
    stature: Tensor

    def joints(self, heights: Tensor) -> Tensor:
        """The joints of Human3.6M, with those of the trunk on the spine at
        the heights of another rig (over the length of a leg).
        """
        above = self.spine[..., 2] - self.spine[:, :1, 2]
        mean = (above / legs(self.limbs)[:, None]).mean(dim=0)
        joints = self.limbs.clone()
        for name, height in zip(TRUNK, heights, strict=True):
            below = int((mean <= height).sum()) - 1
            below = min(below, len(mean) - 2)
            share = (height - mean[below]) / (mean[below + 1] - mean[below])
            joints[:, H36M17.joints.index(name)] = torch.lerp(
                self.spine[:, below], self.spine[:, below + 1], float(share)
            )
        return joints

    def own_joints(self) -> Tensor:
        """The joints of Human3.6M, with those of the trunk from bones of the
        most similar names: spine03, neck01, head, and the crown.
        """
        joints = self.limbs.clone()
        chosen = self.spine[:, [3, 6, 9, 10]]
        joints[:, [H36M17.joints.index(name) for name in TRUNK]] = chosen
        return joints


class AnnyModel:
    """The body model, and the names of its keypoints."""

    def __init__(self) -> None:
        import anny
        from anny.keypoints import KeypointsRegressor

        self.model: Any = anny.Anny().to(torch.float32)
        self.keypoints = KeypointsRegressor.coco(self.model)
        self.names = [_our_name(label) for label in self.keypoints.labels]

    def sample(
        self, ages: tuple[float, float], count: int, moved: bool
    ) -> People:
        """Draws people at rest, or in random poses."""
        from anny.shape_distribution import SimpleShapeDistribution

        low, high = map(torch.tensor, ages)
        uniform = torch.distributions.Uniform(low, high)
        people = SimpleShapeDistribution(self.model, uniform)
        parts = []
        for _ in range(count // BATCH):
            _, shape = people.sample(BATCH)
            out = self.model(
                phenotype_kwargs=shape,
                pose_parameters=self._pose(moved),
            )
            parts.append(self._people(out))
        joined = [torch.cat([part[i] for part in parts]) for i in range(5)]
        return People(*joined)

    def _pose(self, moved: bool) -> Tensor:
        labels = self.model.bone_labels
        pose = torch.eye(4).repeat(BATCH, len(labels), 1, 1)
        for number, label in enumerate(labels):
            spread = MOVED.get(label.split('.')[0], (0.0, 0.0, 0.0))
            angles = (
                float(moved) * torch.randn(BATCH, 3) * torch.tensor(spread)
            )
            if label.startswith('lowerleg'):  # knees bend backward only
                angles = angles.abs()
            rotation = roma.rotvec_to_rotmat(torch.deg2rad(angles))
            pose[:, number, :3, :3] = rotation
        return pose

    def _people(self, out: dict[str, Tensor]) -> People:
        number = {name: i for i, name in enumerate(self.model.bone_labels)}
        at = 1000 * out['bone_poses'][..., :3, 3]
        limbs = at.new_zeros(len(at), 17, 3)
        for name, bone in LIMBS.items():
            for side in 'LR':
                joint = H36M17.joints.index(side + name)
                limbs[:, joint] = at[:, number[f'{bone}.{side}']]
        sides = [H36M17.joints.index(side + 'Hip') for side in 'LR']
        limbs[:, 0] = limbs[:, sides].mean(dim=1)
        rest = out['rest_vertices'][..., 2]
        crown = 1000 * out['vertices'][range(len(at)), rest.argmax(dim=1)]
        spine = [limbs[:, :1], at[:, [number[n] for n in SPINE]]]
        poses = [
            out[key][:, number['head'], :3, :3]
            for key in ('bone_poses', 'rest_bone_poses')
        ]
        turn = poses[0] @ poses[1].mT
        head = torch.stack([-turn[..., 1], turn[..., 0], turn[..., 2]], dim=1)
        return People(
            limbs,
            torch.cat([*spine, crown[:, None]], dim=1),
            1000 * self.keypoints(out),
            head,
            1000 * (rest.amax(dim=1) - rest.amin(dim=1)),
        )


def _our_name(label: str) -> str:
    """'LBigToe' for 'left_big_toe'."""
    words = label.title().split('_')
    sides = {'Left': 'L', 'Right': 'R'}
    return ''.join(sides.get(word, word) for word in words)
