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

from pyg_hcsf.safe_io.shown import cause
from pyg_hcsf.safe_io.yaml_file import load_yaml

MOST_JOINTS = 1000  # of a file; distances between all pairs are computed


@dataclass(frozen=True)
class Skeleton:
    r"""The joints of a body, how bones connect them, and the graphs that
    networks use on them.

    Built-in skeletons are YAML files in ``pyg_hcsf/skeletons``; custom ones
    have the same form, see :func:`load_skeleton`.

    Args:
        name (str): The name it is registered under.
        joints (tuple[str, ...]): The joint names, in order.
        parents (tuple[int, ...]): The parent of each joint in the kinematic
            tree, :obj:`-1` for the root.
        left (tuple[int, ...]): The joints of the left side.
        right (tuple[int, ...]): Their mirror images, in the same order.
        graphs (Mapping[str, tuple[tuple[int, int], ...]]): Undirected edge
            lists by name; ``'tree'`` is always the bones.
        graph (str): The name of the graph in use.

    Raises:
        ValueError: If parents contain a cycle, the tree has not exactly one
            root, sides do not pair up, or an edge names no joint.

    Example:
        >>> skeleton = get_skeleton('h36m17', graph='lcn')
        >>> skeleton.num_joints, skeleton.diameter
        (17, 6)
    """

    name: str
    joints: tuple[str, ...]
    parents: tuple[int, ...]
    left: tuple[int, ...]
    right: tuple[int, ...]
    graphs: Mapping[str, tuple[tuple[int, int], ...]] = field(
        default_factory=dict, hash=False
    )
    graph: str = 'tree'

    def __post_init__(self) -> None:
        n = len(self.joints)
        where = f"in skeleton '{self.name}'"
        if len(set(self.joints)) != n:
            raise ValueError(f"Expected distinct 'joints' {where}")
        if len(self.parents) != n:
            raise ValueError(
                f"Expected one entry of 'parents' per joint {where} (got "
                f'{len(self.parents)} for {n} joints)'
            )
        if sum(p == -1 for p in self.parents) != 1:
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
            seen = {joint}
            while parent != -1:
                if parent in seen:
                    raise ValueError(
                        f"Expected 'parents' without a cycle {where} (got one "
                        f"through joint '{self.joints[joint]}')"
                    )
                seen.add(parent)
                parent = self.parents[parent]
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
        if self.graph not in graphs:
            raise ValueError(
                f"Expected 'graph' {where} to be one of {sorted(graphs)} "
                f"(got '{self.graph}')"
            )

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
        return edges.t().contiguous()

    @property
    def mirrored(self) -> tuple[int, ...]:
        r"""For each joint, its mirror image: a permutation."""
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
        r"""The same skeleton with another of its graphs in use."""
        return replace(self, graph=graph)


def _pairs(edges: Any) -> tuple[tuple[int, int], ...]:
    return tuple((int(i), int(j)) for i, j in edges)


def load_skeleton(path: str | Path) -> Skeleton:
    r"""Reads a custom skeleton from a YAML file.

    Keys: ``name``, ``joints`` (a mapping from joint name to parent name,
    :obj:`null` for the root), ``pairs`` (left, right names), ``graph`` (the
    default one) and ``graphs`` (extra edges to add to the tree, by graph name:
    a mapping with ``add`` and optionally ``remove``).

    Args:
        path (str or pathlib.Path): The file, of at most 64 kB.

    Raises:
        ValueError: If a key is missing, a joint is not known, or there are
            more than 1,000; names the file.

    Example:
        >>> skeleton = load_skeleton('my_rig.yaml')
        >>> skeleton.edge_index.shape
    """
    path = Path(path)
    spec = load_yaml(path, 'skeleton file')
    try:
        return _from_spec(spec, str(path))
    except ValueError as e:
        raise ValueError(cause(e)) from e


def _from_spec(spec: Any, where: str) -> Skeleton:
    allowed = {'name', 'source', 'joints', 'pairs', 'graph', 'graphs'}
    if not isinstance(spec, dict) or not {'name', 'joints'} <= set(spec):
        raise ValueError(f"Expected the keys 'name' and 'joints' in {where}")
    if set(spec) - allowed:
        raise ValueError(
            f'Expected only the keys {sorted(allowed)} in {where} (got '
            f'{sorted(map(str, set(spec) - allowed))})'
        )
    spec = {'pairs': [], 'graph': 'tree', 'graphs': {}, **spec}

    def wrong(key: str, kind: str, value: Any) -> ValueError:
        return ValueError(
            f"Expected '{key}' in {where} to be {kind} (got {value!r})"
        )

    for key, kind, what in (
        ('name', str, 'a string'),
        ('joints', dict, 'a mapping from each joint to its parent'),
        ('graph', str, 'a string'),
        ('graphs', dict, "a mapping from names to 'add' and 'remove'"),
    ):
        if not isinstance(spec[key], kind):
            raise wrong(key, what, spec[key])
    names = tuple(str(name) for name in spec['joints'])
    if len(names) > MOST_JOINTS:
        raise ValueError(
            f"Expected up to {MOST_JOINTS} 'joints' in {where} (got "
            f'{len(names)})'
        )
    number = {name: i for i, name in enumerate(names)}

    def joint(name: Any) -> int:
        if not isinstance(name, str) or name not in number:
            raise ValueError(
                f'Expected one of the joints {list(names)} in {where} (got '
                f'{name!r})'
            )
        return number[name]

    def pairs_of(key: str, value: Any) -> list[tuple[int, int]]:
        if not isinstance(value, list) or not all(
            isinstance(pair, list) and len(pair) == 2 for pair in value
        ):
            raise wrong(key, 'a list of pairs of joints', value)
        return [(joint(i), joint(j)) for i, j in value]

    parents = tuple(
        -1 if parent is None else joint(parent)
        for parent in spec['joints'].values()
    )
    pairs = pairs_of('pairs', spec['pairs'])
    tree = {(c, p) for c, p in enumerate(parents) if p != -1}
    graphs = {}
    for name, change in spec['graphs'].items():
        if not isinstance(change, dict) or set(change) - {'add', 'remove'}:
            raise wrong(f'graphs: {name}', "'add' and 'remove'", change)
        add = set(pairs_of('add', change.get('add', [])))
        cut = set(map(frozenset, pairs_of('remove', change.get('remove', []))))
        edges = {e for e in tree if frozenset(e) not in cut} | add
        graphs[str(name)] = _pairs(sorted(edges))
    try:
        return Skeleton(
            name=spec['name'],
            joints=names,
            parents=parents,
            left=tuple(i for i, _ in pairs),
            right=tuple(j for _, j in pairs),
            graphs=graphs,
            graph=spec['graph'],
        )
    except ValueError as e:
        raise ValueError(f'{e}, read from {where}') from e


@lru_cache(maxsize=1)
def _registry() -> dict[str, Skeleton]:
    out = {}
    folder = resources.files('pyg_hcsf') / 'skeletons'
    for entry in sorted(folder.iterdir(), key=lambda entry: entry.name):
        if entry.name.endswith('.yaml'):
            skeleton = _from_spec(
                yaml.safe_load(entry.read_text()), entry.name
            )
            out[skeleton.name] = skeleton
    return out


def available_skeletons() -> list[str]:
    r"""The names of the built-in skeletons."""
    return list(_registry())


def get_skeleton(name: str, graph: str | None = None) -> Skeleton:
    r"""Returns a built-in skeleton.

    Args:
        name (str): One of :func:`available_skeletons`.
        graph (str, optional): The graph to use on it. :obj:`None` takes the
            skeleton's own default. (default: :obj:`None`)

    Raises:
        ValueError: If there is no skeleton or graph of that name.

    Example:
        >>> get_skeleton('ntu25').diameter
        12
    """
    if name not in _registry():
        raise ValueError(
            f"Expected 'name' to be one of {available_skeletons()} (got "
            f"'{name}'); read your own with load_skeleton('file.yaml')"
        )
    skeleton = _registry()[name]
    return skeleton if graph is None else skeleton.with_graph(graph)


H36M17 = get_skeleton('h36m17')
