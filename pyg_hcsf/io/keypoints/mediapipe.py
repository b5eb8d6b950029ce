from __future__ import annotations

from pathlib import Path
from typing import Any

from pyg_hcsf.io.keypoints.people import People, Person, refuse, to_points

KEYS = ('pose_landmarks', 'poseLandmarks', 'landmarks')


def read_mediapipe(
    data: list[Any],
    path: Path,
    image_size: tuple[float, float] | None,
) -> People:
    r"""Reads landmarks of MediaPipe Pose that were saved as JSON: a list with
    one entry a frame, which is a list of 33 landmarks, a list of such lists
    for several people, a mapping that has one of these as
    ``pose_landmarks``, ``poseLandmarks`` or ``landmarks``, or nothing where
    nobody was found. A landmark is a mapping of ``x`` and ``y``, in parts of
    the image's width and height, and maybe ``visibility``.

    Args:
        data (list): The parsed JSON.
        path (pathlib.Path): What errors call the file.
        image_size (tuple): Width and height in pixels.

    Raises:
        ValueError: If there is no :obj:`image_size`, or an entry is damaged;
            names it.

    Example:
        >>> people = read_mediapipe(data, path, image_size=(1920, 1080))
    """
    if image_size is None:
        refuse(
            path,
            '',
            "MediaPipe's landmarks are parts of the image's size, so pass "
            "'image_size', its width and height in pixels",
        )
    people = []
    for frame, value in enumerate(data):
        for key in KEYS:
            if isinstance(value, dict) and key in value:
                value = value[key]
        poses = value or []
        if not isinstance(poses, list):
            refuse(path, f'frame {frame}', 'expected a list of landmarks')
        poses = poses if isinstance((poses or [[]])[0], list) else [poses]
        for number, pose in enumerate(poses):
            entry = f'frame {frame}, person {number}'
            if not isinstance(pose, list) or len(pose) != 33:
                refuse(path, entry, 'expected a list of 33 landmarks')
            points = to_points(
                [_landmark(mark, path, entry) for mark in pose], path, entry
            )
            points[:, :2] *= image_size
            people.append(Person(frame, None, points))
    return People('mediapipe', people, 'mediapipe33')


def _landmark(mark: Any, path: Path, entry: str) -> list[Any]:
    if not isinstance(mark, dict) or not {'x', 'y'} <= set(mark):
        refuse(path, entry, "expected landmarks with 'x' and 'y'")
    return [mark['x'], mark['y'], mark.get('visibility', 1.0)]
