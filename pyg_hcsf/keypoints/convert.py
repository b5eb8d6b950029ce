from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from functools import cache
from math import lcm

import numpy as np

from pyg_hcsf.keypoints.track import Keypoints, Track
from pyg_hcsf.safe_io.shown import shown
from pyg_hcsf.skeleton import get_skeleton

#: What layouts call a joint that COCO or Human3.6M have too: by the name it
#: has there. Human3.6M's Neck is the one between thorax and head, also called
#: Neck/Nose; that of the others is its thorax. Its feet are the ankles.
_ALIASES: dict[str, dict[str, str]] = {
    'coco17': {},
    'coco18': {'Neck': 'Thorax'},
    'body25': {'Neck': 'Thorax', 'MidHip': 'Hip'},
    'halpe26': {'Neck': 'Thorax'},
    'mediapipe33': {},
    'mpii16': {'Pelvis': 'Hip', 'UpperNeck': 'Neck', 'HeadTop': 'Head'},
    'h36m17': {'LFoot': 'LAnkle', 'RFoot': 'RAnkle'},
    'h36m16': {'LFoot': 'LAnkle', 'RFoot': 'RAnkle'},
    'mpi_inf_3dhp17': {
        **{'Pelvis': 'Hip', 'Neck': 'Thorax'},
        **{'Head': 'Neck', 'HeadTop': 'Head'},
    },
}
LAYOUTS = tuple(_ALIASES)
TARGETS = ('coco17', 'h36m17', 'h36m16')

# What stands in for a joint that a layout lacks: the mean of others.
_MEANS = {
    'Hip': ('LHip', 'RHip'),
    'Thorax': ('LShoulder', 'RShoulder'),
    'Spine': ('Hip', 'Thorax'),
    'Neck': ('Nose',),
    'Head': ('LEye', 'REye'),
}


def common_names(layout: str) -> tuple[str, ...]:
    r"""The joints of a layout by names that mean the same in all layouts.

    Args:
        layout (str): One of those that :func:`to_layout` reads.

    Raises:
        ValueError: If it is another.

    Example:
        >>> common_names('h36m17')[3], common_names('body25')[1]
        ('RAnkle', 'Thorax')
    """
    if layout not in _ALIASES:
        raise ValueError(
            f"Expected 'layout' to be one of {LAYOUTS} (got {shown(layout)})"
        )
    alias = _ALIASES[layout]
    return tuple(alias.get(j, j) for j in get_skeleton(layout).joints)


def convert_joints(
    xy: np.ndarray, score: np.ndarray, layout: str, target: str = 'h36m17'
) -> tuple[np.ndarray, np.ndarray]:
    r"""The joints of one layout in the order of another.

    A joint that both have is copied. Of those that a layout lacks, the hip
    (pelvis) is the mean of the hips, the thorax that of the shoulders, the
    spine that of hip and thorax, the head that of the eyes, and
    Human3.6M's Neck, which is also called Neck/Nose, the nose, as in
    MMPose's inference_3d.py and in MotionBERT's dataset_action.py; Halpe's
    head, neck and hip are used as they are, as in its dataset_wild.py. What
    has no counterpart is missing, such as COCO's face where the joints are
    Human3.6M's.

    Args:
        xy (numpy.ndarray): Pixels, NaN where missing: ``[*, N, 2]``.
        score (numpy.ndarray): Confidence, 0 where missing: ``[*, N]``.
        layout (str): What they are: ``'coco17'``, ``'coco18'``,
            ``'body25'``, ``'halpe26'``, ``'mediapipe33'``, ``'mpii16'``,
            ``'h36m17'``, ``'h36m16'`` or ``'mpi_inf_3dhp17'``.
        target (str, optional): What is wanted: ``'coco17'``, ``'h36m17'`` or
            ``'h36m16'``. (default: :obj:`'h36m17'`)

    Returns:
        The joints ``[*, M, 2]`` and their confidence ``[*, M]``. A mean is
        missing if one of its joints is, and as certain as the least certain.

    Raises:
        ValueError: If a layout is not known, or has another number of joints.

    Example:
        >>> xy, score = convert_joints(xy, score, 'coco17', 'h36m17')
        >>> xy.shape[-2]
        17
    """
    if target not in TARGETS:
        raise ValueError(
            f"Expected 'target' to be one of {TARGETS} (got {shown(target)})"
        )
    names = common_names(layout)
    if xy.shape != (*score.shape, 2) or score.shape[-1] != len(names):
        raise ValueError(
            f"Expected 'xy' of shape [*, {len(names)}, 2] and 'score' of "
            f"shape [*, {len(names)}] for layout '{layout}' (got "
            f'{list(xy.shape)} and {list(score.shape)})'
        )
    if layout == target:
        return xy, score
    parts, there = _sources(layout, target)
    where = np.where(there[:, None], xy[..., parts, :].mean(-2), np.nan)
    return where, np.where(there, score[..., parts].min(-1), 0)


@cache
def _sources(layout: str, target: str) -> tuple[np.ndarray, np.ndarray]:
    r"""The joints that each one of the target is the mean of, all as often:
    ``[M, K]``, and whether there are any: ``[M]``.
    """
    number = {name: i for i, name in enumerate(common_names(layout))}

    def sources(name: str) -> list[int]:
        if name in number:
            return [number[name]]
        parts = [sources(part) for part in _MEANS.get(name, ())]
        return _even(parts) if all(parts) else []

    rows = [sources(name) for name in common_names(target)]
    size = lcm(*(len(row) for row in rows if row))
    table = [row * (size // len(row)) if row else [0] * size for row in rows]
    return np.array(table), np.array([bool(row) for row in rows])


def _even(parts: list[list[int]]) -> list[int]:
    r"""The parts side by side, each repeated until it counts as much."""
    size = lcm(*map(len, parts))
    return [at for part in parts for at in part * (size // len(part))]


def to_layout(keypoints: Keypoints, target: str = 'h36m17') -> Keypoints:
    r"""Keypoints in another layout, see :func:`convert_joints`.

    Args:
        keypoints (Keypoints): What :func:`read_keypoints` gave.
        target (str, optional): ``'coco17'``, ``'h36m17'`` or ``'h36m16'``.
            (default: :obj:`'h36m17'`)

    Raises:
        ValueError: If there is no way from the one to the other.

    Example:
        >>> keypoints = to_layout(read_keypoints('alphapose-results.json'))
        >>> keypoints.layout
        'h36m17'
    """
    layout = keypoints.layout

    def convert(track: Track) -> Track:
        xy, score = convert_joints(track.xy, track.score, layout, target)
        return replace(track, xy=xy, score=score)

    return map_tracks(replace(keypoints, layout=target), convert)


def map_tracks(
    keypoints: Keypoints, function: Callable[[Track], Track]
) -> Keypoints:
    r"""Keypoints with a function applied to each track."""
    return replace(
        keypoints, tracks=tuple(function(track) for track in keypoints.tracks)
    )
