from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Optional

import numpy as np

from pyg_hcsf.safe_io.atomic_write import atomic_write
from pyg_hcsf.safe_io.shown import cause
from pyg_hcsf.skeleton import get_skeleton

LARGEST = 256 * 2**20  # bytes of a file that is read


@dataclass(frozen=True, eq=False)
class EdgeGroup:
    r"""Learned weights of some edges.

    Args:
        name (str): What they are, such as ``'first: M, hop 2'``.
        hop (int): The furthest hop of the group.
        edges (numpy.ndarray): ResultPoses and target joint of each edge:
            ``[E, 2]``.
        weights (numpy.ndarray): Their weights, positive or negative: ``[E]``,
            or ``[T, E]`` if they change from frame to frame.
        frames (numpy.ndarray, optional): The numbers of these frames,
            ascending: ``[T]``. (default: :obj:`None`)
    """

    name: str
    hop: int
    edges: np.ndarray
    weights: np.ndarray
    frames: Optional[np.ndarray] = None


@dataclass(frozen=True, eq=False)
class HopAttribution:
    r"""How much each hop matters for what a network predicts.

    Args:
        hops (tuple[int, ...]): The hops.
        total (numpy.ndarray): The mean importance of an edge of each hop,
            between 0 and 1, for all frames: ``[H]``.
        values (numpy.ndarray, optional): The same for single frames:
            ``[T, H]``. (default: :obj:`None`)
        frames (numpy.ndarray, optional): The numbers of these frames,
            ascending: ``[T]``. (default: :obj:`None`)
    """

    hops: tuple[int, ...]
    total: np.ndarray
    values: Optional[np.ndarray] = None
    frames: Optional[np.ndarray] = None


@dataclass(frozen=True, eq=False)
class LearnedGraph:
    r"""What a network has learned about the graph of a skeleton.

    Args:
        skeleton (str): The name of the skeleton.
        groups (tuple[EdgeGroup, ...]): Weights of edges.
        attribution (HopAttribution, optional): How much each hop matters.
            (default: :obj:`None`)

    Raises:
        ValueError: If shapes do not match, an edge names no joint or a number
            is not finite.
    """

    skeleton: str
    groups: tuple[EdgeGroup, ...]
    attribution: Optional[HopAttribution] = None

    def __post_init__(self) -> None:
        joints = get_skeleton(self.skeleton).num_joints
        for group in self.groups:
            where = f"of edge group '{group.name}'"
            edges = group.edges
            if edges.ndim != 2 or edges.shape[1] != 2 or not len(edges):
                raise ValueError(
                    f"Expected 'edges' {where} as pairs of joints, at least "
                    f'one (got shape {edges.shape})'
                )
            if edges.min() < 0 or edges.max() >= joints:
                raise ValueError(
                    f"Expected 'edges' {where} between joints 0 and "
                    f"{joints - 1} of '{self.skeleton}' (got "
                    f'{edges.min()} to {edges.max()})'
                )
            _check_table(
                group.weights, group.frames, len(edges), f"'weights' {where}"
            )
        if (hops := self.attribution) is not None:
            size = len(hops.hops)
            _check_table(hops.total, None, size, "'total' of 'attribution'")
            if hops.values is not None and hops.frames is None:
                raise ValueError("Expected 'frames' for 'values' by frame")
            if hops.values is not None:
                _check_table(
                    *(hops.values, hops.frames, size),
                    "'values' of 'attribution'",
                )


def _check_table(
    values: np.ndarray, frames: Optional[np.ndarray], size: int, what: str
) -> None:
    shape: tuple[int, ...] = (size,)
    if frames is not None:
        shape = (len(frames), size)
        if frames.ndim != 1 or bool((np.diff(frames) <= 0).any()):
            raise ValueError(f"Expected ascending 'frames' for {what}")
    if values.shape != shape or not np.isfinite(values).all():
        raise ValueError(
            f'Expected {what} of shape {shape}, all finite (got shape '
            f'{values.shape})'
        )


def write_graph(path: str | Path, graph: LearnedGraph) -> None:
    r"""Writes a learned graph as JSON, with the names of
    :class:`LearnedGraph` as keys, numbers rounded to six digits.

    Example:
        >>> write_graph('graph.json', learned_graph(model, keypoints))
    """

    def plain(value: Any) -> Any:
        if isinstance(value, np.ndarray):
            whole = value.dtype.kind in 'iu'
            return (value if whole else np.round(value, 6)).tolist()
        return vars(value)

    with atomic_write(path) as part:
        part.write_text(json.dumps(graph, default=plain, allow_nan=False))


def read_graph(path: str | Path) -> LearnedGraph:
    r"""Reads a file of :func:`write_graph`.

    Args:
        path (str or pathlib.Path): The file, of 256 MB at most.

    Raises:
        ValueError: If it is no such file.

    Example:
        >>> graph = read_graph('graph.json')
        >>> [group.name for group in graph.groups]
    """
    path = Path(path)
    try:
        if path.stat().st_size > LARGEST:
            raise ValueError(f'it is larger than {LARGEST} bytes')
        spec = json.loads(path.read_bytes())
        groups = tuple(_group(entry) for entry in spec['groups'])
        hops = spec.get('attribution')
        return LearnedGraph(
            skeleton=str(spec['skeleton']),
            groups=groups,
            attribution=None if hops is None else _attribution(hops),
        )
    except KeyError as e:
        raise ValueError(
            f"Expected a learned graph in '{path}' (got none: no key "
            f'{cause(e)}); '
            'write one with pyg_hcsf.viewer.write_graph'
        ) from e
    except (
        *(OSError, ValueError, TypeError, AttributeError),
        *(OverflowError, RecursionError),
    ) as e:
        raise ValueError(
            f"Could not read the learned graph '{path}': {cause(e)}"
        ) from e


def _numbers(value: Any, kind: type = np.float32) -> Any:
    return None if value is None else np.array(value, dtype=kind)


def _group(spec: dict[str, Any]) -> EdgeGroup:
    return EdgeGroup(
        name=str(spec['name']),
        hop=int(spec['hop']),
        edges=_numbers(spec['edges'], np.int32),
        weights=_numbers(spec['weights']),
        frames=_numbers(spec.get('frames'), np.int32),
    )


def _attribution(spec: dict[str, Any]) -> HopAttribution:
    return HopAttribution(
        hops=tuple(int(hop) for hop in spec['hops']),
        total=_numbers(spec['total']),
        values=_numbers(spec.get('values')),
        frames=_numbers(spec.get('frames'), np.int32),
    )
