r"""Reads the training files of MPI-INF-3DHP."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from typing import Any

import numpy as np
import roma
import torch

from pyg_hcsf.datasets.human36m.reader import MAX_MM
from pyg_hcsf.datasets.mpi_inf_3dhp.annotation import (
    CAMERAS,
    FRAMES_LIMIT,
    JOINTS28,
    NUM_CAMERAS,
    WIDTHS,
    Annotation,
    check_annotation,
    to_float32,
)
from pyg_hcsf.geometry.camera import Camera
from pyg_hcsf.safe_io.matlab import read_matlab
from pyg_hcsf.safe_io.shown import cause, shown

HEADER = 'Skeletool Camera Calibration File'
CALIBRATION_LIMIT = 2**20  # bytes; 14 cameras have about 8 kB
#: A variable unpacks to so many times the file. Each is about a third of it.
INFLATION, SLACK = 2, 2**18


def read_annotations(
    content: bytes,
    name: str,
    cameras: Collection[int] = CAMERAS,
    num_frames: int | None = None,
) -> Iterator[tuple[int, Annotation]]:
    r"""Reads an :obj:`annot.mat` of the training set, a camera at a time.

    Args:
        content (bytes): The file, in MATLAB's format 5: :obj:`annot2`,
            :obj:`annot3` and :obj:`univ_annot3` with a cell for each of 14
            cameras, which holds a row of 28 joints for each frame.
        name (str): What errors call it.
        cameras (collection of int, optional): The cameras to read, from 0.
            (default: the 8 that the field uses)
        num_frames (int, optional): Takes no more than the first so many
            frames. (default: all)

    Returns:
        Of each camera its number and what it saw, as float32, with 28 joints.

    Raises:
        ValueError: If it is damaged or holds something else; names it.

    Example:
        >>> content = Path('S1/Seq1/annot.mat').read_bytes()
        >>> camera, seen = next(read_annotations(content, 'S1/Seq1/annot.mat'))
        >>> seen.metric.shape
        (6416, 28, 3)
    """
    limit = INFLATION * len(content) + SLACK
    try:
        found = read_matlab(content, list(WIDTHS), limit, stored=True)
        lists = {key: _cells(found.get(key), key) for key in WIDTHS}
    except ValueError as e:
        raise _refused(name, e) from e
    for camera in sorted(cameras):
        try:
            arrays = [
                _joints(cells[camera], f'{key}{{{camera + 1}}}', width)
                for (key, cells), width in zip(
                    lists.items(), WIDTHS.values(), strict=True
                )
            ]
            if len({len(array) for array in arrays}) != 1:
                raise ValueError(
                    f'camera {camera} has {[len(a) for a in arrays]} frames '
                    f'in {list(WIDTHS)}'
                )
            keypoints, metric, universal = (
                to_float32(array[:num_frames]) for array in arrays
            )
            seen = Annotation(
                keypoints, metric, universal, np.ones(len(metric), bool)
            )
            check_annotation(seen, f'camera {camera}')
        except ValueError as e:
            raise _refused(name, e) from e
        yield camera, seen


def read_calibration(content: bytes, name: str) -> dict[int, Camera]:
    r"""Reads a :obj:`camera.calibration` of the training set.

    Args:
        content (bytes): The file, text with seven lines for each camera:
            :obj:`name`, :obj:`sensor`, :obj:`size`, :obj:`animated`,
            :obj:`intrinsic` and :obj:`extrinsic` (4 x 4, millimetres, world
            to camera) and :obj:`radial`.
        name (str): What errors call it.

    Returns:
        The cameras by their numbers. Other than that of
        :class:`~pyg_hcsf.geometry.camera.Camera`, their world has y up.

    Raises:
        ValueError: If it is damaged or holds something else; names it.

    Example:
        >>> content = Path('S1/Seq1/camera.calibration').read_bytes()
        >>> read_calibration(content, 'camera.calibration')[0].image_size
        (2048, 2048)
    """
    try:
        if len(content) > CALIBRATION_LIMIT:
            raise ValueError(f'it has {len(content)} bytes')
        lines = content.decode('ascii').splitlines()
        if not lines or not lines[0].startswith(HEADER):
            raise ValueError(f"its first line is not '{HEADER} V1.0'")
        blocks: list[dict[str, list[str]]] = []
        for line in lines[1:]:
            key, *words = line.split() or ['']
            if key == 'name':
                blocks.append({})
            if key and not blocks:
                raise ValueError(
                    f'{shown(key, 20)} comes before the first name'
                )
            if key:
                blocks[-1][key] = words
        cameras: dict[int, Camera] = {}
        for block in blocks:
            camera = _camera(block)
            if int(camera.name) in cameras:
                raise ValueError(f'camera {camera.name} comes twice')
            cameras[int(camera.name)] = camera
        if not cameras:
            raise ValueError('there is no camera in it')
    except (ValueError, TypeError, OverflowError) as e:  # Unicode's too
        raise ValueError(
            f"'{name}' is not a camera calibration of MPI-INF-3DHP "
            f'({cause(e)}): get '
            'it again'
        ) from e
    return cameras


def _camera(block: dict[str, list[str]]) -> Camera:
    (name,) = block['name']
    if not name.isdecimal() or len(name) > 2 or int(name) >= NUM_CAMERAS:
        raise ValueError(f'a camera is called {shown(name, 20)}')
    where = f'camera {int(name)}'
    width, height = _floats(block, 'size', 2, where)
    intrinsic = _floats(block, 'intrinsic', 16, where).reshape(4, 4)
    extrinsic = _floats(block, 'extrinsic', 16, where).reshape(4, 4)
    (fx, skew, cx, _), (other, fy, cy, _) = intrinsic[:2]
    if skew or other or min(width, height, fx, fy) < 1:
        raise ValueError(f'{where} has no sane intrinsics')
    if max(width, height, *np.abs(intrinsic[:2]).flat) > MAX_MM:
        raise ValueError(f'{where} has no sane intrinsics')
    rotation, shift = extrinsic[:3, :3], extrinsic[:3, 3]
    near = np.abs(rotation @ rotation.T - np.eye(3)).max() < 1e-2
    if not near or np.linalg.det(rotation) < 0:
        raise ValueError(f'{where} has a rotation that is none')
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
    words = block.get(key)
    if words is None or len(words) != count:
        raise ValueError(
            f"{where} has {len(words or [])} numbers as '{key}' instead of "
            f'{count}'
        )
    values = np.array([float(word) for word in words])
    if not (np.abs(values) <= 1e9).all():
        raise ValueError(f"{where} has no sane numbers as '{key}'")
    return values


def _cells(value: Any, key: str) -> list[Any]:
    if not isinstance(value, list) or len(value) != NUM_CAMERAS:
        raise ValueError(
            f"it has no '{key}' with a cell for each of {NUM_CAMERAS} cameras"
        )
    return value


def _joints(value: Any, key: str, width: int) -> np.ndarray:
    size = len(JOINTS28) * width
    if (
        not isinstance(value, np.ndarray)
        or value.ndim != 2
        or value.shape[1] != size
        or not 0 < len(value) <= FRAMES_LIMIT
    ):
        got = getattr(value, 'shape', None)
        shape = f'the shape {list(got)}' if got is not None else 'no numbers'
        raise ValueError(f"'{key}' has {shape}, not frames of {size}")
    # A view of the rows, which lie in Fortran's order, joint by joint.
    step, column = value.strides
    return np.lib.stride_tricks.as_strided(
        value,
        (len(value), len(JOINTS28), width),
        (step, width * column, column),
        writeable=False,
    )


def _refused(name: str, error: ValueError) -> ValueError:
    return ValueError(
        f"'{name}' is not an annot.mat of MPI-INF-3DHP's training set "
        f'({error}): get it again'
    )
