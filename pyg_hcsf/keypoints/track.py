from __future__ import annotations

from dataclasses import dataclass
from typing import Optional

import numpy as np


@dataclass(frozen=True, eq=False)
class Track:
    r"""The 2D keypoints of one person through a video.

    Args:
        name (str): The id of the person.
        frames (numpy.ndarray): The numbers of the frames in which the person
            was seen, ascending: ``[T]``.
        xy (numpy.ndarray): Pixels, x to the right and y down, NaN where a
            joint is missing: ``[T, N, 2]``.
        score (numpy.ndarray): Confidence between 0 and 1, 0 where a joint is
            missing, 1 where the format has none: ``[T, N]``.
    """

    name: str
    frames: np.ndarray
    xy: np.ndarray
    score: np.ndarray


@dataclass(frozen=True, eq=False)
class Keypoints:
    r"""The 2D keypoints of a video, as :func:`read_keypoints` gives them.

    Args:
        layout (str): The name of the skeleton whose joints they are, see
            :func:`~pyg_hcsf.available_skeletons`.
        tracks (tuple[Track, ...]): The people.
        source (str): The format they were read from.
        image_size (tuple[float, float], optional): Width and height of the
            image in pixels, if known. (default: :obj:`None`)
        fps (float, optional): Frames per second, if known.
            (default: :obj:`None`)
    """

    layout: str
    tracks: tuple[Track, ...]
    source: str
    image_size: Optional[tuple[float, float]] = None
    fps: Optional[float] = None
