r"""What files of MPI-INF-3DHP hold."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from pyg_hcsf.datasets.human36m.reader import MAX_MM, MIN_DEPTH
from pyg_hcsf.geometry.camera import Camera

#: The 28 joints of training files, as the data set calls them.
JOINTS28 = (
    *('spine3', 'spine4', 'spine2', 'spine', 'pelvis'),
    *('neck', 'head', 'head_top'),
    *('left_clavicle', 'left_shoulder', 'left_elbow'),
    *('left_wrist', 'left_hand'),
    *('right_clavicle', 'right_shoulder', 'right_elbow'),
    *('right_wrist', 'right_hand'),
    *('left_hip', 'left_knee', 'left_ankle', 'left_foot', 'left_toe'),
    *('right_hip', 'right_knee', 'right_ankle', 'right_foot', 'right_toe'),
)
#: The 17 "relevant" ones of them, of which test files consist
#: (``mpii_get_joints.m``).
RELEVANT17_OF_28 = (
    *(7, 5, 14, 15, 16, 9, 10, 11),  # head top, neck, right and left arm
    *(23, 24, 25, 18, 19, 20),  # right and left leg
    *(4, 3, 6),  # pelvis, spine, head
)
#: Those in Human3.6M's order. The neck stands for its thorax, the head for
#: its neck/nose, the top of the head for its head.
H36M17_OF_RELEVANT17 = (
    *(14, 8, 9, 10, 11, 12, 13, 15, 1, 16, 0),
    *(5, 6, 7, 2, 3, 4),
)
PELVIS_OF_28, PELVIS_OF_17 = 4, 14

TRAIN_SUBJECTS = tuple(f'S{number}' for number in range(1, 9))
TEST_SUBJECTS = tuple(f'TS{number}' for number in range(1, 7))
NUM_CAMERAS = 14
#: Those at the height of a chest; the others look down from the ceiling.
CAMERAS = (0, 1, 2, 4, 5, 6, 7, 8)

#: Frames of the videos and their rate; annotations may go on.
TRAIN_SEQUENCES = {
    **{'S1 Seq1': (6416, 25.0), 'S1 Seq2': (12430, 50.0)},
    **{'S2 Seq1': (6502, 25.0), 'S2 Seq2': (6081, 25.0)},
    **{'S3 Seq1': (12488, 50.0), 'S3 Seq2': (12283, 50.0)},
    **{'S4 Seq1': (6171, 25.0), 'S4 Seq2': (6675, 25.0)},
    **{'S5 Seq1': (12820, 50.0), 'S5 Seq2': (12312, 50.0)},
    **{'S6 Seq1': (6188, 25.0), 'S6 Seq2': (6145, 25.0)},
    **{'S7 Seq1': (6239, 25.0), 'S7 Seq2': (6320, 25.0)},
    **{'S8 Seq1': (6468, 25.0), 'S8 Seq2': (6054, 25.0)},
}


class EvaluatedSequence(NamedTuple):
    r"""What is published of a test sequence.

    Args:
        frames (int): Its frames.
        valid (int): Those of them that are evaluated.
        scene (str): :obj:`'GS'` in front of a green screen, :obj:`'noGS'` in
            the same studio without, or :obj:`'Outdoor'`.
        camera (Camera): Its camera.
    """

    frames: int
    valid: int
    scene: str
    camera: Camera


# Peers list one camera for TS1 to TS4 and one for TS5 and TS6 (SRNet,
# ``get_mpi_inf.py:21-26``). They are those of the files *.calib that come with
# the test set: 7.32506 mm and (-0.0322884, 0.0929296) mm from the middle of a
# sensor of 10 mm with 2048 pixels are 1500.17 px at (1017.39, 1043.03);
# 8.770747185 mm and (-0.104908645, 0.104899704) mm of 10 and 5.625 mm with
# 1920 x 1080 are 1683.98 px at (939.86, 560.14), times 0.993236 in y.
_STUDIO = (1500.0686, 1500.6591), (1017.3795, 1043.0628)
_OUTDOOR = (1683.4826, 1671.9272), (939.9278, 560.2072)
# TS2 has another: its keypoints are 0.26 px from the projections by this one
# and 4.41 px from those by that of TS1, on average.
_TS2 = (1503.78, 1501.27), (1015.24, 1038.68)

#: The cameras of TS3 and TS4 could not be compared with keypoints; readers
#: check all of them, see :func:`~pyg_hcsf.geometry.calibrate.refine_pinhole`.
TEST_SEQUENCES = {
    name: EvaluatedSequence(frames, valid, scene, Camera(name, *size, *lens))
    for name, frames, valid, scene, size, lens in (
        ('TS1', 6151, 603, 'GS', (2048, 2048), _STUDIO),
        ('TS2', 6080, 540, 'GS', (2048, 2048), _TS2),
        ('TS3', 5838, 505, 'noGS', (2048, 2048), _STUDIO),
        ('TS4', 6007, 553, 'noGS', (2048, 2048), _STUDIO),
        ('TS5', 320, 276, 'Outdoor', (1920, 1080), _OUTDOOR),
        ('TS6', 492, 452, 'Outdoor', (1920, 1080), _OUTDOOR),
    )
}
SCENES = ('GS', 'noGS', 'Outdoor')
#: The universal poses of the second release of TS6 have other knees and
#: ankles than the metric ones, which the keypoints show (margipose,
#: ``preprocess.py``). Here are the ends of these joints' names.
UNLIKE = {'TS6': ('Knee', 'Ankle', 'Foot')}

FRAMES_LIMIT = 2**17  # of a sequence; the longest has a tenth of that
#: Numbers per joint of each annotation.
WIDTHS = {'annot2': 2, 'annot3': 3, 'univ_annot3': 3}


class Annotation(NamedTuple):
    r"""What one camera saw.

    Args:
        keypoints (numpy.ndarray): :obj:`[T, N, 2]` in pixels.
        metric (numpy.ndarray): The person in the camera's frame in
            millimetres: :obj:`[T, N, 3]`.
        universal (numpy.ndarray): Likewise, scaled to the size of the
            universal skeleton.
        valid (numpy.ndarray): Which frames are to be evaluated: :obj:`[T]`.
    """

    keypoints: np.ndarray
    metric: np.ndarray
    universal: np.ndarray
    valid: np.ndarray


def check_annotation(seen: Annotation, where: str) -> None:
    r"""Refuses frames that are to be evaluated and hold no pose of a person
    in front of the camera.

    Args:
        seen (Annotation): What a camera saw.
        where (str): What errors call it.

    Raises:
        ValueError: If there is a number that is not finite or beyond a
            kilometre, or a joint behind the camera.
    """
    for key, array in seen._asdict().items():
        if key == 'valid':
            continue
        values = array[seen.valid]
        with np.errstate(invalid='ignore'):
            bad = ~(np.abs(values) <= MAX_MM).all(axis=(1, 2))
            if key == 'metric':
                bad |= ~(values[..., 2] > MIN_DEPTH).all(axis=1)
        if bad.any():
            frame = np.flatnonzero(seen.valid)[bad.argmax()]
            raise ValueError(
                f'{where} has {key} that are no pose in front of it in '
                f'{int(bad.sum())} frames, the first of them frame {frame}'
            )


def to_float32(array: np.ndarray) -> np.ndarray:
    r"""Converts numbers; those that are too large become infinite, for
    :func:`check_annotation` to find.
    """
    with np.errstate(over='ignore', invalid='ignore'):
        return array.astype(np.float32, copy=False)
