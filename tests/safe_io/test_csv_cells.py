import csv
import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from experiments.reporting.page import write_table
from pyg_hcsf.poses import PoseSequence, read_poses, write_poses
from pyg_hcsf.safe_io.csv_cells import (
    escape_formula,
    read_cells,
    unescape_formula,
)

STARTS = ('=', '+', '-', '@', '\t', '\r', '\n', '＝', '＋', '－', '＠')
NAMES = [
    *(f'{start}1+1' for start in STARTS),
    "'=1+1",
    "''@x",
    "'quoted'",
    'a,=1+1,"=2+2"',
    'b;=1+1;',
    'c\r=1+1',
    'd\n=1+1',
    'plain',
    '0',
]


@pytest.mark.parametrize('text', NAMES)
def test_there_and_back(text):
    cell = escape_formula(text)
    assert not cell.startswith(STARTS)
    assert unescape_formula(cell) == text
    assert escape_formula('plain') == 'plain'


def cells(path, delimiter):
    with path.open(newline='', encoding='utf-8') as file:
        for row in csv.reader(file, delimiter=delimiter):
            yield from row


@pytest.mark.parametrize('delimiter', [',', ';', '\t'])
def test_names_of_people(tmp_path, delimiter):
    path = tmp_path / 'poses.csv'
    pose = np.ones((2, 17, 3))
    names = [name for name in NAMES if name.isprintable()]
    people = [
        PoseSequence(name, 'h36m17', np.arange(2), pose) for name in names
    ]
    write_poses(path, people)
    assert [person.name for person in read_poses(path)] == names
    for cell in cells(path, delimiter):
        assert not cell.startswith(STARTS)
    people = json.loads(pd.read_csv(path)['metadata'][0])['people']
    assert [person['name'] for person in people] == names


def test_tables_of_reports(tmp_path):
    path = tmp_path / 'results.csv'
    write_table(pd.DataFrame({'=a': NAMES, 'x': -1.5}), path)
    frame = pd.read_csv(path)
    assert frame.columns.tolist() == ["'=a", 'x']
    assert (frame['x'] == -1.5).all()
    assert not any(name.startswith(STARTS) for name in frame["'=a"])
    with path.open(newline='') as file:
        assert '\r' not in file.read()


#: Writers that are tested above, and a table with no text from outside.
TESTED = ('page.py', 'csv_table.py', 'own_skeleton.py')


def test_all_tables_of_reports_are_written_so():
    home = Path(__file__).parents[2]
    for folder in ('pyg_hcsf', 'experiments', 'tools', 'examples'):
        for path in (home / folder).rglob('*.py'):
            if path.name not in TESTED:
                assert '.to_csv(' not in path.read_text(encoding='utf-8')


@pytest.mark.parametrize(
    ('text', 'lines', 'cells'),
    [
        ('a,b\n\n1,2\n\n', [3], [[1, 2]]),
        ('a,b\r\n1,2\r3,nan\n', [2, 3], [[1, 2], [3, None]]),
        ('a,b\n1,"x, ""y"""\n,\n', [2], [[1, 'x, "y"']]),
        ('a,b\n"",""\n1,"2"\n', [3], [[1, 2]]),
        ('a,b\n1,"2\n"\n3,4', [2, 3], [[1, 2], [3, 4]]),
        ('a,b\n1,5" tall\n2,6" x\n', [2, 3], [[1, '5" tall'], [2, '6" x']]),
        ('a,b\n1,\u00b2\n', [2], [[1, '\u00b2']]),
    ],
)
def test_cells(text, lines, cells):
    headers, table = read_cells(text)
    assert headers == [['a', 'b']]
    assert table.index.tolist() == lines
    assert table.astype(object).where(table.notna(), None).values.tolist() == (
        cells
    )


def test_lines_of_spaces_are_empty():
    _, table = read_cells('a,b\n1,2\n , \n')
    assert table.index.tolist() == [2]


def test_columns_of_text():
    _, table = read_cells(
        'p;x\nnan;1\n;2\n01;3\n', ';', is_text=lambda column: column == ['p']
    )
    assert table[0].tolist() == ['nan', '', '01']
    assert table[1].tolist() == [1, 2, 3]


@pytest.mark.parametrize(
    ('text', 'error'),
    [
        ('a,b\n1,2\n3\n', r'line 3: expected 2 fields .*got 1'),
        ('a,b\n1,2\n\n3,4,5\n', r'line 4: expected 2 fields .*got 3'),
        ('a,b\n1,"2\n3,4\n', 'EOF inside string'),
        ('a,b\n', 'no lines below'),
        ('', 'no lines below'),
    ],
)
def test_damaged_tables(text, error):
    with pytest.raises(ValueError, match=error) as caught:
        read_cells(text)
    assert '\n' not in str(caught.value)
