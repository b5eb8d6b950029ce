"""Imports go down the layers of docs/design.md, and never in a circle."""

import ast
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

import pytest

from tests.paths import REPO

LAYERS = (
    {
        'axes',
        'choices',
        'geometry',
        'hops',
        'safe_io',
        'skeleton',
        'skeleton_file',
    },  # fmt: skip
    {'protocols', 'transforms', 'data'},
    {'datasets', 'keypoints', 'poses'},
    {'nn', 'metrics'},
    {'lifting', 'recognition', 'streaming', 'viewer'},
    {'cli', '__main__'},
)
RANK = {name: rank for rank, names in enumerate(LAYERS) for name in names}


def module_of(path: Path) -> str:
    parts = path.relative_to(REPO).with_suffix('').parts
    return '.'.join(parts[:-1] if parts[-1] == '__init__' else parts)


def imports_of(root: str) -> dict[str, set[str]]:
    """The modules of the project that each module of a package imports."""
    files = [*REPO.glob('pyg_hcsf/**/*.py'), *REPO.glob('experiments/**/*.py')]
    known = {module_of(path) for path in files}
    graph: dict[str, set[str]] = {}
    for path in (REPO / root).rglob('*.py'):
        module = module_of(path)
        found = graph.setdefault(module, set())
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Import):
                found |= {name.name for name in node.names}
            elif isinstance(node, ast.ImportFrom):
                source = node.module or ''
                if node.level:  # one dot is the folder of the file
                    above = path.relative_to(REPO).parts[: -node.level]
                    source = '.'.join([*above, source]).rstrip('.')
                for name in node.names:
                    full = f'{source}.{name.name}'
                    found.add(full if full in known else source)
        found &= known - {module}
    return graph


@pytest.mark.parametrize('root', ['pyg_hcsf', 'experiments'])
def test_no_circles(root):
    try:
        TopologicalSorter(imports_of(root)).prepare()
    except CycleError as e:
        raise AssertionError(f'imports in a circle: {e.args[1]}') from None


def rank(module: str) -> int:
    return RANK[module.split('.')[1]] if '.' in module else len(LAYERS)


def test_imports_go_down():
    upward = [
        (module, imported)
        for module, names in imports_of('pyg_hcsf').items()
        for imported in names - {'pyg_hcsf'}
        if not imported.startswith('pyg_hcsf.')
        or rank(imported) > rank(module)
    ]
    assert upward == []
