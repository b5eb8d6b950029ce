import re
from pathlib import Path

README = (Path(__file__).parents[1] / 'README.md').read_text()


def test_example_runs():
    (code,) = re.findall(r'```python\n(.*?)```', README, re.DOTALL)
    assert len(code.strip().splitlines()) <= 14
    names: dict = {}
    exec(compile(code, 'README.md', 'exec'), names)
    assert names['pose'].shape == (32, 17, 3)


def test_links_exist():
    root = Path(__file__).parents[1]
    for link in re.findall(r'\]\((?!http)([^)#]+)', README):
        assert (root / link).exists(), link
