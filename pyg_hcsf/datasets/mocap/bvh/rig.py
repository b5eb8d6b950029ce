"""Where the 17 joints of Human3.6M are on a rig that nobody described."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from itertools import combinations
from typing import NamedTuple

import numpy as np

from pyg_hcsf.datasets.mocap.bvh.joint_names import (
    ancestors,
    limbs_by_name,
    split_names,
)
from pyg_hcsf.datasets.mocap.bvh.reader import BVH, CMU_JOINTS, DAZ_JOINTS
from pyg_hcsf.datasets.mocap.text import JointMap

# Maps that say more than names and places do.
KNOWN: tuple[tuple[str, JointMap, set[str]], ...] = (
    ('DAZ or Poser', DAZ_JOINTS, set()),
    ("CMU's conversions", CMU_JOINTS, {'LHipJoint', 'LowerBack'}),
)
SAMPLES = 16  # frames that are looked at
ALIKE = 0.15  # by which bones of left and right may differ
LONG = 0.55  # of the longest bone of a limb
HEAD_TIP = (0.08, 0.5)  # its distance from the head joint, in legs
MIDDLE = (0.25, 0.75)  # between hips and shoulders, of a joint of the spine
HEADS = ('head', '頭', '头')
LIMBS = (('Hip', 'Knee', 'Foot'), ('Shoulder', 'Elbow', 'Wrist'))


class Rig(NamedTuple):
    r"""What :func:`find_rig` found.

    Args:
        name (str): The family of rigs.
        joint_map (Mapping): See
        :func:`pyg_hcsf.datasets.mocap.text.to_h36m17`.
        guessed (bool): Whether limbs were found without names, by the
            lengths of bones.
    """

    name: str
    joint_map: JointMap
    guessed: bool


def find_rig(bvh: BVH) -> Rig:
    r"""Finds the 17 joints of Human3.6M: the limbs by their names, or else by
    pairs of equal bones; spine, neck and head by where they are in between.

    Args:
        bvh (BVH): The file.

    Raises:
        ValueError: If it is no person, or left and right are not known.

    Example:
        >>> find_rig(read_bvh('walk.bvh')).name
        'MotionBuilder, Mixamo or LAFAN1'
    """
    for name, known, more in KNOWN:
        if more.union(np.hstack(list(known.values()))) <= set(bvh.joints):
            return Rig(name, known, False)
    pose = sample(bvh).joint_positions(1.0, 'z')
    found = limbs_by_name(bvh.joints, bvh.parents)
    name, limbs = found or ('an unknown rig', _limbs_by_shape(bvh, pose))
    joint_map: dict[str, str | tuple[str, ...]] = {
        role: bvh.joints[joint] for role, joint in limbs.items()
    }
    joint_map |= _trunk(bvh, pose, limbs)
    return Rig(name, joint_map, found is None)


def sample(bvh: BVH) -> BVH:
    r"""The same file with a few of its frames.

    Example:
        >>> len(sample(bvh).motion)
        16
    """
    rows = np.linspace(0, len(bvh.motion) - 1, SAMPLES).round().astype(int)
    return replace(bvh, motion=bvh.motion[np.unique(rows)])


def _trunk(
    bvh: BVH, pose: np.ndarray, limbs: dict[str, int]
) -> dict[str, str | tuple[str, ...]]:
    r"""Hip, spine, thorax, neck and head."""
    hips = [limbs['LHip'], limbs['RHip']]
    shoulders = [limbs['LShoulder'], limbs['RShoulder']]
    low, high = pose[:, hips].mean(axis=1), pose[:, shoulders].mean(axis=1)
    names = bvh.joints
    hip = tuple(names[i] for i in hips)
    thorax = tuple(names[i] for i in shoulders)

    spine: str | tuple[str, ...] = (*hip, *thorax)
    ribs = _meeting(bvh.parents, shoulders)
    below = _meeting(bvh.parents, [ribs, _meeting(bvh.parents, hips)])
    path = [i for i in (ribs, *ancestors(bvh.parents, ribs)) if i > below]
    if path:
        up = _distance(pose[:, path], low[:, None])
        share = up / (up + _distance(pose[:, path], high[:, None]))
        best = int(np.abs(share - 0.5).argmin())
        if MIDDLE[0] < share[best] < MIDDLE[1]:
            spine = names[path[best]]
    neck, head = _neck_and_head(bvh, pose, limbs, ribs)
    return {
        'Hip': hip,
        'Spine': spine,
        'Thorax': thorax,
        'Neck': neck or (*thorax, head[0], head[0]),
        'Head': head if len(head) > 1 else head[0],
    }


def _meeting(parents: Sequence[int], joints: Sequence[int]) -> int:
    r"""The lowest joint that all joints hang on, or one of them."""
    common = [{i, *ancestors(parents, i)} for i in joints]
    shared = set.intersection(*common)
    if not shared:
        raise ValueError('the limbs do not hang on one root')
    return max(shared)  # parents come first


def _distance(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    r"""The mean distance over frames: :obj:`[t, ..., 3]` to :obj:`[...]`."""
    return np.linalg.norm(a - b, axis=-1).mean(axis=0)


def _neck_and_head(
    bvh: BVH, pose: np.ndarray, limbs: dict[str, int], ribs: int
) -> tuple[str | None, tuple[str, ...]]:
    r"""The base of the skull and the top of the head or the eyes where the
    rig has them, or else the joints below.
    """
    names, parents = bvh.joints, bvh.parents
    split = split_names(names)
    arms = [limbs['LShoulder'], limbs['RShoulder']]
    below_arms = {i for arm in arms for i in (arm, *ancestors(parents, arm))}
    above: list[int] = []  # what hangs on the ribs but for the arms
    for i in range(ribs + 1, len(names)):
        if parents[i] in (ribs, *above) and i not in below_arms:
            above.append(i)
    if not above:
        raise ValueError('no joint is above the shoulders')
    named = [i for i in above if split[i][1] in HEADS and not split[i][0]]
    named += [i for i in above if any(h in split[i][1] for h in HEADS)]
    head = named[0] if named else _head_by_shape(parents, above, ribs)
    leg = _distance(pose[:, limbs['LHip']], pose[:, limbs['LKnee']])
    leg += _distance(pose[:, limbs['LKnee']], pose[:, limbs['LFoot']])
    tips = [
        i for i in above if parents[i] == head and _is_tip(names, split, i)
    ]
    for tip in tips:
        length = _distance(pose[:, head], pose[:, tip])
        if HEAD_TIP[0] * leg < length < HEAD_TIP[1] * leg:
            return names[head], (names[tip],)
    eyes = [names[i] for i in above if split[i][1] in ('eye', '目')]
    if len(eyes) == 2:
        return names[head], tuple(eyes)
    neck = parents[head]
    return (names[neck] if neck in above else None), (names[head],)


def _head_by_shape(parents: Sequence[int], above: list[int], ribs: int) -> int:
    r"""Goes up the longest line to where it ends or branches."""
    lines = _branches(parents, np.ones(len(parents)))
    at = max(
        (i for i in above if parents[i] == ribs), key=lambda i: len(lines[i])
    )
    while len(lines[at]) > 2 and list(parents).count(at) == 1:
        at = lines[at][1]
    return at


def _is_tip(
    names: Sequence[str], split: Sequence[tuple[str, str]], joint: int
) -> bool:
    words = ('end', 'top', 'tip', 'nub', '先')
    return not split[joint][0] and any(w in split[joint][1] for w in words)


def _limbs_by_shape(bvh: BVH, pose: np.ndarray) -> dict[str, int]:
    r"""Takes the two pairs of the longest branches of equal bones for legs
    and arms, and in each the two longest bones that follow each other.
    """
    parents = bvh.parents
    length = np.zeros(len(parents))
    length[1:] = _distance(pose[:, 1:], pose[:, list(parents[1:])])
    branches = _branches(parents, length)
    limbs = {i: _longest(line, length) for i, line in branches.items()}
    best: dict[int, tuple[float, list[int], list[int]]] = {}
    for first, second in combinations([i for i in limbs if limbs[i]], 2):
        if parents[first] == (above := parents[second]) >= 0:
            one, two = limbs[first], limbs[second]
            differ = _difference(one, two, length)
            if differ < best.get(above, (ALIKE,))[0]:
                best[above] = differ, one, two
    pairs = [
        (length[branches[one[0]]].sum(), above, one, two)
        for above, (_, one, two) in best.items()
    ]
    pairs.sort(key=lambda pair: -pair[0])
    for _, meet, *legs in pairs[:2]:
        for _, above, *arms in pairs[:2]:
            if above != meet and meet in ancestors(parents, above):
                return _with_sides(bvh, pose, legs, arms, branches)
    raise ValueError(
        'the joints of a person were not found, neither by known names nor '
        'as two pairs of equal limbs: pass where the 17 joints are as '
        "'joint_map'"
    )


def _branches(
    parents: Sequence[int], length: np.ndarray
) -> dict[int, list[int]]:
    r"""The longest line of joints that begins with each joint."""
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


def _longest(line: list[int], length: np.ndarray) -> list[int]:
    r"""The three joints of the last two long bones in a row, such as upper
    arm and forearm rather than collarbone and upper arm, or none.
    """
    bones = length[line[1:]]
    long = bones > LONG * bones.max(initial=0.0)
    pairs = np.flatnonzero(long[:-1] & long[1:])
    return line[pairs[-1] : pairs[-1] + 3] if len(pairs) else []


def _difference(one: list[int], two: list[int], length: np.ndarray) -> float:
    r"""By which share two limbs differ at most in one of their bones."""
    bones = [
        (length[i], length[j]) for i, j in zip(one[1:], two[1:], strict=True)
    ]
    return max(abs(a - b) / max(a, b) for a, b in bones)


def _with_sides(
    bvh: BVH,
    pose: np.ndarray,
    legs: list[list[int]],
    arms: list[list[int]],
    branches: dict[int, list[int]],
) -> dict[str, int]:
    r"""Tells left from right by the names, or else by where toes point."""
    out: dict[str, int] = {}
    split = split_names(bvh.joints)
    up = pose[:, [limb[0] for limb in arms]].mean(axis=1)
    up = up - pose[:, [limb[0] for limb in legs]].mean(axis=1)
    feet = [limb[2] for limb in legs]
    toes = [branches[foot][-1] for foot in feet]
    ahead = (pose[:, toes] - pose[:, feet]).sum(axis=1)
    left = np.cross(up, ahead)
    for pair, roles in zip((legs, arms), LIMBS, strict=True):
        sides = [split[limb[0]][0] for limb in pair]
        if sorted(sides) != ['L', 'R']:
            to_first = pose[:, pair[0][0]] - pose[:, pair[1][0]]
            share = np.mean(np.sign((to_first * left).sum(axis=-1)))
            if abs(share) < 0.5:
                raise ValueError('left and right cannot be told by the feet')
            sides = ['L', 'R'] if share > 0 else ['R', 'L']
        for side, limb in zip(sides, pair, strict=True):
            out |= zip([side + role for role in roles], limb, strict=True)
    return out
