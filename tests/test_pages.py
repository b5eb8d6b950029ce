"""The code and the commands of README and of the documentation work."""

import pydoc
import re
import shlex
from importlib import import_module
from pathlib import Path

import pytest

from pyg_hcsf.cli import main as cli
from tests.paths import REPO

RUN = ('lift', 'view', 'recognize')  # of the commands
PAGES = [REPO / 'README.md', *sorted((REPO / 'docs').glob('**/*.md'))]
TEXT = {page: page.read_text() for page in PAGES}


def blocks(page: Path, language: str) -> list[str]:
    return re.findall(rf'```{language}\n(.*?)```', TEXT[page], re.DOTALL)


def commands(page: Path) -> list[list[str]]:
    """The words after `pyg-hcsf` of each command."""
    lines = '\n'.join(blocks(page, 'bash')).replace('\\\n', ' ').splitlines()
    found = [re.search(r'(?:^|\| )pyg-hcsf ([^|<]*)', line) for line in lines]
    return [shlex.split(m[1], comments=True) for m in found if m]


def name_of(page: Path) -> str:
    return str(page.relative_to(REPO))


WITH_CODE = [p for p in PAGES if blocks(p, 'python') or commands(p)]


@pytest.mark.parametrize('page', WITH_CODE, ids=name_of)
def test_code_runs(page, tmp_path, monkeypatch):
    """Python as it is, then those commands whose input files exist."""
    for name in ('examples', 'datasets'):
        (tmp_path / name).symlink_to(REPO / name)
    monkeypatch.chdir(tmp_path)
    names: dict = {}
    code = '\n'.join(blocks(page, 'python'))
    exec(compile(code, page.name, 'exec'), names)
    if page.name == 'README.md':
        assert names['pose'].shape == (32, 17, 3)
        assert names['person'].pose.shape == (200, 17, 3)
    if page.name == 'skeletons.md':
        losses = names['losses']
        assert sum(losses[-10:]) < 0.5 * sum(losses[:10])
    for name, *words in commands(page):
        runs = dict(zip(words, words[1:], strict=False)).get('--run', '.')
        inputs = [Path(word) for word in (*words[:1], runs)]
        if name in RUN and all(path.exists() for path in inputs):
            cli.run([name, *words])


@pytest.mark.parametrize('page', WITH_CODE, ids=name_of)
def test_options_exist(page):
    for name, *words in commands(page):
        assert name in cli.SUBCOMMANDS or name == '--help'
        if name in ('--help', 'train') or '--help' in words:
            continue
        module = import_module(f'pyg_hcsf.cli.{name}')
        if name == 'prepare':
            module.parse(words)
        else:
            module.make_parser().parse_args(words)


@pytest.mark.parametrize('page', PAGES, ids=name_of)
def test_links_exist(page):
    for link in re.findall(r'\]\((?!http)([^)#]+)', TEXT[page]):
        assert (page.parent / link).exists(), link


def test_readme_is_short():
    """Few words, short sentences, few numbers, short examples."""
    text = re.sub(r'```.*?```', '', TEXT[PAGES[0]], flags=re.DOTALL)
    lines = [x for x in text.splitlines() if not x.startswith(tuple('|#!'))]
    prose = '\n'.join(lines)
    assert len(prose.split()) <= 700
    for sentence in re.split(r'(?<=[.!?])\s', prose):
        assert len(sentence.split()) <= 35, sentence
    assert len(re.findall(r'[0-9]+(?:[.,][0-9]+)?', prose)) <= 40
    assert all(block.count('\n') <= 20 for block in blocks(PAGES[0], 'python'))
    assert all(block.count('\n') <= 20 for block in blocks(PAGES[0], 'python'))


def test_classes_of_the_reference_exist():
    text = (REPO / 'docs' / 'api.rst').read_text()
    names = re.findall(r'^   (pyg_hcsf\S*)$', text, re.MULTILINE)
    assert len(names) > 40
    for name in names:
        assert pydoc.locate(name) is not None, name


def test_examples_have_tests():
    for path in (REPO / 'examples').glob('*.py'):
        assert (REPO / f'tests/examples/test_{path.name}').exists(), path.name


def test_picture_is_small():
    assert (REPO / 'docs' / 'lifted_walk.gif').stat().st_size < 1.5e6
