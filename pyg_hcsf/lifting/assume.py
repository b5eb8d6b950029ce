r"""What is assumed of a video where nothing is said."""

from __future__ import annotations

from typing import NamedTuple, Optional

import numpy as np
import torch
from torch import Tensor

from pyg_hcsf.geometry.root_ray import FOCAL_PER_SIDE, guess_camera
from pyg_hcsf.io.keypoints import Keypoints

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
    """

    focal: Tensor
    center: Tensor
    image_size: tuple[float, float]
    notes: tuple[str, ...]


def assume_camera(
    image_size: Optional[tuple[float, float]],
    focal: Optional[float] = None,
    center: Optional[tuple[float, float]] = None,
) -> Assumed:
    r"""The camera of a video: what is known of it, and else
    :func:`~pyg_hcsf.geometry.guess_camera`.

    Args:
        image_size (tuple, optional): Width and height in pixels; may be
            :obj:`None` if the rest is known.
        focal (float, optional): The focal length in pixels.
            (default: :obj:`None`)
        center (tuple, optional): The principal point in pixels.
            (default: :obj:`None`)

    Raises:
        ValueError: If a value is not positive, or too little is known.
    """
    values = (*(image_size or ()), *(() if focal is None else (focal,)))
    if not all(np.isfinite(v) and 0 < v <= 1e6 for v in values):
        raise ValueError(
            "Expected 'image_size' and 'focal' to be positive pixels (got "
            f'{image_size} and {focal})'
        )
    if center is not None and not np.isfinite(center).all():
        raise ValueError(f"Expected 'center' to be pixels (got {center})")
    if image_size is None:
        if focal is None or center is None:
            raise ValueError(
                "Expected 'image_size', width and height in pixels, unless "
                "'focal' and 'center' are given"
            )
        image_size = (2 * center[0], 2 * center[1])
    guess = guess_camera(image_size)
    notes = []
    if focal is None:
        notes.append(
            f'Focal length taken as {float(guess[0][0]):.0f} px, '
            f'{FOCAL_PER_SIDE:g} times the longer side of the image.'
        )
    else:
        guess = (torch.full((2,), float(focal), dtype=torch.float64), guess[1])
    if center is not None:
        guess = (guess[0], torch.tensor(center, dtype=torch.float64))
    return Assumed(*guess, image_size, tuple(notes))


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
