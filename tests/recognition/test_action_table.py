import json

import pandas as pd
import pytest

from pyg_hcsf.recognition import ActionInterval
from pyg_hcsf.recognition.action_table import to_text, write_table

INTERVALS = [
    ActionInterval('=1+1', 0, 2.5, 0, 61, 'run', (('run', 0.9), ('sit', 0.1))),
    ActionInterval('b', 1, 2, 9, 20, 'unsure', (('sit', 0.51), ('run', 0.49))),
]


def test_text():
    first, *rows = (line.split() for line in to_text(INTERVALS).splitlines())
    assert first == ['person', 'from', 'to', 'action', 'probability', 'next']
    assert [' '.join(row) for row in rows] == [
        '=1+1 0.0 s 2.5 s run 0.90 0.10 sit',
        'b 1.0 s 2.0 s unsure 0.51 sit 0.49 run',
    ]
    first, one, _ = to_text(INTERVALS).splitlines()
    assert first.index('action') == one.index('run')


def test_files(tmp_path):
    write_table(tmp_path / 'a.csv', INTERVALS)
    table = pd.read_csv(tmp_path / 'a.csv')
    assert table['person'].tolist() == ["'=1+1", 'b']
    assert table['action'].tolist() == ['run', 'unsure']
    assert table['run'].tolist() == [0.9, 0.49]
    assert table['end'].tolist() == [2.5, 2.0]
    write_table(tmp_path / 'a.json', INTERVALS)
    one, two = json.loads((tmp_path / 'a.json').read_text())
    assert one['person'] == '=1+1' and one['probabilities']['sit'] == 0.1
    assert (two['first'], two['last']) == (9, 20)
    with pytest.raises(ValueError, match=r"'\.csv'.*\.txt"):
        write_table(tmp_path / 'a.txt', INTERVALS)
