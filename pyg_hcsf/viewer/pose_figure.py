r"""Draws the viewer's first view of a frame with matplotlib."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any, Optional

import numpy as np

from pyg_hcsf.skeleton import Skeleton
from pyg_hcsf.viewer.timelines import (
    Person,
    ResultPoses,
    Scene,
    joint_errors,
)

try:
    from matplotlib.collections import LineCollection
    from matplotlib.figure import Figure
except ImportError as e:
    raise ImportError(
        "Pictures need matplotlib: pip install 'pyg_hcsf[plot]'"
    ) from e

# The colours of assets/viewer.css.
LEFT, RIGHT, TRUNK, TRUTH = '#0072B2', '#D55E00', '#45494E', '#A3A8AD'
GRID, INK, MUTED = '#E4E5E2', '#1C1E21', '#666C73'
HEIGHT = 540  # pixels
APART = 1100  # millimetres between people


class PoseFigure:
    r"""A figure with panels for the 2D keypoints and for each result in front
    of the ground truth, from the initial view of the page.

    Args:
        scene (Scene): The poses.

    Example:
        >>> scene = align_timelines({'ours': read_poses('poses.npz')})
        >>> PoseFigure(scene).draw(0).savefig('first.png')
    """

    def __init__(self, scene: Scene) -> None:
        self.scene = scene
        results = [source for source in scene.sources if not source.truth]
        self.truth = next((s for s in scene.sources if s.truth), None)
        self.with_keypoints = [
            p for p in results[0].people if p.sequence.keypoints
        ]
        columns = len(results) + bool(self.with_keypoints)
        # The size in pixels must be even for video.
        self.figure = Figure((4 * columns, HEIGHT / 100), dpi=100)
        axes = self.figure.subplots(1, columns, squeeze=False)[0]
        self.figure.subplots_adjust(0.01, 0.02, 0.99, 0.9, wspace=0.02)
        for ax in axes:
            ax.set(xticks=[], yticks=[], aspect='equal')
            ax.spines[:].set_visible(False)
        self.camera = _Camera(scene)
        if self.with_keypoints:
            self._frame_image(axes[0])
        self.panels = list(zip(axes[-len(results) :], results, strict=True))
        for ax, _ in self.panels:
            self.camera.draw_floor(ax)
        self.axes = axes
        self.drawn: list[Any] = []

    def draw(self, t: int) -> Figure:
        r"""Draws the frame at an index of the timeline."""
        for artist in self.drawn:
            artist.remove()
        self.drawn = []
        number = self.scene.frames[t]
        if self.with_keypoints:
            self._title(self.axes[0], '2D keypoints', f'frame {number}')
            for person in self.with_keypoints:
                self._draw_image(person, person.row[t])
        for ax, source in self.panels:
            errors = []
            for person in source.people:
                true = _find(self.truth, person.number)
                if true is not None and true.row[t] >= 0:
                    self._draw_pose(ax, true, t, ghost=True)
                if person.row[t] >= 0:
                    self._draw_pose(ax, person, t)
                if true is not None and _same_skeleton(person, true):
                    errors.append(joint_errors(person, true)[t].mean())
            known = [error for error in errors if np.isfinite(error)]
            note = f'{np.mean(known):.1f} mm' if known else ''
            self._title(ax, source.name, note)
        return self.figure

    def _title(self, ax: Any, name: str, note: str) -> None:
        for text, x, colour, weight in (
            (name, 0.03, INK, 'bold'),
            (note, 0.97, MUTED, 'normal'),
        ):
            artist = ax.text(
                x,
                1.03,
                text,
                transform=ax.transAxes,
                ha='left' if x < 0.5 else 'right',
                color=colour,
                weight=weight,
                fontsize=10,
                parse_math=False,
            )
            self.drawn.append(artist)

    def _frame_image(self, ax: Any) -> None:
        tracks = [p.sequence.keypoints for p in self.with_keypoints]
        xy = np.concatenate([t.xy.reshape(-1, 2) for t in tracks if t])
        xy = xy[np.isfinite(xy).all(1)]
        xy = xy if len(xy) else np.array([[0.0, 0.0], [1.0, 1.0]])
        low, high = np.quantile(xy, [0.002, 0.998], axis=0)
        _fit(ax, (low + high) / 2, (high - low) * 0.62 + 1, down=True)

    def _draw_image(self, person: Person, row: int) -> None:
        track, layout = person.sequence.keypoints, person.sequence.layout
        if row < 0 or track is None or layout is None:
            return
        alpha = np.clip(track.score[row], 0.06, 1)
        self._draw_bones(self.axes[0], track.xy[row], layout, alpha, 2.0)

    def _draw_pose(
        self, ax: Any, person: Person, t: int, ghost: bool = False
    ) -> None:
        body = person.sequence.skeleton
        points = self.camera.project(
            person.pose[person.row[t]] + self.camera.offsets[person.number]
        )
        alpha = np.ones(len(points))
        if ghost:
            self._draw_bones(ax, points, body, alpha, 1.6, TRUTH)
        else:
            self._draw_bones(ax, points, body, alpha, 3.4)

    def _draw_bones(
        self,
        ax: Any,
        points: np.ndarray,
        body: Skeleton,
        alpha: np.ndarray,
        width: float,
        colour: Optional[str] = None,
    ) -> None:
        bones = np.array(body.bones)
        lines = LineCollection(
            list(points[bones]),
            colors=[colour or _side(body, child) for child, _ in bones],
            alpha=list(alpha[bones].min(1)),
            linewidths=width,
            capstyle='round',
        )
        self.drawn.append(ax.add_collection(lines, autolim=False))
        if colour is None:
            dots = ax.scatter(
                *points.T,
                s=4 * width,
                color=[_side(body, j) for j in range(len(points))],
                alpha=alpha,
                zorder=3,
            )
            self.drawn.append(dots)


class _Camera:
    """The initial camera of the page, z up."""

    def __init__(self, scene: Scene) -> None:
        count = len(scene.names)
        first = scene.sources[0].people[0]
        self.yaw = 0.0 if scene.axes == 'camera' else _facing(first)
        self.pitch = 0.14
        self.offsets, tall, wide = [], 0.0, 0.0
        self.unit, apart = scene.unit, APART * scene.unit
        across = np.array([math.cos(self.yaw), math.sin(self.yaw)])
        for number in range(count):
            pose = _reference(scene.sources, number).pose
            low, high = pose[..., 2].min(1), pose[..., 2].max(1)
            floor, top = np.quantile(low, 0.02), np.quantile(high, 0.98)
            reach = np.linalg.norm(pose[..., :2], axis=-1).max(1)
            tall = max(tall, float(top - floor))
            wide = max(wide, float(np.quantile(reach, 0.98)))
            slot = apart * (number - (count - 1) / 2)
            self.offsets.append(np.array([*(slot * across), -floor]))
        self.center = np.array([0, 0, tall / 2])
        margin = 80 * self.unit
        self.extent = np.array(
            [apart / 2 * (count - 1) + wide, tall / 2 + margin]
        )
        self.distance = 5 * float(self.extent.max())

    def project(self, x: np.ndarray) -> np.ndarray:
        """Projects ``[*, 3]`` to ``[*, 2]`` in millimetres at the center."""
        dx, dy, dz = np.moveaxis(x - self.center, -1, 0)
        cy, sy = math.cos(self.yaw), math.sin(self.yaw)
        cp, sp = math.cos(self.pitch), math.sin(self.pitch)
        far = cy * dy - sy * dx
        depth = self.distance + cp * far - sp * dz
        out = np.stack([cy * dx + sy * dy, cp * dz + sp * far], axis=-1)
        return out * (self.distance / np.maximum(depth, 1))[..., None]

    def draw_floor(self, ax: Any) -> None:
        step = 500 * self.unit
        number = math.ceil(self.extent[0] / step + 1)
        reach, ticks = number * step, step * np.arange(-number, number + 1)
        ends = np.array([-reach, reach])
        lines = [[[k, e, 0] for e in ends] for k in ticks]
        lines += [[[e, k, 0] for e in ends] for k in ticks]
        floor = LineCollection(
            list(self.project(np.array(lines, dtype=float))),
            colors=GRID,
            linewidths=0.8,
        )
        ax.add_collection(floor, autolim=False)
        _fit(ax, np.zeros(2), 1.1 * self.extent)


def _find(source: Optional[ResultPoses], number: int) -> Optional[Person]:
    people = () if source is None else source.people
    return next((p for p in people if p.number == number), None)


def _same_skeleton(first: Person, second: Person) -> bool:
    return first.sequence.skeleton.joints == second.sequence.skeleton.joints


def _reference(sources: Sequence[ResultPoses], number: int) -> Person:
    """The ground truth of a person, or else the first result."""
    found = [_find(source, number) for source in reversed(sources)]
    return next(person for person in found if person is not None)


def _facing(person: Person) -> float:
    """The yaw of a camera in front of a person, in the first frame."""
    body = person.sequence.skeleton
    left, right = list(body.left), list(body.right)
    pose = person.pose[0]
    x, y, _ = (pose[left] - pose[right]).sum(0)
    return math.atan2(y, x)


def _side(body: Skeleton, joint: int) -> str:
    if joint in body.left:
        return LEFT
    return RIGHT if joint in body.right else TRUNK


def _fit(
    ax: Any, center: np.ndarray, half: np.ndarray, down: bool = False
) -> None:
    """Sets the limits of a plot to contain a box at equal scales."""
    box = ax.get_position(original=True)
    figure = ax.figure.get_size_inches()
    w, h = box.width * figure[0], box.height * figure[1]
    scale = max(half[0] / w, half[1] / h)
    x, y = scale * w, scale * h
    ax.set_xlim(center[0] - x, center[0] + x)
    ax.set_ylim(center[1] - y, center[1] + y)
    if down:
        ax.invert_yaxis()
