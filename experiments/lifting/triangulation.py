"""Calibrated cameras, and points that several of them see."""

from __future__ import annotations

import xml.etree.ElementTree as ET
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import roma
import torch
from scipy.optimize import least_squares

from pyg_hcsf.geometry import Camera
from pyg_hcsf.safe_io.shown import cause

SUBPIXELS = 64.0  # per pixel, the unit of intrinsics in the file
SCALES = (80.0, 40.0, 20.0, 10.0, 10.0, 10.0)  # pixels that fit
MAX_BYTES = 1_000_000


def read_cameras(path: Path) -> list[Camera]:
    """The cameras of a calibration by Qualisys (``.qca.txt``).

    Raises:
        ValueError: If the file is damaged.
    """
    try:
        if path.stat().st_size > MAX_BYTES:
            raise ValueError(f'it has more than {MAX_BYTES:,} bytes')
        text = path.read_text(encoding='utf-8')
        if '<!' in text:  # entities, which may expand without end
            raise ValueError('it declares a document type')
        found = [*ET.fromstring(text.encode()).iter('camera')]
        if not found:
            raise ValueError('it has no cameras')
        return [_read_camera(x, f'{i + 1}') for i, x in enumerate(found)]
    except (ET.ParseError, KeyError, ValueError) as e:
        raise ValueError(
            f"Could not read the cameras of '{path}' ({cause(e)}): unpack "
            'the file again'
        ) from e


def _read_camera(camera: ET.Element, name: str) -> Camera:
    view, transform, lens = (
        {
            key: float(value)
            for child in camera.iter(tag)
            for key, value in child.items()
        }
        for tag in ('fov_video', 'transform', 'intrinsic')
    )
    axes = [[transform[f'r{i}{j}'] for i in (1, 2, 3)] for j in (1, 2, 3)]
    turn = np.array(axes) @ np.diag([1.0, -1.0, -1.0])  # y up, z back
    x, y, z, w = roma.rotmat_to_unitquat(torch.from_numpy(turn)).tolist()
    focal, center = (
        (lens[f'{key}U'] / SUBPIXELS, lens[f'{key}V'] / SUBPIXELS)
        for key in ('focalLength', 'centerPoint')
    )
    radial, tangential = (
        (lens[f'{key}Distortion1'], lens[f'{key}Distortion2'])
        for key in ('radial', 'tangental')
    )
    return Camera(
        name=name,
        width=int(view['right']) + 1,
        height=int(view['bottom']) + 1,
        focal=focal,
        center=center,
        radial=(*radial, 0.0),
        tangential=tangential,
        orientation=(w, x, y, z),
        translation=(transform['x'], transform['y'], transform['z']),
    )


def to_camera(points: np.ndarray, camera: Camera) -> np.ndarray:
    """World points in the camera frame: ``[*, 3]``."""
    return camera.world_to_camera(torch.from_numpy(points)).numpy()


def to_pixels(points: np.ndarray, camera: Camera) -> np.ndarray:
    """World points as the lens shows them: ``[*, 2]``."""
    seen = torch.from_numpy(to_camera(points, camera))
    return camera.project(seen, 'opencv').numpy()


def rays_of(xy: np.ndarray, camera: Camera) -> np.ndarray:
    """Pixels to undistorted points at depth 1: ``[*, 2]``."""
    uv = camera.undistort(torch.from_numpy(xy))
    ray = camera.back_project(uv, torch.ones_like(uv[..., 0]))
    return ray[..., :2].numpy()


def triangulate(
    rays: np.ndarray, cameras: Sequence[Camera], weight: np.ndarray
) -> np.ndarray:
    """The points ``[*, 3]`` nearest to the rays ``[K, *, 2]`` of all cameras,
    by least squares with weights ``[K, *]``; NaN where fewer than two count.
    """
    total = np.zeros((*rays.shape[1:-1], 3, 3))
    right = np.zeros((*rays.shape[1:-1], 3, 1))
    for ray, camera, w in zip(rays, cameras, weight, strict=True):
        d = np.insert(ray, 2, 1.0, axis=-1) @ camera.rotation.numpy().T
        d /= np.linalg.norm(d, axis=-1, keepdims=True)
        across = np.eye(3) - d[..., :, None] * d[..., None, :]
        across *= w[..., None, None]
        total += across
        right += across @ np.array(camera.translation)[:, None]
    few = (weight > 0).sum(axis=0) < 2
    total[few] = np.eye(3)
    points = np.linalg.solve(total, right)[..., 0]
    return np.where(few[..., None], np.nan, points)


def best_points(
    xy: np.ndarray, cameras: Sequence[Camera]
) -> tuple[np.ndarray, np.ndarray]:
    """Triangulates pixels ``[K, T, N, 2]``, NaN where missing, by iteratively
    reweighted least squares, so that detections that do not fit count little.

    Returns:
        World points ``[T, N, 3]``, NaN where fewer than two cameras see one,
        and the distances to the pixels ``[K, T, N]``.
    """
    rays = np.stack([*map(rays_of, xy, cameras)])
    seen = np.isfinite(rays).all(axis=-1)
    rays = np.where(seen[..., None], rays, 0.0)
    weight = seen.astype(float)
    for scale in SCALES:
        points = triangulate(rays, cameras, weight)
        gap = residuals(points, rays, cameras)
        weight = seen / np.square(1 + np.square(gap / scale))
    return points, np.where(seen, gap, np.nan)


def residuals(
    points: np.ndarray, rays: np.ndarray, cameras: Sequence[Camera]
) -> np.ndarray:
    """The distances of points ``[*, 3]`` from rays ``[K, *, 2]`` in pixels
    ``[K, *]``.
    """
    found = np.stack([to_camera(points, camera) for camera in cameras])
    gap = np.linalg.norm(found[..., :2] / found[..., 2:] - rays, axis=-1)
    focal = np.array([np.mean(camera.focal) for camera in cameras])
    return gap * focal[:, None, None]


def refine_cameras(
    xy: np.ndarray, cameras: Sequence[Camera], rounds: int = 8
) -> list[Camera]:
    """Places and turns cameras anew by what they see, pixels
    ``[D, K, T, N, 2]`` of some detectors: triangulates, then fits each camera
    to the points, in turns. Lenses are kept.
    """
    flat = xy.reshape(-1, *xy.shape[2:])
    out = list(cameras)
    for _ in range(rounds):
        points, _ = best_points(flat, out * len(xy))
        out = [
            _fit_camera(camera, points, xy[:, i])
            for i, camera in enumerate(out)
        ]
    return out


def _fit_camera(camera: Camera, points: np.ndarray, xy: np.ndarray) -> Camera:
    rays = rays_of(xy, camera)
    known = np.isfinite(rays).all(axis=-1) & np.isfinite(points).all(axis=-1)
    points = np.broadcast_to(points, (*xy.shape[:-1], 3))[known]
    position, rays = np.array(camera.translation), rays[known]

    def gap(change: np.ndarray) -> np.ndarray:
        seen = (points - position - 1000 * change[3:]) @ turn(change)
        off = seen[:, :2] / seen[:, 2:] - rays
        return np.ravel(np.mean(camera.focal) * off / SCALES[-1])

    def turn(change: np.ndarray) -> np.ndarray:
        more = roma.rotvec_to_rotmat(torch.from_numpy(change[:3]))
        return camera.rotation.numpy() @ more.numpy()

    change = least_squares(gap, np.zeros(6), loss='cauchy').x
    rotation = torch.from_numpy(turn(change))
    x, y, z, w = roma.rotmat_to_unitquat(rotation).tolist()
    return replace(
        camera,
        orientation=(w, x, y, z),
        translation=tuple((position + 1000 * change[3:]).tolist()),
    )
