r"""Constant bone lengths, estimated while poses arrive."""

import numpy as np

from pyg_hcsf.skeleton import Skeleton

ROUNDS = 2  # of Newton's method; what is left then is about 1 mm
MAX_COUNT = 2000  # poses, after which older ones are slowly forgotten


class LiveBones:
    r"""Gives bones the mean length of all poses so far, the same on the left
    and the right.

    Joints are moved as little as possible, in the least-squares sense: with
    the bones :math:`\mathbf{b} = \mathbf{B} \mathbf{x}`, their directions
    :math:`\mathbf{u}` and what they are too long by, :math:`\mathbf{c}`,
    Newton's method for the constraints solves :math:`(\mathbf{B}
    \mathbf{B}^{\top} \circ \mathbf{U} \mathbf{U}^{\top}) \boldsymbol{\lambda}
    = \mathbf{c}` and moves joints by :math:`-\mathbf{B}^{\top}
    (\boldsymbol{\lambda} \circ \mathbf{U})`. The root stays.

    Args:
        skeleton (Skeleton): The joints and their parents.
    """

    def __init__(self, skeleton: Skeleton) -> None:
        parents = np.array(skeleton.parents)
        self.joints = np.flatnonzero(parents >= 0)
        every = np.eye(len(parents))
        self.bones = every[self.joints] - every[parents[self.joints]]
        self.bones[:, skeleton.root] = 0.0  # which is at zero, and stays
        self.paths = np.zeros((len(parents), len(self.joints)))
        self.paths[self.joints] = np.linalg.inv(self.bones[:, self.joints])
        self.gram = self.bones @ self.bones.T
        mirrored = np.array(skeleton.mirrored)[self.joints]
        self.mirrored = np.searchsorted(self.joints, mirrored)
        self.length = np.zeros(len(self.joints))
        self.count = 0

    def __call__(self, pose: np.ndarray) -> np.ndarray:
        r"""The pose ``[N, 3]``, relative to the root, with those lengths."""
        direction, norm = self._split(pose)
        self.count = min(self.count + 1, MAX_COUNT)
        both = (norm + norm[self.mirrored]) / 2
        self.length += (both - self.length) / self.count
        for _ in range(ROUNDS):
            matrix = self.gram * (direction @ direction.T)
            matrix += 1e-6 * np.eye(len(matrix))  # for bones of length 0
            force = np.linalg.solve(matrix, norm - self.length)
            pose = pose - self.bones.T @ (force[:, None] * direction)
            direction, norm = self._split(pose)
        return self.paths @ (self.length[:, None] * direction)

    def _split(self, pose: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        r"""The directions and lengths of the bones."""
        bone = self.bones @ pose
        norm = np.linalg.norm(bone, axis=-1)
        return bone / np.maximum(norm, 1e-9)[:, None], norm
