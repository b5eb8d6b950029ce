from __future__ import annotations

from dataclasses import dataclass
from typing import Optional

import numpy as np

from pyg_hcsf.io.keypoints import Track


@dataclass(frozen=True, eq=False)
class PoseSequence:
    r"""The 3D poses of one person through a video.

    Args:
        name (str): The id of the person.
        skeleton (str): The name of the skeleton whose joints they are.
        frames (numpy.ndarray): The numbers of the frames, ascending:
            ``[T]``.
        pose (numpy.ndarray): Joints in millimetres, the root at the origin:
            ``[T, N, 3]``.
        axes (str): :obj:`"camera"`: x to the right, y down, z away from the
            camera; :obj:`"world"`: z up, x and y on the ground.
        fps (float, optional): Frames per second, if known.
            (default: :obj:`None`)
        uncertainty (numpy.ndarray, optional): The expected error of each
            joint in millimetres: ``[T, N]``. (default: :obj:`None`)
        root (numpy.ndarray, optional): Where the root is in the same axes, in
            millimetres: ``[T, 3]``. (default: :obj:`None`)
        keypoints (Track, optional): What the poses were lifted from, the same
            frames. (default: :obj:`None`)
        layout (str, optional): The skeleton of :obj:`keypoints`.
            (default: :obj:`None`)
        image_size (tuple[float, float], optional): Width and height of the
            image in pixels. (default: :obj:`None`)
        note (str): What was assumed, such as the height of the person, in a
            sentence for the reader of the file. (default: :obj:`''`)
    """

    name: str
    skeleton: str
    frames: np.ndarray
    pose: np.ndarray
    axes: str = 'camera'
    fps: Optional[float] = None
    uncertainty: Optional[np.ndarray] = None
    root: Optional[np.ndarray] = None
    keypoints: Optional[Track] = None
    layout: Optional[str] = None
    image_size: Optional[tuple[float, float]] = None
    note: str = ''
