"""Pictures of finished pose runs: Figs. 1, 6, 7 and 8 of the paper, learning
curves and the error of each joint.

Every function takes the runs of one setting (see :func:`report.by_setting`)
and the path of a PNG, which it writes and returns. A row keeps its colour and
marker in all of them, and every picture names its data.
"""

from __future__ import annotations

import json
import math
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import matplotlib
import numpy as np
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.ticker import LogLocator, NullLocator
from report import (
    Run,
    Runs,
    atomic,
    by_row,
    interval,
    reference_row,
)

from pyg_hcsf.skeleton import H36M17

# Okabe and Ito's colours, told apart by colour-blind readers, less yellow.
GREY, PURPLE, GREEN, SKY = '#7F7F7F', '#CC79A7', '#009E73', '#56B4E9'
ORANGE, BLUE, RED, BLACK = '#E69F00', '#0072B2', '#D55E00', '#000000'
COLOURS = (BLUE, ORANGE, GREEN, PURPLE, SKY, RED, GREY, BLACK)
TRUNK, BEHIND = '#404040', '#9A9A9A'
KEY = {
    BLUE: 'left',
    RED: 'right',
    TRUNK: 'trunk',
    BEHIND: 'ground truth behind a prediction',
}
MARKERS, DASHES = 'osD^vPX*', ('-', '--', ':')
MARKS = (30, 40, 60)  # mm, section 4.1.2 of the paper
SHARES = tuple(range(50, 0, -5))  # %, supplement 1.2
STYLE: dict[Any, Any] = {
    'font.size': 9,
    'axes.titlesize': 9,
    'axes.spines.top': False,
    'axes.spines.right': False,
    'axes.grid': True,
    'axes.grid.axis': 'y',
    'axes.axisbelow': True,
    'grid.color': '#E4E4E4',
    'grid.linewidth': 0.6,
    'legend.frameon': False,
    'legend.fontsize': 8,
}


@contextmanager
def _picture(
    runs: Runs, path: Path, size: tuple[float, float], **kwargs: Any
) -> Iterator[Figure]:
    m = runs[0].metrics
    with matplotlib.rc_context(STYLE):
        figure = Figure(figsize=size, **kwargs)
        figure.suptitle(
            f'{m["preset"]}: {m["data"]}, {m["keypoints"]} keypoints, '
            f'protocol {m["protocol"]}',
            fontsize=8,
            color='#606060',
        )
        yield figure
        with atomic(Path(path)) as temporary:
            figure.savefig(temporary, dpi=150, format='png')


def row_styles(runs: Runs) -> dict[str, dict[str, Any]]:
    """The colour, marker and line style of each row."""
    return {
        row: {
            'color': COLOURS[i % 8],
            'marker': MARKERS[i % 8],
            'linestyle': DASHES[i // 8 % 3],
        }
        for i, row in enumerate(by_row(runs))
    }


def _finite(runs: Runs) -> dict[str, list[Run]]:
    """Rows without their diverged seeds: those cannot be drawn."""
    rows = {
        row: [run for run in group if np.isfinite(run.error).all()]
        for row, group in by_row(runs).items()
    }
    rows = {row: group for row, group in rows.items() if group}
    if not rows:
        raise ValueError("Expected 'runs' with finite errors (all diverged)")
    return rows


def _label(rows: dict[str, list[Run]], row: str) -> str:
    return rows[row][0].label


def _mean_error(group: Sequence[Run]) -> np.ndarray:
    return np.mean([run.error for run in group], axis=0, dtype=float)


def _bars(
    ax: Any,
    values: dict[str, np.ndarray],
    labels: dict[str, str],
    styles: dict[str, dict[str, Any]],
) -> None:
    """Groups of bars, one per row: ``values[row]`` is ``[seeds, groups]``."""
    width = 0.84 / len(values)
    for i, (row, x) in enumerate(values.items()):
        mean, half = np.array([interval(column) for column in x.T]).T
        place = np.arange(x.shape[1]) + (i + 0.5) * width - 0.42
        ax.bar(
            place,
            mean,
            0.92 * width,
            color=styles[row]['color'],
            label=labels[row],
            hatch='//' if styles[row]['linestyle'] != '-' else None,
        )
        if len(x) > 1:
            ax.errorbar(place, mean, half, fmt='none', ecolor='k', lw=0.7)
    ax.margins(x=0.01)


def error_distribution(runs: Runs, path: Path) -> Path:
    """Fig. 6: the share of test poses in each bin of the error, and below
    and above the paper's marks.
    """
    rows, styles = _finite(runs), row_styles(runs)
    labels = {row: _label(rows, row) for row in rows}
    tail = max(np.quantile(r.error, 0.97) for g in rows.values() for r in g)
    top = min(max(80, math.ceil(tail / 20) * 20), 300)
    width = 5 if top <= 160 else 10
    edges = np.arange(0, top + width + 1, width)
    with _picture(runs, path, (9.6, 3.9), layout='constrained') as figure:
        left, right = figure.subplots(1, 2, width_ratios=(1.65, 1))
        for mark in MARKS:
            left.axvline(mark, color='#9A9A9A', lw=0.8, ls=(0, (2, 2)))
            left.text(
                *(mark, 1.01, mark),
                transform=left.get_xaxis_transform(),
                ha='center',
                fontsize=7.5,
                color='#606060',
            )
        shares = {}
        for row, group in rows.items():
            clipped = [np.minimum(run.error, top + 1) for run in group]
            counts = [np.histogram(x, edges)[0] / len(x) for x in clipped]
            left.stairs(
                100 * np.mean(counts, axis=0),
                edges,
                color=styles[row]['color'],
                linestyle=styles[row]['linestyle'],
                lw=1.7,
            )
            names = ('below_30', 'above_40', 'above_60')
            shares[row] = np.array(
                [[run.hard[name] for name in names] for run in group]
            )
        ticks = range(0, top - width, 4 * width)
        left.set_xticks([*ticks, top + width / 2], [*ticks, f'> {top}'])
        left.set(
            xlim=(0, top + width),
            ylim=(0, None),
            xlabel='mean error of a pose (mm)',
            ylabel=f'test poses per {width} mm (%)',
        )
        _bars(right, shares, labels, styles)
        right.set_xticks(range(3), ['< 30 mm', '> 40 mm', '> 60 mm'])
        right.set_ylabel('test poses (%)')
        _legend(figure, right)
    return Path(path)


def _legend(figure: Figure, ax: Any) -> None:
    handles, labels = ax.get_legend_handles_labels()
    lines = math.ceil(len(labels) / max(1, int(figure.get_figwidth() / 1.35)))
    figure.legend(
        handles,
        labels,
        loc='outside lower center',
        ncols=math.ceil(len(labels) / lines),
        handlelength=1.6,
        columnspacing=1.4,
    )


def worst_poses(runs: Runs, path: Path) -> Path:
    """Fig. 7: the mean error of the worst 5 % of the test poses, with the 95 %
    interval over seeds where there are two or more.
    """
    rows, styles = _finite(runs), row_styles(runs)
    height = 1.1 + 0.42 * len(rows)
    with _picture(runs, path, (7.2, height), layout='constrained') as figure:
        ax = figure.subplots()
        ax.grid(visible=False)
        for i, (row, group) in enumerate(rows.items()):
            values = [run.hard['worst_5'] for run in group]
            mean, half = interval(values)
            ax.barh(i, mean, 0.68, color=styles[row]['color'])
            text = f' {mean:.1f}'
            if len(values) > 1:
                ax.errorbar(mean, i, xerr=half, fmt='none', ecolor='k', lw=1)
                ax.plot(values, [i] * len(values), 'k|', ms=5, alpha=0.6)
                text += f' ± {half:.1f}'
            right = max(mean, *values, np.nansum([mean, half]))
            ax.text(right, i, f'{text} mm', va='center', fontsize=8)
        ax.set_yticks(range(len(rows)), [_label(rows, row) for row in rows])
        ax.invert_yaxis()
        ax.margins(x=0.16)
        ax.set_xlim(left=0)
        ax.tick_params(axis='y', length=0)
        ax.set_xlabel('mean error of the worst 5 % of poses (mm)')
    return Path(path)


def hard_pose_curves(runs: Runs, path: Path) -> Path:
    """Fig. 1 of the supplement: on the poses that are hardest for one model,
    the mean error of every model.

    The poses are chosen per seed of the panel's model; its own curve is that
    seed's error, the others' are the mean over their seeds.
    """
    rows, styles = _finite(runs), row_styles(runs)
    errors = {row: _mean_error(group) for row, group in rows.items()}
    columns = min(len(rows), 3)
    lines = math.ceil(len(rows) / columns)
    size = (3.2 * columns + 0.4, 2.5 * lines + 0.7)
    with _picture(runs, path, size, layout='constrained') as figure:
        axes = figure.subplots(
            lines, columns, sharex=True, sharey=True, squeeze=False
        ).flat
        for ax, (owner, group) in zip(axes, rows.items(), strict=False):
            orders = [np.argsort(-run.error) for run in group]
            for row, error in errors.items():
                curves = []
                for run, order in zip(group, orders, strict=True):
                    x = run.error if row == owner else error
                    counts = [
                        max(1, math.ceil(s / 100 * len(x))) for s in SHARES
                    ]
                    total = np.cumsum(x[order], dtype=float)
                    curves.append([total[n - 1] / n for n in counts])
                ax.plot(
                    SHARES,
                    np.mean(curves, axis=0),
                    **styles[row],
                    lw=2.2 if row == owner else 1.2,
                    ms=5 if row == owner else 3.5,
                    zorder=3 if row == owner else 2,
                    label=_label(rows, row),
                )
            ax.set_title(f'hardest poses of {_label(rows, owner)}')
            ax.set_xlabel('hardest share of the test poses (%)')
            ax.set_ylabel('mean error (mm)')
            ax.label_outer()
        for ax in figure.axes[len(rows) :]:
            ax.set_axis_off()
        first = figure.axes[0]
        first.set_xlim(52, 3)
        first.set_xticks([50, 40, 30, 20, 10, 5])
        _legend(figure, first)
    return Path(path)


def joint_errors(runs: Runs, path: Path) -> Path:
    """The mean error of each joint, with 95 % intervals over seeds."""
    rows, styles = _finite(runs), row_styles(runs)
    joints = [
        joint
        for joint in runs[0].metrics['per_joint']
        if any(run.metrics['per_joint'][joint] > 0 for run in runs)
    ]
    values = {
        row: np.array(
            [[run.metrics['per_joint'][j] for j in joints] for run in group]
        )
        for row, group in rows.items()
    }
    with _picture(runs, path, (9.6, 3.6), layout='constrained') as figure:
        ax = figure.subplots()
        _bars(ax, values, {row: _label(rows, row) for row in rows}, styles)
        ax.set_xticks(range(len(joints)), joints, rotation=35, ha='right')
        ax.set_ylabel('mean error (mm)')
        _legend(figure, ax)
    return Path(path)


def read_log(folder: Path) -> dict[str, np.ndarray]:
    """Reads ``log.jsonl``: ``[n, 2]`` arrays of step and value by name.

    A line cut short by a kill is passed over, and a step done again after a
    resume counts once.
    """
    series: dict[str, dict[int, float]] = {}
    path = folder / 'log.jsonl'
    text = path.read_text(encoding='utf-8') if path.is_file() else ''
    for line in text.splitlines():
        try:
            entry = json.loads(line)
        except ValueError:
            continue
        for name in set(entry) & {'loss', 'val_mpjpe'}:
            series.setdefault(name, {})[entry['step']] = entry[name]
    return {k: np.array(sorted(v.items())) for k, v in series.items()}


def learning_curves(runs: Runs, path: Path) -> Path | None:
    """Training loss and validation error by step, one line per seed, or
    :obj:`None` where no run kept a ``log.jsonl``.
    """
    rows, styles = by_row(runs), row_styles(runs)
    logs = {r: [read_log(x.folder) for x in g] for r, g in rows.items()}
    titles = {'loss': 'training loss', 'val_mpjpe': 'validation MPJPE (mm)'}
    names = [
        n for n in titles if any(n in x for g in logs.values() for x in g)
    ]
    if not names:
        return None
    size = (4.8 * len(names), 3.6)
    with _picture(runs, path, size, layout='constrained') as figure:
        axes = figure.subplots(1, len(names), squeeze=False)[0]
        for ax, name in zip(axes, names, strict=True):
            for row, group in logs.items():
                label = _label(rows, row)
                for log in group:
                    if name not in log:
                        continue
                    chunks = np.array_split(
                        log[name], min(len(log[name]), 150)
                    )
                    x, y = np.array([c.mean(0) for c in chunks]).T
                    style = {**styles[row], 'marker': '.'[: len(x) == 1]}
                    ax.plot(x, y, **style, lw=1.2, label=label)
                    label = '_'
            ax.set(xlabel='step', ylabel=titles[name], yscale='log')
            ax.yaxis.set_major_locator(LogLocator(subs=(1, 2, 3, 4, 5, 7)))
            ax.yaxis.set_major_formatter('{x:g}')
            ax.yaxis.set_minor_locator(NullLocator())
        _legend(figure, axes[0])
    return Path(path)


def _side(child: int) -> str:
    if child in H36M17.left:
        return BLUE
    return RED if child in H36M17.right else TRUNK


def _draw_2d(ax: Any, pixels: np.ndarray) -> None:
    for child, parent in H36M17.bones:
        ends = pixels[[child, parent]]
        ax.plot(*ends.T, color=_side(child), lw=1.8, solid_capstyle='round')
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
    ax: Any, pose: np.ndarray, box: tuple, grey: bool = False
) -> None:
    """Draws a camera-frame pose with up as up: right, forward, -down."""
    x, y, z = pose[:, 0], pose[:, 2], -pose[:, 1]
    for child, parent in H36M17.bones:
        k = [child, parent]
        colour, width = (BEHIND, 1.1) if grey else (_side(child), 1.8)
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
        axis.set_ticks(np.array(axis.get_view_interval()).mean() + [-400, 400])
        axis.set_ticklabels([])
        axis.set_tick_params(color='none')


def hardest_frames(
    runs: Runs, hardest: str | None = None, count: int = 4
) -> list[int]:
    """The hardest test frames, at most one of each motion clip.

    Args:
        runs (sequence of Run): The runs of one setting.
        hardest (str, optional): The row whose error decides. :obj:`None`
            takes the mean over all rows. (default: :obj:`None`)
        count (int, optional): How many frames. (default: :obj:`4`)

    Raises:
        ValueError: If there is no such row.
    """
    rows = _finite(runs)
    if hardest is not None and hardest not in rows:
        raise ValueError(
            f"Expected 'hardest' to be one of {list(rows)} (got '{hardest}')"
        )
    chosen = [hardest] if hardest else list(rows)
    error = np.mean([_mean_error(rows[row]) for row in chosen], axis=0)
    run = rows[chosen[0]][0]
    motion = [
        str(name).replace(str(camera), '')
        for name, camera in zip(run.clip_names, run.camera, strict=True)
    ]
    frames: dict[str, int] = {}
    for frame in np.argsort(-error, kind='stable'):
        frames.setdefault(motion[run.clip[frame]], int(frame))
        if len(frames) == count:
            break
    return list(frames.values())


def hardest_poses(
    runs: Runs,
    path: Path,
    rows: Sequence[str] | None = None,
    hardest: str | None = None,
    count: int = 4,
) -> Path:
    """Fig. 8: 2D input, ground truth and up to three models' poses on the
    hardest frames, from the first seed of each.

    Args:
        runs (sequence of Run): The runs of one setting.
        path (pathlib.Path): The PNG to write.
        rows (sequence of str, optional): Which rows to draw.
            (default: the reference row and the two best others)
        hardest (str, optional): See :func:`hardest_frames`.
            (default: :obj:`None`)
        count (int, optional): How many poses. (default: :obj:`4`)
    """
    known = _finite(runs)
    if rows is None:
        others = sorted(known, key=lambda row: _mean_error(known[row]).mean())
        reference = reference_row([r for g in known.values() for r in g])
        others.remove(reference)
        rows = [r for r in known if r in (reference, *others[:2])]
    frames = hardest_frames(runs, hardest, count)
    models = [known[row][0] for row in rows]
    first = models[0]
    pixels, truth = (x[frames] for x in first.read('keypoints', 'joints'))
    poses = [run.read('prediction')[0][frames] for run in models]
    columns = 2 + len(models)
    height = 2.2 * len(frames) + 0.75
    with _picture(runs, path, (2.05 * columns + 0.2, height)) as figure:
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
            clip = first.clip[frame]
            stack = np.concatenate([truth[i], *(pose[i] for pose in poses)])
            size = np.ptp(truth[i], axis=0).max()
            if np.ptp(stack, axis=0).max() > 2 * size:  # far off: cut there
                half = size / 2
                stack = np.concatenate([truth[i] - half, truth[i] + half])
            middle = (stack.min(0) + stack.max(0)) / 2
            box = (middle, 0.5 * np.ptp(stack, axis=0).max())
            ax = figure.add_subplot(grid[i, 0])
            _draw_2d(ax, pixels[i])
            ax.set_xlabel(
                f'{first.subject[clip]}, {first.action[clip]}\n'
                f'frame {first.frame[frame]}, camera {first.camera[clip]}',
                fontsize=7.5,
            )
            for j, pose in enumerate([truth, *poses]):
                ax = figure.add_subplot(grid[i, j + 1], projection='3d')
                if j:
                    _draw_3d(ax, truth[i], box, grey=True)
                    ax.text2D(
                        *(0.5, -0.05),
                        f'{models[j - 1].error[frame]:.0f} mm',
                        transform=ax.transAxes,
                        ha='center',
                        fontsize=8.5,
                    )
                _draw_3d(ax, pose[i], box)
        names = ['2D input', 'ground truth', *(run.label for run in models)]
        for ax, name in zip(figure.axes[:columns], names, strict=True):
            place = ax.get_position()
            figure.text(
                *((place.x0 + place.x1) / 2, 1 - 0.5 / height, name),
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
    return Path(path)


def draw_all(runs: Runs, folder: Path) -> dict[str, Path]:
    """Draws every picture of one setting.

    Args:
        runs (sequence of Run): The runs of one setting.
        folder (pathlib.Path): Where the PNGs go.

    Returns:
        The path of each picture by its title; none if all runs diverged.
    """
    folder = Path(folder)
    pictures: dict[str, Path | None] = {}
    if any(np.isfinite(run.error).all() for run in runs):
        pictures = {
            'Error distribution': error_distribution(
                runs, folder / 'error_distribution.png'
            ),
            'Worst 5 % of the poses': worst_poses(
                runs, folder / 'worst_poses.png'
            ),
            "Each model's hardest poses": hard_pose_curves(
                runs, folder / 'hard_pose_curves.png'
            ),
            'Hardest poses': hardest_poses(runs, folder / 'hardest_poses.png'),
            'Error by joint': joint_errors(runs, folder / 'joint_errors.png'),
        }
    pictures['Learning curves'] = learning_curves(
        runs, folder / 'learning_curves.png'
    )
    return {k: v for k, v in pictures.items() if v is not None}
