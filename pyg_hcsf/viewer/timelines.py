r"""Results and ground truth on a common timeline, z up, for drawing."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Optional

import numpy as np

from pyg_hcsf.poses import PoseSequence
from pyg_hcsf.safe_io.shown import shown

MAX_SIZE = 2**24  # people times frames of a scene
PEOPLE = (600.0, 3000.0)  # mm, the box around a person
STANDING = 1700.0
Results = Mapping[str, Sequence[PoseSequence]]


@dataclass(frozen=True, eq=False)
class Person:
    r"""One person of one source on the timeline of a scene.

    Args:
        number (int): The index of the person in :attr:`Scene.names`.
        sequence (PoseSequence): The given poses.
        pose (numpy.ndarray): Joints in millimetres, z up: ``[T, N, 3]``.
        root (numpy.ndarray, optional): Position of the root, z up:
            ``[T, 3]``.
        row (numpy.ndarray): The row of each frame of the scene in
            :obj:`pose`, :obj:`-1` where there is none.
    """

    number: int
    sequence: PoseSequence
    pose: np.ndarray
    root: Optional[np.ndarray]
    row: np.ndarray


@dataclass(frozen=True, eq=False)
class ResultPoses:
    r"""One named set of 3D poses that the viewer shows.

    Args:
        name (str): Its name in the page.
        truth (bool): Whether it is the ground truth.
        people (tuple[Person, ...]): Its people.
    """

    name: str
    truth: bool
    people: tuple[Person, ...]


@dataclass(frozen=True, eq=False)
class Scene:
    r"""Results, and optionally the ground truth, on one timeline.

    Args:
        frames (numpy.ndarray): The frame numbers of all results, ascending.
        names (tuple[str, ...]): The names of the people.
        sources (tuple[ResultPoses, ...]): The results, then the truth.
        axes (str): The axes of the given poses.
        fps (float, optional): Frames per second, if known.
        unit (float): The size of the bodies relative to people, by which
            distances and widths are drawn.
    """

    frames: np.ndarray
    names: tuple[str, ...]
    sources: tuple[ResultPoses, ...]
    axes: str
    fps: Optional[float]
    unit: float


def align_timelines(
    results: Results, truth: Optional[Sequence[PoseSequence]] = None
) -> Scene:
    r"""Converts results and the ground truth to one timeline and z up.

    People are matched by name; if each source has one person, these are
    assumed to be the same.

    Args:
        results (mapping from str to sequence of PoseSequence): One or two
            results by name, each a list of people.
        truth (sequence of PoseSequence, optional): The ground truth.
            (default: :obj:`None`)

    Raises:
        ValueError: If there are no results or more than two, one has
            no people or two of the same name, or axes differ.

    Example:
        >>> scene = align_timelines({'ours': read_poses('poses.npz')})
        >>> scene.frames, scene.names
    """
    if not isinstance(results, Mapping):
        raise ValueError(
            "Expected 'results' to be lists of PoseSequence by name, such as "
            f"{{'mine': [poses]}} (got a {type(results).__name__})"
        )
    if not 1 <= len(results) <= 2:
        raise ValueError(
            f"Expected one or two 'results' (got {len(results)}); compare "
            'more by several pages'
        )
    given = [(name, False, people) for name, people in results.items()]
    if truth is not None:
        given.append(('ground truth', True, truth))
    for name, _, people in given:
        _check(name, people)
    every = [person for _, _, people in given for person in people]
    if len({person.axes for person in every}) > 1:
        raise ValueError(
            "Expected all of 'results' and 'truth' in the same axes (got "
            f'{shown([person.axes for person in every])}); convert world '
            'axes with Camera.world_to_camera'
        )
    visible = [person for people in results.values() for person in people]
    frames = np.unique(np.concatenate([person.frames for person in visible]))
    if len(visible) * len(frames) > MAX_SIZE:
        raise ValueError(
            f"Expected 'results' of up to {MAX_SIZE:,} people times frames "
            f'(got {len(visible)} people and {len(frames)} frames): write '
            'fewer people or frames to a file'
        )
    names = tuple(dict.fromkeys(person.name for person in visible))
    alone = all(len(people) == 1 for _, _, people in given)
    if alone:
        names = names[:1]
    sources = []
    for name, is_truth, people in given:
        aligned = [
            _align(person, 0 if alone else names.index(person.name), frames)
            for person in people
            if alone or person.name in names
        ]
        sources.append(ResultPoses(name, is_truth, tuple(aligned)))
    fps = next((person.fps for person in every if person.fps), None)
    unit = _unit(visible)
    return Scene(frames, names, tuple(sources), every[0].axes, fps, unit)


def joint_errors(person: Person, truth: Person) -> np.ndarray:
    r"""The distance of each joint to the ground truth relative to the root:
    ``[frames, N]``, NaN where one of them is missing.

    Raises:
        ValueError: If their skeletons differ.
    """
    skeletons = [p.sequence.skeleton for p in (person, truth)]
    if skeletons[0].joints != skeletons[1].joints:
        raise ValueError(
            f"Expected 'truth' on the skeleton '{skeletons[0].name}' of the "
            f"result (got '{skeletons[1].name}')"
        )
    known = (person.row >= 0) & (truth.row >= 0)
    out = np.full((len(person.row), person.pose.shape[1]), np.nan)
    gap = person.pose[person.row[known]] - truth.pose[truth.row[known]]
    out[known] = np.linalg.norm(gap, axis=-1)
    return out


def rows_of(frames: np.ndarray, timeline: np.ndarray) -> np.ndarray:
    r"""The index of each number of :obj:`timeline` in :obj:`frames`, or
    :obj:`-1`.
    """
    row = np.searchsorted(frames, timeline)
    row[row == len(frames)] = 0
    return np.where(frames[row] == timeline, row, -1)


def _check(source: str, people: Sequence[PoseSequence]) -> None:
    if not people:
        raise ValueError(f"Expected people in '{source}' (got none)")
    names = [person.name for person in people]
    if len(set(names)) != len(names):
        raise ValueError(
            f"Expected people of different names in '{source}' (got "
            f'{shown(names)})'
        )
    low, high = np.iinfo(np.int32).min, np.iinfo(np.int32).max
    for person in people:
        if not low <= person.frames[0] <= person.frames[-1] <= high:
            raise ValueError(
                f"Expected 'frames' of '{person.name}' in '{source}' between "
                f'{low} and {high} (got {person.frames[0]} to '
                f'{person.frames[-1]})'
            )


def _unit(people: Sequence[PoseSequence]) -> float:
    """The size of bodies relative to people: 1 if they may be people."""
    boxes = [np.ptp(person.pose, axis=1) for person in people]
    size = float(np.median(np.linalg.norm(np.concatenate(boxes), axis=-1)))
    low, high = PEOPLE
    return 1.0 if low <= size <= high or size == 0 else size / STANDING


def _align(person: PoseSequence, number: int, timeline: np.ndarray) -> Person:
    root = None if person.root is None else _z_up(person.root, person.axes)
    pose = _z_up(person.pose, person.axes)
    row = rows_of(np.asarray(person.frames), timeline)
    return Person(number, person, pose, root, row)


def _z_up(x: np.ndarray, axes: str) -> np.ndarray:
    """Camera axes (x right, y down, z away) to x right, y away, z up."""
    if axes == 'camera':
        x = np.stack([x[..., 0], x[..., 2], -x[..., 1]], axis=-1)
    return x.astype(np.float32)
