"""Acclaim skeleton and its forward kinematics."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from scipy.spatial.transform import Rotation

from ..joint_positions import JointMap, positions_in_chunks, z_up
from ..text_file import TextFile

CHANNELS = ('tx', 'ty', 'tz', 'rx', 'ry', 'rz')
ROOT = 'root'
RADIANS = {True: np.pi / 180, False: 1.0}  # per unit, by whether degrees
MAX_REST_ANGLE = 7.0  # radians, of a bone at rest or of a limb in motion
MAX_ROOT_ANGLE = 100.0  # radians, of a root that turns several times

# Human3.6M's 17 joints, in order, as the ends of Acclaim bones. Spine, thorax,
# neck and head are not the same anatomical points as Human3.6M's.
ASF_JOINTS: JointMap = {
    'Hip': ('lhipjoint', 'rhipjoint'),
    'RHip': 'rhipjoint', 'RKnee': 'rfemur', 'RFoot': 'rtibia',
    'LHip': 'lhipjoint', 'LKnee': 'lfemur', 'LFoot': 'ltibia',
    'Spine': 'upperback', 'Thorax': 'thorax',
    'Neck': 'upperneck', 'Head': 'head',
    'LShoulder': 'lclavicle', 'LElbow': 'lhumerus', 'LWrist': 'lradius',
    'RShoulder': 'rclavicle', 'RElbow': 'rhumerus', 'RWrist': 'rradius',
}  # fmt: skip


@dataclass(frozen=True)
class Bone:
    r"""A bone of an Acclaim skeleton, which ends at the joint of its name."""

    name: str  #: :obj:`'root'` is a bone of length zero
    parent: int  #: the index of the parent bone, -1 for the root
    #: The vector from the parent's end to the bone's end at rest, in mm, y up.
    offset: tuple[float, ...]
    axis: tuple[float, ...]  #: Euler angles of the bone's local frame, radians
    #: The axes of these and of the motion's Euler angles in the order of
    #: their application, about fixed axes, such as :obj:`'xyz'`.
    order: str
    channels: tuple[str, ...]  #: that a motion has, some of `CHANNELS`


@dataclass(frozen=True)
class ASF:
    r"""An Acclaim skeleton, see
    :func:`~pyg_hcsf.datasets.mocap.read_asf`.

    Args:
        bones (tuple[Bone, ...]): The bones, parents before children. The
            first one is the root.
        unit (float): Millimetres per unit of length of the motions.
        degrees (bool): Whether the angles of motions that do not state their
            unit are in degrees.
    """

    bones: tuple[Bone, ...]
    unit: float
    degrees: bool

    @property
    def joints(self) -> tuple[str, ...]:
        r"""The names of the joints, which are the ends of the bones."""
        return tuple(bone.name for bone in self.bones)

    @property
    def num_channels(self) -> int:
        return sum(len(bone.channels) for bone in self.bones)

    @cached_property
    def columns(self) -> dict[str, slice]:
        r"""The columns of each bone with channels in a motion."""
        out, start = {}, 0
        for bone in self.bones:
            stop = start + len(bone.channels)
            if stop > start:
                out[bone.name] = slice(start, stop)
            start = stop
        return out

    def joint_positions(self, motion: np.ndarray) -> np.ndarray:
        r"""Computes joint positions by forward kinematics.

        With :math:`C` the rotation of a bone's local frame and :math:`R_t`
        that of its motion, the bone turns by :math:`G_t = G_t^{(parent)} C R_t
        C^{-1}` and ends at :math:`p_t = p_t^{(parent)} + G_t \, o`, where
        :math:`o` is its offset.

        Args:
            motion (numpy.ndarray): The result of
                :func:`~pyg_hcsf.datasets.mocap.read_amc`, of shape
                :obj:`[T, num_channels]`.

        Returns:
            The joints in millimetres, z up, of shape :obj:`[T, J, 3]`.
        """
        if motion.ndim != 2 or motion.shape[1] != self.num_channels:
            raise ValueError(
                f"Expected 'motion' of shape [T, {self.num_channels}] (got "
                f'{list(motion.shape)})'
            )
        return positions_in_chunks(
            lambda part: z_up(self._forward(part)), motion, len(self.bones)
        )

    def _forward(self, motion: np.ndarray) -> np.ndarray:
        position = np.zeros((len(motion), len(self.bones), 3))
        rotations: list[np.ndarray] = []  # [T, 3, 3] for each bone
        for i, bone in enumerate(self.bones):
            values = motion[:, self.columns.get(bone.name, slice(0, 0))]
            # Channels may stand in any order; absent ones are zero.
            angles, shift = np.zeros((2, len(motion), 3))
            for j, channel in enumerate(bone.channels):
                if channel[0] == 'r':
                    angles[:, bone.order.index(channel[1])] = values[:, j]
                else:
                    shift[:, 'xyz'.index(channel[1])] = values[:, j]
            # C and R_t of the docstring. Lower-case orders: about fixed axes.
            frame = Rotation.from_euler(bone.order, bone.axis).as_matrix()
            local = Rotation.from_euler(bone.order, angles).as_matrix()
            rotation = frame @ local @ frame.T
            step = np.asarray(bone.offset) + shift
            if bone.parent >= 0:
                rotation = rotations[bone.parent] @ rotation
                step = np.einsum('tij,tj->ti', rotation, step)
                step = position[:, bone.parent] + step
            rotations.append(rotation)
            position[:, i] = step
        return position


def check_angles(
    angles: np.ndarray, limit: float, file: TextFile, line: int | None
) -> None:
    r"""Raises a :class:`ValueError` if angles in radians are so large that
    they must be degrees.
    """
    largest = float(np.abs(angles).max(initial=0.0))
    if largest > limit:
        file.fail(
            line,
            f'expected angles below {limit:g} radians (got {largest:g}): the '
            "unit of angles in ':units' or at the top of the motion is wrong",
        )
