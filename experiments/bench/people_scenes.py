"""Scenes of several people, as a detector without a tracker gives them: people
are hidden by others, missed or found twice, and some detections are nobody.
"""

from __future__ import annotations

import zlib
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from torch_geometric.data import Data

from experiments.bench.walkers import people_in
from experiments.fitting.body_points import body_points
from pyg_hcsf.keypoints.detections import Detection

GHOST, DOUBLE = -1, -2  # nobody; somebody for a second time
#: Limbs of coco17 and their radius in mm, by which they hide others.
LIMBS = np.array(
    [(5, 7), (7, 9), (6, 8), (8, 10), (11, 13), (13, 15), (12, 14), (14, 16),
     (5, 11), (6, 12), (5, 12), (6, 11), (3, 4)]
)  # fmt: skip
RADII = np.array([60.0] * 4 + [80.0] * 4 + [120.0] * 5)


class Scene(NamedTuple):
    """Detections, and the person of each (or GHOST, or DOUBLE)."""

    kind: str
    people: int
    fps: float
    found: list[Detection]
    truth: np.ndarray


class People(NamedTuple):
    """Joints of coco17 of everybody in the image: pixels ``[P, T, 17, 2]``,
    depths ``[P, T]`` and the size of 1 mm in pixels ``[P, T]``.
    """

    xy: np.ndarray
    depth: np.ndarray
    scale: np.ndarray


def film(
    joints: np.ndarray,
    radius: float,
    width: int,
    rng: np.random.Generator,
    pan: float,
) -> People:
    """Projects people to a camera beside them that looks at the middle, or
    turns from side to side by up to some angle.
    """
    far, up = radius + rng.uniform(3000, 5000), rng.uniform(1000, 3500)
    side = rng.uniform(0, 2 * np.pi)
    eye = np.array([np.cos(side) * far, np.sin(side) * far, up])
    time = np.linspace(0, rng.uniform(10, 30), joints.shape[1])
    turn = side + pan * np.sin(time)
    ahead = np.stack(
        [-np.cos(turn), -np.sin(turn), 0 * turn - (up - 900) / far]
    )
    ahead = (ahead / np.linalg.norm(ahead, axis=0)).T  # [T, 3]
    right = np.cross(ahead, [0, 0, 1])
    right /= np.linalg.norm(right, axis=1, keepdims=True)
    axes = np.stack([right, np.cross(ahead, right), ahead], axis=2)
    seen = np.einsum('ptnc,tcd->ptnd', joints - eye, axes)
    focal = width * rng.uniform(0.75, 1.0)
    points = np.stack(
        [
            np.stack([xyz for xyz, _ in body_points(p, 'coco17', rng)], axis=1)
            for p in seen
        ]
    )
    z = points[..., 2:].clip(300)
    middle = np.array([width / 2, width * 9 / 32])
    depth = z[..., 0].mean(axis=2)
    return People(points[..., :2] / z * focal + middle, depth, focal / depth)


def hidden_joints(people: People) -> tuple[np.ndarray, np.ndarray]:
    """Which joints are behind somebody's limbs, and whose: ``[P, T, 17]``."""
    number, frames = people.depth.shape
    hidden = np.zeros((number, frames, 17), dtype=bool)
    by = np.full((number, frames, 17), -1)
    ends = people.xy[:, :, LIMBS]  # [P, T, L, 2, 2]
    for behind in range(number):
        for front in range(number):
            nearer = people.depth[front] + 150 < people.depth[behind]
            close = np.abs(people.xy[front] - people.xy[behind]).min(axis=1)
            at = np.flatnonzero(nearer & (close.max(axis=1) < 400))
            if front == behind or len(at) == 0:
                continue
            a, b = ends[front, at, :, 0], ends[front, at, :, 1]
            along = (b - a)[:, None]  # [F, 1, L, 2]
            gap = people.xy[behind, at][:, :, None] - a[:, None]
            share = (gap * along).sum(-1) / ((along**2).sum(-1) + 1e-6)
            off = gap - share.clip(0, 1)[..., None] * along
            radius = RADII * people.scale[front, at, None, None]
            inside = (np.linalg.norm(off, axis=-1) < radius).any(axis=-1)
            hidden[behind, at] |= inside
            by[behind, at] = np.where(inside, front, by[behind, at])
    return hidden, by


def slow_noise(
    rng: np.random.Generator, frames: int, rest: tuple[int, ...], memory: float
) -> np.ndarray:
    """Normal noise with a correlation of successive frames: ``[T, *]``."""
    out = rng.standard_normal((frames, *rest))
    for t in range(1, frames):
        out[t] = memory * out[t - 1] + np.sqrt(1 - memory**2) * out[t]
    return out


def detect(
    people: People, size: tuple[int, int], fps: float, rng: np.random.Generator
) -> tuple[list[np.ndarray], list[int], list[int]]:
    """What a detector finds: joints ``[17, 3]``, frames, and who it is."""
    number, frames = people.depth.shape
    noise = rng.uniform(2, 4) * min(1, size[0] / 1280 + 0.25)
    hidden, by = hidden_joints(people)
    joints, at, who = [], [], []
    for p in range(number):
        xy = people.xy[p] + noise * slow_noise(rng, frames, (17, 2), 0.5)
        score = rng.uniform(0.6, 0.95, (frames, 17))
        # Joints behind others are missed, guessed, or taken from the other.
        mood = slow_noise(rng, frames, (17,), 0.9)
        guess = xy + 5 * noise * slow_noise(rng, frames, (17, 2), 0.8)
        other = people.xy[by[p], np.arange(frames)[:, None], np.arange(17)]
        xy = np.where((hidden[p] & (mood > -0.3))[..., None], guess, xy)
        xy = np.where((hidden[p] & (mood > 0.8))[..., None], other, xy)
        score = np.where(hidden[p], rng.uniform(0.1, 0.5, score.shape), score)
        missed = hidden[p] & (mood < -1)
        missed |= rng.random(score.shape) < 0.005
        inside = ((xy >= 0) & (xy < size)).all(axis=-1)
        score[missed | ~inside] = 0
        # Hidden people are missed for a while, others in single frames.
        share = hidden[p].mean(axis=1)
        mood = slow_noise(rng, frames, (), 0.5 ** (8 / fps))
        found = (share < 0.35) | (mood * 0.25 + 0.65 > share)
        found &= rng.random(frames) > 0.03
        found &= (score > 0).sum(axis=1) >= 6
        for t in np.flatnonzero(found):
            joints.append(np.column_stack([xy[t], score[t]]))
            at.append(int(t))
            who.append(p)
    extra(joints, at, who, frames, rng)
    return joints, at, who


def extra(
    joints: list[np.ndarray],
    at: list[int],
    who: list[int],
    frames: int,
    rng: np.random.Generator,
) -> None:
    """Adds ghosts, which last for a frame or several, and doubles."""
    real = len(joints)
    for start in range(frames):
        kind = rng.random()
        if kind > 0.015:
            continue
        source = joints[rng.integers(real)]
        lasts = 1 if rng.random() < 0.7 else int(rng.integers(2, 9))
        if kind < 0.008:  # parts of somebody's shape, elsewhere
            shift = rng.normal(size=2) * 300
            spread = rng.normal(size=(17, 2)) * np.ptp(source[:, 0]) / 3
            ghost = source + np.column_stack([spread + shift, [0] * 17])
            ghost[:, 2] *= (rng.random(17) < 0.6) * 0.5
            add = [(GHOST, ghost, start + i) for i in range(lasts)]
        else:
            rows = [i for i in range(real) if at[i] == start]
            if not rows:
                continue
            person = who[rows[rng.integers(len(rows))]]
            half = rng.random() < 0.5
            shift = rng.normal(size=2) * 8
            add = []
            for i in range(real):
                if who[i] == person and 0 <= at[i] - start < lasts:
                    twin = joints[i] + [*shift, 0]
                    twin[:, :2] += rng.normal(size=(17, 2)) * 3
                    twin[11 if half else 17 :, 2] = 0
                    twin[:, 2] *= 0.7
                    add.append((DOUBLE, twin, at[i]))
        for name, values, frame in add:
            noisy = values.copy()
            noisy[:, :2] += rng.normal(size=(17, 2)) * 2
            if frame < frames and (noisy[:, 2] > 0).sum() > 4:
                joints.append(noisy)
                at.append(frame)
                who.append(name)


def make_scene(kind: str, clips: Sequence[Data], seed: int) -> Scene:
    """A scene of people of different heights, at 25, 30 or 60 Hz, or with
    every second frame of 25 Hz only.
    """
    rng = np.random.default_rng([seed, zlib.crc32(kind.encode())])
    fps, stride = [(25.0, 1), (30.0, 1), (60.0, 1), (25.0, 2)][rng.integers(4)]
    size = [(1920, 1080), (1280, 720), (640, 360)][rng.integers(3)]
    joints, radius = people_in(kind, clips, fps, rng)
    pan = 0.15 * (rng.random() < 0.25)
    people = film(joints, radius, size[0], rng, pan)
    found, at, who = detect(people, size, fps, rng)
    mixed = rng.permutation(len(found)).tolist()
    order = [i for i in mixed if at[i] % stride == 0]
    detections = [Detection(at[i], None, found[i]) for i in order]
    truth = np.array([who[i] for i in order])
    return Scene(kind, len(joints), fps, detections, truth)
