r"""The path of the root through the scene."""

import numpy as np
from scipy.linalg import solveh_banded

from pyg_hcsf.lifting.smoothing.bands import difference_penalty, penalty_of
from pyg_hcsf.lifting.smoothing.networks import BandGains

#: Standard deviations in mm of the root across and along its ray, as a pose
#: and keypoints give it: a size that is wrong by 5 % changes the distance by
#: 5 %, but hardly the direction. Of 400, 200 and 100 along the ray, the last
#: has the lowest error of the root on people for choices.
ACROSS, ALONG = 40.0, 100.0
#: mm/s, the speed of a foot that stands, as far as poses tell: the root need
#: not follow each of their errors.
STILL = 50.0
#: Hz and mm: how fast and how far the root departs from the first estimate.
CUTOFF, DEPART = 0.7, 100.0


def smooth_depth(
    root: np.ndarray, weight: np.ndarray, fps: float, gains: BandGains
) -> np.ndarray:
    r"""Smooths the distance of the root from the camera, on its rays.

    Args:
        root (numpy.ndarray): The root in the camera frame in mm: ``[T, 3]``.
        weight (numpy.ndarray): The weight of each frame: ``[T]``.
        fps (float): Frames per second.
        gains (BandGains): The network for logarithms of distances.
    """
    distance = np.linalg.norm(root, axis=-1)
    smooth = gains.smooth(
        np.log(distance)[:, None, None], weight[:, None], fps
    )
    return root / distance[:, None] * np.exp(smooth[:, 0])


def fit_root(
    root: np.ndarray, feet: np.ndarray, standing: np.ndarray, fps: float
) -> np.ndarray:
    r"""Moves the root so that feet that stand do not slide.

    The sum of squares, each relative to its standard deviation, of the
    departure from the given root across and along its ray, of the second
    differences of the departure, and of the speeds of standing feet is
    minimised: a linear system with a band of width 6, solved in linear time.

    Args:
        root (numpy.ndarray): The root in the camera frame in mm: ``[T, 3]``.
        feet (numpy.ndarray): Ankles relative to the root: ``[T, F, 3]``.
        standing (numpy.ndarray): How sure it is that each foot stands from a
            frame to the next, 0 to 1: ``[T - 1, F]``.
        fps (float): Frames per second.
    """
    frames = len(root)
    if frames < 3:
        return root
    second = 1 / fps  # sums over frames become integrals over time
    ray = root / np.linalg.norm(root, axis=-1, keepdims=True)
    along = ray[:, :, None] * ray[:, None]
    fidelity = along / ALONG**2 + (np.eye(3) - along) / ACROSS**2
    fidelity = fidelity * second
    still = (fps / STILL) ** 2 * second * standing  # [T - 1, F]
    rough = penalty_of(CUTOFF, fps, 2) * second / DEPART**2
    bend = difference_penalty(np.full(frames - 2, rough), 2)
    hold = difference_penalty(still.sum(axis=1), 1)
    # Unknown 3 t + i is coordinate i at time t, so a frame is 3 columns.
    matrix = np.zeros((7, 3 * frames))
    for i in range(3):
        matrix[6, i::3] = bend[2] + hold[1] + fidelity[:, i, i]
        matrix[3, i::3] = bend[1] + hold[0]
        matrix[0, i::3] = bend[0]
        for j in range(i):
            matrix[6 - (i - j), i::3] += fidelity[:, j, i]
    slide = np.diff(root[:, None] + feet, axis=0)  # [T - 1, F, 3]
    pull = (still[..., None] * slide).sum(axis=1)
    target = np.zeros((frames, 3))
    target[1:] -= pull
    target[:-1] += pull
    return root + solveh_banded(matrix, target.ravel()).reshape(frames, 3)
