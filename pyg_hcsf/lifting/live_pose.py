r"""One pose of a running video."""

from dataclasses import dataclass
from typing import Any

import numpy as np


@dataclass(frozen=True, eq=False)
class LivePose:
    r"""The pose of one person in one frame, in the axes of the camera and
    millimetres.

    Args:
        track (str): The id of the person.
        frame (int): The number of the frame.
        pose (numpy.ndarray): Joints relative to the root: ``[17, 3]``.
        root (numpy.ndarray): Position of the root: ``[3]``.
        uncertainty (numpy.ndarray): The expected error of each joint:
            ``[17]``.
    """

    track: str
    frame: int
    pose: np.ndarray
    root: np.ndarray
    uncertainty: np.ndarray

    def to_dict(self) -> dict[str, Any]:
        r"""The pose as for JSON, rounded to 0.1 mm."""
        data: dict[str, Any] = {'frame': self.frame, 'track': self.track}
        for key in ('pose', 'root', 'uncertainty'):
            data[key] = getattr(self, key).round(1).tolist()
        return data
