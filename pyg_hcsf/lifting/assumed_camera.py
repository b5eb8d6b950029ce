r"""The camera of a video, with assumptions for unknown parameters."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor

from pyg_hcsf.choices import wrong
from pyg_hcsf.geometry.camera import Camera
from pyg_hcsf.geometry.root_ray import FOCAL_PER_SIDE, guess_camera
from pyg_hcsf.keypoints import Keypoints

Focal = float | tuple[float, float]

#: Common video sizes, in ascending order; portrait sizes are tried too.
_SIZES = ((640, 480), (1280, 720), (1920, 1080), (2560, 1440), (3840, 2160))


class AssumedCamera(NamedTuple):
    r"""The camera of a video.

    Args:
        focal (torch.Tensor): ``[2]`` in pixels.
        center (torch.Tensor): ``[2]`` in pixels.
        image_size (tuple[float, float]): Width and height in pixels.
        notes (tuple[str, ...]): A sentence for each assumption.
        lens (Camera, optional): The model of the lens distortion, if any.
            (default: :obj:`None`)
    """

    focal: Tensor
    center: Tensor
    image_size: tuple[float, float]
    notes: tuple[str, ...]
    lens: Camera | None = None


def assume_camera(
    image_size: tuple[float, float] | None,
    focal: Focal | None = None,
    center: tuple[float, float] | None = None,
    distortion: Sequence[float] | None = None,
) -> AssumedCamera:
    r"""The camera of a video. Unknown parameters are taken from
    :func:`~pyg_hcsf.geometry.guess_camera`.

    Args:
        image_size (tuple, optional): Width and height in pixels; may be
            :obj:`None` if :obj:`focal` and :obj:`center` are given.
        focal (float or tuple, optional): The focal length in pixels, or
            those of both axes. (default: :obj:`None`)
        center (tuple, optional): The principal point in pixels.
            (default: :obj:`None`)
        distortion (sequence, optional): OpenCV's :math:`k_1, k_2, p_1, p_2`
            and optionally :math:`k_3`. (default: :obj:`None`)

    Raises:
        ValueError: If a value is not positive, or one that is needed is
            missing.
    """
    both = _focal_lengths(focal)
    if not all(np.isfinite(v) and 0 < v <= 1e6 for v in (image_size or ())):
        raise wrong('image_size', 'positive pixels', image_size)
    if center is not None and not np.isfinite(center).all():
        raise wrong('center', 'pixels', center)
    if image_size is None:
        if both is None or center is None:
            raise ValueError(
                "Expected 'image_size', width and height in pixels, unless "
                "'focal' and 'center' are given"
            )
        image_size = (2 * center[0], 2 * center[1])
    guessed_focal, guessed_center = guess_camera(image_size)
    notes = []
    if both is None:
        notes.append(
            f'Focal length taken as {float(guessed_focal[0]):.0f} px, '
            f'{FOCAL_PER_SIDE:g} times the longer side of the image.'
        )
        both = tuple(guessed_focal.tolist())
    middle = tuple(guessed_center.tolist()) if center is None else center
    lens = None
    if distortion is not None:
        if focal is None:
            raise ValueError(
                "Expected 'focal' with 'distortion': both are of one "
                'calibration (got focal=None)'
            )
        lens = _lens(distortion, both, middle)
    return AssumedCamera(
        focal=torch.tensor(both, dtype=torch.float64),
        center=torch.tensor(middle, dtype=torch.float64),
        image_size=image_size,
        notes=tuple(notes),
        lens=lens,
    )


def _focal_lengths(focal: Focal | None) -> tuple[float, float] | None:
    if focal is None:
        return None
    both = np.asarray(focal, np.float64)
    if both.shape not in ((), (2,)) or not (
        np.isfinite(both).all() and (both > 0).all() and (both <= 1e6).all()
    ):
        raise wrong('focal', 'one or two positive numbers of pixels', focal)
    x, y = np.broadcast_to(both, 2).tolist()
    return x, y


def _lens(
    distortion: Sequence[float],
    focal: tuple[float, float],
    center: tuple[float, float],
) -> Camera:
    values = np.asarray(distortion, np.float64)
    if values.shape not in ((4,), (5,)) or not np.isfinite(values).all():
        raise ValueError(
            "Expected 'distortion' to be the 4 or 5 numbers k1, k2, p1, p2 "
            f'and k3 of OpenCV (got {tuple(distortion)}); a fisheye lens '
            'needs another model: undistort its keypoints first'
        )
    k1, k2, p1, p2, k3 = [*values.tolist(), 0.0][:5]
    # undistort() does not use the image size of 1 x 1.
    return Camera('lens', 1, 1, focal, center, (k1, k2, k3), (p1, p2))


def guess_image_size(keypoints: Keypoints) -> tuple[float, float]:
    r"""The smallest common video size that contains 99.9 % of the keypoints,
    or their extent if there is none.
    """
    points = [track.xy[track.score > 0] for track in keypoints.tracks]
    xy = np.concatenate([np.zeros((1, 2)), *points])
    xy = xy[np.isfinite(xy).all(axis=1)]
    far = np.quantile(xy, 0.999, axis=0, method='lower')
    for wide, high in _SIZES:
        if far[0] <= wide and far[1] <= high:
            return (wide, high)
        if far[0] <= high and far[1] <= wide:
            return (high, wide)
    return (float(far[0]), float(far[1]))
