r"""Reads the :obj:`a*_s*_t*_skeleton.mat` files of UTD-MHAD."""

from __future__ import annotations

import re
from typing import NamedTuple

import numpy as np

from pyg_hcsf.safe_io.matlab import read_matlab
from pyg_hcsf.safe_io.shown import explained

UTD_MHAD_FILE = re.compile(r'a(\d+)_s(\d+)_t(\d+)_skeleton\.mat')
UTD_MHAD_FPS = 30.0
FILE_LIMIT = 2**20  # bytes; the largest real file has 29 kB
INFLATED_LIMIT = 2**23  # bytes of a compressed variable

# The order of Chen et al., "UTD-MHAD: A Multimodal Dataset for Human Action
# Recognition Utilizing a Depth Camera and a Wearable Inertial Sensor",
# ICIP 2015: action a1 is label 0.
UTD_MHAD_ACTIONS = (
    'swipe left', 'swipe right', 'wave', 'clap', 'throw', 'cross arms',
    'basketball shoot', 'draw x', 'draw circle (clockwise)',
    'draw circle (counter clockwise)', 'draw triangle', 'bowling',
    'boxing', 'baseball swing', 'tennis swing', 'arm curl', 'tennis serve',
    'push', 'knock', 'catch', 'pick up and throw', 'jog', 'walk',
    'sit to stand', 'stand to sit', 'lunge', 'squat',
)  # fmt: skip
UTD_MHAD_SUBJECTS = tuple(range(1, 9))


class UTDMHADClip(NamedTuple):
    r"""A clip of UTD-MHAD."""

    #: The 20 joints of Kinect v1 [T, 20, 3] in metres, with x to the left of
    #: the sensor, y up and z away from it.
    joints: np.ndarray
    label: int  #: the action, from 0
    subject: int  #: from 1
    take: int  #: the repetition, from 1


def read_utd_mhad(content: bytes, name: str, where: str = '') -> UTDMHADClip:
    r"""Reads one :obj:`a<action>_s<subject>_t<take>_skeleton.mat`.

    Args:
        content (bytes): The file, in MATLAB's format 5 with :obj:`d_skel` of
            shape :obj:`[20, 3, T]` in metres.
        name (str): The name of the file, without folders.
        where (str, optional): The path of the file for error messages.
            (default: :obj:`name`)

    Raises:
        ValueError: If the name has another form, the action or the subject is
            out of range, or the content is damaged, empty or not finite.
    """
    where = where or name
    match = UTD_MHAD_FILE.fullmatch(name)
    if match is None:
        raise ValueError(
            f"Expected the name '{where}' to be of the form "
            'a<action>_s<subject>_t<take>_skeleton.mat'
        )
    action, subject, take = map(int, match.groups())
    if not 1 <= action <= len(UTD_MHAD_ACTIONS):
        raise ValueError(
            f'Expected an action from a1 to a{len(UTD_MHAD_ACTIONS)} in the '
            f"name of '{where}' (got a{action})"
        )
    if subject not in UTD_MHAD_SUBJECTS:
        raise ValueError(
            f"Expected a subject from s1 to s8 in the name of '{where}' (got "
            f's{subject})'
        )
    problem = (
        f"'{where}' is not a skeleton of UTD-MHAD, a MATLAB 5 file with "
        "finite 'd_skel' of shape [20, 3, T]"
    )
    with explained(problem, 'get it again or remove it'):
        joints = _read_skeleton(content)
    return UTDMHADClip(joints.transpose(2, 0, 1), action - 1, subject, take)


def _read_skeleton(content: bytes) -> np.ndarray:
    found = read_matlab(content, ['d_skel'], INFLATED_LIMIT)
    if 'd_skel' not in found:
        raise ValueError("no 'd_skel' in it")
    values = found['d_skel']
    if not isinstance(values, np.ndarray) or values.dtype.kind != 'f':
        raise ValueError("'d_skel' is not an array of real numbers")
    if values.ndim == 2:  # MATLAB drops the last dimension of one frame
        values = values[..., None]
    if values.shape[:-1] != (20, 3) or values.size == 0:
        raise ValueError(f"'d_skel' has shape {list(values.shape)}")
    if not np.isfinite(values).all():
        raise ValueError("'d_skel' is not finite")
    return values.astype(np.float64)
