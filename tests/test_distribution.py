"""What a package index and users of the base requirements get."""

import re
import subprocess
import sys
from importlib import import_module

import pytest

from .paths import REPO

tomllib = pytest.importorskip('tomllib')  # new in Python 3.11
PYPROJECT = tomllib.loads((REPO / 'pyproject.toml').read_text())
PROJECT = PYPROJECT['project']
URL = PROJECT['urls']['Repository']

WORKS_ALONE = """
import pkgutil, sys
from importlib import import_module

for name in ('jsonargparse', 'tabulate', 'tensorboard', 'matplotlib', 'onnx',
             'onnxruntime', 'onnxscript', 'torch_scatter', 'torch_sparse'):
    sys.modules[name] = None
import pyg_hcsf

for module in pkgutil.walk_packages(pyg_hcsf.__path__, 'pyg_hcsf.'):
    if module.name.endswith('.__main__'):
        continue
    try:
        import_module(module.name)
    except ImportError as e:
        if "pip install 'pyg_hcsf[plot]'" not in str(e):
            raise
from pyg_hcsf.cli.lift import main

main([sys.argv[1], '--out', sys.argv[2], '--image_size', '1920', '1080'])
"""


def test_base_requirements_suffice(tmp_path):
    """All modules can be imported, and poses be lifted, without extras."""
    out = tmp_path / 'walk.json'
    example = REPO / 'examples' / 'walk_coco17.json'
    subprocess.run(
        [sys.executable, '-c', WORKS_ALONE, str(example), str(out)], check=True
    )
    assert out.stat().st_size > 10_000


def test_imports_of_the_library_are_base_requirements():
    """No module of the library imports an extra when it is loaded."""
    extras = PROJECT['optional-dependencies']
    optional = {
        re.match(r'[\w-]+', requirement)[0].replace('-', '_')
        for name in ('train', 'plot', 'export', 'sparse', 'video')
        for requirement in extras[name]
    }
    for path in (REPO / 'pyg_hcsf').rglob('*.py'):
        loaded = re.findall(r'^(?:from|import) (\w+)', path.read_text(), re.M)
        assert not optional & set(loaded), path


def test_lower_bounds_are_tested():
    oldest = (REPO / 'constraints-oldest.txt').read_text().splitlines()
    versions = dict(line.split('==') for line in oldest if line[0] != '#')
    bounds = dict(line.split('>=') for line in PROJECT['dependencies'])
    assert versions.keys() == bounds.keys()
    for name, bound in bounds.items():
        assert f'{versions[name]}.'.startswith(f'{bound}.'), name


def test_readme_has_no_relative_links_outside_the_repository():
    readme = (REPO / 'README.md').read_text()
    hook = PYPROJECT['tool']['hatch']['metadata']['hooks']
    for rule in hook['fancy-pypi-readme']['substitutions']:
        readme = re.sub(rule['pattern'], rule['replacement'], readme)
    links = re.findall(r'\]\(([^)]+)', readme)
    assert all(link.startswith(('https://', '#')) for link in links)
    ours = [link for link in links if link.startswith(URL)]
    assert f'{URL}/blob/main/CITATION.cff' in ours
    for link in ours:
        path = re.match(r'/(?:raw|blob)/main/([^#]+)', link[len(URL) :])[1]
        assert (REPO / path).exists(), link
    pictures = re.findall(r'!\[[^\]]*\]\(([^)]+)', readme)
    assert any(picture.startswith(f'{URL}/raw/') for picture in pictures)


def test_address_is_the_same_everywhere():
    assert f'repository-code: {URL}\n' in (REPO / 'CITATION.cff').read_text()
    assert all(url.startswith(URL) for url in PROJECT['urls'].values())


def test_command_is_declared():
    module, name = PROJECT['scripts']['pyg-hcsf'].split(':')
    assert callable(getattr(import_module(module), name))
