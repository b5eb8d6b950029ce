import pandas as pd

from examples import own_skeleton


def test_learns_and_writes_a_pose(tmp_path):
    first, last = own_skeleton.main(tmp_path / 'dog.csv', steps=60)
    assert last < 0.2 * first  # the error of a joint in metres
    table = pd.read_csv(tmp_path / 'dog.csv', index_col=0)
    assert tuple(table.index) == own_skeleton.JOINTS
    assert list(table.columns) == ['x', 'y', 'z']
