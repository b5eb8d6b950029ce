r"""Checks of arrays of poses that may have been saved by mistake."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import permutations

import numpy as np

from pyg_hcsf.safe_io.shown import shown
from pyg_hcsf.skeleton import Skeleton, available_skeletons

MIN_SIZE, MAX_SIZE = 3.0, 50_000.0  # mm, of the box around credible joints
PERSON = (600.0, 3000.0)  # mm, of the box around a person
MAX_VALUE = 1e9  # of coordinates, and of the numbers of cameras
MAX_SPREAD = 0.2  # of the lengths of bones within a clip
FEW = 8  # frames; in fewer, bones are not compared
OPPOSITE = -0.3  # correlation of axes that point in opposite directions
HEADS = ('Head', 'HeadTop', 'Nose')


def check_sequence(
    what: str,
    array: np.ndarray,
    skeleton: Skeleton,
    channels: Sequence[int],
) -> None:
    r"""Checks the axes and the values of an array :obj:`[T, N, C]`.

    Args:
        what (str): The array and its file, for error messages.
        array (numpy.ndarray): The array.
        skeleton (Skeleton): The :math:`N` joints.
        channels (sequence of int): The sizes that :math:`C` may have.

    Raises:
        ValueError: If axes are in another order, the number of joints
            differs, or a value is not finite or larger than 1e9.
    """
    n = skeleton.num_joints
    last = ' or '.join(map(str, channels))
    if (
        array.ndim != 3
        or array.shape[1] != n
        or array.shape[2] not in (*channels,)
    ):
        raise ValueError(
            f'Expected {what} of shape [T, {n}, {last}]: frames, the {n} '
            f"joints of '{skeleton.name}', coordinates (got "
            f'{list(array.shape)}){_advice(array.shape, n, channels)}'
        )
    if not len(array):
        raise ValueError(f'Expected {what} with one or more frames (got none)')
    bad = ~(np.abs(array) <= MAX_VALUE).all(axis=-1)  # nor NaN
    if bad.any():
        frame, joint = np.argwhere(bad)[0].tolist()
        raise ValueError(
            f'Expected {what} to be finite, up to {MAX_VALUE:g} (got '
            f'{int(bad.sum())} of {bad.size} points that are not, the first '
            f'in frame {frame}, '
            f"joint '{skeleton.joints[joint]}'): leave these frames out, or "
            'fill them by interpolation'
        )


def _advice(shape: tuple[int, ...], n: int, channels: Sequence[int]) -> str:
    if len(shape) == 2 and shape[1] in [n * c for c in channels]:
        return f': use reshape(-1, {n}, {shape[1] // n})'
    if len(shape) == 4:
        return ': save each person as a clip of its own'
    for axes in permutations(range(3)) if len(shape) == 3 else ():
        if shape[axes[1]] == n and shape[axes[2]] in channels:
            return f': use transpose{axes}'
    return ', or choose the skeleton of your joints'


def check_unit(what: str, joints: np.ndarray, skeleton: Skeleton) -> str:
    r"""Checks that joints are in millimetres, by the size of the body.

    Args:
        what (str): The array and its file, for error messages.
        joints (numpy.ndarray): The joints in millimetres, :obj:`[T, N, 3]`.
        skeleton (Skeleton): Their skeleton.

    Returns:
        A warning; empty if there is none.

    Raises:
        ValueError: If no body is so small or large.
    """
    size = float(np.median(np.linalg.norm(np.ptp(joints, axis=1), axis=-1)))
    if not MIN_SIZE <= size <= MAX_SIZE:
        other = 'm' if size < MIN_SIZE else 'mm'
        raise ValueError(
            f'Expected {what} in the unit that is stated (got a body of '
            f"{size:.3g} mm): pass unit='{other}', or scale the joints"
        )
    low, high = PERSON
    if skeleton.name in available_skeletons() and not low <= size <= high:
        return (
            f"bodies of '{skeleton.name}' are {size:.0f} mm in size, unlike "
            "people: check 'unit', which may be 'mm' or 'm'"
        )
    return ''


def check_bones(joints: np.ndarray, skeleton: Skeleton) -> str:
    r"""Compares the lengths of bones over time; returns a warning if they
    change.
    """
    bones = np.array(skeleton.bones)
    if len(joints) < FEW or not len(bones):
        return ''
    length = np.linalg.norm(
        joints[:, bones[:, 0]] - joints[:, bones[:, 1]], axis=-1
    )
    mean = length.mean(axis=0)
    spread = length.std(axis=0) / np.maximum(mean, 1e-9)
    if float(np.median(spread)) <= MAX_SPREAD:
        return ''
    child, parent = skeleton.bones[int(spread.argmax())]
    return (
        f'bones change their lengths by {100 * np.median(spread):.0f} % '
        f"within a clip, '{skeleton.joints[parent]}' to "
        f"'{skeleton.joints[child]}' most: joints may be in another order "
        'than those of the skeleton, or joints and frames exchanged'
    )


def check_axes(
    what: str, joints: np.ndarray, keypoints: np.ndarray, root: int
) -> None:
    r"""Checks that joints in camera axes and keypoints point the same way.

    Args:
        what (str): The file, for error messages.
        joints (numpy.ndarray): In camera axes, :obj:`[T, N, 3]`.
        keypoints (numpy.ndarray): In pixels, :obj:`[T, N, 2]`.
        root (int): The root.

    Raises:
        ValueError: If x or y points in the opposite direction.
    """
    for axis, name in enumerate(('x', 'y')):
        a, b = (
            p[:, :, axis] - p[:, [root], axis] for p in (joints, keypoints)
        )
        norm = float(np.linalg.norm(a) * np.linalg.norm(b))
        if norm == 0 or float((a * b).sum()) / norm > OPPOSITE:
            continue
        turn = '[1, -1, -1]' if name == 'y' else '[-1, 1, 1]'
        raise ValueError(
            f"Expected 'joints' of {what} in the axes of the camera, x to the "
            f'right, y down, z forward (got {name} opposite to that of the '
            f'keypoints): multiply them by {turn}'
        )


def check_upright(joints: np.ndarray, skeleton: Skeleton) -> str:
    r"""Returns a warning if heads are mostly below the root, in camera axes
    with y down.
    """
    heads = [i for i, n in enumerate(skeleton.joints) if n in HEADS]
    if skeleton.name not in available_skeletons() or not heads:
        return ''
    down = joints[:, heads[0], 1] - joints[:, skeleton.root, 1]
    if float((down > 0).mean()) < 0.5:
        return ''
    return (
        'heads are below the hips in most frames: camera axes have y down, '
        "so multiply 'joints' by [1, -1, -1] if they have y up"
    )


def check_rotation(what: str, rotation: np.ndarray) -> None:
    r"""Raises a :class:`ValueError` unless a matrix is a rotation."""
    error = float(np.abs(rotation @ rotation.T - np.eye(3)).max())
    sign = float(np.linalg.det(rotation))
    if error > 1e-3 or sign < 0:
        raise ValueError(
            f"Expected 'rotation' of {what} to be a rotation from the world "
            f'to the camera (got {shown(rotation.ravel().tolist())} with '
            f'determinant {sign:.3g}): it must be orthogonal, with '
            'determinant 1'
        )
