r"""Reads the :obj:`camera.calibration` files of the training set."""

from __future__ import annotations

import numpy as np
import roma
import torch

from pyg_hcsf.datasets.pose_checks import MAX_MM
from pyg_hcsf.geometry.camera import Camera
from pyg_hcsf.safe_io.shown import explained, shown

from .constants import NUM_CAMERAS

HEADER = 'Skeletool Camera Calibration File'
MAX_BYTES = 2**20  # of a file; 14 cameras have about 8 kB


def read_calibration(content: bytes, name: str) -> dict[int, Camera]:
    r"""Reads a :obj:`camera.calibration`, or raises a :class:`ValueError`.

    Args:
        content (bytes): The file, text with seven lines for each camera:
            :obj:`name`, :obj:`sensor`, :obj:`size`, :obj:`animated`,
            :obj:`intrinsic` and :obj:`extrinsic` (4 x 4, millimetres, world
            to camera) and :obj:`radial`.
        name (str): The name of the file for error messages.

    Returns:
        The cameras by their numbers. Unlike in other data sets, y points up
        in the world frame.
    """
    problem = f"'{name}' is not a camera calibration of MPI-INF-3DHP"
    cameras: dict[int, Camera] = {}
    with explained(problem):
        if len(content) > MAX_BYTES:
            raise ValueError(f'it has {len(content)} bytes')
        lines = content.decode('ascii').splitlines()
        if not lines or not lines[0].startswith(HEADER):
            raise ValueError(f"its first line is not '{HEADER} V1.0'")
        for block in _blocks(lines[1:]):
            camera = _camera(block)
            if int(camera.name) in cameras:
                raise ValueError(f'camera {camera.name} comes twice')
            cameras[int(camera.name)] = camera
        if not cameras:
            raise ValueError('there is no camera in it')
    return cameras


def _blocks(lines: list[str]) -> list[dict[str, list[str]]]:
    r"""The words of each line of a camera, by the first word."""
    blocks: list[dict[str, list[str]]] = []
    for line in filter(str.strip, lines):
        key, *words = line.split()
        if key == 'name':
            blocks.append({})
        if not blocks:
            raise ValueError(f'{shown(key, 20)} comes before the first name')
        blocks[-1][key] = words
    return blocks


def _camera(block: dict[str, list[str]]) -> Camera:
    (name,) = block['name']
    if not name.isdecimal() or len(name) > 2 or int(name) >= NUM_CAMERAS:
        raise ValueError(f'a camera is called {shown(name, 20)}')
    where = f'camera {int(name)}'
    width, height = _floats(block, 'size', 2, where)
    intrinsic = _floats(block, 'intrinsic', 16, where).reshape(4, 4)
    extrinsic = _floats(block, 'extrinsic', 16, where).reshape(4, 4)
    # A 4 x 4 matrix in pixels with zeros besides focal lengths and centre.
    (fx, skew, cx, _), (other, fy, cy, _) = intrinsic[:2]
    largest = max(width, height, np.abs(intrinsic[:2]).max())
    if skew or other or min(width, height, fx, fy) < 1 or largest > MAX_MM:
        raise ValueError(f'{where} has impossible intrinsics')
    rotation, shift = extrinsic[:3, :3], extrinsic[:3, 3]
    orthogonal = np.abs(rotation @ rotation.T - np.eye(3)).max() < 1e-2
    if not orthogonal or np.linalg.det(rotation) < 0:
        raise ValueError(f'{where} has a matrix that is not a rotation')
    # The nearest rotation, as the file has few digits; transposed, from the
    # camera to the world.
    u, _, vt = np.linalg.svd(rotation)
    quaternion = roma.rotmat_to_unitquat(torch.from_numpy((u @ vt).T.copy()))
    x, y, z, w = quaternion.tolist()
    tx, ty, tz = (-rotation.T @ shift).tolist()
    return Camera(
        str(int(name)),
        round(width),
        round(height),
        (float(fx), float(fy)),
        (float(cx), float(cy)),
        orientation=(w, x, y, z),
        translation=(tx, ty, tz),
    )


def _floats(
    block: dict[str, list[str]], key: str, count: int, where: str
) -> np.ndarray:
    words = block.get(key, [])
    if len(words) != count:
        raise ValueError(
            f"{where} has {len(words)} numbers as '{key}' instead of {count}"
        )
    values = np.array([float(word) for word in words])
    if not (np.abs(values) <= 1e9).all():
        raise ValueError(f"{where} has infinite or huge numbers as '{key}'")
    return values
