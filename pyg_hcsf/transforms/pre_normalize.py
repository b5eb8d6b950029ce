r"""Normalisation of clips of NTU RGB+D."""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
import torch
from scipy.spatial.transform import Rotation
from torch_geometric.data import Data
from torch_geometric.data.datapipes import functional_transform
from torch_geometric.transforms import BaseTransform

from pyg_hcsf.choices import check_choice

FRAMES = 300  # of the longest clip
SPINE = 1  # its middle
BASE = 0  # of the spine
SHOULDERS = (4, 8)  # left, right


@functional_transform('pre_normalize')
class PreNormalize(BaseTransform):
    r"""Translates and rotates a clip of NTU RGB+D as published code does
    (functional name: :obj:`pre_normalize`).

    * :obj:`"agcn"` (2s-AGCN, MS-AAGCN, MS-G3D; the D-HCSF paper follows
      them): bodies are repeated to fill :obj:`length` frames; the middle of
      the first body's spine is the origin of every frame; its spine in the
      first frame is rotated to z and then its shoulders to x, after which the
      spine is no longer exactly along z.
    * :obj:`"pyskl"`: the body that is present for longer comes first, and
      frames without it are dropped; the origin is the middle of its spine in
      the first frame, so that its path is kept; rotated as above.
    * :obj:`"ctrgcn"` (CTR-GCN, SGN): the origin is the middle of the first
      body's spine in the first frame that has it; nothing is rotated or
      dropped.

    Absent joints stay zero. With :obj:`"agcn"` the middle of the first spine
    is exactly zero too: do not take zeros for absent joints afterwards.

    Args:
        scheme (str): :obj:`"agcn"`, :obj:`"pyskl"` or :obj:`"ctrgcn"`.
        length (int, optional): The number of frames to fill with
            :obj:`"agcn"`; the longest clip of the data set has 300. The
            other schemes keep the frames. (default: :obj:`300`)

    Shapes:
        - **input:** :obj:`data.x` :math:`(25, T, M, 3)`, metres
        - **output:** :obj:`data.x` :math:`(25, T', M, 3)`, metres

    Raises:
        ValueError: If there is no such scheme, :obj:`x` has another shape,
            or the clip has no body or more frames than :obj:`length`.

    Example:
        >>> NTURGBD(root, transform=PreNormalize('agcn'))[0].x.shape
        torch.Size([25, 300, 2, 3])
    """

    def __init__(self, scheme: str, length: int = FRAMES) -> None:
        check_choice('scheme', scheme, tuple(SCHEMES))
        if length < 1:
            raise ValueError(f"Expected a positive 'length' (got {length})")
        self.scheme = scheme
        self.length = length

    def forward(self, data: Data) -> Data:
        x = data.x
        if x.dim() != 4 or x.size(0) != 25 or x.size(3) != 3:
            raise ValueError(
                f"Expected 'x' of shape [25, T, M, 3] (got {list(x.shape)})"
            )
        if self.scheme == 'agcn' and x.size(1) > self.length:
            raise ValueError(
                f'Expected a clip of at most {self.length} frames (got '
                f"{x.size(1)}): choose a larger 'length'"
            )
        joints = x.double().numpy()
        if not joints.any():
            raise ValueError('Expected a clip with a body (got only zeros)')
        joints = SCHEMES[self.scheme](joints, self.length)
        data.x = torch.from_numpy(joints).to(x)
        return data

    def __repr__(self) -> str:
        return (
            f"{self.__class__.__name__}('{self.scheme}', length={self.length})"
        )


# Joints have the axes of PyG's graphs in all functions: [25, T, M, 3].


def _agcn(joints: np.ndarray, length: int) -> np.ndarray:
    joints = _fill_frames(joints, length)
    return _rotate_body(_move(joints, joints[SPINE, :, :1]))


def _pyskl(joints: np.ndarray, length: int) -> np.ndarray:
    joints = _main_body_first(joints)
    return _rotate_body(_move(joints, joints[SPINE, 0, 0]))


SCHEMES: dict[str, Callable[[np.ndarray, int], np.ndarray]] = {
    'agcn': _agcn,
    'pyskl': _pyskl,
    'ctrgcn': lambda joints, length: center_clip(joints),
}


def _move(joints: np.ndarray, origin: np.ndarray) -> np.ndarray:
    return np.where(joints.any(axis=-1, keepdims=True), joints - origin, 0)


def _fill_frames(joints: np.ndarray, length: int) -> np.ndarray:
    # If a body is absent in the first frame, all frames without it are
    # removed; then its frames up to the last one repeat. Other gaps, and
    # bodies that are never present, stay zero.
    n, _, bodies, c = joints.shape
    out = np.zeros((n, length, bodies, c), dtype=joints.dtype)
    for m in range(bodies):
        body = joints[:, :, m]  # [25, T, 3]
        present = np.flatnonzero(body.any(axis=(0, 2)))
        if len(present) == 0:
            continue
        last = present[-1] + 1
        body = body[:, present if present[0] else slice(last)]
        out[:, :, m] = body[:, np.arange(length) % body.shape[1]]
    return out


def _main_body_first(joints: np.ndarray) -> np.ndarray:
    present = np.any(joints, axis=(0, 3))  # [T, M]
    order = np.argsort(-present.sum(axis=0), kind='stable')
    return joints[:, present[:, order[0]]][:, :, order]


def _rotate_body(joints: np.ndarray) -> np.ndarray:
    joints = _rotate(joints, BASE, SPINE, target=2)
    return _rotate(joints, *SHOULDERS, target=0)


def _rotate(
    joints: np.ndarray, start: int, end: int, target: int
) -> np.ndarray:
    r"""Rotates a clip by the smallest angle that aligns the vector between two
    joints of the first body in the first frame with an axis.
    """
    vector = joints[end, 0, 0] - joints[start, 0, 0]
    goal = np.eye(3)[target]
    axis = np.cross(vector, goal)
    size = float(np.linalg.norm(axis))
    # 2s-AGCN leaves vectors in the opposite direction, too.
    if size < 1e-6 or (angle := math.atan2(size, float(vector @ goal))) < 1e-6:
        return joints
    rotation = Rotation.from_rotvec(axis * angle / size)
    return joints @ rotation.as_matrix().T


def center_clip(joints: np.ndarray) -> np.ndarray:
    r"""Moves a clip as CTR-GCN and SGN do: the origin is the middle of the
    first body's spine in the first frame that has one; absent bodies stay
    zero.

    Args:
        joints (numpy.ndarray): :obj:`[25, T, M, 3]`.
    """
    present = np.any(joints, axis=(0, 3))[..., None]  # [T, M, 1]
    first = int(np.argmax(present[:, 0]))
    return np.where(present, joints - joints[SPINE, first, 0], 0)
