r"""Converts the outputs of MoveNet's networks, which scripts save as they are.

A frame is ``[1, 1, 17, 3]`` of one person (Lightning and Thunder): y, x and
score of each joint in fractions of the network's input; or ``[1, 6, 56]`` of
six people (MultiPose): the same, then the box and the score of each person.
"""

import numpy as np

from pyg_hcsf.keypoints.messages import warn

SINGLE, MULTIPLE = (1, 1, 17, 3), (1, 6, 56)
MIN_SCORE = 0.25  # of a person, as in TensorFlow.js


def joints_of(output: np.ndarray) -> np.ndarray | None:
    r"""The people ``[T, P, 17, 3]`` with x before y, if the shape is that of
    an output in each frame.
    """
    if output.dtype.kind != 'f' or output.shape[1:] not in (SINGLE, MULTIPLE):
        return None
    joints = rows = output[:, 0]
    if output.shape[1:] == MULTIPLE:
        joints = rows[..., :51].reshape(-1, 6, 17, 3).copy()
        joints[rows[..., 55] < MIN_SCORE] = 0.0
    warn(
        'it is read as the output of MoveNet, y before x, in fractions of '
        "its input: if this was padded to a square, 'image_size' is that "
        'of the square in pixels'
    )
    return joints[..., [1, 0, 2]]
