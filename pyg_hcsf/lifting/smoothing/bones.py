r"""Poses of constant bone lengths."""

import numpy as np

from pyg_hcsf.skeleton import Skeleton

ROUNDS = 20  # after which bones are within 1 % of their length
STIFF = 1e-3  # how much the root moves, relative to a joint of median error


def bone_lengths(pose: np.ndarray, skeleton: Skeleton) -> np.ndarray:
    r"""The median length of each bone over all frames, the same on the left
    and the right: ``[N]`` by the joint at its end, 0 at the root.

    Args:
        pose (numpy.ndarray): Joints: ``[T, N, 3]``.
        skeleton (Skeleton): Their names and parents.
    """
    parents = np.maximum(np.array(skeleton.parents), 0)
    length = np.linalg.norm(pose - pose[:, parents], axis=-1)
    median = np.median(length, axis=0)
    return (median + median[list(skeleton.mirrored)]) / 2


def fix_bone_lengths(
    pose: np.ndarray,
    length: np.ndarray,
    error: np.ndarray,
    skeleton: Skeleton,
) -> np.ndarray:
    r"""Moves joints as little as possible so that each bone has its length.

    Bone by bone, both ends are moved along the bone, each by the share of its
    squared expected error, in :data:`ROUNDS` rounds (the SHAKE algorithm,
    Ryckaert et al., 1977). What is left then is removed from the root to the
    ends of the limbs.

    Args:
        pose (numpy.ndarray): Joints relative to the root: ``[T, N, 3]``.
        length (numpy.ndarray): The length of the bone to each joint: ``[N]``.
        error (numpy.ndarray): The expected error of each joint: ``[N]``.
        skeleton (Skeleton): Their names and parents.

    Returns:
        numpy.ndarray: The joints relative to the root.
    """
    out = pose.copy()
    share = np.square(error / max(float(np.median(error)), 1e-9)) + 1e-9
    share[skeleton.root] = STIFF
    bones = [(j, p) for j, p in enumerate(skeleton.parents) if p >= 0]
    for _ in range(ROUNDS):
        for joint, parent in bones:
            bone = out[:, joint] - out[:, parent]
            norm = np.linalg.norm(bone, axis=-1, keepdims=True)
            excess = bone * (1 - length[joint] / np.maximum(norm, 1e-9))
            part = share[joint] / (share[joint] + share[parent])
            out[:, joint] -= part * excess
            out[:, parent] += (1 - part) * excess
    return _rebuild(out, length, skeleton)


def _rebuild(
    pose: np.ndarray, length: np.ndarray, skeleton: Skeleton
) -> np.ndarray:
    r"""Keeps the direction of each bone and gives it its length."""
    out = np.zeros_like(pose)
    for joint in _outwards(skeleton):
        parent = skeleton.parents[joint]
        if parent >= 0:
            bone = pose[:, joint] - pose[:, parent]
            norm = np.linalg.norm(bone, axis=-1, keepdims=True)
            bone = bone * (length[joint] / np.maximum(norm, 1e-9))
            out[:, joint] = out[:, parent] + bone
    return out


def _outwards(skeleton: Skeleton) -> list[int]:
    r"""The joints, each behind its parent."""
    distance = skeleton.with_graph('tree').hop_distance()[skeleton.root]
    return distance.argsort(stable=True).tolist()
