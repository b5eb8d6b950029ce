r"""The format of skeleton files, see :func:`pyg_hcsf.load_skeleton`."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from pyg_hcsf.safe_io.shown import shown

MAX_JOINTS = 1000  # as all pairwise distances are computed
DEFAULTS: dict[str, Any] = {'pairs': [], 'graph': 'tree', 'graphs': {}}
KEYS = {'name', 'source', 'joints', *DEFAULTS}


def _wrong(key: str, where: str, expected: str, value: Any) -> ValueError:
    return ValueError(
        f"Expected '{key}' in {where} to be {expected} (got {shown(value)})"
    )


def _check_keys(spec: Any, where: str) -> dict[str, Any]:
    if not isinstance(spec, dict) or not {'name', 'joints'} <= set(spec):
        raise ValueError(f"Expected the keys 'name' and 'joints' in {where}")
    if unknown := set(spec) - KEYS:
        raise ValueError(
            f'Expected only the keys {sorted(KEYS)} in {where} (got '
            f'{shown(sorted(map(str, unknown)))})'
        )
    spec = {**DEFAULTS, **spec}
    for key, kind, expected in (
        ('name', str, 'a string'),
        ('joints', dict, 'a mapping from each joint to its parent'),
        ('graph', str, 'a string'),
        ('graphs', dict, "a mapping from names to 'add' and 'remove'"),
    ):
        if not isinstance(spec[key], kind):
            raise _wrong(key, where, expected, spec[key])
    if len(spec['joints']) > MAX_JOINTS:
        raise ValueError(
            f"Expected up to {MAX_JOINTS} 'joints' in {where} (got "
            f'{len(spec["joints"])})'
        )
    return spec


def parse_skeleton(spec: Any, where: str) -> dict[str, Any]:
    r"""Turns the content of a skeleton file into the arguments of
    :class:`~pyg_hcsf.Skeleton`.

    Args:
        spec (any): The content of the YAML file.
        where (str): The name of the file, for errors.

    Raises:
        ValueError: If it is not of the format.
    """
    spec = _check_keys(spec, where)
    names = tuple(str(name) for name in spec['joints'])
    number = {name: i for i, name in enumerate(names)}

    def joint(name: Any) -> int:
        if type(name) is int:  # joints may be numbered
            name = str(name)
        if not isinstance(name, str) or name not in number:
            raise ValueError(
                f'Expected one of the joints {list(names)} in {where} (got '
                f'{shown(name)})'
            )
        return number[name]

    def pairs_of(key: str, value: Any) -> list[tuple[int, int]]:
        if not isinstance(value, list) or not all(
            isinstance(pair, list) and len(pair) == 2 for pair in value
        ):
            raise _wrong(key, where, 'a list of pairs of joints', value)
        return [(joint(i), joint(j)) for i, j in value]

    parents = tuple(
        -1 if parent is None else joint(parent)
        for parent in spec['joints'].values()
    )
    pairs = pairs_of('pairs', spec['pairs'])
    tree = {(c, p) for c, p in enumerate(parents) if p != -1}
    graphs = {}
    for name, change in spec['graphs'].items():
        if name == 'tree':
            expected = "graphs beside 'tree', which has the joints' parents"
            raise _wrong('graphs', where, expected, name)
        if not isinstance(change, dict) or set(change) - {'add', 'remove'}:
            key = f'graphs: {name}'
            raise _wrong(key, where, "'add' and 'remove'", change)
        add = set(pairs_of('add', change.get('add', [])))
        # Edges are removed in either direction.
        cut = set(map(frozenset, pairs_of('remove', change.get('remove', []))))
        if unknown := cut - set(map(frozenset, tree)):
            bone = [names[i] for i in sorted(next(iter(unknown)))]
            expected = 'bones, each a joint and its parent'
            raise _wrong('remove', where, expected, bone)
        edges = {e for e in tree if frozenset(e) not in cut} | add
        graphs[str(name)] = tuple(sorted(edges))
    return {
        'name': spec['name'],
        'joints': names,
        'parents': parents,
        'left': tuple(i for i, _ in pairs),
        'right': tuple(j for _, j in pairs),
        'graphs': graphs,
        'graph': spec['graph'],
    }


def describe_skeleton(skeleton: Any) -> dict[str, Any]:
    r"""The inverse of :func:`parse_skeleton`: the content of a skeleton file.

    Args:
        skeleton (Skeleton): The skeleton.
    """
    joints, bones = skeleton.joints, skeleton.bones

    def names(edges: Iterable[tuple[int, int]]) -> list[list[str]]:
        return [[joints[i], joints[j]] for i, j in edges]

    graphs = {}
    for key, edges in skeleton.graphs.items():
        kept, tree = (set(map(frozenset, pairs)) for pairs in (edges, bones))
        if key != 'tree':
            graphs[key] = {
                'add': names(e for e in edges if frozenset(e) not in tree),
                'remove': names(e for e in bones if frozenset(e) not in kept),
            }
    parents = [None if p == -1 else joints[p] for p in skeleton.parents]
    return {
        'name': skeleton.name,
        'joints': dict(zip(joints, parents, strict=True)),
        'pairs': names(zip(skeleton.left, skeleton.right, strict=True)),
        'graph': skeleton.graph,
        'graphs': graphs,
    }
