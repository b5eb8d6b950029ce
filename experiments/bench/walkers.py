"""Recorded motion of any length along new paths: several people who walk,
dance or jump in one place.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from torch_geometric.data import Data

from pyg_hcsf.axes import frames_first
from pyg_hcsf.skeleton import H36M17

BLEND = 8  # frames, from the end of a clip to its beginning
MAX_TURN = np.radians(150)  # per second
L_HIP, R_HIP = (H36M17.joints.index(n) for n in ('LHip', 'RHip'))


class Kind(NamedTuple):
    """A kind of scene.

    Args:
        people: The least and the largest number of people.
        moves: Parts of names of actions; each person does one that has them.
        crossing: Whether everybody walks through the middle, or anywhere.
        pauses: The probability that a person stops at a goal.
    """

    people: tuple[int, int]
    moves: tuple[str, ...]
    crossing: bool = True
    pauses: float = 0.0


WALKS = ('walk', 'sneak', 'jog')
KINDS = {
    'two or three cross': Kind((2, 3), WALKS),
    'crowd crosses': Kind((9, 12), WALKS),
    'stop and turn': Kind((3, 6), WALKS, pauses=0.7),
    'stroll': Kind((4, 8), (*WALKS, 'run'), crossing=False, pauses=0.3),
    'perform': Kind((3, 6), ('dance', 'martial', 'playground', 'walk'), False),
    'jump and run': Kind((3, 6), ('jog', 'hop', 'kick', 'throw')),
    'couple': Kind((2, 4), ('salsa',), False, pauses=0.3),
}


def facing(pose: np.ndarray) -> np.ndarray:
    """The angle of the line from the right to the left hip: ``[T]``."""
    x, y = (pose[:, L_HIP] - pose[:, R_HIP])[:, :2].T
    return np.unwrap(np.arctan2(y, x))


def turned(pose: np.ndarray, angle: np.ndarray) -> np.ndarray:
    """Turns poses about the vertical axis."""
    c, s = np.cos(angle), np.sin(angle)
    x, y, z = np.moveaxis(pose, -1, 0)
    return np.stack([c * x - s * y, s * x + c * y, z], axis=-1)


def loop_motion(
    pos: np.ndarray, steps: np.ndarray
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Poses around the root that face one way, and by how much the root moves
    (as seen by the person) and turns up to the next one.

    Args:
        pos: A clip in mm, z up: ``[T, 17, 3]``.
        steps: Positions in the clip, in frames; the clip is repeated.
    """
    angle, root = facing(pos), pos[:, 0, :2]
    pose = pos.copy()
    pose[..., :2] -= root[:, None]
    pose = turned(pose, -angle[:, None])
    blend = min(BLEND, len(pos) // 3)
    share = (np.arange(blend) / blend)[:, None, None]
    end = len(pos) - blend  # the last frames become the first ones
    pose[end:] = (1 - share) * pose[end:] + share * pose[:blend]
    move = np.diff(root, axis=0)[blend : end + blend - 1]
    ahead = np.column_stack([move, 0 * move[:, :1]])
    move = turned(ahead, -angle[blend : blend + len(move)])[:, :2]
    turn = np.diff(angle)[blend : blend + len(move)]
    pose = pose[blend : blend + len(move)]
    at = steps % len(move)
    low = at.astype(int)
    part = (at - low)[:, None, None]
    high = (low + 1) % len(move)
    mixed = (1 - part) * pose[low] + part * pose[high]
    speed = np.diff(steps, append=steps[-1])
    return mixed, move[low] * speed[:, None], turn[low] * speed


def walk(
    pos: np.ndarray,
    rule: Kind,
    frames: int,
    fps: float,
    radius: float,
    rng: np.random.Generator,
) -> np.ndarray:
    """A person who repeats a clip at 25 Hz and turns towards goals on a disc:
    joints ``[frames, 17, 3]`` in mm.
    """
    # Pauses are known in advance; the person reaches a goal about every 4 s.
    pace = np.full(frames, 25 / fps)
    for start in np.arange(rng.uniform(1, 4), frames / fps, 4):
        if rng.random() < rule.pauses:
            end = start + rng.uniform(0.5, 2)
            pace[int(start * fps) : int(end * fps)] *= 0.05
    soft = max(1, int(0.3 * fps))
    pace = np.convolve(pace, np.ones(soft) / soft, 'same')
    steps = np.cumsum(pace) + rng.uniform(0, 1000)
    pose, move, turn = loop_motion(pos, steps)
    drift = np.convolve(move[:, 0], np.ones(25) / 25, 'same') + 1j * (
        np.convolve(move[:, 1], np.ones(25) / 25, 'same')
    )
    place = radius * np.exp(1j * rng.uniform(0, 2 * np.pi))
    heading = rng.uniform(0, 2 * np.pi)
    goal = 0j
    path, angles = np.empty(frames, complex), np.empty(frames)
    for t in range(frames):
        if abs(goal - place) < 500 or abs(place) > 1.3 * radius:
            least, spread = (0.8, 0.4) if rule.crossing else (0, 2)
            far = rng.uniform(least, 1)
            to = np.angle(-place) + rng.normal() * spread
            goal = radius * far * np.exp(1j * to)
        path[t], angles[t] = place, heading
        if abs(drift[t]) * fps > 250:  # mm/s
            way = np.angle(drift[t]) + heading
            off = np.angle(np.exp(1j * (np.angle(goal - place) - way)))
            heading += np.clip(off, -MAX_TURN / fps, MAX_TURN / fps)
        step = complex(*move[t]) * np.exp(1j * heading)
        heading += turn[t]
        place += step
        if abs(drift[t]) * fps <= 250:  # dances on the spot
            place -= (place - goal * (not rule.crossing)) * 0.02 / fps
    out = turned(pose, angles[:, None])
    out[..., 0] += path.real[:, None]
    out[..., 1] += path.imag[:, None]
    return out


def couple(
    first: np.ndarray, second: np.ndarray, frames: int, fps: float
) -> list[np.ndarray]:
    """Two people who dance together, in the middle: forwards and backwards."""
    steps = np.arange(frames) * 25 / fps
    end = min(len(first), len(second)) - 2
    steps = end - np.abs(steps % (2 * end) - end)
    low = steps.astype(int)
    part = (steps - low)[:, None, None]
    pair = [(1 - part) * p[low] + part * p[low + 1] for p in (first, second)]
    middle = np.mean([p[:, 0, :2].mean(axis=0) for p in pair], axis=0)
    return [p - [*middle, 0] for p in pair]


def partners(clips: Sequence[Data]) -> list[tuple[Data, Data]]:
    """CMU's salsa: trials 1 to 15 are one dancer, 16 to 30 the other."""
    by_name = {c.clip: c for c in clips if c.clip.startswith('salsa_')}
    pairs = [
        (by_name[name], by_name[other])
        for name in by_name
        if (other := f'salsa_{int(name[6:8]) + 15:02d}') in by_name
    ]
    return [(a, b) for a, b in pairs if abs(a.pos.size(1) - b.pos.size(1)) < 3]


def people_in(
    kind: str, clips: Sequence[Data], fps: float, rng: np.random.Generator
) -> tuple[np.ndarray, float]:
    """The joints of the people of a scene of 10 to 30 s: ``[P, T, 17, 3]``,
    and the radius of the place in mm.
    """
    rule, moves = KINDS[kind], KINDS[kind].moves
    number = int(rng.integers(rule.people[0], rule.people[1] + 1))
    frames = int(rng.uniform(10, 30) * fps)
    radius = float(rng.uniform(1700, 2400) + 130 * number)
    out: list[np.ndarray] = []
    if kind == 'couple':
        pairs = partners(clips)
        a, b = pairs[rng.integers(len(pairs))]
        first, second = (
            frames_first(a.pos).numpy(),
            frames_first(b.pos).numpy(),
        )
        out, moves = couple(first, second, frames, fps), WALKS
    while len(out) < number:
        move = moves[rng.integers(len(moves))]
        fit = [
            c for c in clips if move in c.action.lower() and c.pos.size(1) > 24
        ]
        if fit:
            clip = frames_first(fit[rng.integers(len(fit))].pos).numpy()
            out.append(walk(clip, rule, frames, fps, radius, rng))
    scaled = [joints * rng.uniform(0.92, 1.08) for joints in out]
    if kind == 'couple':
        scaled[:2] = out[:2]
    lowest = [p[..., 2].min() for p in scaled]
    people = [p - [0, 0, z] for p, z in zip(scaled, lowest, strict=True)]
    return np.stack(people), radius
