"""Reads BVH files and computes joint positions by forward kinematics."""

from __future__ import annotations

import re
import warnings
from dataclasses import dataclass

import numpy as np
from scipy.spatial.transform import Rotation

from ..joint_positions import JointMap, positions_in_chunks, z_up
from ..text_file import MotionFile, TextFile
from .cmu_thorax import restore_thorax
from .hierarchy import parse_hierarchy
from .motion_section import find_motion, parse_motion

SCALE_TOLERANCE = 1e-3  # of a scale channel, which should be 1
_COMMENT = re.compile(rb'^[ \t]*(?:#|//)[^\n]*', re.MULTILINE)

# Human3.6M's 17 joints on the rig of the DAZ-friendly release of CMU's motion
# as BVH. Spine, thorax, neck and head are not the same anatomical points as
# Human3.6M's.
DAZ_JOINTS: JointMap = {
    'Hip': ('lThigh', 'rThigh'),
    'RHip': 'rThigh', 'RKnee': 'rShin', 'RFoot': 'rFoot',
    'LHip': 'lThigh', 'LKnee': 'lShin', 'LFoot': 'lFoot',
    'Spine': 'chest', 'Thorax': ('lShldr', 'rShldr'),
    'Neck': 'head', 'Head': ('leftEye', 'rightEye'),
    'LShoulder': 'lShldr', 'LElbow': 'lForeArm', 'LWrist': 'lHand',
    'RShoulder': 'rShldr', 'RElbow': 'rForeArm', 'RWrist': 'rHand',
}  # fmt: skip
# The same on the rig of a common conversion of CMU's motion: the points of
# pyg_hcsf.datasets.mocap.ASF_JOINTS.
CMU_JOINTS: JointMap = {
    'Hip': ('LeftUpLeg', 'RightUpLeg'),
    'RHip': 'RightUpLeg', 'RKnee': 'RightLeg', 'RFoot': 'RightFoot',
    'LHip': 'LeftUpLeg', 'LKnee': 'LeftLeg', 'LFoot': 'LeftFoot',
    'Spine': 'Spine1', 'Thorax': 'Neck',
    'Neck': 'Head', 'Head': 'Head_end',
    'LShoulder': 'LeftArm', 'LElbow': 'LeftForeArm', 'LWrist': 'LeftHand',
    'RShoulder': 'RightArm', 'RElbow': 'RightForeArm', 'RWrist': 'RightHand',
}  # fmt: skip


@dataclass(frozen=True, eq=False)
class BVH:
    r"""A Biovision hierarchy with its motion, see
    :func:`~pyg_hcsf.datasets.mocap.read_bvh`.

    Args:
        joints (tuple[str, ...]): The names of the joints, parents before
            children. The end site of a joint is named
            :obj:`'<joint>_end'`. Repeated names are numbered:
            :obj:`'arm'`, :obj:`'arm_2'`.
        parents (tuple[int, ...]): The index of each parent, :obj:`-1` for a
            root.
        offsets (numpy.ndarray): The vectors from the parents at rest, in the
            unit of the file, of shape :obj:`[J, 3]`.
        channels (tuple[tuple[str, ...], ...]): The channels of each joint in
            the order of the file, such as :obj:`'Zrotation'`.
        motion (numpy.ndarray): The values of all channels, angles in degrees,
            of shape :obj:`[T, num_channels]`.
        fps (float): Frames per second, as in the header.
    """

    joints: tuple[str, ...]
    parents: tuple[int, ...]
    offsets: np.ndarray
    channels: tuple[tuple[str, ...], ...]
    motion: np.ndarray
    fps: float

    def joint_positions(
        self, scale: float = 10.0, up: str = 'y'
    ) -> np.ndarray:
        r"""Computes joint positions by forward kinematics.

        Rotations are applied in the order of the channels, each about an axis
        of the frame rotated by the ones before. Position channels of any
        joint replace its offset.

        Args:
            scale (float, optional): Millimetres per unit of the file.
                (default: :obj:`10.0`, for centimetres)
            up (str, optional): The vertical axis of the file, :obj:`'y'` or
                :obj:`'z'`. (default: :obj:`'y'`)

        Returns:
            The joints in millimetres, z up, of shape :obj:`[T, J, 3]`.
        """
        if not scale > 0:
            raise ValueError(f"Expected a positive 'scale' (got {scale})")
        return positions_in_chunks(
            lambda part: z_up(self._forward(part) * scale, up),
            self.motion,
            len(self.joints),
        )

    def _forward(self, motion: np.ndarray) -> np.ndarray:
        position = np.empty((len(motion), len(self.joints), 3))
        rotations: list[np.ndarray] = []  # [T, 3, 3] for each joint
        start = 0
        for i, (parent, channels) in enumerate(
            zip(self.parents, self.channels, strict=True)
        ):
            values = motion[:, start : start + len(channels)]
            start += len(channels)
            step = np.tile(self.offsets[i], (len(values), 1))
            columns = []
            for j, channel in enumerate(channels):
                if channel.endswith('position'):
                    step[:, 'XYZ'.index(channel[0])] = values[:, j]
                elif channel.endswith('rotation'):
                    columns.append(j)
            rotation = np.broadcast_to(np.eye(3), (len(values), 3, 3))
            # Upper-case orders of scipy: about rotated axes, as in BVH.
            if columns:
                order = ''.join(channels[j][0] for j in columns)
                rotation = Rotation.from_euler(
                    order, values[:, columns], degrees=True
                ).as_matrix()
            if parent >= 0:
                step = np.einsum('tij,tj->ti', rotations[parent], step)
                step = position[:, parent] + step
                rotation = (
                    rotations[parent] @ rotation
                    if columns
                    else rotations[parent]
                )
            position[:, i] = step
            rotations.append(rotation)
        return position


def read_bvh(source: MotionFile) -> BVH:
    r"""Reads a Biovision hierarchy file in UTF-8, UTF-16, cp932 or cp1252.

    Tokens may be on any lines; lines that begin with :obj:`#` or :obj:`//`
    are comments. If the motion has no decimal point, commas are decimal. A
    file with more or fewer frames than announced is read with a warning, as
    is one with scale channels other than 1, which are not applied. For a
    conversion of CMU's motion without the length of the thorax, see
    :func:`~pyg_hcsf.datasets.mocap.bvh.cmu_thorax.restore_thorax`.

    Args:
        source (str or pathlib.Path): The :obj:`.bvh` file, or a
            :class:`zipfile.Path` in an archive.

    Raises:
        ValueError: If the file is missing, unreadable or malformed, or has
            more joints than its size allows. The message names file and line.

    Example:
        >>> bvh = read_bvh('salsa/01.bvh')
        >>> pose = bvh.joint_positions(scale=10.0)  # [T, J, 3]
        >>> pose = to_h36m17(pose, bvh.joints, DAZ_JOINTS)
    """
    file = TextFile(source)
    content = file.read()
    if b'#' in content or b'//' in content:
        content = _COMMENT.sub(b'', content)
    start = find_motion(content, file)
    head = content[:start].decode('utf-8', 'replace')
    hierarchy = restore_thorax(parse_hierarchy(head, file), file)
    width = sum(map(len, hierarchy.channels))
    motion, frame_time = parse_motion(content, start, width, file)
    file.check_size(len(hierarchy.joints), len(motion), len(content))
    fps = 1 / frame_time
    _warn_of_scale(hierarchy.channels, motion, file)
    return BVH(
        joints=tuple(hierarchy.joints),
        parents=tuple(hierarchy.parents),
        offsets=np.array(hierarchy.offsets),
        channels=tuple(hierarchy.channels),
        motion=motion,
        fps=float(round(fps)) if abs(fps - round(fps)) < 0.01 else fps,
    )


def _warn_of_scale(
    channels: list[tuple[str, ...]], motion: np.ndarray, file: TextFile
) -> None:
    names = [name for names in channels for name in names]
    scales = [i for i, name in enumerate(names) if name.endswith('scale')]
    if scales and np.abs(motion[:, scales] - 1).max() > SCALE_TOLERANCE:
        warnings.warn(
            f'{file}: scale channels hold values other than 1, which are '
            'not applied: export the motion without scale',
            stacklevel=3,
        )
