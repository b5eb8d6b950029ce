"""CMU's motion as BVH by a widespread conversion that lost the thorax."""

from __future__ import annotations

import re
import warnings
from contextlib import suppress
from pathlib import Path
from typing import Any
from zipfile import Path as ZipPath

import numpy as np

from pyg_hcsf.datasets.mocap.asf_amc.reader import ASF, read_asf
from pyg_hcsf.datasets.mocap.bvh.text import Hierarchy
from pyg_hcsf.datasets.mocap.text import MotionFile

# Joints of the conversion and the bones that end where they begin.
BONES = {
    **{'Spine': 'lowerback', 'Spine1': 'upperback'},
    **{'LeftLeg': 'lfemur', 'RightLeg': 'rfemur', 'LeftFoot': 'ltibia'},
    **{'LeftForeArm': 'lhumerus', 'RightForeArm': 'rhumerus'},
}
CHILDREN = ('Neck', 'LeftShoulder', 'RightShoulder')  # of Spine1
FIT = 0.02  # by which lengths and directions of the same bone may differ


def lacks_thorax(rig: Hierarchy) -> bool:
    r"""Whether neck and both shoulders begin at the joint below the thorax,
    so that they are 110 to 120 mm too low.

    Args:
        rig (Hierarchy): The joints of a file.

    Example:
        >>> lacks_thorax(parse_hierarchy(text, '01_01.bvh'))
        True
    """
    names = rig.joints
    if not {'LHipJoint', 'LowerBack', *BONES, *CHILDREN} <= set(names):
        return False
    spine = names.index('Spine1')
    return all(
        rig.parents[i] == spine
        and not any(rig.offsets[i])
        and 'Yposition' not in rig.channels[i]
        for i in map(names.index, CHILDREN)
    )


def restore_thorax(rig: Hierarchy, source: MotionFile) -> Hierarchy:
    r"""Puts the thorax back as the subject's skeleton has it, if that lies in
    the folder of the file or the one above, and warns either way. Other
    files are returned as they are.

    Args:
        rig (Hierarchy): The joints of a file.
        source (str or pathlib.Path): The file.

    Example:
        >>> rig = restore_thorax(rig, '01/01_01.bvh')  # and 01/01.asf
    """
    if not lacks_thorax(rig):
        return rig
    for path in _skeletons(source):
        with suppress(ValueError):
            thorax = _thorax(rig, read_asf(path))
            offsets = list(rig.offsets)
            for child in CHILDREN:
                offsets[rig.joints.index(child)] = thorax
            warnings.warn(
                f'{source}: the length of the thorax, which this conversion '
                f"has lost, is taken from '{path}'",
                stacklevel=3,
            )
            return rig._replace(offsets=offsets)
    warnings.warn(
        f'{source}: this conversion has lost the length of the thorax: neck, '
        'head and arms are 110 to 120 mm too low. Put the ASF file of the '
        'subject, such as 01.asf for 01_01.bvh, into its folder, or read the '
        'AMC file',
        stacklevel=3,
    )
    return rig


def _skeletons(source: MotionFile) -> list[MotionFile]:
    r"""The ASF files beside, those with the number of the subject first."""
    path: Any = (
        source if isinstance(source, ZipPath) else Path(source).resolve()
    )
    subject = re.match(r'0*(\d+)_', path.name)
    found: list[MotionFile] = []
    for folder in (path.parent, path.parent.parent):
        with suppress(OSError, ValueError):
            files = sorted(folder.iterdir(), key=str)
            found += [f for f in files if f.name.lower().endswith('.asf')]

    def other(file: MotionFile) -> bool:
        name = Path(str(file)).stem.lstrip('0')
        return subject is None or name != subject[1]

    return sorted(found, key=other)


def _thorax(rig: Hierarchy, asf: ASF) -> list[float]:
    r"""The offset of the end of the thorax, in the unit of the file.

    Raises:
        ValueError: If the file was not made of this skeleton.
    """
    ends = {bone.name: np.array(bone.offset) for bone in asf.bones}
    if not {*BONES.values(), 'thorax'} <= set(ends):
        raise ValueError('another rig')
    ours = np.array([rig.offsets[rig.joints.index(joint)] for joint in BONES])
    theirs = np.array([ends[bone] for bone in BONES.values()])
    units = np.linalg.norm(theirs, axis=1) / np.maximum(
        np.linalg.norm(ours, axis=1), 1e-9
    )
    unit = float(np.median(units))
    back = np.abs(theirs[:2] / unit - ours[:2]).max()
    if np.ptp(units) > FIT * unit or back > FIT * np.abs(ours[:2]).max():
        raise ValueError('another skeleton')
    return list(ends['thorax'] / unit)
