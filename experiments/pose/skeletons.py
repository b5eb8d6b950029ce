"""Pictures of skeletons: Figs. 1 and 8 of the paper."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from matplotlib.lines import Line2D

from experiments.pose.own import skeleton_of
from experiments.reporting.compare import reference_row
from experiments.reporting.drawing import (
    BLUE,
    RED,
    finite,
    row_styles,
    run_figure,
)
from experiments.reporting.runs import Run, Runs, mean_error
from pyg_hcsf.skeleton import Skeleton

TRUNK, BEHIND = '#404040', '#9A9A9A'
KEY = {
    BLUE: 'left',
    RED: 'right',
    TRUNK: 'trunk',
    BEHIND: 'ground truth behind a prediction',
}
EASY, MODERATE = (0.05, 0.1), 0.5  # quantiles of the error


def _side(skeleton: Skeleton, child: int) -> str:
    if child in skeleton.left:
        return BLUE
    return RED if child in skeleton.right else TRUNK


def _draw_2d(ax: Any, pixels: np.ndarray, skeleton: Skeleton) -> None:
    for child, parent in skeleton.bones:
        ends = pixels[[child, parent]]
        colour = _side(skeleton, child)
        ax.plot(*ends.T, color=colour, lw=1.8, solid_capstyle='round')
    ax.plot(*pixels.T, 'o', color='#202020', ms=1.8)
    middle = (pixels.min(0) + pixels.max(0)) / 2
    half = 0.56 * np.ptp(pixels, axis=0).max()
    ax.set(
        xlim=(middle[0] - half, middle[0] + half),
        ylim=(middle[1] + half, middle[1] - half),
        xticks=[],
        yticks=[],
        aspect='equal',
    )
    ax.grid(visible=False)
    ax.spines[:].set(visible=True, color='#B0B0B0')


def _draw_3d(
    ax: Any,
    pose: np.ndarray,
    skeleton: Skeleton,
    box: tuple,
    grey: bool = False,
) -> None:
    """Draws a pose of the camera frame upright: right, forward, -down."""
    x, y, z = pose[:, 0], pose[:, 2], -pose[:, 1]
    for child, parent in skeleton.bones:
        k = [child, parent]
        colour, width = _side(skeleton, child), 1.8
        if grey:
            colour, width = BEHIND, 1.1
        ax.plot(x[k], y[k], z[k], color=colour, lw=width, axlim_clip=True)
    middle, half = box
    ax.set_xlim(middle[0] - half, middle[0] + half)
    ax.set_ylim(middle[2] - half, middle[2] + half)
    ax.set_zlim(-middle[1] - half, -middle[1] + half)
    ax.set_box_aspect((1, 1, 1), zoom=1.28)
    ax.view_init(elev=14, azim=-58)
    for axis in (ax.xaxis, ax.yaxis, ax.zaxis):
        axis.set_pane_color('#F7F7F7')
        axis.line.set_color('#C8C8C8')
        middle = np.array(axis.get_view_interval()).mean()
        axis.set_ticks(middle + [-0.45 * half, 0.45 * half])
        axis.set_ticklabels([])
        axis.set_tick_params(color='none')


def hardest_frames(
    runs: Runs,
    hardest: str | None = None,
    count: int = 4,
    by_action: bool = False,
) -> list[int]:
    """The test frames with the largest errors, at most one per motion clip.

    Args:
        runs (sequence of Run): The runs of one setting.
        hardest (str, optional): The row whose error decides. :obj:`None`
            takes the mean over all rows. (default: :obj:`None`)
        count (int, optional): How many frames. (default: :obj:`4`)
        by_action (bool, optional): If set to :obj:`True`, at most one of each
            action. (default: :obj:`False`)

    Raises:
        ValueError: If there is no such row.
    """
    rows = finite(runs)
    if hardest is not None and hardest not in rows:
        raise ValueError(
            f"Expected 'hardest' to be one of {list(rows)} (got '{hardest}')"
        )
    chosen = [hardest] if hardest else list(rows)
    error = np.mean([mean_error(rows[row]) for row in chosen], axis=0)
    run = rows[chosen[0]][0]
    motion = [
        str(name).replace(str(camera), '')
        for name, camera in zip(run.clip_names, run.camera, strict=True)
    ]
    if by_action:
        motion = run.action.tolist()
    frames: dict[str, int] = {}
    for frame in np.argsort(-error, kind='stable'):
        frames.setdefault(motion[run.clip[frame]], int(frame))
        if len(frames) == count:
            break
    return list(frames.values())


def example_poses(runs: Runs, path: Path) -> Path | None:
    """Fig. 1: the 2D input of two easy poses, a moderate one and four hard
    ones of different actions, and the error of every model on them;
    :obj:`None` if the runs have no poses.

    Easy and moderate poses are those at the quantiles :obj:`EASY` and
    :obj:`MODERATE` of the error, averaged over all rows and their seeds.
    """
    rows, styles = finite(runs), row_styles(runs)
    first = next(iter(rows.values()))[0]
    if not first.has('keypoints'):
        return None
    errors = {row: mean_error(group) for row, group in rows.items()}
    order = np.argsort(np.mean(list(errors.values()), axis=0), kind='stable')
    ranks = [int(q * (len(order) - 1)) for q in (*EASY, MODERATE)]
    frames = [*order[ranks], *hardest_frames(runs, by_action=True)]
    names = ['easy'] * len(EASY) + ['moderate']
    names += ['hard'] * (len(frames) - len(names))
    pixels, skeleton = first.read('keypoints')[0], skeleton_of(first.folder)
    top = max(error[frames].max() for error in errors.values())
    height = 2.6 + 0.19 * len(rows)
    with run_figure(runs, path, (1.75 * len(frames), height)) as figure:
        axes = figure.subplots(
            nrows=2,
            ncols=len(frames),
            height_ratios=(1.5, 0.19 * len(rows) + 0.25),
            squeeze=False,
        )
        for column, frame in enumerate(frames):
            above, below = axes[:, column]
            _draw_2d(above, pixels[frame], skeleton)
            clip = first.clip[frame]
            above.set_title(names[column], weight='bold')
            above.set_xlabel(
                f'{first.subject[clip]}\n{first.action[clip]}', fontsize=7
            )
            values = [error[frame] for error in errors.values()]
            colours = [styles[row]['color'] for row in rows]
            below.barh(range(len(rows)), values, 0.76, color=colours)
            for y, value in enumerate(values):
                below.text(value, y, f' {value:.0f}', va='center', fontsize=7)
            labels = [g[0].label * (column == 0) for g in rows.values()]
            below.set_yticks(range(len(rows)), labels)
            below.invert_yaxis()
            below.grid(visible=False)
            below.tick_params(axis='y', length=0)
            below.set_xlim(0, 1.3 * top)
        figure.supxlabel('error of the pose (mm)', fontsize=9)
    return path


def hardest_poses(
    runs: Runs,
    path: Path,
    rows: Sequence[str] | None = None,
    hardest: str | None = None,
    count: int = 4,
) -> Path | None:
    """Fig. 8: 2D input, ground truth and up to three models' poses on the
    hardest frames, from the first seed of each; :obj:`None` if the runs have
    no poses.

    Args:
        runs (sequence of Run): The runs of one setting.
        path (pathlib.Path): The PNG to write.
        rows (sequence of str, optional): Which rows to draw.
            (default: the reference row and the two best others)
        hardest (str, optional): See :func:`hardest_frames`.
            (default: :obj:`None`)
        count (int, optional): How many poses. (default: :obj:`4`)
    """
    known = finite(runs)
    if rows is None:
        others = sorted(known, key=lambda row: mean_error(known[row]).mean())
        reference = reference_row([r for g in known.values() for r in g])
        others.remove(reference)
        rows = [r for r in known if r in (reference, *others[:2])]
    frames = hardest_frames(runs, hardest, count)
    models = [known[row][0] for row in rows]
    if not all(run.has('keypoints', 'joints', 'prediction') for run in models):
        return None
    pixels, truth = (x[frames] for x in models[0].read('keypoints', 'joints'))
    poses = [run.read('prediction')[0][frames] for run in models]
    columns, skeleton = 2 + len(models), skeleton_of(models[0].folder)
    height = 2.2 * len(frames) + 0.75
    size = (2.05 * columns + 0.2, height)
    with run_figure(runs, path, size, layout=None) as figure:
        grid = figure.add_gridspec(
            len(frames),
            columns,
            left=0.01,
            right=0.99,
            bottom=0.55 / height,
            top=1 - 0.7 / height,
            wspace=0.04,
            hspace=0.28,
        )
        for i, frame in enumerate(frames):
            ax = figure.add_subplot(grid[i, 0])
            _draw_2d(ax, pixels[i], skeleton)
            _name_frame(ax, models[0], frame)
            axes = [
                figure.add_subplot(grid[i, j + 1], projection='3d')
                for j in range(columns - 1)
            ]
            errors = [run.error[frame] for run in models]
            shown = [pose[i] for pose in poses]
            _draw_row(axes, skeleton, truth[i], shown, errors)
        names = ['2D input', 'ground truth', *(run.label for run in models)]
        _label_columns(figure, names, y=1 - 0.5 / height)
    return path


def _name_frame(ax: Any, run: Run, frame: int) -> None:
    clip = run.clip[frame]
    ax.set_xlabel(
        f'{run.subject[clip]}, {run.action[clip]}\n'
        f'frame {run.frame[frame]}, camera {run.camera[clip]}',
        fontsize=7.5,
    )


def _draw_row(
    axes: list,
    skeleton: Skeleton,
    truth: np.ndarray,
    poses: list[np.ndarray],
    errors: list[float],
) -> None:
    """Draws the true pose, and each predicted pose in front of it."""
    stack = np.concatenate([truth, *poses])
    size = np.ptp(truth, axis=0).max()
    if np.ptp(stack, axis=0).max() > 2 * size:  # crop large errors
        stack = np.concatenate([truth - size / 2, truth + size / 2])
    middle = (stack.min(0) + stack.max(0)) / 2
    box = (middle, 0.5 * np.ptp(stack, axis=0).max())
    _draw_3d(axes[0], truth, skeleton, box)
    for ax, pose, error in zip(axes[1:], poses, errors, strict=True):
        _draw_3d(ax, truth, skeleton, box, grey=True)
        ax.text2D(
            x=0.5,
            y=-0.05,
            s=f'{error:.0f} mm',
            transform=ax.transAxes,
            ha='center',
            fontsize=8.5,
        )
        _draw_3d(ax, pose, skeleton, box)


def _label_columns(figure: Any, names: list[str], y: float) -> None:
    """Puts names above the first row of axes, and a legend below all."""
    for ax, name in zip(figure.axes, names, strict=False):
        panel = ax.get_position()
        figure.text(
            x=(panel.x0 + panel.x1) / 2,
            y=y,
            s=name,
            ha='center',
            fontsize=9,
            weight='bold',
        )
    figure.legend(
        [Line2D([], [], color=c, lw=2) for c in KEY],
        list(KEY.values()),
        loc='lower center',
        ncols=4,
    )
