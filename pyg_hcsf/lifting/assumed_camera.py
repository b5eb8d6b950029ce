r"""What is assumed of a video where nothing is said."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple, Optional, Union

import numpy as np
import torch
from torch import Tensor

from pyg_hcsf.geometry.camera import Camera
from pyg_hcsf.geometry.root_ray import FOCAL_PER_SIDE, guess_camera
from pyg_hcsf.keypoints import Keypoints

Focal = Union[float, tuple[float, float]]

#: Common sizes of video, the smaller first, all also on their side.
_SIZES = ((640, 480), (1280, 720), (1920, 1080), (2560, 1440), (3840, 2160))

#: Layouts whose joints are where motion capture puts them; all others are
#: where those who labelled images for a detector put them.
MOCAP_LAYOUTS = ('h36m17', 'h36m16', 'mpi_inf_3dhp17')


class Assumed(NamedTuple):
    r"""The camera of a video.

    Args:
        focal (torch.Tensor): ``[2]`` in pixels.
        center (torch.Tensor): ``[2]`` in pixels.
        image_size (tuple[float, float]): Width and height in pixels.
        notes (tuple[str, ...]): A sentence for each thing that was not
            known.
        lens (Camera, optional): What undoes its distortion.
            (default: :obj:`None`, there is none)
    """

    focal: Tensor
    center: Tensor
    image_size: tuple[float, float]
    notes: tuple[str, ...]
    lens: Optional[Camera] = None


def assume_camera(
    image_size: Optional[tuple[float, float]],
    focal: Optional[Focal] = None,
    center: Optional[tuple[float, float]] = None,
    distortion: Optional[Sequence[float]] = None,
) -> Assumed:
    r"""The camera of a video: what is known of it, and else
    :func:`~pyg_hcsf.geometry.guess_camera`.

    Args:
        image_size (tuple, optional): Width and height in pixels; may be
            :obj:`None` if the rest is known.
        focal (float or tuple, optional): The focal length in pixels, or
            those of both axes. (default: :obj:`None`)
        center (tuple, optional): The principal point in pixels.
            (default: :obj:`None`)
        distortion (sequence, optional): OpenCV's :math:`k_1, k_2, p_1, p_2`
            and perhaps :math:`k_3`. (default: :obj:`None`)

    Raises:
        ValueError: If a value is not positive, or too little is known.
    """
    both = _focal_lengths(focal)
    if not all(np.isfinite(v) and 0 < v <= 1e6 for v in (image_size or ())):
        raise ValueError(
            f"Expected 'image_size' to be positive pixels (got {image_size})"
        )
    if center is not None and not np.isfinite(center).all():
        raise ValueError(f"Expected 'center' to be pixels (got {center})")
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
    return Assumed(
        torch.tensor(both, dtype=torch.float64),
        torch.tensor(middle, dtype=torch.float64),
        *(image_size, tuple(notes), lens),
    )


def _focal_lengths(focal: Optional[Focal]) -> Optional[tuple[float, float]]:
    if focal is None:
        return None
    both = np.asarray(focal, np.float64)
    if both.shape not in ((), (2,)) or not (
        np.isfinite(both).all() and (both > 0).all() and (both <= 1e6).all()
    ):
        raise ValueError(
            "Expected 'focal' to be one or two positive numbers of pixels "
            f'(got {focal})'
        )
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
            f'and k3 of OpenCV (got {tuple(distortion)}); the model of a '
            'fisheye has others: undistort its keypoints first'
        )
    k1, k2, p1, p2, k3 = [*values.tolist(), 0.0][:5]
    # The image is not asked for its size.
    return Camera('lens', 1, 1, focal, center, (k1, k2, k3), (p1, p2))


def guess_image_size(keypoints: Keypoints) -> tuple[float, float]:
    r"""The smallest common size of video that all but a thousandth of the
    keypoints lie in, or, if none is large enough, their own extent.

    Example:
        >>> guess_image_size(keypoints)  # seen up to (1700, 900)
        (1920, 1080)
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


def guess_family(layout: str) -> str:
    r"""The layout of the weights for a layout of keypoints.

    Example:
        >>> guess_family('body25')
        'coco17'
    """
    return 'h36m17' if layout in MOCAP_LAYOUTS else 'coco17'
