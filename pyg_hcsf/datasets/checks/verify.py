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
BENT = 0.5  # a knee counts from here; Kinect bends straight ones backwards
FORWARD = 0.6  # of bent knees; half of them where joints are scrambled
LIMB_RANGE = (150.0, 650.0)  # mm, of a mean thigh or upper arm


class Expectation(NamedTuple):
    r"""What a data set should be like when it is whole.

    Args:
        joints (str): The attribute of a clip that holds 3D joints,
            :obj:`[N, T, 3]` or, of several bodies, :obj:`[N, T, M, 3]`.
        unit (float): Millimetres per unit of the joints; :obj:`0` if they
            have no size, so that they are not looked at.
        spread (float): The largest credible standard deviation of the length
            of a thigh or upper arm within a subject, as a share of its mean.
        symmetry (float): The largest credible difference of left and right
            ones within a subject, as a share.
        clips (int, optional): The number of clips, if it is known.
            (default: :obj:`0`)
        frames (int, optional): The number of frames, if it is known.
            (default: :obj:`0`)
        subjects, actions (tuple[str, ...], optional): Those that there must
            be, as the clips call them. (default: :obj:`()`)
        unlike (Mapping, optional): See
            :class:`~pyg_hcsf.data.projection.Projections`.
            (default: none)
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
        what (str): What was looked at.
        found (str): What was found.
        passed (bool, optional): Whether it is as expected; :obj:`None` where
            there is nothing to compare it with.
    """

    what: str
    found: str
    passed: bool | None


@dataclass
class Summary:
    r"""What :func:`summarize` adds up over the clips of a split.

    Lengths of bones, of clips of one body, are kept per subject as number,
    sum and sum of squares, in millimetres: :obj:`[3, num_bones]`.
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
    r"""Measures clips one after the other.

    Args:
        clips (iterable): The :class:`~torch_geometric.data.Data`.
        skeleton (Skeleton): Their joints.
        expected (Expectation): Where the joints are and in which unit.

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
        there = joints.any(axis=(0, 3))  # [T, M]; zero where nobody is
        out.empty_frames += int((~there.any(axis=1)).sum())
        alone = there.any(axis=0).sum() == 1
        joints = joints[:, there]  # [N, F, 3]
        if not np.isfinite(joints).all():
            out.not_finite.append(str(clip.get('clip', number)))
            continue
        if not alone:  # nobody knows which body is the subject's
            continue
        length = np.linalg.norm(joints[child] - joints[parent], axis=-1)
        sums = np.stack(
            [
                np.full(len(child), length.shape[1]),
                length.sum(axis=1),
                (length**2).sum(axis=1),
            ]
        )
        out.bones[subject] = out.bones.get(subject, 0) + sums
        bent, forward = _bent_knees(joints, skeleton)
        out.bent_knees += bent
        out.bent_forward += forward
    return out


def _bent_knees(joints: np.ndarray, skeleton: Skeleton) -> tuple[int, int]:
    r"""How many bent knees there are, and how many of them point forward:
    few do where left and right, or an axis, are swapped.
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
    r"""Compares clips with what is published, and their joints with what
    bodies are like.

    Args:
        clips (iterable): The :class:`~torch_geometric.data.Data`, of one
            split; each is looked at once.
        skeleton (Skeleton): Their joints.
        expected (Expectation): What they should be like.

    Example:
        >>> checks = verify(dataset, dataset.skeleton, expected)
        >>> all(check.passed is not False for check in checks)
        True
    """
    summary = summarize(clips, skeleton, expected)
    checks = []
    for what, found, wanted in (
        ('clips', summary.clips, expected.clips),
        ('frames', summary.frames, expected.frames),
    ):
        text = f'{found:,}' + (f' of {wanted:,}' if wanted else '')
        checks.append(Check(what, text, found == wanted if wanted else None))
    for what, there, needed in (
        ('subjects', summary.subjects, expected.subjects),
        ('actions', summary.actions, expected.actions),
    ):
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
    checks = [
        Check(
            'numbers', f'not finite in {names}' if bad else 'finite', not bad
        ),
        Check('frames without anybody', f'{summary.empty_frames:,}', None),
    ]
    bones = [skeleton.joints[c] for c, _ in skeleton.bones]
    limbs = [bones.index(side + limb) for limb in LIMBS for side in 'LR']
    if summary.bones:
        count, total, squares = np.stack(list(summary.bones.values()), axis=1)
        count = np.maximum(count, 1)
        mean = (total / count)[:, limbs]  # [S, 4]
        variance = (squares / count)[:, limbs] - mean**2
        mean = np.maximum(mean, 1e-9)
        spread = np.sqrt(np.maximum(variance, 0)) / mean
        side = np.abs(mean[:, 0::2] / mean[:, 1::2] - 1)
        low, high = LIMB_RANGE
        checks += [
            _worst('spread of limbs', spread, expected.spread, summary.bones),
            _worst(
                'left against right', side, expected.symmetry, summary.bones
            ),
            Check(
                'unit',
                f'limbs of {mean.min():.0f} to {mean.max():.0f} mm',
                bool(low < mean.min() and mean.max() < high),
            ),
        ]
    if summary.bent_knees:
        share = summary.bent_forward / summary.bent_knees
        checks.append(
            Check(
                'left and right',
                f'{share:.1%} of {summary.bent_knees:,} bent knees point '
                'forward',
                share > FORWARD,
            )
        )
    return checks


def _worst(
    what: str, values: np.ndarray, limit: float, subjects: Iterable[str]
) -> Check:
    worst = int(values.max(axis=1).argmax())
    value = float(values.max())
    subject = list(subjects)[worst]
    where = f' (subject {subject})' if subject else ''
    return Check(
        what, f'at most {value:.1%}{where}, limit {limit:.0%}', value <= limit
    )
