"""Finds the 17 joints of Human3.6M on an unknown rig."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from itertools import combinations
from typing import NamedTuple

import numpy as np

from ..joint_positions import JointMap
from .joint_names import ancestors, limbs_by_name, split_names
from .reader import BVH, CMU_JOINTS, DAZ_JOINTS

# Rigs whose map is known: name, map, and further joints that identify the rig.
KNOWN: tuple[tuple[str, JointMap, set[str]], ...] = (
    ('DAZ or Poser', DAZ_JOINTS, set()),
    ("CMU's conversions", CMU_JOINTS, {'LHipJoint', 'LowerBack'}),
)
SAMPLES = 16  # frames that are evaluated
SIDE_TOLERANCE = 0.15  # relative difference of left and right bones
LONG_BONE = 0.55  # of the longest bone of a limb
HEAD_TIP = (0.08, 0.5)  # distance of its tip from the head joint, in legs
SPINE_RANGE = (0.25, 0.75)  # of the way from hips to shoulders
HEADS = ('head', '頭', '头')
LIMBS = (('Hip', 'Knee', 'Foot'), ('Shoulder', 'Elbow', 'Wrist'))

Limb = list[int]  # the indices of three joints, from the trunk outwards


class Rig(NamedTuple):
    r"""The result of :func:`find_rig`."""

    name: str  #: the family of rigs
    joint_map: JointMap  #: for :func:`~pyg_hcsf.datasets.mocap.to_h36m17`
    guessed: bool  #: whether limbs were found by lengths, not by names


def find_rig(bvh: BVH) -> Rig:
    r"""Finds the limbs by their names, or else as pairs of equally long
    bones; spine, neck and head by their position in between.

    Raises:
        ValueError: If there is no person, or left and right cannot be
            distinguished.

    Example:
        >>> find_rig(read_bvh('walk.bvh')).name
        'MotionBuilder, Mixamo or LAFAN1'
    """
    for name, known, more in KNOWN:
        if more.union(np.hstack(list(known.values()))) <= set(bvh.joints):
            return Rig(name, known, guessed=False)
    pose = sample_frames(bvh).joint_positions(1.0, 'z')
    found = limbs_by_name(bvh.joints, bvh.parents)
    name, limbs = found or ('an unknown rig', _limbs_by_shape(bvh, pose))
    joint_map: dict[str, str | tuple[str, ...]] = {
        role: bvh.joints[joint] for role, joint in limbs.items()
    }
    joint_map |= _find_trunk(bvh, pose, limbs)
    return Rig(name, joint_map, guessed=found is None)


def sample_frames(bvh: BVH) -> BVH:
    r"""The same file with at most 16 of its frames, evenly spaced."""
    frames = np.linspace(0, len(bvh.motion) - 1, SAMPLES).round().astype(int)
    return replace(bvh, motion=bvh.motion[np.unique(frames)])


def _find_trunk(
    bvh: BVH, pose: np.ndarray, limbs: dict[str, int]
) -> dict[str, str | tuple[str, ...]]:
    r"""Maps hip, spine, thorax, neck and head."""
    hips = [limbs['LHip'], limbs['RHip']]
    shoulders = [limbs['LShoulder'], limbs['RShoulder']]
    low, high = pose[:, hips].mean(axis=1), pose[:, shoulders].mean(axis=1)
    names = bvh.joints
    hip = tuple(names[i] for i in hips)
    thorax = tuple(names[i] for i in shoulders)

    # The joint of the spine nearest to the middle, or the midpoint.
    spine: str | tuple[str, ...] = (*hip, *thorax)
    # The joints at which arms, legs, and both of them branch off.
    ribs = _common_ancestor(bvh.parents, shoulders)
    pelvis = _common_ancestor(bvh.parents, hips)
    below = _common_ancestor(bvh.parents, [ribs, pelvis])
    path = [i for i in (ribs, *ancestors(bvh.parents, ribs)) if i > below]
    if path:
        up = _mean_distance(pose[:, path], low[:, None])
        share = up / (up + _mean_distance(pose[:, path], high[:, None]))
        best = int(np.abs(share - 0.5).argmin())
        if SPINE_RANGE[0] < share[best] < SPINE_RANGE[1]:
            spine = names[path[best]]
    neck, head = _find_neck_and_head(bvh, pose, limbs, ribs)
    return {
        'Hip': hip,
        'Spine': spine,
        'Thorax': thorax,
        'Neck': neck or (*thorax, head[0], head[0]),
        'Head': head if len(head) > 1 else head[0],
    }


def _common_ancestor(parents: Sequence[int], joints: Sequence[int]) -> int:
    r"""The last joint that is an ancestor of all joints, or one of them."""
    shared = set.intersection(*[{i, *ancestors(parents, i)} for i in joints])
    if not shared:
        raise ValueError('the limbs are not connected to one root')
    return max(shared)  # parents come first


def _mean_distance(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    r"""The mean over frames, from :obj:`[t, ..., 3]` to :obj:`[...]`."""
    return np.linalg.norm(a - b, axis=-1).mean(axis=0)


def _find_neck_and_head(
    bvh: BVH, pose: np.ndarray, limbs: dict[str, int], ribs: int
) -> tuple[str | None, tuple[str, ...]]:
    r"""The base of the skull, and the tip of the head or the eyes if any."""
    names, parents = bvh.joints, bvh.parents
    split = split_names(names)
    arms = [limbs['LShoulder'], limbs['RShoulder']]
    below_arms = {i for arm in arms for i in (arm, *ancestors(parents, arm))}
    above: list[int] = []  # descendants of the ribs except the arms
    for i in range(ribs + 1, len(names)):
        if parents[i] in (ribs, *above) and i not in below_arms:
            above.append(i)
    if not above:
        raise ValueError('no joint is above the shoulders')
    named = [i for i in above if split[i][1] in HEADS and not split[i][0]]
    named += [i for i in above if any(h in split[i][1] for h in HEADS)]
    head = named[0] if named else _head_by_shape(parents, above, ribs)
    leg = _mean_distance(pose[:, limbs['LHip']], pose[:, limbs['LKnee']])
    leg += _mean_distance(pose[:, limbs['LKnee']], pose[:, limbs['LFoot']])
    # The tip of the head, if it is as far from the base as heads are long.
    for tip in above:
        if parents[tip] == head and _is_tip(*split[tip]):
            length = _mean_distance(pose[:, head], pose[:, tip])
            if HEAD_TIP[0] * leg < length < HEAD_TIP[1] * leg:
                return names[head], (names[tip],)
    eyes = [names[i] for i in above if split[i][1] in ('eye', '目')]
    if len(eyes) == 2:
        return names[head], tuple(eyes)
    neck = parents[head]
    return (names[neck] if neck in above else None), (names[head],)


def _is_tip(side: str, name: str) -> bool:
    words = ('end', 'top', 'tip', 'nub', '先')
    return not side and any(word in name for word in words)


def _head_by_shape(parents: Sequence[int], above: list[int], ribs: int) -> int:
    r"""Follows the longest chain up to where it ends or branches."""
    chains = _longest_chains(parents, np.ones(len(parents)))
    joint = max(
        (i for i in above if parents[i] == ribs), key=lambda i: len(chains[i])
    )
    while len(chains[joint]) > 2 and list(parents).count(joint) == 1:
        joint = chains[joint][1]
    return joint


def _limbs_by_shape(bvh: BVH, pose: np.ndarray) -> dict[str, int]:
    r"""Takes the two pairs of the longest chains of equal bones for legs and
    arms, and in each chain the last two long bones in a row.
    """
    parents = bvh.parents
    length = np.zeros(len(parents))
    length[1:] = _mean_distance(pose[:, 1:], pose[:, list(parents[1:])])
    chains = _longest_chains(parents, length)
    limbs = {i: _long_bones(chain, length) for i, chain in chains.items()}
    # For each joint the pair of its child chains with the best agreement.
    best: dict[int, tuple[float, Limb, Limb]] = {}
    for first, second in combinations([i for i in limbs if limbs[i]], 2):
        if parents[first] == (above := parents[second]) >= 0:
            one, two = limbs[first], limbs[second]
            a, b = length[one[1:]], length[two[1:]]
            differ = float((np.abs(a - b) / np.maximum(a, b)).max())
            if differ < best.get(above, (SIDE_TOLERANCE,))[0]:
                best[above] = differ, one, two
    pairs = [
        (length[chains[one[0]]].sum(), above, one, two)
        for above, (_, one, two) in best.items()
    ]
    pairs.sort(key=lambda pair: -pair[0])
    # Legs begin at the pelvis, and arms at the ribs, which descend from it.
    for _, pelvis, *legs in pairs[:2]:
        for _, ribs, *arms in pairs[:2]:
            if ribs != pelvis and pelvis in ancestors(parents, ribs):
                return _assign_sides(bvh, pose, legs, arms, chains)
    raise ValueError(
        'the joints of a person were not found, neither by known names nor '
        "as two pairs of equal limbs: pass the 17 joints as 'joint_map'"
    )


def _longest_chains(
    parents: Sequence[int], length: np.ndarray
) -> dict[int, list[int]]:
    r"""The longest chain of joints that begins with each joint."""
    out: dict[int, list[int]] = {}
    reach = length.copy()
    best: dict[int, int] = {}
    for i in reversed(range(len(parents))):
        out[i] = [i, *out[best[i]]] if i in best else [i]
        reach[i] += reach[best[i]] if i in best else 0.0
        parent = parents[i]
        if parent not in best or reach[i] > reach[best[parent]]:
            best[parent] = i
    return out


def _long_bones(chain: list[int], length: np.ndarray) -> Limb:
    r"""The three joints of the last two long bones in a row, such as upper
    arm and forearm rather than collarbone and upper arm, or none.
    """
    bones = length[chain[1:]]
    long = bones > LONG_BONE * bones.max(initial=0.0)
    pairs = np.flatnonzero(long[:-1] & long[1:])
    return chain[pairs[-1] : pairs[-1] + 3] if len(pairs) else []


def _assign_sides(
    bvh: BVH,
    pose: np.ndarray,
    legs: list[Limb],
    arms: list[Limb],
    chains: dict[int, list[int]],
) -> dict[str, int]:
    r"""Distinguishes left and right by names, or else by the toes."""
    out: dict[str, int] = {}
    split = split_names(bvh.joints)
    up = pose[:, [limb[0] for limb in arms]].mean(axis=1)
    up = up - pose[:, [limb[0] for limb in legs]].mean(axis=1)
    feet = [limb[2] for limb in legs]
    toes = [chains[foot][-1] for foot in feet]
    ahead = (pose[:, toes] - pose[:, feet]).sum(axis=1)
    # [T, 3]: up x ahead points to the left of the person.
    left = np.cross(up, ahead)
    for pair, roles in zip((legs, arms), LIMBS, strict=True):
        sides = [split[limb[0]][0] for limb in pair]
        if sorted(sides) != ['L', 'R']:
            to_first = pose[:, pair[0][0]] - pose[:, pair[1][0]]
            # 1 if the first limb is on the left in all frames, else -1.
            share = np.mean(np.sign((to_first * left).sum(axis=-1)))
            if abs(share) < 0.5:
                raise ValueError(
                    'left and right cannot be distinguished by the feet'
                )
            sides = ['L', 'R'] if share > 0 else ['R', 'L']
        for side, limb in zip(sides, pair, strict=True):
            out |= zip([side + role for role in roles], limb, strict=True)
    return out
