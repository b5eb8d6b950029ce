r"""Reads landmarks of MediaPipe Pose that were saved as JSON.

A file is a list with an entry for each frame: a list of 33 landmarks, a list
of such lists for several people, a mapping that has one of these as
``pose_landmarks``, ``poseLandmarks`` or ``landmarks``, or nothing where
nobody was found. A landmark is a mapping of ``x`` and ``y``, as fractions of
the image size, and maybe ``visibility``, or a list of x, y, z and visibility.
Frames are numbered by keys such as ``frame``, if there are any.
"""

from typing import Any

import numpy as np

from pyg_hcsf.keypoints.detections import Detection, ParsedFile, parse_joints
from pyg_hcsf.keypoints.messages import (
    file_error,
    unexpected,
    warn,
    warn_unread,
)
from pyg_hcsf.keypoints.readers.frame_numbers import number_frames
from pyg_hcsf.keypoints.readers.json_frames import (
    FRAME_KEYS,
    TIME_KEYS,
    first_key,
    first_mapping,
    frame_numbers,
    is_frame_mapping,
)

KEYS = ('pose_landmarks', 'poseLandmarks', 'landmarks', 'landmark')
#: Visibilities are logits, and no probabilities, if so many are negative.
MIN_NEGATIVE = 0.01
_KNOWN_KEYS = {
    'pose_world_landmarks', 'poseWorldLandmarks', 'worldLandmarks',
    'world_landmarks', 'segmentation_mask', 'segmentationMask',
    'segmentationMasks', 'segmentation_masks', 'face_landmarks',
    'left_hand_landmarks', 'right_hand_landmarks', 'faceLandmarks',
    'leftHandLandmarks', 'rightHandLandmarks', 'image', 'za', 'ea',
    'multiFaceGeometry', *KEYS, *FRAME_KEYS, *TIME_KEYS,
}  # fmt: skip
_LANDMARK_KEYS = {'x', 'y', 'z', 'visibility', 'presence', 'name'}


def matches(data: Any) -> bool:
    r"""Whether parsed JSON is of landmarks of MediaPipe Pose."""
    first = first_mapping(data)
    key = first_key(first, KEYS)
    if key is None:
        return {'x', 'y'} <= first.keys()
    # Other formats have a mapping from names to landmarks.
    return not isinstance(first[key], dict) or 'landmark' in first[key]


def read(data: Any) -> ParsedFile:
    r"""Reads the people of a video or an image."""
    frames = None
    if is_frame_mapping(data):
        frames, data = number_frames(list(data)), list(data.values())
    if isinstance(data, dict):
        data = [data]
        inner = data[0].get('landmarks')  # of a list of frames, or one image
        if not first_key(data[0], FRAME_KEYS) and _is_nested(inner):
            data = inner
    if data and isinstance(data[0], dict) and {'x', 'y'} <= data[0].keys():
        data = [data]
    people = []
    unread: set[str] = set()
    for frame, value in zip(frames or frame_numbers(data), data, strict=True):
        for number, pose in enumerate(_find_poses(value, frame, unread)):
            where = f'frame {frame}, person {number}'
            if not isinstance(pose, list) or len(pose) != 33:
                raise file_error('expected a list of 33 landmarks', where)
            rows = [_parse_landmark(mark, where, unread) for mark in pose]
            joints = parse_joints(rows, where)
            people.append(Detection(frame, None, joints, where=where))
    scores = np.array([d.joints[:, 2] for d in people])
    if scores.size and (scores < 0).mean() > MIN_NEGATIVE:
        warn('visibilities are below 0, so they are taken as logits')
        for d in people:
            # The logistic function, without overflow of the exponential.
            d.joints[:, 2] = 1 / (1 + np.exp(-d.joints[:, 2].clip(-50, 50)))
    warn_unread('keys', unread)
    return ParsedFile('mediapipe', people, 'mediapipe33')


def _is_nested(value: Any) -> bool:
    r"""Whether there are three lists around the first value."""
    for _ in range(3):
        if not isinstance(value, list) or not value:
            return False
        value = value[0]
    return True


def _find_poses(value: Any, frame: int, unread: set[str]) -> list[Any]:
    r"""The lists of landmarks in a frame."""
    while isinstance(value, dict):
        unread |= value.keys() - _KNOWN_KEYS
        key = next((k for k in KEYS if k in value), None)
        value = value[key] if key else None
    if value is not None and not isinstance(value, list):
        raise file_error('expected a list of landmarks', f'frame {frame}')
    poses = [
        pose['landmark']
        if isinstance(pose, dict) and 'landmark' in pose
        else pose
        for pose in value or []
    ]
    if not poses:
        return []
    first = poses[0]
    if not isinstance(first, list) or isinstance(
        (first or [0])[0], (int, float)
    ):
        return [poses]  # the landmarks of one person
    return poses


def _parse_landmark(mark: Any, where: str, unread: set[str]) -> list[Any]:
    r"""x, y and visibility."""
    if isinstance(mark, list) and len(mark) >= 4:
        return [mark[0], mark[1], mark[3]]
    if not isinstance(mark, dict) or not {'x', 'y'} <= mark.keys():
        raise unexpected("landmarks with 'x' and 'y'", mark, where)
    unread |= mark.keys() - _LANDMARK_KEYS
    return [mark['x'], mark['y'], mark.get('visibility', 1.0)]
