import csv
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from pyg_hcsf.poses import poses_to_frame, read_poses, write_poses
from tests.poses.some_poses import BARE, FRAMES, assert_same, make


@pytest.mark.parametrize('dtype', [np.float32, np.float64])
def test_round_trip_of_a_table(tmp_path, dtype):
    path = tmp_path / 'a.csv'
    people = [
        make(dtype=dtype),
        make('c, "2"', uncertainty=None),
        make('', root=None, axes='world', fps=None),
    ]
    write_poses(path, people)
    for a, b in zip(read_poses(path), people, strict=True):
        assert_same(a, replace(b, keypoints=None, layout=None), atol=1e-3)
    with open(path, encoding='utf-8', newline='') as file:
        rows = list(csv.DictReader(file))
    assert len(rows) == 12
    assert (rows[5]['person'], rows[5]['frame']) == ('c, "2"', '4')
    assert float(rows[5]['LKnee_y']) == round(people[1].pose[1, 5, 1], 4)
    assert rows[5]['LKnee_uncertainty'] == ''
    with pytest.raises(ValueError, match=r"'h36m17', 'ntu25'.*write .json"):
        write_poses(path, [make(), BARE])


def test_table_as_pandas_reads_it(tmp_path):
    people = [make(), make('nan', root=None)]
    write_poses(tmp_path / 'a.csv', people)
    table = pd.read_csv(tmp_path / 'a.csv')
    assert table['person'].tolist()[:4] == 4 * ['anna']
    assert table['person'].isna()[4:].all()
    numbers = table.drop(columns=['person', 'metadata'])
    assert (numbers.dtypes.drop('frame') == np.float64).all()
    np.testing.assert_allclose(
        numbers[['LKnee_x', 'LKnee_y', 'LKnee_z']][:4],
        people[0].pose[:, 5],
        atol=1e-4,
    )
    assert [person.name for person in read_poses(tmp_path / 'a.csv')] == [
        'anna', 'nan',
    ]  # fmt: skip


def test_table_with_a_comment_line(tmp_path):
    """As releases before this one wrote it."""
    path = tmp_path / 'a.csv'
    write_poses(path, [make(), make('bert')])
    table = pd.read_csv(path)
    text = table.pop('metadata')[0] + '\n' + table.to_csv(index=False)
    (tmp_path / 'old.csv').write_text(f'# {text}', 'utf-8')
    for a, b in zip(
        read_poses(tmp_path / 'old.csv'), read_poses(path), strict=True
    ):
        assert_same(a, b, atol=1e-9)


def test_frame():
    people = [make(), BARE, make('c', np.float32, uncertainty=None)]
    frame = poses_to_frame(people)
    assert len(frame) == 4 * 17 + 25 + 4 * 17
    assert frame['person'].unique().tolist() == ['anna', 'b, "2"', 'c']
    one = frame[(frame['person'] == 'anna') & (frame['joint'] == 'LKnee')]
    assert one['frame'].tolist() == FRAMES.tolist()
    for names, expected in (
        (['x', 'y', 'z'], people[0].pose[:, 5]),
        (['root_x', 'root_y', 'root_z'], people[0].root),
        ('uncertainty', people[0].uncertainty[:, 5]),
    ):
        np.testing.assert_array_equal(one[names], expected)
    assert poses_to_frame([]).columns.tolist() == frame.columns.tolist()
    rest = frame[frame['person'] != 'anna']
    assert rest['uncertainty'].isna().all()
    assert rest['root_x'].notna().sum() == 4 * 17


@pytest.mark.parametrize(
    ('old', 'new', 'message'),
    [
        (',metadata\n', ',x\n', "last column is not 'metadata'"),
        (',"{""format', ',"""format', 'not JSON'),
        ('person,frame', 'frame,person', 'columns'),
        ('\nanna,3,', '\nanna,3.5,', 'int'),
        ('\nanna,3,', '\nanna,3,x', 'float'),
        ('\nanna,3,', '\nanna,3,1,', 'line 2: .*74 fields .*got 75'),
        ('\nanna,3,', '\nbob,3,', 'row 2 names an unknown person'),
        ('\nanna,3,', '\nanna,4,', "'frames'.*ascending"),
        ('\nanna,3,', '\nanna,9' + 30 * '9' + ',', "'frames'.*integers"),
        ('""joints"": [""Hip""', '""joints"": [""Hüfte""', "'joints'"),
        ('""skeleton"": ""h36m17""', '""skeleton"": ""ntu25""', "'joints'"),
    ],
)
def test_wrong_tables_are_refused(tmp_path, old, new, message):
    path = tmp_path / 'a.csv'
    write_poses(path, [make()])
    text = path.read_text('utf-8')
    assert old in text
    path.write_text(text.replace(old, new), 'utf-8')
    with pytest.raises(ValueError, match=f"a.csv'.*({message})"):
        read_poses(path)
