r"""Joints, cameras and sequences of MPI-INF-3DHP."""

from __future__ import annotations

from typing import NamedTuple

from pyg_hcsf.geometry.camera import Camera

#: The 28 joints of training files, by the names of the data set.
JOINTS28 = (
    'spine3', 'spine4', 'spine2', 'spine', 'pelvis',
    'neck', 'head', 'head_top',
    'left_clavicle', 'left_shoulder', 'left_elbow',
    'left_wrist', 'left_hand',
    'right_clavicle', 'right_shoulder', 'right_elbow',
    'right_wrist', 'right_hand',
    'left_hip', 'left_knee', 'left_ankle', 'left_foot', 'left_toe',
    'right_hip', 'right_knee', 'right_ankle', 'right_foot', 'right_toe',
)  # fmt: skip
#: The 17 "relevant" joints among them, which test files have
#: (``mpii_get_joints.m``).
RELEVANT17_OF_28 = (
    7, 5, 14, 15, 16, 9, 10, 11,  # head top, neck, right and left arm
    23, 24, 25, 18, 19, 20,  # right and left leg
    4, 3, 6,  # pelvis, spine, head
)  # fmt: skip
#: The relevant joints in Human3.6M's order. The neck replaces its thorax, the
#: head its neck/nose, and the top of the head its head.
H36M17_OF_RELEVANT17 = (
    14, 8, 9, 10, 11, 12, 13, 15, 1, 16, 0, 5, 6, 7, 2, 3, 4,
)  # fmt: skip
PELVIS_OF_28, PELVIS_OF_17 = 4, 14

TRAIN_SUBJECTS = tuple(f'S{number}' for number in range(1, 9))
TEST_SUBJECTS = tuple(f'TS{number}' for number in range(1, 7))
NUM_CAMERAS = 14
#: The cameras at chest height; the others look down from the ceiling.
CAMERAS = (0, 1, 2, 4, 5, 6, 7, 8)

#: Number and rate of the frames of each video; annotations may have more.
TRAIN_SEQUENCES = {
    'S1 Seq1': (6416, 25.0), 'S1 Seq2': (12430, 50.0),
    'S2 Seq1': (6502, 25.0), 'S2 Seq2': (6081, 25.0),
    'S3 Seq1': (12488, 50.0), 'S3 Seq2': (12283, 50.0),
    'S4 Seq1': (6171, 25.0), 'S4 Seq2': (6675, 25.0),
    'S5 Seq1': (12820, 50.0), 'S5 Seq2': (12312, 50.0),
    'S6 Seq1': (6188, 25.0), 'S6 Seq2': (6145, 25.0),
    'S7 Seq1': (6239, 25.0), 'S7 Seq2': (6320, 25.0),
    'S8 Seq1': (6468, 25.0), 'S8 Seq2': (6054, 25.0),
}  # fmt: skip


class EvaluatedSequence(NamedTuple):
    r"""The published facts about a test sequence."""

    frames: int
    valid: int  #: the number of frames that are evaluated
    #: :obj:`'GS'` with a green screen, :obj:`'noGS'` in the same studio
    #: without, or :obj:`'Outdoor'`.
    scene: str
    camera: Camera


# Published code has one camera for TS1 to TS4 and one for TS5 and TS6 (SRNet,
# ``get_mpi_inf.py:21-26``), from the files *.calib of the test set. With
# 7.32506 mm and (-0.0322884, 0.0929296) mm from the middle of a sensor of
# 10 mm with 2048 pixels, these are 1500.17 px at (1017.39, 1043.03); with
# 8.770747185 mm and (-0.104908645, 0.104899704) mm of 10 and 5.625 mm with
# 1920 x 1080 pixels, 1683.98 px at (939.86, 560.14), times 0.993236 in y.
_STUDIO = (1500.0686, 1500.6591), (1017.3795, 1043.0628)
_OUTDOOR = (1683.4826, 1671.9272), (939.9278, 560.2072)
# TS2 has another camera: its keypoints are on average 0.26 px from projections
# by this one, and 4.41 px from projections by the camera of TS1.
_TS2 = (1503.78, 1501.27), (1015.24, 1038.68)

#: The cameras of TS3 and TS4 could not be compared with keypoints; the data
#: set checks all of them, see
#: :func:`~pyg_hcsf.geometry.calibrate.refine_pinhole`.
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
#: In the second release of TS6, the knees and ankles of universal poses differ
#: from those of the metric poses, which agree with the keypoints (margipose,
#: ``preprocess.py``). The values are the ends of the names of these joints.
UNLIKE = {'TS6': ('Knee', 'Ankle', 'Foot')}
