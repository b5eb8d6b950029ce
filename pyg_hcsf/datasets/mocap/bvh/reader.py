from __future__ import annotations

import warnings
from dataclasses import dataclass

import numpy as np
from scipy.spatial.transform import Rotation

from pyg_hcsf.datasets.mocap.bvh.cmu_thorax import restore_thorax
from pyg_hcsf.datasets.mocap.bvh.text import (
    find_motion,
    parse_hierarchy,
    parse_motion,
    without_comments,
)
from pyg_hcsf.datasets.mocap.text import (
    JointMap,
    MotionFile,
    by_chunks,
    check_size,
    read_text,
    z_up,
)

SCALED = 1e-3  # a scale of 1, rounded, differs by less

# Human3.6M's 17 joints on the rig of the DAZ-friendly release of CMU's motion
# as BVH. Spine, thorax, neck and head are not the same anatomical points as
# Human3.6M's.
DAZ_JOINTS: JointMap = {
    'Hip': ('lThigh', 'rThigh'),
    'RHip': 'rThigh',
    'RKnee': 'rShin',
    'RFoot': 'rFoot',
    'LHip': 'lThigh',
    'LKnee': 'lShin',
    'LFoot': 'lFoot',
    'Spine': 'chest',
    'Thorax': ('lShldr', 'rShldr'),
    'Neck': 'head',
    'Head': ('leftEye', 'rightEye'),
    'LShoulder': 'lShldr',
    'LElbow': 'lForeArm',
    'LWrist': 'lHand',
    'RShoulder': 'rShldr',
    'RElbow': 'rForeArm',
    'RWrist': 'rHand',
}


# The same on the rig of CMU's skeletons as a widespread conversion writes it:
# the points of :obj:`pyg_hcsf.datasets.mocap.asf_amc.reader.ASF_JOINTS`.
CMU_JOINTS: JointMap = {
    'Hip': ('LeftUpLeg', 'RightUpLeg'),
    'RHip': 'RightUpLeg',
    'RKnee': 'RightLeg',
    'RFoot': 'RightFoot',
    'LHip': 'LeftUpLeg',
    'LKnee': 'LeftLeg',
    'LFoot': 'LeftFoot',
    'Spine': 'Spine1',
    'Thorax': 'Neck',
    'Neck': 'Head',
    'Head': 'Head_end',
    'LShoulder': 'LeftArm',
    'LElbow': 'LeftForeArm',
    'LWrist': 'LeftHand',
    'RShoulder': 'RightArm',
    'RElbow': 'RightForeArm',
    'RWrist': 'RightHand',
}


@dataclass(frozen=True, eq=False)
class BVH:
    r"""A Biovision hierarchy with its motion, see :func:`read_bvh`.

    Args:
        joints (tuple[str, ...]): The names of the joints, parents first; the
            end site of a joint is called :obj:`'<joint>_end'`. A name that
            comes again gets a number: :obj:`'arm'`, :obj:`'arm_2'`.
        parents (tuple[int, ...]): The parent of each, :obj:`-1` for a root.
        offsets (numpy.ndarray): From the parent at rest, in the file's unit:
            :obj:`[J, 3]`.
        channels (tuple[tuple[str, ...], ...]): The channels of each joint in
            the order of the file, such as :obj:`'Zrotation'`.
        motion (numpy.ndarray): The values of all channels, angles in degrees:
            :obj:`[T, num_channels]`.
        fps (float): Frames per second, as the header says.
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
        r"""Forward kinematics of the whole clip at once.

        Rotations are applied in the order of the channels, each about an axis
        of the frame that the ones before have turned. Position channels stand
        in the place of the offset, at any joint.

        Args:
            scale (float, optional): Millimetres per unit of the file.
                (default: :obj:`10.0`, for centimetres)
            up (str, optional): The axis that points up in the file,
                :obj:`'y'` or :obj:`'z'`. (default: :obj:`'y'`)

        Returns:
            The joints in millimetres, z up, of shape :obj:`[T, J, 3]`.
        """
        if not scale > 0:
            raise ValueError(f"Expected a positive 'scale' (got {scale})")
        return by_chunks(
            lambda part: z_up(self._forward(part) * scale, up),
            self.motion,
            len(self.joints),
        )

    def _forward(self, motion: np.ndarray) -> np.ndarray:
        position = np.empty((len(motion), len(self.joints), 3))
        turned: list[np.ndarray] = []  # [T, 3, 3] for each joint
        start = 0
        for i, (parent, channels) in enumerate(
            zip(self.parents, self.channels, strict=True)
        ):
            values = motion[:, start : start + len(channels)]
            start += len(channels)
            step = np.tile(self.offsets[i], (len(values), 1))
            turning = []
            for j, channel in enumerate(channels):
                if channel.endswith('position'):
                    step[:, 'XYZ'.index(channel[0])] = values[:, j]
                elif channel.endswith('rotation'):
                    turning.append(j)
            turn = np.eye(3)
            if turning:
                order = ''.join(channels[j][0] for j in turning)
                turn = Rotation.from_euler(
                    order, values[:, turning], degrees=True
                ).as_matrix()
            if parent < 0:
                position[:, i] = step
                turned.append(np.broadcast_to(turn, (len(values), 3, 3)))
            else:
                step = np.einsum('tij,tj->ti', turned[parent], step)
                position[:, i] = position[:, parent] + step
                turned.append(
                    turned[parent] @ turn if turning else turned[parent]
                )
        return position


def read_bvh(source: MotionFile) -> BVH:
    r"""Reads a Biovision hierarchy file, in the encodings of
    :func:`pyg_hcsf.datasets.mocap.text.read_text`.

    Words may stand on any lines; those that begin with :obj:`#` or :obj:`//`
    are passed over. A file with more or fewer frames than it
    announces is read with a warning, and so is one with scale channels other
    than 1, which are not applied. Commas are decimal if there is no point. For
    conversions of CMU's motion that lost the thorax, see
    :func:`pyg_hcsf.datasets.mocap.bvh.cmu_thorax.restore_thorax`.

    Args:
        source (str or pathlib.Path): The :obj:`.bvh` file, possibly within a
            zip archive as :class:`zipfile.Path`.

    Raises:
        ValueError: If it is missing, unreadable or malformed, with the file
            and the line, or describes more joints than it has numbers for.

    Example:
        >>> bvh = read_bvh('salsa/01.bvh')
        >>> pose = bvh.joint_positions(scale=10.0)  # [T, J, 3]
        >>> pose = to_h36m17(pose, bvh.joints, DAZ_JOINTS)
    """
    content = without_comments(read_text(source))
    start = find_motion(content, source)
    head = content[:start].decode('utf-8', 'replace')
    rig = restore_thorax(parse_hierarchy(head, source), source)
    joints, parents, offsets, channels = rig
    width = sum(map(len, channels))
    motion, frame_time = parse_motion(content, start, width, source)
    check_size(source, len(joints), len(motion), len(content))
    fps = 1 / frame_time
    bvh = BVH(
        joints=tuple(joints),
        parents=tuple(parents),
        offsets=np.array(offsets),
        channels=tuple(channels),
        motion=motion,
        fps=float(round(fps)) if abs(fps - round(fps)) < 0.01 else fps,
    )
    _warn_of_scale(bvh, source)
    return bvh


def _warn_of_scale(bvh: BVH, source: MotionFile) -> None:
    names = [name for channels in bvh.channels for name in channels]
    scales = [i for i, name in enumerate(names) if name.endswith('scale')]
    if scales and np.abs(bvh.motion[:, scales] - 1).max() > SCALED:
        warnings.warn(
            f'{source}: scale channels hold values other than 1, which are '
            'not applied: export the motion without scale',
            stacklevel=3,
        )
