r"""Verifies processed clips: their number, and whether their joints form
plausible bodies.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import NamedTuple

import numpy as np
from torch_geometric.data import Data

from pyg_hcsf.data.projection import Projections
from pyg_hcsf.skeleton import Skeleton

# Limbs by their far joint. Spine and shoulders are soft in many recordings.
LIMBS = ('Knee', 'Elbow')
BENT = 0.5  # least bend of a knee, relative to the thigh; Kinect bends
# straight knees backwards
FORWARD = 0.6  # least share of bent knees that point forward
LIMB_RANGE = (150.0, 650.0)  # mm, of a mean thigh or upper arm


class Expectation(NamedTuple):
    r"""The expected properties of the clips of a split.

    Args:
        joints (str): The attribute of a clip that holds 3D joints, of shape
            :obj:`[N, T, 3]`, or :obj:`[N, T, M, 3]` for several bodies.
        unit (float): Millimetres per unit of the joints; :obj:`0` if they
            have no unit, so that they are not checked.
        spread (float): The largest plausible standard deviation of the length
            of a thigh or upper arm within a subject, relative to its mean.
        symmetry (float): The largest plausible relative difference of left
            and right limbs within a subject.
        clips (int, optional): The number of clips; :obj:`0` if it is unknown.
            (default: :obj:`0`)
        frames (int, optional): The number of frames; :obj:`0` if it is
            unknown. (default: :obj:`0`)
        subjects, actions (tuple[str, ...], optional): The names that must be
            present. (default: :obj:`()`)
        unlike (Mapping, optional): See
            :class:`~pyg_hcsf.data.projection.Projections`.
            (default: :obj:`{}`)
    """

    joints: str
    unit: float
    spread: float
    symmetry: float
    clips: int = 0
    frames: int = 0
    subjects: tuple[str, ...] = ()
    actions: tuple[str, ...] = ()
    unlike: Mapping[str, tuple[str, ...]] = {}


class Check(NamedTuple):
    r"""A line of a verification report.

    Args:
        what (str): What was checked.
        found (str): What was found.
        passed (bool, optional): Whether this is as expected; :obj:`None` if
            there is no expectation.
    """

    what: str
    found: str
    passed: bool | None


@dataclass
class Summary:
    r"""Statistics of the clips of a split, see :func:`summarize`.

    The bone lengths of clips with one body are summed per subject, as number,
    sum and sum of squares in millimetres, of shape :obj:`[3, num_bones]`.
    """

    clips: int = 0
    frames: int = 0
    subjects: set[str] = field(default_factory=set)
    actions: set[str] = field(default_factory=set)
    empty_frames: int = 0
    not_finite: list[str] = field(default_factory=list)
    bones: dict[str, np.ndarray] = field(default_factory=dict)
    bent_knees: int = 0
    bent_forward: int = 0
    projections: Projections | None = None


def summarize(
    clips: Iterable[Data], skeleton: Skeleton, expected: Expectation
) -> Summary:
    r"""Computes statistics of clips, which are read one after another.

    Args:
        clips (iterable of Data): The clips.
        skeleton (Skeleton): Their joints.
        expected (Expectation): The attribute and the unit of the joints.

    Example:
        >>> expected = Expectation('x', 1000.0, spread=0.3, symmetry=0.2)
        >>> summarize(dataset, dataset.skeleton, expected).frames
    """
    projections = Projections(skeleton, expected.unlike)
    out = Summary(projections=projections)
    child, parent = np.array(skeleton.bones).T
    for number, clip in enumerate(clips):
        joints = clip[expected.joints].double().numpy() * expected.unit
        out.clips += 1
        out.frames += joints.shape[1]
        out.subjects.add(subject := str(clip.get('subject', '')))
        out.actions.add(str(clip.get('action', '')))
        projections.add(clip)
        if not expected.unit:
            continue
        joints = joints.reshape(len(joints), joints.shape[1], -1, 3)
        present = joints.any(axis=(0, 3))  # [T, M]; absent bodies are zero
        out.empty_frames += int((~present.any(axis=1)).sum())
        single_body = present.any(axis=0).sum() == 1
        joints = joints[:, present]  # [N, F, 3]
        if not np.isfinite(joints).all():
            out.not_finite.append(str(clip.get('clip', number)))
            continue
        if not single_body:  # which body is the subject's is unknown
            continue
        length = np.linalg.norm(joints[child] - joints[parent], axis=-1)
        count = np.full(len(child), length.shape[1])
        # Enough for mean and variance, however many clips there are
        sums = np.stack([count, length.sum(axis=1), (length**2).sum(axis=1)])
        out.bones[subject] = out.bones.get(subject, 0) + sums
        bent, forward = _count_bent_knees(joints, skeleton)
        out.bent_knees += bent
        out.bent_forward += forward
    return out


def _count_bent_knees(
    joints: np.ndarray, skeleton: Skeleton
) -> tuple[int, int]:
    r"""The number of bent knees, and how many of them point forward: few do
    if left and right, or an axis, are swapped.
    """
    at = {name: joints[i] for i, name in enumerate(skeleton.joints)}
    up = at['LShoulder'] + at['RShoulder'] - at['LHip'] - at['RHip']
    ahead = np.cross(up, at['RHip'] - at['LHip'])
    bent = forward = 0
    for side in 'LR':
        knee = skeleton.joints.index(f'{side}Knee')
        thigh = joints[knee] - joints[skeleton.parents[knee]]
        shin = joints[skeleton.parents.index(knee)] - joints[knee]
        bend = thigh - shin
        size = np.linalg.norm(bend, axis=-1)
        mask = size > BENT * np.linalg.norm(thigh, axis=-1)
        bent += int(mask.sum())
        forward += int(((bend * ahead).sum(axis=-1) > 0)[mask].sum())
    return bent, forward


def verify(
    clips: Iterable[Data], skeleton: Skeleton, expected: Expectation
) -> list[Check]:
    r"""Compares clips with published numbers, and their joints with plausible
    bodies.

    Args:
        clips (iterable of Data): The clips of a split, each read once.
        skeleton (Skeleton): Their joints.
        expected (Expectation): Their expected properties.

    Example:
        >>> checks = verify(dataset, dataset.skeleton, expected)
        >>> all(check.passed is not False for check in checks)
        True
    """
    summary = summarize(clips, skeleton, expected)
    checks = []
    for what in ('clips', 'frames'):
        found, published = getattr(summary, what), getattr(expected, what)
        text = f'{found:,}' + (f' of {published:,}' if published else '')
        passed = found == published if published else None
        checks.append(Check(what, text, passed))
    for what in ('subjects', 'actions'):
        needed, there = getattr(expected, what), getattr(summary, what)
        lacking = [name for name in needed if name not in there]
        text = f'all {len(needed)}'
        if lacking:
            text = f'nothing of {", ".join(lacking)}'
        if needed:
            checks.append(Check(what, text, not lacking))
    if summary.frames and expected.unit:
        checks += _check_joints(summary, skeleton, expected)
    if summary.projections is not None and summary.projections.seen:
        error, worst, problem = summary.projections.compare()
        text = problem or f'median {error:.1f} px apart, {worst}'
        checks.append(Check('2D against 3D', text, not problem))
    return checks


def _check_joints(
    summary: Summary, skeleton: Skeleton, expected: Expectation
) -> list[Check]:
    bad = summary.not_finite
    names = ', '.join(bad[:10]) + (', ...' if len(bad) > 10 else '')
    text = f'not finite in {names}' if bad else 'finite'
    checks = [
        Check('numbers', text, not bad),
        Check('frames without anybody', f'{summary.empty_frames:,}', None),
    ]
    if summary.bones:
        checks += _check_limbs(summary.bones, skeleton, expected)
    if summary.bent_knees:
        share = summary.bent_forward / summary.bent_knees
        text = (
            f'{share:.1%} of {summary.bent_knees:,} bent knees point forward'
        )
        checks.append(Check('left and right', text, share > FORWARD))
    return checks


def _check_limbs(
    sums: dict[str, np.ndarray], skeleton: Skeleton, expected: Expectation
) -> list[Check]:
    r"""Checks the lengths of thighs and upper arms of each subject."""
    bones = [skeleton.joints[c] for c, _ in skeleton.bones]
    limbs = [bones.index(side + limb) for limb in LIMBS for side in 'LR']
    # [subjects, bones]
    count, total, squares = np.stack(list(sums.values()), axis=1)
    count = np.maximum(count, 1)
    mean = (total / count)[:, limbs]  # [subjects, 4]
    variance = (squares / count)[:, limbs] - mean**2
    mean = np.maximum(mean, 1e-9)
    spread = np.sqrt(np.maximum(variance, 0)) / mean
    # Limbs are in pairs, left before right.
    difference = np.abs(mean[:, 0::2] / mean[:, 1::2] - 1)
    checks = []
    for what, values, limit in (
        ('spread of limbs', spread, expected.spread),
        ('left against right', difference, expected.symmetry),
    ):
        worst, subject = values.max(), list(sums)[values.max(axis=1).argmax()]
        where = f' (subject {subject})' if subject else ''
        text = f'at most {worst:.1%}{where}, limit {limit:.0%}'
        checks.append(Check(what, text, bool(worst <= limit)))
    text = f'limbs of {mean.min():.0f} to {mean.max():.0f} mm'
    low, high = LIMB_RANGE
    passed = bool(low < mean.min() and mean.max() < high)
    return [*checks, Check('unit', text, passed)]
