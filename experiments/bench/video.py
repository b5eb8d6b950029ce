"""Lifts MediaPipe's keypoints of a real video of four calibrated cameras, and
compares each view with the triangulation of all four, and with MediaPipe's own
3D landmarks.

    pip download --no-deps pose2sim==0.10.49 && unzip -q pose2sim*.whl -d demo
    cd demo/Pose2Sim/Demo_SinglePerson
    for i in 1 2 3 4; do  # where mediapipe is installed
        python .../examples/mediapipe_keypoints.py videos/cam0$i.mp4 $i.json
    done
    python -m experiments.bench.video . 1.json 2.json 3.json 4.json

The reference is triangulated from the keypoints of the same detector after
left-right swaps are fixed, without the worst camera of a point if its residual
is large. Its joints are those that the detector defines, and it has errors
too.
"""

from __future__ import annotations

import json
import xml.etree.ElementTree as ET
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import roma
import torch

from experiments.fitting.keypoint_mistakes import MISTAKES
from pyg_hcsf import metrics
from pyg_hcsf.cli.command import CommandParser, run_command
from pyg_hcsf.geometry import Camera
from pyg_hcsf.geometry.root_ray import SIZE_PER_HEIGHT, body_size
from pyg_hcsf.keypoints import (
    Keypoints,
    check_keypoints,
    convert_joints,
    fix_side_swaps,
    read_keypoints,
)
from pyg_hcsf.lifting import Lifter
from pyg_hcsf.poses import PoseSequence, write_poses
from pyg_hcsf.skeleton import H36M17, get_skeleton

FPS = 60.0
SUBPIXELS = 64.0  # per pixel, the unit of intrinsics in the file
MAX_RESIDUAL = 25.0  # pixels
LEG, ARM = ('Hip', 'Knee', 'Foot'), ('Shoulder', 'Elbow', 'Wrist')
LIMBS = [
    f'{side}{name}'
    for side, limb in (('R', LEG), ('L', LEG), ('L', ARM), ('R', ARM))
    for name in limb
]
OURS = [H36M17.joints.index(name) for name in LIMBS]
HIPS = [0, 3]
THEIRS = [
    get_skeleton('mediapipe33').joints.index(name.replace('Foot', 'Ankle'))
    for name in LIMBS
]


def read_cameras(path: Path) -> list[Camera]:
    """The cameras of a calibration by Qualisys (``.qca.txt``)."""
    out: list[Camera] = []
    for camera in ET.parse(path).getroot().iter('camera'):
        view, transform, lens = (
            {
                name: float(value)
                for child in camera.iter(tag)
                for name, value in child.items()
            }
            for tag in ('fov_video', 'transform', 'intrinsic')
        )
        axes = [[transform[f'r{i}{j}'] for i in (1, 2, 3)] for j in (1, 2, 3)]
        turn = np.array(axes) @ np.diag([1.0, -1.0, -1.0])  # y up, z back
        x, y, z, w = roma.rotmat_to_unitquat(torch.from_numpy(turn)).tolist()
        focal, center = (
            (lens[f'{name}U'] / SUBPIXELS, lens[f'{name}V'] / SUBPIXELS)
            for name in ('focalLength', 'centerPoint')
        )
        radial, tangential = (
            (lens[f'{name}Distortion1'], lens[f'{name}Distortion2'])
            for name in ('radial', 'tangental')
        )
        out.append(
            Camera(
                name=f'{len(out) + 1}',
                width=int(view['right']) + 1,
                height=int(view['bottom']) + 1,
                focal=focal,
                center=center,
                radial=(*radial, 0.0),
                tangential=tangential,
                orientation=(w, x, y, z),
                translation=(transform['x'], transform['y'], transform['z']),
            )
        )
    return out


def to_camera(points: np.ndarray, camera: Camera) -> np.ndarray:
    """World points in the camera frame: ``[*, 3]``."""
    return camera.world_to_camera(torch.from_numpy(points)).numpy()


def rays_of(xy: np.ndarray, camera: Camera) -> np.ndarray:
    """Pixels to undistorted points at depth 1: ``[*, 2]``."""
    uv = camera.undistort(torch.from_numpy(xy))
    ray = camera.back_project(uv, torch.ones_like(uv[..., 0]))
    return ray[..., :2].numpy()


def triangulate(
    rays: np.ndarray, cameras: list[Camera], weight: np.ndarray
) -> np.ndarray:
    """The points ``[*, 3]`` nearest to the rays ``[K, *, 2]`` of all cameras,
    by weighted least squares.
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
    return np.linalg.solve(total, right)[..., 0]


def reference(
    xy: np.ndarray, cameras: list[Camera]
) -> tuple[np.ndarray, np.ndarray]:
    """Triangulates pixels ``[K, T, N, 2]``.

    Returns:
        World points ``[T, N, 3]``, and the largest residual of the cameras
        that were used, in pixels ``[T, N]``.
    """
    rays = np.stack([*map(rays_of, xy, cameras)])

    def residuals(points: np.ndarray) -> np.ndarray:
        found = np.stack([to_camera(points, camera) for camera in cameras])
        gap = found[..., :2] / found[..., 2:] - rays
        focal = np.array([np.mean(camera.focal) for camera in cameras])
        return np.linalg.norm(gap, axis=-1) * focal[:, None, None]

    weight = np.ones(rays.shape[:-1])
    points = triangulate(rays, cameras, weight)
    residual = residuals(points).max(axis=0)
    for left_out in range(len(cameras)):
        some = weight.copy()
        some[left_out] = 0.0
        found = triangulate(rays, cameras, some)
        gap = (residuals(found) * some).max(axis=0)
        better = (residual > MAX_RESIDUAL) & (gap < residual)
        points[better], residual[better] = found[better], gap[better]
    return points, residual


def compare(pose: np.ndarray, truth: np.ndarray) -> dict[str, float]:
    """Errors in mm of limbs ``[T, 12, 3]``, relative to the mid-hip."""
    a, b = (
        torch.from_numpy(x - x[:, HIPS].mean(axis=1, keepdims=True))
        for x in (pose, truth)
    )
    names = ('mpjpe', 'n_mpjpe', 'pa_mpjpe')
    return {name: float(getattr(metrics, name)(a, b)) for name in names}


def count_mistakes(views: Sequence[Keypoints]) -> str:
    """How many of the usual mistakes are found in the views."""
    found, rng = [], np.random.default_rng(0)
    for view in views:
        made = [mistake(view, rng) for mistake in MISTAKES.values()]
        found += [bool(check_keypoints(k)) for k in made if k is not None]
    flagged = sum(bool(check_keypoints(view)) for view in views)
    return (
        f'Mistakes found: {sum(found)} of {len(found)}; correct views '
        f'with an issue: {flagged} of {len(views)}'
    )


def lift(
    view: Keypoints, camera: Camera, weights: str, size: float
) -> PoseSequence:
    """Lifts the person in a view, of a known body size."""
    lifter = Lifter(
        weights,
        size / SIZE_PER_HEIGHT,
        camera.focal,
        camera.center,
        distortion=(*camera.radial[:2], *camera.tangential),
    )
    (person,) = lifter.lift(view)
    return person


def _joints(keypoints: Keypoints) -> np.ndarray:
    (track,) = keypoints.tracks
    return convert_joints(track.xy, track.score, keypoints.layout)[0]


def _landmarks(path: Path) -> np.ndarray:
    """MediaPipe's own 3D landmarks in mm: ``[T, 12, 3]``."""
    frames = [f['pose_world_landmarks'] for f in json.loads(path.read_text())]
    marks = [[[m[axis] for axis in 'xyz'] for m in frame] for frame in frames]
    return 1000 * np.array(marks)[:, THEIRS]


def main(argv: list[str] | None = None) -> pd.DataFrame:
    """Runs the command line; returns the table it prints."""
    parser = CommandParser(description=__doc__.split('\n\n')[0])
    parser.add_argument('demo', type=Path, help='Demo_SinglePerson')
    parser.add_argument('keypoints', type=Path, nargs=4)
    parser.add_argument(
        '--out', type=Path, help='folder for poses, see pyg-hcsf view'
    )
    args = parser.parse_args(argv)
    torch.set_num_threads(1)
    cameras = read_cameras(args.demo / 'calibration' / 'Calib.qca.txt')
    views = [
        read_keypoints(path, 'mediapipe33', camera.image_size, FPS)
        for path, camera in zip(args.keypoints, cameras, strict=True)
    ]
    fixed, counts = zip(*map(fix_side_swaps, views), strict=True)
    print(f'Frames with fixed swaps: {", ".join(map(str, counts))}')
    print(count_mistakes(fixed))
    points, residual = reference(np.stack([*map(_joints, fixed)]), cameras)
    size = float(body_size(torch.from_numpy(points)).median())
    print(
        f'Reference: {residual.size} points, {np.median(residual):.0f} pixels '
        f'from the worst view in the median, '
        f'{(residual > MAX_RESIDUAL).mean():.1%} over {MAX_RESIDUAL:.0f}; '
        f'body size {size:.0f} mm\n'
    )
    rows = []
    for i, (path, camera) in enumerate(
        zip(args.keypoints, cameras, strict=True)
    ):
        truth = to_camera(points, camera)
        methods = {'MediaPipe': _landmarks(path)}
        for weights in ('single', 'temporal'):
            for name, view in (('', views[i]), (', fixed', fixed[i])):
                person = lift(view, camera, weights, size)
                methods[f'{weights}{name}'] = person.pose[:, OURS]
        for method, pose in methods.items():
            errors = compare(pose, truth[:, OURS])
            rows.append({'view': f'{i + 1}', 'method': method, **errors})
        if args.out:
            root = truth[:, H36M17.root]
            pose = truth - root[:, None]
            known = replace(person, pose=pose, root=root, uncertainty=None)
            write_poses(args.out / f'{i + 1}.json', [person])
            write_poses(args.out / f'{i + 1}_reference.json', [known])
    frame = pd.DataFrame(rows)
    means = frame.groupby('method', sort=False).mean(numeric_only=True)
    table = frame.pivot(index='method', columns='view', values='mpjpe')
    table = table.add_prefix('view ').join(means).reindex(means.index)
    print(table.to_markdown(floatfmt='.0f'))
    return table


if __name__ == '__main__':
    run_command(main)
