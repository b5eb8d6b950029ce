r"""Reads the pickles of Human3.6M that LCN and MotionBERT use.

Each reader takes the content of a file, and the name of the file, which it
uses in error messages. It raises a :class:`ValueError` if the file is damaged
or has other content.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from itertools import groupby
from typing import Any

import numpy as np

from pyg_hcsf.datasets.pose_checks import (
    MIN_DEPTH,
    is_array,
    is_credible,
    unexpected,
)
from pyg_hcsf.geometry.camera import Camera
from pyg_hcsf.geometry.h36m_cameras import human36m_cameras
from pyg_hcsf.safe_io.pickle_reader import load_pickle
from pyg_hcsf.safe_io.shown import PARSE_ERRORS, explained

from .constants import NUM_CAMERAS, OFFICIAL_ACTIONS, Human36MTake

SOURCE = re.compile(r's_(\d+)_act_(\d+)_subact_(\d+)(?:_ca_\d+)?')
#: Millimetres per pixel in MotionBERT's training split, which has no scale.
NOMINAL_FACTOR = 4.0
#: LCN's and MotionBERT's scale of the depth is this much more than f / Z.
SCALE_OFFSET = 1 / 2000
KEYS = ('subject', 'action', 'subaction', 'cameraid')  # of a take of LCN


def read_lcn(content: bytes, name: str) -> Iterator[Human36MTake]:
    r"""Reads LCN's :obj:`h36m_train.pkl` or :obj:`h36m_test.pkl`.

    Returns:
        The takes in the order of the file, without keypoints. The cameras
        have the intrinsics that the file states.

    Example:
        >>> takes = list(read_lcn(content, 'h36m_test.pkl'))
    """
    records = load_pickle(content, name)
    with explained(f"'{name}' does not have the frames of LCN"):
        _check_lcn(records)
        start = 0
        for key, group in groupby(
            records, lambda record: tuple(record[k] for k in KEYS)
        ):
            # The frames of one recording by one camera follow each other.
            frames = list(group)
            where = f'frame {start}'
            start += len(frames)
            subject, action, subaction, camera = map(int, key)
            joints = [frame['joint_3d_camera'] for frame in frames]
            if not all(is_array(value, 17, 3) for value in joints):
                raise unexpected(f'17 joints from {where} on', joints[0])
            yield _take(
                (subject, action, subaction),
                _lcn_camera(camera, frames[0]['camera_param'], where),
                np.stack(joints),
                where,
            )


def _check_lcn(records: Any) -> None:
    if not isinstance(records, list) or not records:
        raise unexpected('a list of frames', records)
    fields = {'joint_3d_camera', 'camera_param', *KEYS}
    for number, record in enumerate(records):
        if not isinstance(record, dict) or not fields <= record.keys():
            raise unexpected(f'{sorted(fields)} in frame {number}', record)
        for key in KEYS:  # groupby compares them
            if not isinstance(record[key], (int, np.integer)):
                raise unexpected(
                    f"an integer '{key}' in frame {number}", record[key]
                )


def _lcn_camera(number: int, values: Any, where: str) -> Camera:
    if not 0 <= number < NUM_CAMERAS:
        raise unexpected(f'a camera from 0 to 3 in {where}', number)
    try:
        fx, fy, cx, cy = (
            float(np.ravel(values[key])[0]) for key in ('fx', 'fy', 'cx', 'cy')
        )
        k, p = (np.ravel(values[key]).astype(float) for key in 'kp')
        if not is_credible(np.array([fx, fy, cx, cy, *k, *p])):
            raise ValueError('infinite or huge numbers')
        (k1, k2, k3), (p1, p2) = k.tolist(), p.tolist()
    except PARSE_ERRORS as e:
        raise unexpected(
            f"intrinsics as 'camera_param' in {where}", values
        ) from e
    return replace(
        human36m_cameras()[number],
        focal=(fx, fy),
        center=(cx, cy),
        radial=(k1, k2, k3),
        tangential=(p1, p2),
    )


def read_lcn_detections(content: bytes, name: str) -> dict[str, np.ndarray]:
    r"""Reads LCN's :obj:`h36m_sh_dt_ft.pkl`.

    Returns:
        For :obj:`'train'` and :obj:`'test'` the keypoints :obj:`[F, 17, 2]`
        in pixels of all frames, in the order of :func:`read_lcn`.

    Example:
        >>> read_lcn_detections(content, 'h36m_sh_dt_ft.pkl')['test'].shape
    """
    splits = load_pickle(content, name)
    with explained(f"'{name}' does not have the detections of LCN"):
        return {
            split: _array(_split(splits, split), 'joint3d_image')[..., :2]
            for split in ('train', 'test')
        }


def read_motionbert(
    content: bytes, name: str, split: str
) -> Iterator[Human36MTake]:
    r"""Reads MotionBERT's :obj:`h36m_*_cam_source*.pkl`.

    The file has pixels with a scaled depth, which are converted to
    millimetres in the frame of the camera as in LCN, with the scale
    :math:`\rho` the reciprocal of :obj:`2.5d_factor`. The training split has
    no :obj:`2.5d_factor`: the reader assumes :math:`\rho = 1/4`, so the size
    of its poses is unknown. Do not use them for protocols that predict
    millimetres.

    Args:
        content (bytes): The file.
        name (str): The name of the file for error messages.
        split (str): :obj:`'train'` or :obj:`'test'`.

    Returns:
        The takes in the order of the file, with its keypoints.

    Example:
        >>> takes = list(read_motionbert(content, name, 'test'))
    """
    splits = load_pickle(content, name)
    with explained(f"'{name}' does not have the poses of MotionBERT"):
        values = _split(splits, split)
        image = _array(values, 'joint3d_image')
        keypoints = _array(values, 'joint_2d')[..., :2]
        if image.shape[2] != 3 or len(keypoints) != len(image):
            raise unexpected(
                "F frames in 'joint_2d', and 'joint3d_image' of shape "
                '[F, N, 3]',
                image,
            )
        sources = _texts(values, 'source', len(image))
        camera_names = _texts(values, 'camera_name', len(image))
        # Millimetres per pixel at the root, for each frame.
        factor = values.get('2.5d_factor')
        if factor is None:
            factor = np.full(len(image), NOMINAL_FACTOR)
        factor = np.asarray(factor, np.float64).reshape(-1)
        credible = (factor > 0.01) & (factor < 1000)
        if len(factor) != len(image) or not credible.all():
            raise unexpected("a credible '2.5d_factor' for each frame", factor)
        cameras = {camera.name: camera for camera in human36m_cameras()}
        start = 0
        for (source, camera_name), group in groupby(
            zip(sources, camera_names, strict=True)
        ):
            stop = start + sum(1 for _ in group)
            part, start = slice(start, stop), stop
            match = SOURCE.fullmatch(source)
            if match is None or camera_name not in cameras:
                raise unexpected(
                    "a source such as 's_09_act_02_subact_01' and a camera of "
                    'Human3.6M',
                    (source, camera_name),
                )
            camera = cameras[camera_name]
            joints = _to_camera(
                image[part].astype(np.float64), factor[part], camera
            )
            subject, action, subaction = map(int, match.groups())
            take = _take((subject, action, subaction), camera, joints, source)
            yield take._replace(keypoints=keypoints[part])


def _to_camera(
    image: np.ndarray, factor: np.ndarray, camera: Camera
) -> np.ndarray:
    r"""Converts pixels with a scaled depth to millimetres: [T, 17, 3]."""
    scale = 1 / factor[:, None]
    # The scale is f / Z of the root plus a constant, so Z = f / (s - c).
    root = camera.focal[0] / (scale - SCALE_OFFSET)
    depth = image[..., 2] / scale + root
    xy = (image[..., :2] - camera.center) / camera.focal * depth[..., None]
    return np.concatenate([xy, depth[..., None]], axis=-1)


def _split(value: Any, split: str) -> dict:
    if not isinstance(value, dict) or not isinstance(value.get(split), dict):
        raise unexpected(f"a split '{split}'", value)
    return value[split]


def _array(values: dict, key: str) -> np.ndarray:
    value = values.get(key)
    if not is_array(value, None, 17, None) or value.shape[2] < 2:
        raise unexpected(f"frames of 17 joints as '{key}'", value)
    if not is_credible(value):
        raise ValueError(f"infinite or huge numbers as '{key}'")
    return value.astype(np.float32, copy=False)


def _texts(values: dict, key: str, length: int) -> list[str]:
    value = values.get(key)
    if isinstance(value, np.ndarray) and value.ndim == 1:
        value = value.tolist()
    if (
        not isinstance(value, (list, tuple))
        or len(value) != length
        or not all(isinstance(text, str) for text in value)
    ):
        raise unexpected(f"a text '{key}' for each of {length} frames", value)
    return list(value)


def _take(
    numbers: tuple[int, int, int],
    camera: Camera,
    joints: np.ndarray,
    where: str,
) -> Human36MTake:
    subject, action, subaction = numbers
    actions = list(OFFICIAL_ACTIONS.values())
    if not 2 <= action < 2 + len(actions):
        raise unexpected(f'actions from 2 to {1 + len(actions)}', action)
    if not is_credible(joints) or not (joints[..., 2] > MIN_DEPTH).all():
        raise ValueError(
            f'no positions in front of the camera from {where} on'
        )
    return Human36MTake(
        subject=f'S{subject}',
        action=actions[action - 2],
        name=f's_{subject:02}_act_{action:02}_subact_{subaction:02}',
        camera=camera,
        joints=joints.astype(np.float32),
        keypoints=None,
    )
