"""Writes small files in each format of MPI-INF-3DHP."""

import io

import h5py
import numpy as np
from scipy.io import savemat

from pyg_hcsf.datasets.mpi_inf_3dhp.constants import TEST_SEQUENCES
from pyg_hcsf.datasets.synthetic.dataset import motion_clip

# From mpii_get_joints.m, independent of the constants of the reader.
NAMES28 = [
    'spine3', 'spine4', 'spine2', 'spine', 'pelvis', 'neck', 'head',
    'head_top',
    'left_clavicle', 'left_shoulder', 'left_elbow', 'left_wrist', 'left_hand',
    'right_clavicle', 'right_shoulder', 'right_elbow', 'right_wrist',
    'right_hand',
    'left_hip', 'left_knee', 'left_ankle', 'left_foot', 'left_toe',
    'right_hip', 'right_knee', 'right_ankle', 'right_foot', 'right_toe',
]  # fmt: skip
NAMES17 = [
    'head_top', 'neck', 'right_shoulder', 'right_elbow', 'right_wrist',
    'left_shoulder', 'left_elbow', 'left_wrist',
    'right_hip', 'right_knee', 'right_ankle', 'left_hip', 'left_knee',
    'left_ankle',
    'pelvis', 'spine', 'head',
]  # fmt: skip
# Human3.6M's joints by these names, in its order.
H36M = [
    'pelvis', 'right_hip', 'right_knee', 'right_ankle', 'left_hip',
    'left_knee', 'left_ankle',
    'spine', 'neck', 'head', 'head_top',
    'left_shoulder', 'left_elbow', 'left_wrist',
    'right_shoulder', 'right_elbow', 'right_wrist',
]  # fmt: skip
# The other joints are between, or beyond, two of them.
BETWEEN = {
    'spine2': ('spine', 'neck', 0.3),
    'spine3': ('spine', 'neck', 0.5),
    'spine4': ('spine', 'neck', 0.8),
}
for _side in ('left', 'right'):
    BETWEEN |= {
        f'{_side}_clavicle': ('neck', f'{_side}_shoulder', 0.2),
        f'{_side}_hand': (f'{_side}_wrist', f'{_side}_elbow', -0.3),
        f'{_side}_foot': (f'{_side}_ankle', f'{_side}_knee', -0.1),
        f'{_side}_toe': (f'{_side}_ankle', f'{_side}_knee', -0.2),
    }
ACTORS = ('S1', 'S5', 'S6', 'S7', 'S8', 'S9', 'S11')  # of SyntheticMotion
ACTIONS = {'Seq1': 'Walking', 'Seq2': 'Sitting'}
FRAMES = 12
SEQUENCES = {
    f'S{subject} Seq{number}': FRAMES + subject % 3
    for subject in range(1, 9)
    for number in (1, 2)
}
SCALE = {f'S{n}': 0.9 + 0.02 * n for n in range(1, 9)}  # universal / metric
SCALE |= {f'TS{n}': 0.85 + 0.04 * n for n in range(1, 7)}


def world(subject, action, frames):
    """The 28 joints in world millimetres, y up: [T, 28, 3]."""
    actor = ACTORS[int(subject[-1]) % len(ACTORS)]
    pos = motion_clip(actor, action, 1, frames).pos.double().numpy()
    at = dict(zip(H36M, pos, strict=True))
    for name, (a, b, share) in BETWEEN.items():
        at[name] = at[a] + share * (at[b] - at[a])
    joints = np.stack([at[name] for name in NAMES28], axis=1)
    joints = joints - joints[:1, 4:5] * [1, 1, 0]
    turn = np.linspace(0, 5, frames)[:, None]  # through the room
    joints[..., 0] += 700 * np.sin(turn)
    joints[..., 1] += 500 * np.cos(2 * turn)
    return joints[..., (0, 2, 1)] * [1, 1, -1]


def matrices(camera):
    """Intrinsics and extrinsics of a training camera, 4 x 4."""
    angle = 2 * np.pi * camera / 14
    place = np.array([3500 * np.sin(angle), 1400.0, 3500 * np.cos(angle)])
    forward = np.array([0, 1000.0, 0]) - place
    forward /= np.linalg.norm(forward)
    right = np.cross(forward, [0, 1, 0])
    right /= np.linalg.norm(right)
    extrinsic = np.eye(4)
    extrinsic[:3, :3] = right, np.cross(forward, right), forward
    extrinsic[:3, 3] = -extrinsic[:3, :3] @ place
    intrinsic = np.eye(4)
    intrinsic[0, 0], intrinsic[1, 1] = 1497.693 + camera, 1497.103 - camera
    intrinsic[0, 2], intrinsic[1, 2] = 1024.704 - 2 * camera, 1051.394 + camera
    return intrinsic, extrinsic


def project(joints, focal, center):
    return joints[..., :2] / joints[..., 2:] * focal + center


def scaled(joints, subject, root):
    """Scaled about the root, which stays where it is."""
    origin = joints[:, root : root + 1]
    return origin + SCALE[subject] * (joints - origin)


def view(name, frames, camera):
    """What a training camera sees of a sequence: 2D, metric, universal."""
    subject, sequence = name.split()
    intrinsic, extrinsic = matrices(camera)
    joints = world(subject, ACTIONS[sequence], frames)
    joints = joints @ extrinsic[:3, :3].T + extrinsic[:3, 3]
    focal, center = np.diag(intrinsic)[:2], intrinsic[:2, 2]
    pixels = project(joints, focal, center)
    return pixels, joints, scaled(joints, subject, 4)


def annot(name, frames, extra=3, compress=True, dtype='f8'):
    """An annot.mat, with annotations after the end of the video."""
    content = {'cameras': np.arange(14)[None], 'frames': frames}
    cells = {key: np.empty((14, 1), object) for key in KEYS}
    for camera in range(14):
        for key, array in zip(KEYS, view(name, frames, camera), strict=True):
            array = np.concatenate([array, array[-1:].repeat(extra, 0)])
            rows = array.reshape(len(array), -1).astype(dtype)
            cells[key][camera, 0] = rows
    file = io.BytesIO()
    savemat(file, {**content, **cells}, do_compression=compress)
    return file.getvalue()


KEYS = ('annot2', 'annot3', 'univ_annot3')


def calibration(cameras=range(14)):
    lines = ['Skeletool Camera Calibration File V1.0']
    for camera in cameras:
        intrinsic, extrinsic = matrices(camera)
        lines += [
            f'name          {camera}',
            '  sensor      10 10',
            '  size        2048 2048',
            '  animated    0',
            f'  intrinsic   {" ".join(f"{x:.7g}" for x in intrinsic.flat)} ',
            f'  extrinsic   {" ".join(f"{x:.7g}" for x in extrinsic.flat)} ',
            '  radial      0',
        ]
    return ('\n'.join(lines) + '\n').encode()


def scene(name, frames):
    """What a test camera sees: 2D, metric, universal, valid."""
    camera = TEST_SEQUENCES[name].camera
    relevant = [NAMES28.index(joint) for joint in NAMES17]
    joints = world(name, 'Directions', frames)[:, relevant] * [1, -1, -1]
    joints = joints + [0, 900, 4000]
    pixels = project(joints, camera.focal, camera.center)
    valid = np.ones(frames)
    valid[[0, 4, 5]] = 0
    out = pixels, joints, scaled(joints, name, 14), valid
    for array in out[:3]:
        array[0] = 0  # nobody is there yet
    return out


def annot_data(path, name, frames, **changes):
    """An annot_data.mat as MATLAB 7.3 saves it: dimensions are reversed."""
    pixels, metric, universal, valid = scene(name, frames)
    content = {
        'annot2': pixels[:, None],
        'annot3': metric[:, None],
        'univ_annot3': universal[:, None],
        'valid_frame': valid[:, None],
        'activity_annotation': 1 + np.arange(frames)[:, None] % 7.0,
        'bb_crop': np.zeros((frames, 34)),
        **changes,
    }
    with h5py.File(path, 'w', userblock_size=512) as file:
        for key, value in content.items():
            if value is not None:
                data = file.create_dataset(
                    key, data=value, compression='gzip', shuffle=False
                )
                data.attrs['MATLAB_class'] = np.bytes_('double')
    with path.open('r+b') as file:
        head = b'MATLAB 7.3 MAT-file, Platform: GLNXA64, Created by a test'
        file.write(head.ljust(124) + b'\0\2IM')
    return path


def write_mat(folder, sequences=SEQUENCES, tests=range(1, 7)):
    for name, frames in sequences.items():
        place = folder / 'mpi_inf_3dhp' / name.replace(' ', '/')
        place.mkdir(parents=True, exist_ok=True)
        (place / 'annot.mat').write_bytes(annot(name, frames))
        (place / 'camera.calibration').write_bytes(calibration())
    for number in tests:
        place = folder / 'mpi_inf_3dhp_test_set' / f'TS{number}'
        place.mkdir(parents=True, exist_ok=True)
        annot_data(place / 'annot_data.mat', f'TS{number}', FRAMES + number)


def npz(data):
    file = io.BytesIO()
    np.savez_compressed(file, allow_pickle=True, data=data)
    return file.getvalue()


CAMERAS = (0, 1, 2, 4, 5, 6, 7, 8)


def pstmo_train(sequences=SEQUENCES, cameras=CAMERAS):
    relevant = [NAMES28.index(joint) for joint in NAMES17]
    data = {}
    for name, frames in sequences.items():
        views = {}
        for camera in cameras:
            pixels, _, universal = view(name, frames, camera)
            views[str(camera)] = {
                'data_2d': pixels[:, relevant].astype('f4'),
                'data_3d': universal[:, relevant].astype('f4'),
            }
        data[name] = [views, 25]
    return data


def pstmo_test(tests=range(1, 7)):
    data = {}
    for number in tests:
        name = f'TS{number}'
        pixels, _, universal, valid = scene(name, FRAMES + number)
        data[name] = {'data_2d': pixels, 'data_3d': universal, 'valid': valid}
    return data


def write_pstmo(folder, sequences=SEQUENCES, tests=range(1, 7)):
    folder.mkdir(parents=True, exist_ok=True)
    content = npz(pstmo_train(sequences))
    (folder / 'data_train_3dhp.npz').write_bytes(content)
    content = npz(pstmo_test(tests))
    (folder / 'data_test_3dhp.npz').write_bytes(content)


WRITERS = {'mat': write_mat, 'pstmo': write_pstmo}


def check_finite(takes):
    """Asserts that the annotations of valid frames are finite."""
    for take in takes:
        if isinstance(take[0], (int, str)):  # a sequence or a camera
            take = take[-1]
        for array in (take.keypoints, take.universal):
            assert array.dtype == np.float32 and len(array) == len(take.valid)
            assert np.isfinite(array[take.valid]).all()
