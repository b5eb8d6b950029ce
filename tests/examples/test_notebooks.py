"""The code of the notebooks runs, and their outputs are not committed."""

import json

import pytest

from tests.paths import REPO

NOTEBOOKS = sorted((REPO / 'examples').glob('*.ipynb'))


def code_cells(path):
    cells = json.loads(path.read_text())['cells']
    return [cell for cell in cells if cell['cell_type'] == 'code']


@pytest.mark.parametrize('path', NOTEBOOKS, ids=lambda path: path.stem)
def test_code_runs(path, tmp_path, monkeypatch):
    pytest.importorskip('matplotlib')
    walk = REPO / 'examples' / 'walk_coco17.json'
    (tmp_path / walk.name).symlink_to(walk)
    monkeypatch.chdir(tmp_path)
    names: dict = {}
    for number, cell in enumerate(code_cells(path)):
        source = ''.join(cell['source'])
        exec(compile(source, f'{path.name}, cell {number}', 'exec'), names)
    if path.stem == 'lift_and_view':
        written = {file.suffix for file in tmp_path.iterdir()}
        assert written >= {'.png', '.html', '.bvh', '.csv', '.npz'}
    if path.stem == 'operator_in_pyg':
        losses = names['losses']
        assert losses[-1] < 0.5 * losses[0]


@pytest.mark.parametrize('path', NOTEBOOKS, ids=lambda path: path.stem)
def test_no_outputs(path):
    assert not any(cell['outputs'] for cell in code_cells(path))
