r"""Reads the pickles of Human3.6M that LCN and MotionBERT use."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from itertools import groupby
from typing import Any

import numpy as np

from pyg_hcsf.datasets.human36m.constants import (
    NUM_CAMERAS,
    OFFICIAL_ACTIONS,
    Human36MTake,
)
from pyg_hcsf.datasets.pose_checks import (
    MAX_MM,
    MIN_DEPTH,
    is_array,
    is_credible,
    unexpected,
)
from pyg_hcsf.geometry.camera import Camera
from pyg_hcsf.geometry.human36m import human36m_cameras
from pyg_hcsf.safe_io.pickle_reader import load_pickle

SOURCE = re.compile(r's_(\d+)_act_(\d+)_subact_(\d+)(?:_ca_\d+)?')
#: Millimetres per pixel in MotionBERT's training split, which has no scale.
NOMINAL_FACTOR = 4.0
#: LCN's and MotionBERT's scale of the depth is this much more than f / Z.
SCALE_OFFSET = 1 / 2000


def read_lcn(content: bytes, name: str) -> Iterator[Human36MTake]:
    r"""Reads LCN's :obj:`h36m_train.pkl` or :obj:`h36m_test.pkl`.

    Args:
        content (bytes): The file.
        name (str): The name of the file for error messages.

    Returns:
        The takes in the order of the file, without keypoints. The cameras
        have the intrinsics that the file states.

    Raises:
        ValueError: If the file is damaged or has other content.

    Example:
        >>> takes = list(read_lcn(content, 'h36m_test.pkl'))
    """
    records = load_pickle(content, name)
    if not isinstance(records, list) or not records:
        raise unexpected('a list of frames, as LCN writes it', records, name)
    keys = ('subject', 'action', 'subaction', 'cameraid')
    fields = ('joint_3d_camera', 'camera_param', *keys)
    for number, record in enumerate(records):
        if not isinstance(record, dict) or any(
            f not in record for f in fields
        ):
            raise unexpected(f'{fields} in frame {number}', record, name)
        for field in keys:  # groupby compares them
            if not isinstance(record[field], (int, np.integer)):
                raise unexpected(
                    f"an integer '{field}' in frame {number}",
                    record[field],
                    name,
                )
    start = 0
    for key, group in groupby(records, lambda r: tuple(r[k] for k in keys)):
        frames = list(group)
        where = f'frame {start}'
        start += len(frames)
        subject, action, subaction, camera = map(int, key)
        if not 0 <= camera < NUM_CAMERAS:
            raise unexpected(f'a camera from 0 to 3 in {where}', camera, name)
        joints = [frame['joint_3d_camera'] for frame in frames]
        if not all(is_array(value, 17, 3) for value in joints):
            raise unexpected(f'17 joints from {where} on', joints[0], name)
        yield Human36MTake(
            subject=f'S{subject}',
            action=_action(action, name),
            name=f's_{subject:02}_act_{action:02}_subact_{subaction:02}',
            camera=_camera(camera, frames[0]['camera_param'], name),
            joints=_checked(np.stack(joints), where, name),
            keypoints=None,
        )


def read_lcn_detections(content: bytes, name: str) -> dict[str, np.ndarray]:
    r"""Reads LCN's :obj:`h36m_sh_dt_ft.pkl`.

    Args:
        content (bytes): The file.
        name (str): The name of the file for error messages.

    Returns:
        For :obj:`'train'` and :obj:`'test'` the keypoints :obj:`[F, 17, 2]`
        in pixels of all frames, in the order of :func:`read_lcn`.

    Raises:
        ValueError: If the file is damaged or has other content.

    Example:
        >>> read_lcn_detections(content, 'h36m_sh_dt_ft.pkl')['test'].shape
    """
    splits = _splits(load_pickle(content, name), name)
    return {
        split: _array(values, 'joint3d_image', split, name)[..., :2]
        for split, values in splits.items()
    }


def read_motionbert(
    content: bytes, name: str, split: str
) -> Iterator[Human36MTake]:
    r"""Reads MotionBERT's :obj:`h36m_*_cam_source*.pkl`.

    The file has pixels with a scaled depth, which are converted to
    millimetres in the frame of the camera as in LCN, with the scale
    :math:`\rho` the reciprocal of :obj:`2.5d_factor`. The training split has
    none: with :math:`\rho = 1/4` its poses are of unknown size, and of no use
    for protocols that predict millimetres.

    Args:
        content (bytes): The file.
        name (str): The name of the file for error messages.
        split (str): :obj:`'train'` or :obj:`'test'`.

    Returns:
        The takes in the order of the file, with its keypoints.

    Raises:
        ValueError: If the file is damaged or has other content.

    Example:
        >>> takes = list(read_motionbert(content, name, 'test'))
    """
    values = _splits(load_pickle(content, name), name)[split]
    image = _array(values, 'joint3d_image', split, name)
    keypoints = _array(values, 'joint_2d', split, name)[..., :2]
    sources, camera_names = (
        _texts(values.get(key), key, len(image), name)
        for key in ('source', 'camera_name')
    )
    factor = values.get('2.5d_factor')
    if factor is None:
        factor = np.full(len(image), NOMINAL_FACTOR)
    factor = np.asarray(factor, np.float64).reshape(-1)
    if image.shape[2] != 3 or len(keypoints) != len(image):
        raise unexpected(
            f'as many frames in 2D as in 3D in {split}', image, name
        )
    credible = (factor > 0.01) & (factor < 1000)
    if len(factor) != len(image) or not credible.all():
        raise unexpected(
            "a credible '2.5d_factor' for each frame", factor, name
        )
    cameras = {camera.name: camera for camera in human36m_cameras()}
    start = 0
    for (source, camera_name), group in groupby(
        zip(sources, camera_names, strict=True)
    ):
        stop = start + sum(1 for _ in group)
        part, start = slice(start, stop), stop
        match = SOURCE.fullmatch(source)
        camera = cameras.get(camera_name)
        if match is None or camera is None:
            raise unexpected(
                'sources s_SS_act_AA_subact_BB and cameras of Human3.6M',
                (source, camera_name),
                name,
            )
        subject, action, subaction = map(int, match.groups())
        joints = _to_camera(
            image[part].astype(np.float64), factor[part], camera
        )
        yield Human36MTake(
            subject=f'S{subject}',
            action=_action(action, name),
            name=f's_{subject:02}_act_{action:02}_subact_{subaction:02}',
            camera=camera,
            joints=_checked(joints, source, name),
            keypoints=keypoints[part],
        )


def _to_camera(
    image: np.ndarray, factor: np.ndarray, camera: Camera
) -> np.ndarray:
    r"""Converts pixels with a scaled depth to millimetres: [T, 17, 3]."""
    scale = 1 / factor[:, None]
    root = camera.focal[0] / (scale - SCALE_OFFSET)
    depth = image[..., 2] / scale + root
    xy = (image[..., :2] - camera.center) / camera.focal * depth[..., None]
    return np.concatenate([xy, depth[..., None]], axis=-1)


def _splits(value: Any, name: str) -> dict[str, dict]:
    if not isinstance(value, dict) or not all(
        isinstance(value.get(split), dict) for split in ('train', 'test')
    ):
        raise unexpected("the parts 'train' and 'test'", value, name)
    return {split: value[split] for split in ('train', 'test')}


def _array(values: dict, key: str, split: str, name: str) -> np.ndarray:
    value = values.get(key)
    if not is_array(value, None, 17, None) or value.shape[2] < 2:
        raise unexpected(
            f"frames of 17 joints as '{key}' of {split}", value, name
        )
    if not is_credible(value):
        raise unexpected(
            f"finite numbers of at most a million as '{key}' of {split}",
            value,
            name,
        )
    return value.astype(np.float32, copy=False)


def _texts(value: Any, key: str, length: int, name: str) -> list[str]:
    if isinstance(value, np.ndarray) and value.ndim == 1:
        value = value.tolist()
    if not isinstance(value, (list, tuple)) or len(value) != length:
        raise unexpected(
            f"one '{key}' for each of {length} frames", value, name
        )
    if not all(isinstance(text, str) for text in value):
        raise unexpected(f"texts as '{key}'", value, name)
    return list(value)


def _action(number: int, name: str) -> str:
    actions = list(OFFICIAL_ACTIONS.values())
    if not 2 <= number < 2 + len(actions):
        raise unexpected(f'actions from 2 to {1 + len(actions)}', number, name)
    return actions[number - 2]


def _camera(number: int, values: Any, name: str) -> Camera:
    try:
        fx, fy, cx, cy = (
            float(np.ravel(values[key])[0]) for key in ('fx', 'fy', 'cx', 'cy')
        )
        k, p = (np.ravel(values[key]).astype(float) for key in 'kp')
        if not np.isfinite([fx, fy, cx, cy, *k, *p]).all() or (
            max(fx, fy, cx, cy) > MAX_MM
        ):
            raise ValueError('numbers that are not finite')
        (k1, k2, k3), (p1, p2) = k.tolist(), p.tolist()
        return replace(
            human36m_cameras()[number],
            focal=(fx, fy),
            center=(cx, cy),
            radial=(k1, k2, k3),
            tangential=(p1, p2),
        )
    except (ValueError, TypeError, LookupError) as e:
        raise unexpected(
            f"intrinsics of camera {number} as 'camera_param'", values, name
        ) from e


def _checked(joints: np.ndarray, where: str, name: str) -> np.ndarray:
    if not is_credible(joints):
        raise unexpected(f'finite positions from {where} on', joints, name)
    if not (joints[..., 2] > MIN_DEPTH).all():
        raise unexpected(
            f'depths above {MIN_DEPTH} from {where} on', joints, name
        )
    return joints.astype(np.float32)
