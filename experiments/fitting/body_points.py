"""Places the joints of each layout on a recorded body, with a simple model of
the face, the feet and the fingers.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from pyg_hcsf.keypoints import common_names

JOINTS = {name: i for i, name in enumerate(common_names('h36m17'))}
# Offsets of joints that are not recorded from the head or the ankle in mm: to
# the left, up and forward.
FACE = {
    'Nose': (0, -20, 110),
    'Eye': (32, 10, 95),
    'EyeInner': (16, 10, 98),
    'EyeOuter': (45, 10, 85),
    'Ear': (72, 0, 10),
    'Mouth': (25, -55, 95),
}
FOOT = {
    'BigToe': (-15, -75, 170),
    'SmallToe': (45, -75, 140),
    'FootIndex': (0, -75, 165),
    'Heel': (0, -75, -55),
}
FINGERS = {'Pinky': -30.0, 'Index': 30.0, 'Thumb': 45.0}


def body_points(
    joints: np.ndarray, layout: str, rng: np.random.Generator
) -> Iterator[tuple[np.ndarray, int]]:
    """Yields each joint of a layout in the camera frame, ``[T, 3]``, and the
    recorded joint whose noise it gets.

    Args:
        joints: The joints of Human3.6M in the camera frame: ``[T, 17, 3]``.
        layout: The layout.
        rng: The random number generator.
    """

    def of(name: str) -> np.ndarray:
        return joints[:, JOINTS[name]]

    def unit(v: np.ndarray) -> np.ndarray:
        return v / (np.linalg.norm(v, axis=-1, keepdims=True) + 1e-9)

    up = unit(of('Thorax') - of('Hip'))
    left = unit(of('LShoulder') - of('RShoulder'))
    # The head turns slowly, by up to 60 degrees to either side.
    time = np.arange(len(joints)) / 25
    turn = np.sin(time * rng.uniform(0.3, 1.5) + rng.uniform(0, 2 * np.pi))
    angle = turn * np.radians(rng.uniform(0, 60))
    ahead = unit(np.cross(left, up))
    head_left = unit(
        left * np.cos(angle)[:, None] - ahead * np.sin(angle)[:, None]
    )
    head_ahead = unit(np.cross(head_left, up))
    for name in common_names(layout):
        side, rest = name[0], name[1:]
        sign = {'L': 1, 'R': -1}.get(side, 1)
        if name == 'Thorax' and layout in ('body25', 'coco18', 'halpe26'):
            yield (of('LShoulder') + of('RShoulder')) / 2, JOINTS['Thorax']
        elif name in JOINTS:
            yield of(name), JOINTS[name]
        elif name in FACE or rest in FACE:
            x, y, z = FACE[name if name in FACE else rest]
            middle = (of('Neck') + of('Head')) / 2
            offset = x * sign * head_left + y * up + z * head_ahead
            yield middle + offset, JOINTS['Head']
        elif rest in FOOT:
            x, y, z = FOOT[rest]
            shin = unit(of(f'{side}Knee') - of(f'{side}Ankle'))
            hips = unit(of('LHip') - of('RHip'))
            out = unit(hips - shin * (hips * shin).sum(-1, keepdims=True))
            toes = np.cross(out, shin)
            offset = x * sign * out + y * shin + z * toes
            yield of(f'{side}Ankle') + offset, JOINTS[f'{side}Ankle']
        else:
            arm = unit(of(f'{side}Wrist') - of(f'{side}Elbow'))
            offset = 80 * arm + FINGERS[rest] * head_ahead
            yield of(f'{side}Wrist') + offset, JOINTS[f'{side}Wrist']
