"""The Python of README and of the pages in docs runs as it stands there."""

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
PAGES = [ROOT / 'README.md', *sorted((ROOT / 'docs').glob('*.md'))]
CODE = {
    page: '\n'.join(re.findall(r'```python\n(.*?)```', text, re.DOTALL))
    for page in PAGES
    if '```python\n' in (text := page.read_text())
}


@pytest.mark.parametrize('page', CODE, ids=lambda page: page.name)
def test_code_runs(page, tmp_path, monkeypatch):
    for name in ('examples', 'datasets'):
        (tmp_path / name).symlink_to(ROOT / name)
    monkeypatch.chdir(tmp_path)
    names: dict = {}
    exec(compile(CODE[page], page.name, 'exec'), names)
    if page.name == 'README.md':
        assert names['pose'].shape == (32, 17, 3)
    if page.name == 'skeletons.md':
        losses = names['losses']
        assert sum(losses[-10:]) < 0.5 * sum(losses[:10])


@pytest.mark.parametrize('page', PAGES, ids=lambda page: page.name)
def test_links_exist(page):
    for link in re.findall(r'\]\((?!http)([^)#]+)', page.read_text()):
        assert (page.parent / link).exists(), link


def test_example_of_readme_is_short():
    assert len(CODE[ROOT / 'README.md'].strip().splitlines()) <= 14
