r"""Joints in rows of numbers without names: ``x0, y0, x1, ...`` or
``x0, y0, c0, x1, ...``, and ``x0, y0, z0, v0, x1, ...`` of MediaPipe.
"""

import numpy as np

from pyg_hcsf.keypoints.detections import JOINT_COUNTS
from pyg_hcsf.keypoints.messages import IS_3D, file_error, unexpected

#: x and y are 3D if so many are negative, as those of MediaPipe's world
#: landmarks, which are around the hips.
MAX_NEGATIVE = 0.2
#: Third coordinates are no confidences if so many are negative, or if half of
#: them are larger than percents.
MIN_NEGATIVE, MAX_SCORE = 0.02, 100
MEDIAPIPE = 33  # joints, the only ones of images that have a depth


def find_width(numbers: int) -> int | None:
    r"""How many of the numbers of a row belong to each joint, if the joints
    are as many as those of one layout.
    """
    found = [
        width
        for width in (2, 3, 4)
        if numbers % width == 0
        and numbers // width in (JOINT_COUNTS if width < 4 else (MEDIAPIPE,))
    ]
    return found[0] if len(found) == 1 else None


def split_rows(rows: np.ndarray, where: str = '') -> np.ndarray:
    r"""Rows ``[R, C]`` as joints of x, y and confidence ``[R, N, 3]``.

    Raises:
        ValueError: If the numbers are not of the joints of one layout.
    """
    width = find_width(rows.shape[1])
    if width is None:
        counts = ', '.join(map(str, JOINT_COUNTS))
        raise unexpected(
            f'two or three numbers for each of {counts} joints in a row',
            rows.shape[1],
            where,
            'name the columns, such as frame, nose_x, nose_y, nose_score',
        )
    joints = rows.reshape(len(rows), -1, width).astype(np.float64)
    if width == 3 and not are_scores(joints[..., 2]):
        check_depth(joints[..., :2], joints[..., 2], where)
        joints = joints[..., :2]  # of MediaPipe, without visibility
    if joints.shape[2] == 2:
        known = (joints != 0).any(axis=-1, keepdims=True)
        return np.concatenate([joints, known], axis=-1)
    return joints[..., [0, 1, -1]]


def are_scores(values: np.ndarray) -> bool:
    r"""Whether numbers are confidences, maybe in percent, and no depths:
    hardly any is negative, and most are not large.
    """
    seen = values[np.isfinite(values)]
    if not seen.size:
        return True
    negative = float((seen < 0).mean())
    small = float(np.median(seen)) <= MAX_SCORE or seen.max() <= 100
    return negative <= MIN_NEGATIVE and bool(small)


def check_depth(xy: np.ndarray, z: np.ndarray, where: str = '') -> None:
    r"""Raises an error if joints of x and y ``[*, N, 2]`` and z ``[*, N]``
    are 3D positions, and not those of MediaPipe in an image.
    """
    seen = np.isfinite(xy).all(axis=-1) & np.isfinite(z)
    if not seen.any() or np.ptp(z[seen]) == 0:  # it is a placeholder
        return
    inside = (xy[seen] >= 0).all(axis=-1) & (xy[seen] <= 1).all(axis=-1)
    negative = (xy[seen] < 0).any(axis=-1).mean()
    usual = z.shape[-1] == MEDIAPIPE or inside.mean() > 0.9
    if negative > MAX_NEGATIVE or not usual:
        raise file_error(IS_3D, where)
