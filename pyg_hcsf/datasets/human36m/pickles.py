r"""Reads the pickles that LCN and MotionBERT hold Human3.6M in."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from itertools import groupby
from typing import Any

import numpy as np

from pyg_hcsf.datasets.human36m.reader import (
    MAX_MM,
    MIN_DEPTH,
    NUM_CAMERAS,
    OFFICIAL_ACTIONS,
    Human36MTake,
)
from pyg_hcsf.geometry.camera import Camera
from pyg_hcsf.geometry.human36m import human36m_cameras
from pyg_hcsf.safe_io.pickle_reader import load_pickle
from pyg_hcsf.safe_io.shown import shown

SOURCE = re.compile(r's_(\d+)_act_(\d+)_subact_(\d+)(?:_ca_\d+)?')
#: Millimetres per pixel where MotionBERT's file has none.
NOMINAL_FACTOR = 4.0
#: LCN's and MotionBERT's ratio is this much more than f / Z.
RATIO_OFFSET = 1 / 2000


def read_lcn(content: bytes, name: str) -> Iterator[Human36MTake]:
    r"""Reads LCN's :obj:`h36m_train.pkl` or :obj:`h36m_test.pkl`.

    Args:
        content (bytes): The file.
        name (str): What errors call it.

    Returns:
        The takes in the order of the file, with the intrinsics that the file
        has for their cameras, without keypoints.

    Raises:
        ValueError: If it is damaged or holds something else; names it.

    Example:
        >>> takes = list(read_lcn(content, 'h36m_test.pkl'))
    """
    records = load_pickle(content, name)
    if not isinstance(records, list) or not records:
        raise _wrong(name, 'a list of frames, as LCN writes it', records)
    keys = ('subject', 'action', 'subaction', 'cameraid')
    fields = ('joint_3d_camera', 'camera_param', *keys)
    for number, record in enumerate(records):
        if not isinstance(record, dict) or any(
            f not in record for f in fields
        ):
            raise _wrong(name, f'{fields} in frame {number}', record)
        for field in keys:  # before they are compared
            value = record[field]
            if not isinstance(value, (int, np.integer)):
                raise _wrong(name, f"'{field}' in frame {number}", value)
    start = 0
    for key, group in groupby(records, lambda r: tuple(r[k] for k in keys)):
        frames = list(group)
        where = f'frame {start}'
        start += len(frames)
        subject, action, subaction, camera = map(int, key)
        if not 0 <= camera < NUM_CAMERAS:
            raise _wrong(name, f'a camera from 0 to 3 in {where}', camera)
        values = [frame['joint_3d_camera'] for frame in frames]
        if not all(
            isinstance(v, np.ndarray)
            and v.shape == (17, 3)
            and v.dtype.kind == 'f'
            for v in values
        ):
            raise _wrong(name, f'17 joints from {where} on', values[0])
        yield Human36MTake(
            f'S{subject}',
            _action(action, name),
            f's_{subject:02}_act_{action:02}_subact_{subaction:02}',
            _camera(camera, frames[0]['camera_param'], name),
            _joints(np.stack(values), name, where),
            None,
        )


def read_lcn_detections(content: bytes, name: str) -> dict[str, np.ndarray]:
    r"""Reads LCN's :obj:`h36m_sh_dt_ft.pkl`.

    Args:
        content (bytes): The file.
        name (str): What errors call it.

    Returns:
        For :obj:`'train'` and :obj:`'test'` the keypoints :obj:`[F, 17, 2]`
        in pixels, of all frames in the order of :func:`read_lcn`.

    Raises:
        ValueError: If it is damaged or holds something else; names it.

    Example:
        >>> read_lcn_detections(content, 'h36m_sh_dt_ft.pkl')['test'].shape
    """
    sides = _sides(load_pickle(content, name), name)
    return {
        side: _array(values, 'joint3d_image', name, side)[..., :2]
        for side, values in sides.items()
    }


def read_motionbert(
    content: bytes, name: str, side: str
) -> Iterator[Human36MTake]:
    r"""Reads MotionBERT's :obj:`h36m_*_cam_source*.pkl`.

    The file has no positions in the camera frame but pixels with a scaled
    depth, of which this makes millimetres as LCN does, with
    :math:`\rho` the reciprocal of :obj:`2.5d_factor`. Where there is none, as
    in the training part, :math:`\rho = 1/4`: such poses are of unknown
    size, of no use for protocols that predict metres.

    Args:
        content (bytes): The file.
        name (str): What errors call it.
        side (str): :obj:`'train'` or :obj:`'test'`.

    Returns:
        The takes in the order of the file, with its keypoints.

    Raises:
        ValueError: If it is damaged or holds something else; names it.

    Example:
        >>> takes = list(read_motionbert(content, name, 'test'))
    """
    values = _sides(load_pickle(content, name), name)[side]
    image = _array(values, 'joint3d_image', name, side)
    keypoints = _array(values, 'joint_2d', name, side)[..., :2]
    names, sources = (
        _texts(values.get(key), key, len(image), name)
        for key in ('camera_name', 'source')
    )
    factor = values.get('2.5d_factor')
    if factor is None:
        factor = np.full(len(image), NOMINAL_FACTOR)
    factor = np.asarray(factor, np.float64).reshape(-1)
    if image.shape[2] != 3 or len(keypoints) != len(image):
        raise _wrong(name, f'as many frames in 2D as in 3D of {side}', image)
    if (
        len(factor) != len(image)
        or not ((factor > 0.01) & (factor < 1000)).all()
    ):
        raise _wrong(name, "a sane '2.5d_factor' of each frame", factor)
    cameras = {camera.name: camera for camera in human36m_cameras()}
    start = 0
    for (source, camera_name), group in groupby(
        zip(sources, names, strict=True)
    ):
        stop = start + sum(1 for _ in group)
        part, start = slice(start, stop), stop
        match = SOURCE.fullmatch(source)
        camera = cameras.get(camera_name)
        if match is None or camera is None:
            raise _wrong(
                name,
                f'sources s_SS_act_AA_subact_BB and cameras '
                f'{shown([*cameras])}',
                f'{shown(source)} {shown(camera_name)}',
            )
        subject, action, subaction = map(int, match.groups())
        joints = _to_camera(
            image[part].astype(np.float64), factor[part], camera
        )
        yield Human36MTake(
            f'S{subject}',
            _action(action, name),
            f's_{subject:02}_act_{action:02}_subact_{subaction:02}',
            camera,
            _joints(joints, name, source),
            keypoints[part],
        )


def _to_camera(
    image: np.ndarray, factor: np.ndarray, camera: Camera
) -> np.ndarray:
    ratio = 1 / factor[:, None]
    root = camera.focal[0] / (ratio - RATIO_OFFSET)
    depth = image[..., 2] / ratio + root
    xy = (image[..., :2] - camera.center) / camera.focal * depth[..., None]
    return np.concatenate([xy, depth[..., None]], axis=-1)


def _sides(value: Any, name: str) -> dict[str, dict]:
    if not isinstance(value, dict) or not all(
        isinstance(value.get(side), dict) for side in ('train', 'test')
    ):
        raise _wrong(name, "the parts 'train' and 'test'", value)
    return {side: value[side] for side in ('train', 'test')}


def _array(values: dict, key: str, name: str, side: str) -> np.ndarray:
    value = values.get(key)
    if (
        not isinstance(value, np.ndarray)
        or value.dtype.kind != 'f'
        or value.ndim != 3
        or value.shape[1] != 17
        or value.shape[2] < 2
        or len(value) == 0
    ):
        raise _wrong(name, f"frames of 17 joints as '{key}' of {side}", value)
    if not np.isfinite(value).all() or np.abs(value).max() > MAX_MM:
        raise _wrong(name, f"sane numbers as '{key}' of {side}", value)
    return value.astype(np.float32, copy=False)


def _texts(value: Any, key: str, length: int, name: str) -> list[str]:
    if isinstance(value, np.ndarray) and value.ndim == 1:
        value = value.tolist()
    if not isinstance(value, (list, tuple)) or len(value) != length:
        raise _wrong(name, f"one '{key}' for each of {length} frames", value)
    if not all(isinstance(text, str) for text in value):
        raise _wrong(name, f"texts as '{key}'", value)
    return list(value)


def _action(number: int, name: str) -> str:
    names = list(OFFICIAL_ACTIONS.values())
    if not 2 <= number < 2 + len(names):
        raise _wrong(name, f'actions from 2 to {1 + len(names)}', number)
    return names[number - 2]


def _camera(number: int, values: Any, name: str) -> Camera:
    camera = human36m_cameras()[number]
    try:
        scalars = [
            float(np.ravel(values[key])[0]) for key in ('fx', 'fy', 'cx', 'cy')
        ]
        k, p = (np.ravel(values[key]).astype(float) for key in 'kp')
        if not all(np.isfinite([*scalars, *k, *p])) or max(scalars) > MAX_MM:
            raise ValueError('numbers that are not finite')
        (k1, k2, k3), (p1, p2) = k.tolist(), p.tolist()
        return replace(
            camera,
            focal=(scalars[0], scalars[1]),
            center=(scalars[2], scalars[3]),
            radial=(k1, k2, k3),
            tangential=(p1, p2),
        )
    except (ValueError, TypeError, LookupError) as e:
        raise _wrong(
            name, f"intrinsics of camera {number} as 'camera_param'", values
        ) from e


def _joints(joints: np.ndarray, name: str, where: str) -> np.ndarray:
    if not np.isfinite(joints).all() or np.abs(joints).max() > MAX_MM:
        raise _wrong(name, f'sane positions from {where} on', joints)
    if not (joints[..., 2] > MIN_DEPTH).all():
        raise _wrong(name, f'depths above {MIN_DEPTH} from {where} on', joints)
    return joints.astype(np.float32)


def _wrong(name: str, expected: str, value: Any) -> ValueError:
    # A tuple in tuples may take for ever to write down.
    simple = isinstance(value, (str, int, float))
    got = f'{shown(value)}' if simple else f'a {type(value).__name__}'
    return ValueError(
        f"Expected {expected} in '{name}' (got {got:.80}): get it again"
    )
