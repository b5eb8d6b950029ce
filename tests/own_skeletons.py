"""Skeletons of one's own, and motion on them."""

import numpy as np

from pyg_hcsf import Skeleton, load_skeleton
from tests.paths import REPO

HAND_FILE = REPO / 'examples' / 'hand21.yaml'
HAND = load_skeleton(HAND_FILE)
_LEGS = [f'{end}{part}' for end in ('Front', 'Hind') for part in 'ABC']
_NAMES = ['Back', 'Withers', 'Head', 'Croup', 'Tail']
_NAMES += [f'{side}{leg}' for side in 'LR' for leg in _LEGS]
_PARENTS = [-1, 0, 1, 0, 3]
for _start in (5, 11):
    _PARENTS += [1, _start, _start + 1, 3, _start + 3, _start + 4]
QUADRUPED = Skeleton(
    'quadruped',
    tuple(_NAMES),
    tuple(_PARENTS),
    left=tuple(range(5, 11)),
    right=tuple(range(11, 17)),
)
SKELETONS = {'hand21': HAND, 'quadruped': QUADRUPED}


def moving(skeleton, frames=40, seed=0, length=60.0):
    """Joints of bodies with rigid bones that bend smoothly, the root at the
    origin: ``[T, N, 3]`` in mm.
    """
    rng = np.random.default_rng(seed)
    time = np.arange(frames) / 25
    out = np.zeros((frames, skeleton.num_joints, 3))
    angles = rng.uniform(0, 2 * np.pi, skeleton.num_joints)
    done = {skeleton.root}
    while len(done) < skeleton.num_joints:
        for child, parent in skeleton.bones:
            if parent not in done or child in done:
                continue
            wave = 0.5 * np.sin(2 * time + rng.uniform(0, 6))
            a, b = angles[child] + wave, 0.4 * wave
            bone = [np.cos(a) * np.cos(b), np.sin(a) * np.cos(b), np.sin(b)]
            out[:, child] = out[:, parent] + length * np.stack(bone, -1)
            done.add(child)
    return out
