"""Raw files of UTD-MHAD and NTU RGB+D, and the commands."""

import numpy as np
from scipy.io import savemat

from pyg_hcsf.cli import main
from pyg_hcsf.skeleton import get_skeleton

# Someone who faces a Kinect, with bent knees: metres, y up, z away from it.
STANDING = {
    'HipCenter': (0, 0.9, 3), 'Spine': (0, 1.1, 3),
    'ShoulderCenter': (0, 1.4, 3), 'Head': (0, 1.6, 3),
    'LShoulder': (-0.2, 1.4, 3), 'RShoulder': (0.2, 1.4, 3),
    'LElbow': (-0.2, 1.1, 3), 'RElbow': (0.2, 1.1, 3),
    'LWrist': (-0.2, 0.85, 3), 'RWrist': (0.2, 0.85, 3),
    'LHand': (-0.2, 0.8, 3), 'RHand': (0.2, 0.8, 3),
    'LHip': (-0.1, 0.85, 3), 'RHip': (0.1, 0.85, 3),
    'LKnee': (-0.1, 0.5, 2.8), 'RKnee': (0.1, 0.5, 2.8),
    'LAnkle': (-0.1, 0.1, 3), 'RAnkle': (0.1, 0.1, 3),
    'LFoot': (-0.1, 0.05, 2.9), 'RFoot': (0.1, 0.05, 2.9),
}  # fmt: skip


SPLIT = {1: 'train', 0: 'test'}


FRAMES = {'train': 29_199, 'test': 29_100}  # of 431 and 430 clips


def pose(skeleton='kinect20'):
    names = get_skeleton(skeleton).joints
    return np.array([STANDING[name] for name in names], np.float32)


def write_utd_mhad(folder, takes=None, mirrored=False):
    """Writes the names and lengths of the real files."""
    folder.mkdir(parents=True, exist_ok=True)
    joints = pose() * ([-1, 1, 1] if mirrored else 1)
    numbers = {'train': 0, 'test': 0}
    for action in range(1, 28):
        for subject in range(1, 9):
            for take in range(1, 5):
                name = f'a{action}_s{subject}_t{take}'
                side = SPLIT[subject % 2]
                if name in ('a8_s1_t4', 'a23_s6_t4', 'a27_s8_t4'):
                    continue
                num_clips = 431 if side == 'train' else 430
                whole, rest = divmod(FRAMES[side], num_clips)
                num_frames = whole + (numbers[side] < rest)
                numbers[side] += 1
                if takes is None or name in takes:
                    clip = np.repeat(joints[..., None], num_frames, axis=2)
                    path = folder / f'{name}_skeleton.mat'
                    savemat(path, {'d_skel': clip.astype(np.float32)})
    return folder


SOME = ('a1_s1_t1', 'a27_s2_t4', 'a10_s7_t2', 'a3_s3_t3')


def run(*words):
    """Runs ``pyg-hcsf doctor`` or ``convert``, or ``prepare`` of a set."""
    prefix = [] if words[0] in ('doctor', 'convert') else ['prepare']
    return main.run([*prefix, *map(str, words)])


def listing(folder):
    return {
        path.relative_to(folder).as_posix(): path.read_bytes()
        for path in sorted(folder.rglob('*'))
        if path.is_file()
    }


def write_skeletons(folder):
    folder.mkdir(parents=True)
    joint = '0 0 0 0 1 0 0 0 2\n'
    for number in range(1, 6):
        body = '72057594037944738 0 1 1 1 1 0 0.1 0.2 2\n25\n' + ''.join(
            f'0.{number} 1.{i} 3.5 {joint[:-1]} \n' for i in range(25)
        )
        name = f'S001C001P00{number}R001A001.skeleton'
        (folder / name).write_text('2\n' + f'1\n{body}' * 2)
    return folder
