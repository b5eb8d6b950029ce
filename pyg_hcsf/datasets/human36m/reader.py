r"""What files of Human3.6M hold, and the readers of VideoPose3D's."""

from __future__ import annotations

import re
import zlib
from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

import numpy as np

from pyg_hcsf.datasets.human36m.joint_orders import joint_order
from pyg_hcsf.geometry.camera import Camera
from pyg_hcsf.safe_io.npy import load_npz
from pyg_hcsf.safe_io.shown import cause, shortened, shown
from pyg_hcsf.safe_io.tar_archive import read_tgz

TRAIN_SUBJECTS = ('S1', 'S5', 'S6', 'S7', 'S8')
TEST_SUBJECTS = ('S9', 'S11')
SUBJECTS = TRAIN_SUBJECTS + TEST_SUBJECTS
H36M_FPS = 50.0
NUM_CAMERAS = 4
MAX_MM = 1e6  # nobody is a kilometre away,
MIN_DEPTH = 1.0  # nor within a millimetre of the lens

#: The 17 of the 32 recorded joints that poses are made of.
H36M17_OF_32 = (
    *(0, 1, 2, 3, 6, 7, 8),  # hip, right leg, left leg
    *(12, 13, 14, 15),  # spine, thorax, neck, head
    *(17, 18, 19, 25, 26, 27),  # left arm, right arm
)
#: The same without Neck/Nose, of the 17.
H36M16_OF_17 = (*range(9), *range(10, 17))

#: The actions by their official numbers, from 2, with the names that peers
#: and published tables use instead.
OFFICIAL_ACTIONS = {
    'Directions': 'Directions',
    'Discussion': 'Discussion',
    'Eating': 'Eating',
    'Greeting': 'Greeting',
    'Phoning': 'Phoning',
    'Posing': 'Posing',
    'Purchases': 'Purchases',
    'Sitting': 'Sitting',
    'SittingDown': 'SittingDown',
    'Smoking': 'Smoking',
    'TakingPhoto': 'Photo',
    'Waiting': 'Waiting',
    'Walking': 'Walking',
    'WalkingDog': 'WalkDog',
    'WalkingTogether': 'WalkTogether',
}
_SHORT = {**OFFICIAL_ACTIONS, **{v: v for v in OFFICIAL_ACTIONS.values()}}
_TAKE = re.compile(rf'({"|".join(_SHORT)})( \d)?')
CDF_FILE = re.compile(
    r'(?:.*/)?(S\d{1,2})/(?:MyPoseFeatures/D3_Positions/)?'
    rf'((?:{"|".join(_SHORT)})(?: \d)?)\.cdf'
)


class Human36MTake(NamedTuple):
    r"""One camera's view of a take of Human3.6M.

    Args:
        subject (str): Who moves, such as :obj:`'S9'`.
        action (str): The action, as published tables call it.
        name (str): The take: :obj:`'S9 Photo 1'`, as its raw file is called,
            or :obj:`'s_09_act_12_subact_01'`.
        camera (Camera): The camera.
        joints (numpy.ndarray): :obj:`[T, 17, 3]` in its frame, in mm.
        keypoints (numpy.ndarray or None): What a detector found, in pixels,
            :obj:`[T, 17, 2]` or :obj:`[T, 16, 2]`, or nothing.
    """

    subject: str
    action: str
    name: str
    camera: Camera
    joints: np.ndarray
    keypoints: np.ndarray | None


def action_of(take: str) -> str:
    r"""The action of a take, such as :obj:`'TakingPhoto 1'`, as published
    tables call it: :obj:`'Photo'`. Names are compared whole: 'Sitting' is not
    'SittingDown'.

    Raises:
        ValueError: If there is no such action.
    """
    match = _TAKE.fullmatch(take)
    if match is None:
        raise ValueError(
            f'Expected one of the actions {list(OFFICIAL_ACTIONS)} with or '
            f'without a number (got {shown(take, 40)})'
        )
    return _SHORT[match[1]]


def read_positions_3d(
    content: bytes, name: str
) -> dict[str, dict[str, np.ndarray]]:
    r"""Reads VideoPose3D's :obj:`data_3d_h36m.npz`.

    Args:
        content (bytes): The file.
        name (str): What errors call it.

    Returns:
        By subject and take, such as :obj:`'Directions 1'`, the joints
        :obj:`[T, 17, 3]` in the world, z up, in **metres**.

    Raises:
        ValueError: If it is damaged or holds something else; names it.

    Example:
        >>> read_positions_3d(content, 'data_3d_h36m.npz')['S9']['Photo 1']
    """
    subjects = _positions(content, name, 'positions_3d')
    out: dict[str, dict[str, np.ndarray]] = {}
    for subject, takes in subjects.items():
        out[subject] = {}
        for take, value in takes.items():
            where = f'{subject} {shortened(take, 80)}'
            try:
                action_of(take)
            except ValueError as e:
                raise ValueError(f"{cause(e)}, in '{name}'") from e
            joints = _frames(value, name, where, (32, 17), (3,))
            out[subject][take] = select_joints(joints)
            if np.abs(joints).max() > MAX_MM / 1000:
                raise ValueError(
                    f"Expected metres in '{name}' (got a joint at "
                    f'{np.abs(joints).max():.0f} in {where})'
                )
    return out


def read_positions_2d(
    content: bytes, name: str
) -> dict[str, dict[str, list[np.ndarray]]]:
    r"""Reads a :obj:`data_2d_h36m_*.npz` of VideoPose3D.

    The order of joints is that of :obj:`metadata`, see
    :func:`~pyg_hcsf.datasets.human36m.joint_orders.joint_order`. The 16 joints
    of stacked
    hourglass networks (:obj:`sh_pt_mpii`, :obj:`sh_ft_h36m`), in MPII's order,
    become Human3.6M's without Neck/Nose, as SemGCN reads them. Keypoints in
    COCO's order (:obj:`detectron_pt_coco`) become those of Human3.6M: hip,
    thorax, spine and head are means of their neighbours.

    Args:
        content (bytes): The file.
        name (str): What errors call it.

    Returns:
        By subject, take and camera the keypoints :obj:`[T, 17, 2]`, or
        :obj:`[T, 16, 2]` without Neck/Nose, in pixels.

    Raises:
        ValueError: If it is damaged, holds something else or states no known
            order of joints; names it.

    Example:
        >>> x = read_positions_2d(content, 'data_2d_h36m_gt.npz')
        >>> x['S9']['Photo 1'][0].shape
    """
    arrays = load_npz(content, name)
    subjects = _positions(arrays, name, 'positions_2d')
    order = joint_order(arrays.get('metadata'), name)
    out: dict[str, dict[str, list[np.ndarray]]] = {}
    for subject in subjects.keys() & set(SUBJECTS):  # the others have no 3D
        out[subject] = {}
        for take, views in subjects[subject].items():
            where = f'{subject} {shortened(take, 80)}'
            if isinstance(views, np.ndarray) and views.dtype != object:
                views = list(views)
            if not isinstance(views, (list, tuple, np.ndarray)) or (
                len(views) != NUM_CAMERAS
            ):
                raise ValueError(
                    f"Expected the views of {NUM_CAMERAS} cameras in '{name}' "
                    f'for {where} (got {_describe(views)})'
                )
            out[subject][take] = [
                order.convert(
                    _frames(view, name, where, (order.num_joints,), (2, 3))[
                        ..., :2
                    ]
                )
                for view in views
            ]
    return out


def read_d3_archive(
    content: bytes, name: str
) -> Iterator[tuple[str, str, bytes]]:
    r"""Reads the CDF files of a :obj:`Poses_D3_Positions_S*.tgz`, without
    extracting it.

    Args:
        content (bytes): The archive.
        name (str): What errors call it.

    Returns:
        Of each file the subject, the take and the content.

    Raises:
        ValueError: If it is damaged, swells to more than 8 times its size or
            holds no positions; names it.

    Example:
        >>> for subject, take, file in read_d3_archive(content, name):
        ...     read_cdf_pose(file, f'{name}/{subject} {take}')
    """
    found = False
    try:
        for member, part in read_tgz(content, CDF_FILE.fullmatch):
            match = CDF_FILE.fullmatch(member)
            assert match is not None
            found = True
            yield match[1], match[2], part
    except (ValueError, zlib.error) as e:
        raise ValueError(
            f"'{name}' is not a whole .tgz archive ({cause(e)}): get it again"
        ) from e
    if not found:
        raise ValueError(
            f"Expected S*/MyPoseFeatures/D3_Positions/*.cdf in '{name}' (got "
            'none): get Poses_D3_Positions_S*.tgz'
        )


def select_joints(joints: np.ndarray) -> np.ndarray:
    r"""The 17 joints of poses out of the 32 recorded ones, or of 17."""
    return joints[:, H36M17_OF_32] if joints.shape[1] == 32 else joints


def _positions(
    source: bytes | Mapping[str, np.ndarray], name: str, key: str
) -> dict[str, dict[str, Any]]:
    arrays = load_npz(source, name) if isinstance(source, bytes) else source
    value = arrays.get(key)
    if value is None or value.dtype != object or value.shape != ():
        raise ValueError(
            f"Expected a dictionary '{key}' in '{name}', as VideoPose3D "
            f'writes it (got {shown(sorted(arrays))})'
        )
    subjects = value.item()
    good = isinstance(subjects, dict) and bool(subjects)
    for subject, takes in subjects.items() if good else ():
        if not isinstance(takes, dict) or not all(
            isinstance(text, str) for text in (subject, *takes)
        ):
            good = False
            break
    if not good:
        raise ValueError(
            f"Expected subjects and their takes in '{key}' of '{name}' (got "
            f'{_describe(subjects)})'
        )
    return subjects


def _frames(
    value: Any,
    name: str,
    where: str,
    joints: tuple[int, ...],
    channels: tuple[int, ...],
) -> np.ndarray:
    if (
        not isinstance(value, np.ndarray)
        or value.dtype.kind != 'f'
        or value.ndim != 3
        or len(value) == 0
        or value.shape[1] not in joints
        or value.shape[2] not in channels
    ):
        raise ValueError(
            f'Expected frames of {" or ".join(map(str, joints))} joints with '
            f"{channels[0]} numbers each for {where} in '{name}' (got "
            f'{_describe(value)})'
        )
    if not np.isfinite(value).all() or np.abs(value).max() > MAX_MM:
        raise ValueError(
            f"Expected sane numbers for {where} in '{name}' (got NaN, "
            'infinity or numbers beyond a million): get the file again'
        )
    return value.astype(np.float32, copy=False)


def _describe(value: Any) -> str:
    if isinstance(value, np.ndarray):
        return f'{value.dtype} of shape {list(value.shape)}'
    if isinstance(value, (list, tuple, dict)):
        return f'{len(value)} in a {type(value).__name__}'
    return f'a {type(value).__name__}'
