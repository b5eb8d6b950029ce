"""The real clip: Pose2Sim's single-person demo (BSD-3-Clause, in its wheels
on PyPI), in which a man balances on a beam before four calibrated cameras.
100 frames at 60 Hz.
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import NamedTuple

import numpy as np

from experiments.lifting.triangulation import read_cameras
from pyg_hcsf.geometry import Camera
from pyg_hcsf.keypoints import (
    Keypoints,
    Track,
    convert_joints,
    read_keypoints,
)
from pyg_hcsf.poses import read_poses
from pyg_hcsf.safe_io.json_file import load_json
from pyg_hcsf.safe_io.shown import cause
from pyg_hcsf.skeleton import H36M17

FPS = 60.0
DEMO = Path('Pose2Sim', 'Demo')
CALIBRATION = DEMO / 'calibration' / 'Calib.qca.txt'
MARKERS = DEMO / 'opensim' / 'Balancing_for_IK.trc'
VIEWS = (1, 2, 3, 4)
#: The width of each video. Those of 1080 pixels show the images of the
#: calibration, 1088 pixels wide, scaled down about their middle: measured by
#: matching 254 and 357 points of ``calibration/extrinsics`` (0.993, 7 pixels
#: at the top).
VIDEO_WIDTHS = (1080, 1080, 1088, 1088)
LEG, ARM = ('Hip', 'Knee', 'Foot'), ('Shoulder', 'Elbow', 'Wrist')
#: The joints that all detectors and the reference define.
LIMBS = tuple(
    f'{side}{name}'
    for side, limb in (('R', LEG), ('L', LEG), ('L', ARM), ('R', ARM))
    for name in limb
)
LIMB_JOINTS = [H36M17.joints.index(name) for name in LIMBS]
NEEDS = (
    "the demo of Pose2Sim in '{root}/pose2sim', from two wheels of PyPI; "
    'docs/results/real.md has the commands that put it there'
)


class RealClip(NamedTuple):
    """What is known of the clip.

    Args:
        cameras: The cameras, as calibrated.
        detected: The keypoints of each view by detector, one track each.
        landmarks: MediaPipe's own 3D of each view as joints of Human3.6M, in
            mm: ``[T, 17, 3]``.
        markers: Pose2Sim's triangulation of OpenPose's keypoints, limbs in
            world mm: ``[T, 12, 3]``.
    """

    cameras: list[Camera]
    detected: dict[str, list[Keypoints]]
    landmarks: list[np.ndarray]
    markers: np.ndarray


def clip_files(folder: Path) -> list[Path]:
    """The files and folders of the clip."""
    return [
        folder / CALIBRATION,
        folder / MARKERS,
        *(folder / DEMO / 'pose' / f'cam{i}_json' for i in VIEWS),
        *(folder / 'mediapipe' / f'cam0{i}.json' for i in VIEWS),
    ]


def find_clip(root: Path) -> Path | None:
    """The folder of the clip below a data home."""
    folder = root / 'pose2sim'
    return folder if folder.is_dir() else None


def load_clip(folder: Path) -> RealClip:
    """Reads the clip.

    Raises:
        ValueError: If a file is missing or damaged.
    """
    for path in clip_files(folder):
        if not path.exists():
            raise ValueError(
                f"Expected '{path}' (got no such file): see "
                'docs/results/real.md for the command that makes it'
            )
    calibration, markers, *files = clip_files(folder)
    cameras = read_cameras(calibration)
    if len(cameras) != len(VIEWS):
        raise ValueError(
            f"Expected '{calibration}' to have {len(VIEWS)} cameras (got "
            f'{len(cameras)}): unpack it again'
        )
    limbs = read_markers(markers)
    count = len(limbs)
    openpose = [
        only_person(
            read_keypoints(path, 'coco17', camera.image_size, FPS), count
        )
        for path, camera in zip(files[:4], cameras, strict=True)
    ]
    mediapipe = [
        read_video(path, camera, width, count)
        for path, camera, width in zip(
            files[4:], cameras, VIDEO_WIDTHS, strict=True
        )
    ]
    return RealClip(
        cameras,
        {'OpenPose': openpose, 'MediaPipe': mediapipe},
        [read_landmarks(path, count) for path in files[4:]],
        limbs,
    )


def read_video(
    path: Path, camera: Camera, width: int, count: int
) -> Keypoints:
    """MediaPipe's keypoints of a video, in pixels of the calibration."""
    size = np.array([width, camera.height], float)
    view = read_keypoints(path, 'mediapipe33', tuple(size), FPS)
    track = only_person(view, count).tracks[0]
    middle = np.array(camera.image_size) / 2
    xy = middle + (track.xy - size / 2) * camera.width / width
    track = replace(track, xy=xy)
    return replace(view, tracks=(track,), image_size=camera.image_size)


def only_person(view: Keypoints, count: int) -> Keypoints:
    """The largest person in the image of each frame, as one track."""
    joints = view.tracks[0].score.shape[1]
    xy = np.full((count, joints, 2), np.nan)
    score, largest = np.zeros((count, joints)), np.zeros(count)
    for track in view.tracks:
        track = track.select(track.frames < count)
        size = np.nan_to_num(np.linalg.norm(np.nanstd(track.xy, 1), axis=-1))
        larger = size > largest[track.frames]
        rows = track.frames[larger]
        xy[rows], score[rows] = track.xy[larger], track.score[larger]
        largest[rows] = size[larger]
    if not largest.all():
        raise ValueError(
            f'Expected somebody in each of {count} frames (got '
            f'{(largest > 0).sum()} frames): detect keypoints again'
        )
    track = Track('1', np.arange(count), xy, score)
    return replace(view, tracks=(track,))


def read_landmarks(path: Path, count: int) -> np.ndarray:
    """MediaPipe's own 3D landmarks, as joints of Human3.6M in mm."""
    try:
        frames = load_json(path.read_bytes())
        marks = np.array(
            [
                [[mark[axis] for axis in 'xyz'] for mark in world]
                for world in (x['pose_world_landmarks'] for x in frames)
            ],
            dtype=float,
        )
        if marks.shape != (count, 33, 3):
            raise ValueError(f'shape {marks.shape}')
    except (KeyError, TypeError, ValueError) as e:
        raise ValueError(
            f"Expected 'pose_world_landmarks' in each of {count} frames of "
            f"'{path}' ({cause(e)}): detect them again with "
            'examples/mediapipe_keypoints.py'
        ) from e
    ones = np.ones(marks.shape[:2])
    sides = (marks[..., :2], marks[..., 1:])
    first, last = (convert_joints(x, ones, 'mediapipe33')[0] for x in sides)
    return 1000 * np.concatenate([first, last[..., 1:]], axis=-1)


def read_markers(path: Path) -> np.ndarray:
    """Limbs in the world of the calibration, in mm: ``[T, 12, 3]``."""
    (person,) = read_poses(path)
    names = [name.replace('Foot', 'Ankle') for name in LIMBS]
    x, y, z = np.moveaxis(
        person.position[
            :, [person.skeleton.joints.index(name) for name in names]
        ],
        -1,
        0,
    )
    # Pose2Sim turns z up to y up by an order of axes: y, z, x. Our reader
    # turns that to z up by a rotation: x, -z, y.
    return np.stack([-y, x, z], axis=-1)
