r"""Restores the thorax in BVH files of a common conversion of CMU's motion.

The conversion sets the offsets of the neck and both shoulders from the joint
below the thorax to zero, so that these joints are 110 to 120 mm too low.
"""

from __future__ import annotations

import re
import warnings
from contextlib import suppress
from pathlib import Path
from typing import Any
from zipfile import Path as ZipPath

import numpy as np

from ..asf_amc import ASF, read_asf
from ..text_file import MotionFile, TextFile
from .hierarchy import Hierarchy

# Joints of the conversion and the Acclaim bones that end where they begin.
BONES = {
    'Spine': 'lowerback',
    'Spine1': 'upperback',
    'LeftLeg': 'lfemur',
    'RightLeg': 'rfemur',
    'LeftFoot': 'ltibia',
    'LeftForeArm': 'lhumerus',
    'RightForeArm': 'rhumerus',
}
CHILDREN = ('Neck', 'LeftShoulder', 'RightShoulder')  # of Spine1
TOLERANCE = 0.02  # relative difference of lengths and directions of a bone


def lacks_thorax(hierarchy: Hierarchy) -> bool:
    r"""Whether the file is of the conversion without the thorax."""
    names = hierarchy.joints
    if not {'LHipJoint', 'LowerBack', *BONES, *CHILDREN} <= set(names):
        return False
    spine = names.index('Spine1')
    return all(
        hierarchy.parents[i] == spine
        and not any(hierarchy.offsets[i])
        and 'Yposition' not in hierarchy.channels[i]
        for i in map(names.index, CHILDREN)
    )


def restore_thorax(hierarchy: Hierarchy, file: TextFile) -> Hierarchy:
    r"""Restores the offset of the thorax from the subject's ASF file, if it
    is in the folder of the BVH file or in the parent folder.

    Either way, a warning is issued. Files of other conversions are returned
    unchanged.
    """
    if not lacks_thorax(hierarchy):
        return hierarchy
    for path in _skeleton_files(file.source):
        with suppress(ValueError):
            thorax = _thorax_offset(hierarchy, read_asf(path))
            offsets = list(hierarchy.offsets)
            for child in CHILDREN:
                offsets[hierarchy.joints.index(child)] = thorax
            warnings.warn(
                f'{file}: the length of the thorax, which this conversion '
                f"has lost, is taken from '{path}'",
                stacklevel=3,
            )
            return hierarchy._replace(offsets=offsets)
    warnings.warn(
        f'{file}: this conversion has lost the length of the thorax: neck, '
        'head and arms are 110 to 120 mm too low. Put the ASF file of the '
        'subject, such as 01.asf for 01_01.bvh, into its folder, or read the '
        'AMC file',
        stacklevel=3,
    )
    return hierarchy


def _skeleton_files(source: Path | ZipPath) -> list[MotionFile]:
    r"""The ASF files near a file, those with the subject's number first."""
    path: Any = source if isinstance(source, ZipPath) else source.resolve()
    subject = re.match(r'0*(\d+)_', path.name)
    found: list[MotionFile] = []
    for folder in (path.parent, path.parent.parent):
        with suppress(OSError, ValueError):
            files = sorted(folder.iterdir(), key=str)
            found += [f for f in files if f.name.lower().endswith('.asf')]

    def is_other_subject(file: MotionFile) -> bool:
        name = Path(str(file)).stem.lstrip('0')
        return subject is None or name != subject[1]

    return sorted(found, key=is_other_subject)


def _thorax_offset(hierarchy: Hierarchy, asf: ASF) -> list[float]:
    r"""The offset of the end of the thorax, in the unit of the BVH file.

    Raises:
        ValueError: If the BVH file was not converted from this skeleton.
    """
    ends = {bone.name: np.array(bone.offset) for bone in asf.bones}
    if not {*BONES.values(), 'thorax'} <= set(ends):
        raise ValueError('another rig')
    joints = [hierarchy.joints.index(joint) for joint in BONES]
    ours = np.array([hierarchy.offsets[joint] for joint in joints])
    theirs = np.array([ends[bone] for bone in BONES.values()])
    # Millimetres per unit of the BVH file, from each of the bones.
    units = np.linalg.norm(theirs, axis=1) / np.maximum(
        np.linalg.norm(ours, axis=1), 1e-9
    )
    unit = float(np.median(units))
    # The two spine bones must agree in direction, too.
    back = np.abs(theirs[:2] / unit - ours[:2]).max()
    if (
        np.ptp(units) > TOLERANCE * unit
        or back > TOLERANCE * np.abs(ours[:2]).max()
    ):
        raise ValueError('another skeleton')
    return list(ends['thorax'] / unit)
