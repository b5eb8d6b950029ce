r"""Learned graphs of a network, and the JSON files that hold them."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Optional

import numpy as np

from pyg_hcsf.safe_io.atomic_write import atomic_write
from pyg_hcsf.safe_io.shown import cause
from pyg_hcsf.skeleton import Skeleton, as_skeleton

MAX_BYTES = 256 * 2**20  # of a file


@dataclass(frozen=True, eq=False)
class EdgeGroup:
    r"""Learned weights of a group of edges.

    Args:
        name (str): A title, such as ``'first: M, hop 2'``.
        hop (int): The largest hop of the group.
        edges (numpy.ndarray): Source and target joint of each edge:
            ``[E, 2]``.
        weights (numpy.ndarray): Positive or negative weights: ``[E]``, or
            ``[T, E]`` if they differ from frame to frame.
        frames (numpy.ndarray, optional): The frame numbers of
            :obj:`weights`, ascending: ``[T]``. (default: :obj:`None`)
    """

    name: str
    hop: int
    edges: np.ndarray
    weights: np.ndarray
    frames: Optional[np.ndarray] = None


@dataclass(frozen=True, eq=False)
class HopAttribution:
    r"""The importance of each hop for the predictions of a network.

    Args:
        hops (tuple[int, ...]): The hops.
        total (numpy.ndarray): The mean importance of the edges of each hop
            over all frames, between 0 and 1: ``[H]``.
        values (numpy.ndarray, optional): The importance in single frames:
            ``[T, H]``. (default: :obj:`None`)
        frames (numpy.ndarray, optional): The frame numbers of
            :obj:`values`, ascending: ``[T]``. (default: :obj:`None`)
    """

    hops: tuple[int, ...]
    total: np.ndarray
    values: Optional[np.ndarray] = None
    frames: Optional[np.ndarray] = None


@dataclass(frozen=True, eq=False)
class LearnedGraph:
    r"""The graph that a network has learned on a skeleton.

    Args:
        skeleton (Skeleton, str or pathlib.Path): The skeleton, its name or its
            YAML file. The attribute is always a :class:`~pyg_hcsf.Skeleton`.
        groups (tuple[EdgeGroup, ...]): The weights of its edges.
        attribution (HopAttribution, optional): The importance of each hop.
            (default: :obj:`None`)

    Raises:
        ValueError: If shapes do not match, a joint of an edge does not exist,
            or a number is not finite.
    """

    skeleton: Any
    groups: tuple[EdgeGroup, ...]
    attribution: Optional[HopAttribution] = None

    def __post_init__(self) -> None:
        object.__setattr__(self, 'skeleton', as_skeleton(self.skeleton))
        joints = self.skeleton.num_joints
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
                    f"{joints - 1} of '{self.skeleton.name}' (got "
                    f'{edges.min()} to {edges.max()})'
                )
            _check_table(
                group.weights, group.frames, len(edges), f"'weights' {where}"
            )
        if (hops := self.attribution) is not None:
            size = len(hops.hops)
            _check_table(hops.total, None, size, "'total' of 'attribution'")
            if hops.values is not None:
                if hops.frames is None:
                    raise ValueError("Expected 'frames' for 'values' by frame")
                what = "'values' of 'attribution'"
                _check_table(hops.values, hops.frames, size, what)


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
    r"""Writes a learned graph as JSON, with the fields of
    :class:`LearnedGraph` as keys and numbers rounded to six decimals.

    Example:
        >>> write_graph('graph.json', learned_graph(model, keypoints))
    """

    def to_json(value: Any) -> Any:
        if isinstance(value, Skeleton):
            return value.to_dict()
        if not isinstance(value, np.ndarray):
            return vars(value)
        integers = value.dtype.kind in 'iu'
        return (value if integers else np.round(value, 6)).tolist()

    with atomic_write(path) as part:
        part.write_text(json.dumps(graph, default=to_json, allow_nan=False))


def read_graph(path: str | Path) -> LearnedGraph:
    r"""Reads a file of :func:`write_graph`.

    Args:
        path (str or pathlib.Path): The file, of 256 MB at most.

    Raises:
        ValueError: If it is damaged or of another format.

    Example:
        >>> graph = read_graph('graph.json')
        >>> [group.name for group in graph.groups]
    """
    path = Path(path)
    try:
        if path.stat().st_size > MAX_BYTES:
            raise ValueError(f'it is larger than {MAX_BYTES} bytes')
        spec = json.loads(path.read_bytes())
        groups = tuple(_group(entry) for entry in spec['groups'])
        hops = spec.get('attribution')
        return LearnedGraph(
            skeleton=Skeleton.from_dict(spec['skeleton'], 'its skeleton'),
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
        OSError,
        ValueError,
        TypeError,
        AttributeError,
        OverflowError,
        RecursionError,
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
