"""Lifts the real clip, and compares it with references: all methods alike."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import product
from typing import Any, NamedTuple

import numpy as np
import torch
from numpy.random import default_rng

from experiments.fitting.keypoint_mistakes import MISTAKES
from experiments.lifting.real_clip import (
    FPS,
    LIMB_JOINTS,
    LIMBS,
    RealClip,
)
from experiments.lifting.triangulation import (
    best_points,
    refine_cameras,
    to_camera,
    to_pixels,
)
from pyg_hcsf import metrics
from pyg_hcsf.geometry import Camera
from pyg_hcsf.geometry.procrustes import similarity_align
from pyg_hcsf.keypoints import (
    Keypoints,
    Track,
    check_keypoints,
    convert_joints,
    fix_side_swaps,
)
from pyg_hcsf.lifting import Lifter
from pyg_hcsf.lifting.assumed_camera import assume_camera
from pyg_hcsf.lifting.observation import find_root, observe
from pyg_hcsf.lifting.smoothing import Motion, MotionSmoother
from pyg_hcsf.skeleton import H36M17

REFINE_EVERY = 10  # frames, of those that refine the cameras
SCORED = ('refined', 'Pose2Sim')  # references to score against
MEDIAPIPE = 'mediapipe'  # as --weights: its own 3D
PARENTS = ('Hip', 'Knee', 'Shoulder', 'Elbow', 'Hip')
CHILDREN = ('Knee', 'Foot', 'Elbow', 'Wrist', 'Shoulder')
BONES = [
    [LIMBS.index(side + parent), LIMBS.index(side + child)]
    for side in 'RL'
    for parent, child in zip(PARENTS, CHILDREN, strict=True)
]
HIPS = [LIMBS.index('RHip'), LIMBS.index('LHip')]


class Lifted(NamedTuple):
    """The limbs of a person in the axes of a camera.

    Args:
        frames: Frame numbers: ``[T]``.
        pose: Joints in mm: ``[T, 12, 3]``.
        expected: Expected errors in mm, NaN if unknown: ``[T, 12]``.
    """

    frames: np.ndarray
    pose: np.ndarray
    expected: np.ndarray


def limbs_of(view: Keypoints) -> tuple[np.ndarray, np.ndarray]:
    """Pixels of the limbs ``[T, 12, 2]``, NaN where missing, and scores."""
    (track,) = view.tracks
    xy, score = convert_joints(track.xy, track.score, view.layout)
    return xy[:, LIMB_JOINTS], score[:, LIMB_JOINTS]


class Reference(NamedTuple):
    """Limbs in world mm ``[T, 12, 3]``, and the cameras in that world."""

    points: np.ndarray
    cameras: list[Camera]

    def seen_by(self, view: int) -> np.ndarray:
        """The limbs in the frame of a camera."""
        return to_camera(self.points, self.cameras[view])


def references(clip: RealClip) -> dict[str, Reference]:
    """Pose2Sim's with the cameras as calibrated, and ours with refined ones:
    from the keypoints of both detectors, after left-right swaps are fixed,
    and from those of each.
    """
    fixed = {
        name: np.stack(
            [limbs_of(fix_side_swaps(view)[0])[0] for view in views]
        )
        for name, views in clip.detected.items()
    }
    every = np.stack([*fixed.values()])
    cameras = refine_cameras(every[:, :, ::REFINE_EVERY], clip.cameras)
    both = np.concatenate(every)
    out = {
        'Pose2Sim': Reference(clip.markers, clip.cameras),
        'refined': Reference(best_points(both, 2 * cameras)[0], cameras),
    }
    for name, xy in fixed.items():
        out[name] = Reference(best_points(xy, cameras)[0], cameras)
    return out


def describe_references(
    clip: RealClip, known: dict[str, Reference]
) -> list[dict[str, Any]]:
    """How far references are from the keypoints of each view, in pixels, and
    from each other in mm.
    """
    fixed = {
        detector: [fix_side_swaps(view) for view in views]
        for detector, views in clip.detected.items()
    }
    rows = []
    for name, reference in known.items():
        row: dict[str, Any] = {'reference': name}
        for detector, views in fixed.items():
            for i, camera in enumerate(reference.cameras):
                view, count = views[i]
                gap = limbs_of(view)[0] - to_pixels(reference.points, camera)
                gap = np.linalg.norm(gap, axis=-1)
                row[f'{detector} {i + 1}'] = float(np.nanmedian(gap))
                row[f'{detector} {i + 1} swapped'] = count
        for other, against in known.items():
            ours, truth = (
                from_hips(torch.from_numpy(x.points))
                for x in (reference, against)
            )
            row[other] = float(metrics.pa_mpjpe(ours, truth))
        row['size'] = body_length(reference.points)
        rows.append(row)
    return rows


def count_mistakes(views: list[Keypoints]) -> str:
    """How many of the usual mistakes in files are found in the views of a
    detector, after left-right swaps are fixed.
    """
    fixed, rng = [fix_side_swaps(view)[0] for view in views], default_rng(0)
    made = [mistake(k, rng) for k in fixed for mistake in MISTAKES.values()]
    found = [bool(check_keypoints(k)) for k in made if k is not None]
    wrong = sum(bool(check_keypoints(view)) for view in fixed)
    return (
        f'{sum(found)} of {len(found)}, and an issue in {wrong} of '
        f'{len(fixed)} correct files'
    )


def from_hips(pose: torch.Tensor) -> torch.Tensor:
    """Limbs relative to the middle of the hips."""
    return pose - pose[:, HIPS].mean(dim=1, keepdim=True)


def body_length(pose: np.ndarray) -> float:
    """The sum of the median lengths of ten bones in mm: thighs, shanks, upper
    arms, forearms, and from the hips to the shoulders.
    """
    bones = pose[:, BONES]
    lengths = np.linalg.norm(bones[:, :, 0] - bones[:, :, 1], axis=-1)
    return float(np.median(lengths, axis=0).sum())


def lift(
    view: Keypoints, camera: Camera, weights: str, smooth: bool
) -> Lifted:
    """Lifts the person in a view."""
    lifter = Lifter(
        weights,
        focal=camera.focal,
        center=camera.center,
        distortion=(*camera.radial[:2], *camera.tangential),
        smooth=smooth,
    )
    (person,) = lifter.lift(view)
    assert person.uncertainty is not None
    return Lifted(
        person.frames,
        person.pose[:, LIMB_JOINTS],
        person.uncertainty[:, LIMB_JOINTS],
    )


def own_landmarks(
    view: Keypoints,
    found: Keypoints,
    pose: np.ndarray,
    camera: Camera,
    smooth: bool,
) -> Lifted:
    """The detector's own 3D ``[T, 17, 3]``, with left and right exchanged in
    the frames in which they are in ``view`` and not as ``found``, and
    smoothed like lifted poses.
    """
    now, before = (k.tracks[0].xy for k in (view, found))
    swapped = np.any((now != before) & np.isfinite(now), axis=(1, 2))
    mirrored = pose[:, list(H36M17.mirrored)]
    pose = np.where(swapped[:, None, None], mirrored, pose)
    pose = pose - pose[:, :1]
    assumed = assume_camera(
        camera.image_size,
        camera.focal,
        camera.center,
        (*camera.radial[:2], *camera.tangential),
    )

    def motion(track: Track) -> Motion:
        at = pose[track.frames]
        seen, _ = observe(track.xy, track.score, view.layout, assumed)
        root = find_root(torch.from_numpy(at), seen).numpy()
        error = np.full(at.shape[:2], 50.0)  # the same for all joints
        return Motion(track.frames, at, root, error, np.zeros((len(at), 2)))

    track = view.tracks[0]
    size = 1700 * 0.914
    if smooth:
        smoother = MotionSmoother(view.layout, assumed, FPS, size)
        start = track.frames == track.frames[0]
        out = smoother(track, start, motion)
    else:
        out = motion(track)
    limbs = out.pose[:, LIMB_JOINTS]
    return Lifted(out.frames, limbs, np.full(limbs.shape[:2], np.nan))


def score(found: Lifted, truth: np.ndarray) -> dict[str, Any]:
    """Errors in mm, relative to the middle of the hips and at the size of the
    truth ``[T, 12, 3]``.
    """
    scale = body_length(truth) / body_length(found.pose)
    pose = from_hips(torch.from_numpy(scale * found.pose))
    exact = from_hips(torch.from_numpy(truth[found.frames]))
    error = metrics.joint_errors(pose, exact)
    aligned = metrics.joint_errors(similarity_align(pose, exact), exact)
    expected = scale * found.expected
    pair = np.stack([expected.ravel(), error.numpy().ravel()])
    return {
        'mpjpe': float(error.mean()),
        'n_mpjpe': float(metrics.n_mpjpe(pose, exact)),
        'pa_mpjpe': float(aligned.mean()),
        'expected': float(expected.mean() / error.mean()),
        'correlation': float(np.corrcoef(pair)[0, 1]),
        'frames': len(found.frames),
        'joints': dict(zip(LIMBS, error.mean(dim=0).tolist(), strict=True)),
        'joints_pa': dict(
            zip(LIMBS, aligned.mean(dim=0).tolist(), strict=True)
        ),
        'by_frame': error.mean(dim=1).tolist(),
    }


def score_method(
    clip: RealClip, known: dict[str, Reference], weights: str
) -> Iterator[dict[str, Any]]:
    """The errors of one method for each detector, view and reference, with
    and without swaps fixed and smoothing.
    """
    detectors = ['MediaPipe'] if weights == MEDIAPIPE else clip.detected
    for detector, i in product(detectors, range(len(clip.cameras))):
        camera, found = clip.cameras[i], clip.detected[detector][i]
        fixed, _ = fix_side_swaps(found)
        for (swaps, view), smooth in product(
            {'as found': found, 'fixed': fixed}.items(), (False, True)
        ):
            if weights == MEDIAPIPE:
                out = own_landmarks(
                    view, found, clip.landmarks[i], camera, smooth
                )
            else:
                out = lift(view, camera, weights, smooth)
            for name in SCORED:
                yield {
                    'reference': name,
                    'detector': detector,
                    'view': i + 1,
                    'swaps': swaps,
                    'smoothing': 'on' if smooth else 'off',
                    **score(out, known[name].seen_by(i)),
                }
