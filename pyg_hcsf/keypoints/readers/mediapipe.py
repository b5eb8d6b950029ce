from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from pyg_hcsf.keypoints.people import (
    People,
    Person,
    clean,
    refuse,
    to_rows,
    warn,
    warn_unread,
)
from pyg_hcsf.keypoints.readers.frame_numbers import number_frames
from pyg_hcsf.keypoints.readers.json_entries import (
    FRAME,
    TIMES,
    by_image,
    first_of,
    frame_of_each,
    key_of,
)
from pyg_hcsf.safe_io.shown import shown

KEYS = ('pose_landmarks', 'poseLandmarks', 'landmarks', 'landmark')
LOGITS = 0.01  # of the visibilities; no probability is negative
_KNOWN = {
    *KEYS,
    *FRAME,
    *('pose_world_landmarks', 'poseWorldLandmarks', 'worldLandmarks'),
    *('world_landmarks', 'segmentation_mask', 'segmentationMask'),
    *('segmentationMasks', 'segmentation_masks', 'face_landmarks'),
    *('left_hand_landmarks', 'right_hand_landmarks', 'faceLandmarks'),
    *('leftHandLandmarks', 'rightHandLandmarks', *TIMES),
    *('image', 'poseWorldLandmarks', 'za'),
    *('ea', 'multiFaceGeometry'),
}


def matches(data: Any) -> bool:
    r"""Whether parsed JSON is of landmarks of MediaPipe Pose."""
    first = first_of(data)
    if by_image(data):
        return matches(list(data.values()))
    if not isinstance(first, dict):
        return False
    key = key_of(first, KEYS)
    named = key is not None and isinstance(first[key], dict)
    if named and 'landmark' not in first[key]:
        return False  # landmarks by names
    return {'x', 'y'} <= first.keys() or key is not None


def read(data: Any, path: Path) -> People:
    r"""Reads landmarks of MediaPipe Pose that were saved as JSON: a list with
    one entry a frame, which is a list of 33 landmarks, a list of such lists
    for several people, a mapping that has one of these as
    ``pose_landmarks``, ``poseLandmarks`` or ``landmarks``, or nothing where
    nobody was found. A landmark is a mapping of ``x`` and ``y``, in parts of
    the image's width and height, and maybe ``visibility``, or a list of x, y,
    z and visibility. A frame that says its number, such as ``frame``, has it.

    Args:
        data (dict or list): The parsed JSON.
        path (pathlib.Path): What errors call the file.

    Raises:
        ValueError: If an entry is damaged; names it.

    Example:
        >>> people = read(data, path)
    """
    frames = None
    if by_image(data):
        frames, data = number_frames(list(data), path), list(data.values())
    if isinstance(data, dict):
        data = [data]
        outer = data[0].get('landmarks')  # frames of a list, or of one image
        if not key_of(data[0], FRAME) and _depth(outer) > 2:
            data = outer
    if data and isinstance(data[0], dict) and {'x', 'y'} <= data[0].keys():
        data = [data]
    found: list[tuple[int, str, np.ndarray]] = []
    unread: set[str] = set()
    frames = frames or frame_of_each(data, path)
    for frame, value in zip(frames, data, strict=True):
        for number, pose in enumerate(_poses(value, unread, path, frame)):
            where = f'frame {frame}, person {number}'
            if not isinstance(pose, list) or len(pose) != 33:
                refuse(path, where, 'expected a list of 33 landmarks')
            rows = [_landmark(mark, path, where, unread) for mark in pose]
            found.append((frame, where, to_rows(rows, path, where)))
    scores = np.array([points[:, 2] for _, _, points in found])
    if (
        scores.size and (scores < 0).mean() > LOGITS
    ):  # as the network gives them
        warn(path, 'visibilities are below 0, so they are taken as logits')
        for _, _, points in found:
            points[:, 2] = 1 / (1 + np.exp(-points[:, 2].clip(-50, 50)))
    people = [
        Person(frame, None, clean(points, path, where))
        for frame, where, points in found
    ]
    warn_unread(path, 'keys', unread)
    return People('mediapipe', people, 'mediapipe33')


def _poses(value: Any, unread: set[str], path: Path, frame: int) -> list[Any]:
    while isinstance(value, dict):
        unread |= value.keys() - _KNOWN
        key = next((k for k in KEYS if k in value), None)
        value = value[key] if key else None
    if value is not None and not isinstance(value, list):
        refuse(path, f'frame {frame}', 'expected a list of landmarks')
    poses = [
        pose.get('landmark')
        if isinstance(pose, dict) and 'landmark' in pose
        else pose
        for pose in value or []
    ]
    several = bool(poses) and isinstance(poses[0], list)
    several = several and not isinstance((poses[0] or [0])[0], (int, float))
    return poses if several else [poses] if poses else []


def _landmark(
    mark: Any, path: Path, where: str, unread: set[str]
) -> list[Any]:
    if isinstance(mark, list) and len(mark) >= 4:
        return [mark[0], mark[1], mark[3]]
    if not isinstance(mark, dict) or not {'x', 'y'} <= mark.keys():
        refuse(
            path,
            where,
            f"expected landmarks with 'x' and 'y' (got {shown(mark)})",
        )
    unread |= mark.keys() - {'x', 'y', 'z', 'visibility', 'presence', 'name'}
    return [mark['x'], mark['y'], mark.get('visibility', 1.0)]


def _depth(value: Any) -> int:
    depth = 0
    while isinstance(value, list) and value:
        value, depth = value[0], depth + 1
    return depth
