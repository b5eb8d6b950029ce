import numpy as np

from pyg_hcsf.skeleton import H36M17

CHILD = np.array([c for c, _ in H36M17.bones])
PARENT = np.array([p for _, p in H36M17.bones])
LEGS = ((1, 2, 3), (4, 5, 6))
ARMS = ((11, 12, 13), (14, 15, 16))


def bend(pos, a, b, c):
    """The flexion in degrees of the hinge at b."""
    u, v = pos[:, a] - pos[:, b], pos[:, c] - pos[:, b]
    cos = (u * v).sum(-1)
    cos = cos / np.linalg.norm(u, axis=-1) / np.linalg.norm(v, axis=-1)
    return 180.0 - np.rad2deg(np.arccos(cos))


def upright(pos):
    """Root-relative poses rotated so that the hips are along y."""
    pos = pos - pos[:, :1]
    hips = pos[:, 4] - pos[:, 1]
    yaw = np.arctan2(-hips[:, 0], hips[:, 1])
    c, s = np.cos(yaw), np.sin(yaw)
    turn = np.zeros((len(pos), 3, 3))
    turn[:, 0, 0], turn[:, 0, 1] = c, s
    turn[:, 1, 0], turn[:, 1, 1] = -s, c
    turn[:, 2, 2] = 1.0
    return np.einsum('tij,tnj->tni', turn, pos)


def of_action(clips, action):
    return [pos for key, pos in clips.items() if key[1] == action]
