r"""The joint layouts of detectors, and conversion between them."""

from collections.abc import Sequence
from dataclasses import replace
from functools import cache
from math import lcm

import numpy as np

from pyg_hcsf.choices import check_choice
from pyg_hcsf.keypoints.track import Keypoints, Track, map_tracks
from pyg_hcsf.skeleton import get_skeleton

# Joints that a layout shares with COCO or Human3.6M under another name.
# Human3.6M's Neck lies between thorax and head, and is also called Neck/Nose;
# the Neck of other layouts is its Thorax. Its feet are the ankles.
_H36M_NAMES = {'LFoot': 'LAnkle', 'RFoot': 'RAnkle'}
_COMMON_NAMES: dict[str, dict[str, str]] = {
    'coco17': {},
    'coco18': {'Neck': 'Thorax'},
    'body25': {'Neck': 'Thorax', 'MidHip': 'Hip'},
    'halpe26': {'Neck': 'Thorax'},
    'mediapipe33': {'LFootIndex': 'LBigToe', 'RFootIndex': 'RBigToe'},
    'mpii16': {'Pelvis': 'Hip', 'UpperNeck': 'Neck', 'HeadTop': 'Head'},
    'h36m17': _H36M_NAMES,
    'h36m16': _H36M_NAMES,
    'mpi_inf_3dhp17': {
        'Pelvis': 'Hip', 'Neck': 'Thorax', 'Head': 'Neck', 'HeadTop': 'Head',
    },
}  # fmt: skip
LAYOUTS = tuple(_COMMON_NAMES)
# Networks that see what annotators of images chose have these joints. Their
# neck is the nose, and their head is between the eyes, also where a layout has
# a top of the head.
_IMAGE_NAMES = {**_H36M_NAMES, 'Neck': 'Nose', 'Head': 'MidEyes'}
TARGETS = ('coco17', 'h36m17', 'h36m16', 'h36m23')

# A joint that a layout lacks is replaced by the mean of these.
_MEANS = {
    'Hip': ('LHip', 'RHip'),
    'Thorax': ('LShoulder', 'RShoulder'),
    'Spine': ('Hip', 'Thorax'),
    'Neck': ('Nose',),
    'Head': ('MidEyes',),
    'MidEyes': ('LEye', 'REye'),
}


def common_names(layout: str) -> tuple[str, ...]:
    r"""The joints of a layout by names that mean the same in all layouts.

    Args:
        layout (str): A layout, see :func:`convert_joints`.

    Raises:
        ValueError: If the layout is unknown.

    Example:
        >>> common_names('h36m17')[3], common_names('body25')[1]
        ('RAnkle', 'Thorax')
    """
    if layout == 'h36m23':
        common = _IMAGE_NAMES
    else:
        check_choice('layout', layout, LAYOUTS)
        common = _COMMON_NAMES[layout]
    return tuple(common.get(j, j) for j in get_skeleton(layout).joints)


def layouts_with(num_joints: int) -> list[str]:
    r"""The layouts with this number of joints."""
    return [n for n in LAYOUTS if get_skeleton(n).num_joints == num_joints]


def convert_joints(
    xy: np.ndarray, score: np.ndarray, layout: str, target: str = 'h36m17'
) -> tuple[np.ndarray, np.ndarray]:
    r"""Converts joints from one layout to another.

    A joint that both layouts have is copied. Otherwise, the hip (pelvis) is
    the mean of both hips, the thorax that of the shoulders, the spine that of
    hip and thorax, and the head that of the eyes. Human3.6M's Neck (also
    called Neck/Nose) is the nose, as in MMPose's ``inference_3d.py`` and
    MotionBERT's ``dataset_action.py``. Halpe's head, neck and hip are copied,
    as in MotionBERT's ``dataset_wild.py``. Joints without a counterpart are
    missing, such as COCO's face if the input is Human3.6M's.

    Args:
        xy (numpy.ndarray): Pixels, NaN where missing: ``[*, N, 2]``.
        score (numpy.ndarray): Confidence, 0 where missing: ``[*, N]``.
        layout (str): The layout of the input: ``'coco17'``, ``'coco18'``,
            ``'body25'``, ``'halpe26'``, ``'mediapipe33'``, ``'mpii16'``,
            ``'h36m17'``, ``'h36m16'`` or ``'mpi_inf_3dhp17'``.
        target (str, optional): The layout of the output: ``'coco17'``,
            ``'h36m17'``, ``'h36m16'``, or ``'h36m23'`` with ears, toes and
            heels, whose head is the middle of the eyes.
            (default: :obj:`'h36m17'`)

    Returns:
        tuple: The joints ``[*, M, 2]`` and their confidences ``[*, M]``. A
        mean is missing if one of its joints is, and has the lowest of their
        confidences.

    Raises:
        ValueError: If a layout is unknown, or does not have :obj:`N` joints.

    Example:
        >>> xy, score = convert_joints(xy, score, 'coco17', 'h36m17')
        >>> xy.shape[-2]
        17
    """
    check_choice('target', target, TARGETS)
    number = len(common_names(layout))
    if xy.shape != (*score.shape, 2) or score.shape[-1] != number:
        raise ValueError(
            f"Expected 'xy' of shape [*, {number}, 2] and 'score' of "
            f"shape [*, {number}] for layout '{layout}' (got "
            f'{list(xy.shape)} and {list(score.shape)})'
        )
    if layout == target:
        return xy, score
    parts, known = _sources(layout, target)
    xy = np.where(known[:, None], xy[..., parts, :].mean(-2), np.nan)
    return xy, np.where(known, score[..., parts].min(-1), 0)


@cache
def _sources(layout: str, target: str) -> tuple[np.ndarray, np.ndarray]:
    r"""The joints whose mean is each target joint, ``[M, K]``, repeated where
    there are fewer than :obj:`K`, and whether there are any, ``[M]``.
    """
    number = {name: i for i, name in enumerate(common_names(layout))}

    # Means of means, such as the spine's, become one mean over joints, each
    # repeated as often as it weighs.
    def sources(name: str) -> list[int]:
        if name in number:
            return [number[name]]
        parts = [sources(part) for part in _MEANS.get(name, ())]
        return _equal_parts(parts) if parts and all(parts) else []

    rows = [sources(name) for name in common_names(target)]
    size = lcm(*(len(row) for row in rows if row))
    table = [row * (size // len(row)) if row else [0] * size for row in rows]
    return np.array(table), np.array([bool(row) for row in rows])


def means_for(layout: str, indices: Sequence[int]) -> dict[int, list[int]]:
    r"""The joints of a layout that a file lacks (with an index of -1) but that
    are the mean of others, with the indices of these. They are the middle of
    the hips, that of the shoulders, and the spine.
    """
    names = common_names(layout)
    known = {n: [i] for n, i in zip(names, indices, strict=True) if i >= 0}
    found = {}
    for name in ('Hip', 'Thorax', 'Spine'):
        parts = [known.get(part, []) for part in _MEANS[name]]
        if name in names and name not in known and all(parts):
            known[name] = _equal_parts(parts)
            found[names.index(name)] = known[name]
    return found


def _equal_parts(parts: list[list[int]]) -> list[int]:
    r"""Joints whose mean is the mean of the means of all parts."""
    size = lcm(*map(len, parts))
    return [i for part in parts for i in part * (size // len(part))]


def to_layout(keypoints: Keypoints, target: str = 'h36m17') -> Keypoints:
    r"""Converts keypoints to another layout, see :func:`convert_joints`.

    Args:
        keypoints (Keypoints): The keypoints of a video.
        target (str, optional): See :func:`convert_joints`.
            (default: :obj:`'h36m17'`)

    Raises:
        ValueError: If :obj:`target` is another layout.

    Example:
        >>> keypoints = to_layout(read_keypoints('alphapose-results.json'))
        >>> keypoints.layout
        'h36m17'
    """

    def convert(track: Track) -> Track:
        xy, score = convert_joints(
            track.xy, track.score, keypoints.layout, target
        )
        return replace(track, xy=xy, score=score)

    return map_tracks(replace(keypoints, layout=target), convert)
