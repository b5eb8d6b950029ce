"""Pictures of a learned graph: M_k, the topology, and the offsets alpha O_k of
actions, as matrices and as edges of the skeleton.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from matplotlib.colors import LinearSegmentedColormap
from matplotlib.patches import FancyArrowPatch

from experiments.graph.learned import LearnedGraph
from experiments.reporting.drawing import BLUE, RED, figure_file

SIGNS = LinearSegmentedColormap.from_list('signs', [BLUE, 'w', RED])
NO_EDGE = '#E8E8E8'
# A person from the front, joint by joint as in h36m17.
FRONT = np.array(
    [(0, 0), (-1, 0), (-1.2, -2.2), (-1.3, -4.4), (1, 0), (1.2, -2.2)]
    + [(1.3, -4.4), (0, 1.3), (0, 2.6), (0, 3.5), (0, 4.4), (1.3, 2.6)]
    + [(2.6, 1.4), (3.6, 0), (-1.3, 2.6), (-2.6, 1.4), (-3.6, 0)]
)


def _panels(
    graph: LearnedGraph, actions: Sequence[str]
) -> dict[str, tuple[np.ndarray, float]]:
    """The values ``[E]`` to draw, and that of the full colour, by title."""
    base = np.abs(graph.base).max() or 1.0
    panels = {
        'topology': (graph.hops.topology.numpy().astype(float), 1.0),
        '$M_k$': (graph.base, base),
    }
    shifts = {rf'$\alpha O_k$, {a}': graph.shift(a) for a in actions}
    if len(actions) > 1:
        a, b = actions[:2]
        shifts[f'{a} - {b}'] = graph.shift(a) - graph.shift(b)
    top = max((np.abs(x).max() for x in shifts.values()), default=0) or 1.0
    return panels | {name: (x, top) for name, x in shifts.items()}


def _group_names(graph: LearnedGraph) -> list[str]:
    first, *rest = graph.hops.group_hops
    return [f'hops up to {first}', *(f'hop {hop}' for hop in rest)]


def matrices(
    graph: LearnedGraph, actions: Sequence[str], title: str, path: Path
) -> Path:
    """One matrix per panel and hop group. Rows are targets; grey cells are no
    edges.
    """
    panels, groups = _panels(graph, actions), _group_names(graph)
    joints = graph.hops.skeleton.joints
    n = len(joints)
    source, target = graph.hops.edge_index.numpy()
    group = graph.hops.edge_group.numpy()
    size = (2.35 * len(panels) + 1.2, 2.6 * len(groups) + 0.7)
    with figure_file(path, size, title, layout='constrained') as figure:
        axes = figure.subplots(len(groups), len(panels), squeeze=False)
        for column, (name, (values, top)) in enumerate(panels.items()):
            for k, ax in enumerate(axes[:, column]):
                matrix = np.full((n, n), np.nan)
                inside = group == k
                matrix[target[inside], source[inside]] = values[inside]
                image = ax.imshow(matrix, cmap=SIGNS, vmin=-top, vmax=top)
                ax.set_facecolor(NO_EDGE)
                ax.grid(visible=False)
                ax.set_xticks(range(n), joints, rotation=90, fontsize=5.5)
                ax.set_yticks(range(n), joints, fontsize=5.5)
                ax.tick_params(length=0, pad=1)
                ax.label_outer()
                if k == 0:
                    ax.set_title(name)
                if column == 0:
                    ax.set_ylabel(groups[k], weight='bold')
            figure.colorbar(
                image,
                ax=axes[:, column],
                location='bottom',
                shrink=0.8,
                aspect=25,
            )
    return path


def on_skeleton(
    graph: LearnedGraph, actions: Sequence[str], title: str, path: Path
) -> Path:
    """Draws edges as arrows from source to target on a person in front view.
    The width is the magnitude; red is positive, blue negative; rings are
    self-loops. For M_k, the difference from the topology is drawn.
    """
    panels, groups = _panels(graph, actions), _group_names(graph)
    topology = panels.pop('topology')[0]
    moved = graph.base - topology
    del panels['$M_k$']
    panels = {
        '$M_k$ - topology': (moved, np.abs(moved).max() or 1.0),
        **panels,
    }
    size = (2.5 * len(panels), 2.9 * len(groups) + 0.4)
    with figure_file(path, size, title, layout='constrained') as figure:
        axes = figure.subplots(len(groups), len(panels), squeeze=False)
        for column, (name, (values, top)) in enumerate(panels.items()):
            for k, ax in enumerate(axes[:, column]):
                _draw_edges(ax, graph, k, values / top)
                if k == 0:
                    ax.set_title(f'{name}\n(full width: {top:.2g})')
                if column == 0:
                    ax.set_ylabel(groups[k], weight='bold')
    return path


def _draw_edges(
    ax: Any, graph: LearnedGraph, group: int, values: np.ndarray
) -> None:
    for bone in graph.hops.skeleton.bones:
        ax.plot(*FRONT[list(bone)].T, color='#D8D8D8', lw=3, zorder=0)
    inside = (graph.hops.edge_group == group).numpy()
    edges = graph.hops.edge_index.numpy().T[inside]
    for (source, target), value in zip(edges, values[inside], strict=True):
        colour = RED if value > 0 else BLUE
        size = abs(value)
        alpha = min(1.0, 0.15 + size)
        if source == target:
            ax.plot(
                *FRONT[source],
                marker='o',
                mec=colour,
                mfc='none',
                mew=2.5 * size,
                ms=9,
                alpha=alpha,
            )
        elif size > 0.02:  # visible
            arrow = FancyArrowPatch(
                FRONT[source],
                FRONT[target],
                connectionstyle='arc3,rad=0.18',
                arrowstyle='-|>,head_length=3,head_width=1.5',
                color=colour,
                lw=2.5 * size,
                alpha=alpha,
                shrinkA=3,
                shrinkB=3,
            )
            ax.add_patch(arrow)
    ax.plot(*FRONT.T, 'o', color='#404040', ms=2, zorder=3)
    ax.set(xlim=(-4.4, 4.4), ylim=(-5.1, 5.1), xticks=[], yticks=[])
    ax.set_aspect('equal')
    ax.grid(visible=False)
    ax.spines[:].set_visible(False)
