r"""Skeletons: joints, bones, and the graphs that networks use on them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from functools import lru_cache
from importlib import resources
from pathlib import Path
from typing import Any

import numpy as np
import torch
import yaml
from scipy.sparse.csgraph import shortest_path
from torch import Tensor

from pyg_hcsf.choices import check_choice
from pyg_hcsf.safe_io.atomic_write import atomic_write
from pyg_hcsf.safe_io.shown import cause, shown
from pyg_hcsf.safe_io.yaml_file import load_yaml
from pyg_hcsf.skeleton_file import describe_skeleton, parse_skeleton


@dataclass(frozen=True)
class Skeleton:
    r"""The joints of a body, how bones connect them, and the graphs that
    networks use on them.

    Built-in skeletons are YAML files in ``pyg_hcsf/skeletons``; custom ones
    have the same format, see :func:`load_skeleton`.

    Args:
        name (str): The name of the skeleton.
        joints (tuple[str, ...]): The joint names, in order.
        parents (tuple[int, ...]): The parent of each joint in the kinematic
            tree, :obj:`-1` for the root.
        left (tuple[int, ...], optional): The joints of the left side, if any.
        right (tuple[int, ...], optional): The joints of the right side, in
            the order of their mirror images in :obj:`left`.
        graphs (Mapping[str, tuple[tuple[int, int], ...]], optional):
            Undirected edges by name; ``'tree'`` is always the bones.
        graph (str, optional): The graph in use. (default: :obj:`'tree'`)

    Raises:
        ValueError: If joints repeat, parents contain a cycle or not exactly
            one root, sides do not pair up, an edge does not connect two
            joints, or there is no such graph.

    Example:
        >>> skeleton = get_skeleton('h36m17', graph='lcn')
        >>> skeleton.num_joints, skeleton.diameter
        (17, 6)
    """

    name: str
    joints: tuple[str, ...]
    parents: tuple[int, ...]
    left: tuple[int, ...] = ()
    right: tuple[int, ...] = ()
    graphs: Mapping[str, tuple[tuple[int, int], ...]] = field(
        default_factory=dict, hash=False
    )
    graph: str = 'tree'

    def __post_init__(self) -> None:
        # Lists become tuples, which can be hashed.
        for key in ('joints', 'parents', 'left', 'right'):
            object.__setattr__(self, key, tuple(getattr(self, key)))
        n, where = len(self.joints), f"in skeleton '{self.name}'"
        if len(set(self.joints)) != n:
            raise ValueError(f"Expected distinct 'joints' {where}")
        self._check_parents(where)
        sides = self.left + self.right
        if len(self.left) != len(self.right) or len(set(sides)) != len(sides):
            raise ValueError(
                f"Expected 'left' and 'right' to pair distinct joints {where} "
                f'(got {self.left} and {self.right})'
            )
        graphs = {'tree': self.bones, **self.graphs}
        object.__setattr__(self, 'graphs', graphs)
        for name, edges in graphs.items():
            for i, j in edges:
                if i == j or not (0 <= i < n and 0 <= j < n):
                    raise ValueError(
                        f'Expected edges between two of {n} joints in graph '
                        f"'{name}' {where} (got {(i, j)})"
                    )
        remedy = f'these are the graphs {where}'
        check_choice('graph', self.graph, sorted(graphs), remedy)

    def _check_parents(self, where: str) -> None:
        n = len(self.joints)
        if len(self.parents) != n:
            raise ValueError(
                f"Expected one entry of 'parents' per joint {where} (got "
                f'{len(self.parents)} for {n} joints)'
            )
        if self.parents.count(-1) != 1:
            raise ValueError(
                f"Expected exactly one root (-1) in 'parents' {where} (got "
                f'{self.parents})'
            )
        for joint, parent in enumerate(self.parents):
            if not -1 <= parent < n:
                raise ValueError(
                    f"Expected 'parents' between -1 and {n - 1} {where} (got "
                    f'{parent} for joint {joint})'
                )
            # Walks up to the root
            seen = {joint}
            while parent != -1:
                if parent in seen:
                    raise ValueError(
                        f"Expected 'parents' without a cycle {where} (got one "
                        f"through joint '{self.joints[joint]}')"
                    )
                seen.add(parent)
                parent = self.parents[parent]

    @property
    def num_joints(self) -> int:
        return len(self.joints)

    @property
    def root(self) -> int:
        return self.parents.index(-1)

    @property
    def bones(self) -> tuple[tuple[int, int], ...]:
        r"""The (child, parent) pairs of the kinematic tree."""
        return tuple((c, p) for c, p in enumerate(self.parents) if p != -1)

    @property
    def edges(self) -> tuple[tuple[int, int], ...]:
        r"""The undirected edges of the graph in use, each once."""
        return self.graphs[self.graph]

    @property
    def edge_index(self) -> Tensor:
        r"""The edges of the graph in use in both directions, sorted by
        target: ``[2, 2 * len(edges)]``.
        """
        pairs = {(j, i) for i, j in self.edges} | set(self.edges)
        ordered = sorted(pairs, key=lambda pair: (pair[1], pair[0]))
        edges = torch.tensor(ordered, dtype=torch.long, device='cpu')
        return edges.view(-1, 2).t().contiguous()

    @property
    def mirrored(self) -> tuple[int, ...]:
        r"""The mirror image of each joint, itself in the middle: ``[N]``."""
        out = list(range(self.num_joints))
        for i, j in zip(self.left, self.right, strict=True):
            out[i], out[j] = j, i
        return tuple(out)

    def hop_distance(self) -> Tensor:
        r"""The length of the shortest path between all joints on the graph in
        use: ``[N, N]``, :obj:`-1` where there is none.
        """
        n = self.num_joints
        adjacency = np.zeros((n, n))
        for i, j in self.edges:
            adjacency[i, j] = 1
        distance = shortest_path(adjacency, directed=False, unweighted=True)
        distance[np.isinf(distance)] = -1
        return torch.from_numpy(distance).long()

    @property
    def diameter(self) -> int:
        r"""The largest finite hop distance on the graph in use."""
        return int(self.hop_distance().max())

    def with_graph(self, graph: str) -> Skeleton:
        r"""Returns the skeleton with another of its graphs in use."""
        return replace(self, graph=graph)

    def to_dict(self) -> dict[str, Any]:
        r"""The content of a skeleton file, see :func:`load_skeleton`."""
        return describe_skeleton(self)

    @staticmethod
    def from_dict(spec: Any, where: str) -> Skeleton:
        r"""The inverse of :meth:`to_dict`; errors name :obj:`where`."""
        arguments = parse_skeleton(spec, where)
        try:
            return Skeleton(**arguments)
        except ValueError as e:
            raise ValueError(f'{e}, read from {where}') from e


def load_skeleton(path: str | Path) -> Skeleton:
    r"""Reads a custom skeleton from a YAML file.

    Keys: ``name``, ``joints`` (a mapping from joint name to parent name,
    :obj:`null` for the root), ``pairs`` (left, right names), ``graph`` (the
    default one) and ``graphs`` (extra edges to add to the tree, by graph name:
    a mapping with ``add`` and optionally ``remove``).

    Args:
        path (str or pathlib.Path): The file, of at most 64 kB.

    Raises:
        ValueError: If the file cannot be read, a key or joint is missing or
            unknown, or there are more than 1,000 joints; names the file.

    Example:
        >>> skeleton = load_skeleton('my_rig.yaml')
        >>> skeleton.edge_index.shape
    """
    spec = load_yaml(Path(path), 'skeleton file')
    try:
        return Skeleton.from_dict(spec, str(path))
    except ValueError as e:
        raise ValueError(cause(e)) from e


def save_skeleton(skeleton: Skeleton, path: str | Path) -> None:
    r"""Writes a skeleton as a YAML file that :func:`load_skeleton` reads.

    Args:
        skeleton (Skeleton): The skeleton.
        path (str or pathlib.Path): The file.

    Raises:
        RuntimeError: If the file cannot be written.

    Example:
        >>> save_skeleton(get_skeleton('h36m17'), 'my_rig.yaml')
    """
    with atomic_write(path) as part:
        part.write_text(yaml.safe_dump(skeleton.to_dict(), sort_keys=False))


@lru_cache(maxsize=1)
def _registry() -> dict[str, Skeleton]:
    out = {}
    folder = resources.files('pyg_hcsf') / 'skeletons'
    for entry in sorted(folder.iterdir(), key=lambda entry: entry.name):
        if entry.name.endswith('.yaml'):
            spec = yaml.safe_load(entry.read_text())
            skeleton = Skeleton.from_dict(spec, entry.name)
            out[skeleton.name] = skeleton
    return out


def available_skeletons() -> list[str]:
    r"""The names of the built-in skeletons."""
    return list(_registry())


def get_skeleton(name: str, graph: str | None = None) -> Skeleton:
    r"""Returns a built-in skeleton.

    Args:
        name (str): One of :func:`available_skeletons`.
        graph (str, optional): The graph to use. :obj:`None` is the default
            graph of the skeleton. (default: :obj:`None`)

    Raises:
        ValueError: If there is no skeleton or graph of that name.

    Example:
        >>> get_skeleton('ntu25').diameter
        12
    """
    remedy = "read your own with load_skeleton('file.yaml')"
    check_choice('name', name, _registry(), remedy)
    skeleton = _registry()[name]
    return skeleton if graph is None else skeleton.with_graph(graph)


def as_skeleton(skeleton: Skeleton | str | Path) -> Skeleton:
    r"""Returns the skeleton that a name or a file stands for.

    Args:
        skeleton (Skeleton, str or pathlib.Path): A skeleton, one of
            :func:`available_skeletons`, or a file of :func:`load_skeleton`.

    Raises:
        ValueError: If there is no such name or file, or the file is wrong.

    Example:
        >>> as_skeleton('examples/hand21.yaml').num_joints
        21
    """
    if isinstance(skeleton, Skeleton):
        return skeleton
    if isinstance(skeleton, str) and skeleton in _registry():
        return get_skeleton(skeleton)
    if not isinstance(skeleton, (str, Path)) or not Path(skeleton).is_file():
        raise ValueError(
            f"Expected 'skeleton' to be a Skeleton, one of "
            f'{available_skeletons()} or a YAML file (got {shown(skeleton)})'
        )
    return load_skeleton(skeleton)


H36M17 = get_skeleton('h36m17')
