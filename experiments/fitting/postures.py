"""Changes recorded motion to postures that motion capture of standing people
lacks: leaning, lying, sitting, riding a bicycle, and facing one direction all
the time, so that a camera observes the same side in every frame.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import torch
from scipy.spatial.transform import Rotation
from torch_geometric.data import Data

from pyg_hcsf.skeleton import H36M17

AT = {name: i for i, name in enumerate(H36M17.joints)}
ARMS = [
    AT[side + name] for side in 'LR' for name in ('Shoulder', 'Elbow', 'Wrist')
]
TRUNK = [AT[name] for name in ('Spine', 'Thorax', 'Neck', 'Head')]
# Offsets from the hips in mm: left, forward, up.
HANDLEBAR = np.array([0.0, 520.0, 330.0])
PEDALS = np.array([0.0, 60.0, -720.0])  # the axle of the cranks
CRANK = 170.0  # mm
Pose = Callable[[np.ndarray, np.random.Generator], np.ndarray]


def face_ahead(pos: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Rotates each frame about the vertical axis through the hips, so that the
    body faces +y within a few degrees: joints ``[T, 17, 3]``, z up.
    """
    across = pos[:, AT['LHip'], :2] - pos[:, AT['RHip'], :2]
    turn = np.pi - np.arctan2(across[:, 1], across[:, 0])
    sway = np.radians(15) * np.sin(
        np.arange(len(pos)) / 25 + rng.uniform(0, 6)
    )
    root = pos[:, :1]
    turned = Rotation.from_euler('z', (turn + sway)[:, None]).as_matrix()
    return (pos - root) @ turned.transpose(0, 2, 1) + root


def lean(pos: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Bends a body at the hips by 25 to 95 degrees forward."""
    pos = face_ahead(pos, rng)
    return bend(pos, np.radians(rng.uniform(25, 95)))


def bend(pos: np.ndarray, angle: float) -> np.ndarray:
    """Rotates all joints above the hips forward about the hips."""
    upper = TRUNK + ARMS
    root = pos[:, :1]
    turn = Rotation.from_euler('x', -angle).as_matrix()
    out = pos.copy()
    out[:, upper] = (pos[:, upper] - root) @ turn.T + root
    return out


def lie(pos: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Lays a body on its back, its front or a side."""
    pos = face_ahead(pos, rng)
    roll = Rotation.from_euler('z', rng.uniform(0, 2 * np.pi))
    turn = Rotation.from_euler('x', np.pi / 2) * roll
    root = pos[:, :1]
    return (pos - root) @ turn.as_matrix().T + root


def sit(pos: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Seats a body: thighs horizontal, shanks vertical, knees apart."""
    pos = face_ahead(pos, rng)
    for side, sign in (('L', -1), ('R', 1)):
        spread, knee = rng.uniform(0, 0.4), rng.uniform(-0.3, 0.5)
        thigh = np.array([sign * np.sin(spread), np.cos(spread), 0.0])
        shank = np.array([0.0, np.sin(knee), -np.cos(knee)])
        pos = _limb(pos, f'{side}Hip', f'{side}Knee', f'{side}Foot', thigh)
        pos = _point_bone(pos, f'{side}Knee', f'{side}Foot', shank)
    return pos


def ride(pos: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Seats a body on a bicycle: it leans, holds the handlebar and pedals."""
    pos = bend(face_ahead(pos, rng), np.radians(rng.uniform(25, 65)))
    time, frequency = np.arange(len(pos)) / 25, rng.uniform(0.8, 1.7)
    phase = rng.uniform(0, 2 * np.pi) + 2 * np.pi * frequency * time
    for side, sign in (('L', -1), ('R', 1)):
        angle = phase + np.pi * (side == 'R')
        circle = np.stack([0 * angle, np.sin(angle), np.cos(angle)], axis=1)
        foot = pos[:, AT['Hip']] + PEDALS + CRANK * circle
        foot += [100.0 * sign, 0, 0]
        names = [f'{side}{n}' for n in ('Hip', 'Knee', 'Foot')]
        pos = _reach(pos, names, foot, np.array([0.0, 1.0, 0.3]))
        hand = pos[:, AT['Hip']] + HANDLEBAR + [200.0 * sign, 0, 0]
        names = [f'{side}{n}' for n in ('Shoulder', 'Elbow', 'Wrist')]
        pos = _reach(pos, names, hand, np.array([sign * 0.6, 0.0, -1.0]))
    return pos


def _limb(
    pos: np.ndarray, a: str, b: str, end: str, direction: np.ndarray
) -> np.ndarray:
    """Points a bone in a direction; the end of the limb moves along."""
    before = pos[:, AT[b]].copy()
    out = _point_bone(pos, a, b, direction)
    out[:, AT[end]] += out[:, AT[b]] - before
    return out


def _point_bone(
    pos: np.ndarray, a: str, b: str, direction: np.ndarray
) -> np.ndarray:
    out = pos.copy()
    bone = pos[:, AT[b]] - pos[:, AT[a]]
    length = np.linalg.norm(bone, axis=1, keepdims=True)
    out[:, AT[b]] = out[:, AT[a]] + length * direction / np.linalg.norm(
        direction
    )
    return out


def _reach(
    pos: np.ndarray, names: list[str], target: np.ndarray, knee: np.ndarray
) -> np.ndarray:
    """Bends a limb of two bones so that its end is at the target, or as near
    as possible; the middle joint is bent towards ``knee``.
    """
    a, b, c = (AT[name] for name in names)
    upper = np.linalg.norm(pos[:, b] - pos[:, a], axis=1)
    lower = np.linalg.norm(pos[:, c] - pos[:, b], axis=1)
    way = target - pos[:, a]  # [T, 3]
    far = np.linalg.norm(way, axis=1) + 1e-9
    way = way / far[:, None]
    far = far.clip(np.abs(upper - lower) + 1e-3, 0.999 * (upper + lower))
    along = (far**2 + upper**2 - lower**2) / (2 * far)
    off = np.sqrt((upper**2 - along**2).clip(min=0))
    side = knee - way * (way @ knee)[:, None]
    side /= np.linalg.norm(side, axis=1, keepdims=True) + 1e-9
    out = pos.copy()
    out[:, b] = pos[:, a] + along[:, None] * way + off[:, None] * side
    out[:, c] = pos[:, a] + far[:, None] * way
    return out


POSTURES: dict[str, Pose] = {
    'facing': face_ahead,
    'leaning': lean,
    'lying': lie,
    'sitting': sit,
    'riding': ride,
}


def in_postures(clips: list[Data], seed: int) -> list[Data]:
    """Changes each clip to the next posture, named by its ``posture``."""
    out = []
    for number, clip in enumerate(clips):
        rng = np.random.default_rng([seed, number])
        name = list(POSTURES)[(number + seed) % len(POSTURES)]
        pos = clip.pos.transpose(0, 1).double().numpy()
        posed = torch.from_numpy(POSTURES[name](pos, rng)).transpose(0, 1)
        out.append(
            clip.clone().update(
                {
                    'pos': posed.to(clip.pos).contiguous(),
                    'posture': name,
                    'clip': f'{clip.clip} {name}',
                }
            )
        )
    return out
