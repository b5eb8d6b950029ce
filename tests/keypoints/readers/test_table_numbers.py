import io

import numpy as np
import pandas as pd
import pytest

from tests.keypoints.keypoint_files import POINTS, check_people
from tests.keypoints.keypoint_files import read as read_bytes


def read(tmp_path, text, *args):
    return read_bytes(tmp_path, text.encode(), *args)


@pytest.mark.parametrize('lead', [0, 1, 2])
@pytest.mark.parametrize('sep', [',', ' '])
def test_numbers_without_names(tmp_path, lead, sep):
    points = POINTS if lead == 2 else POINTS[:, :1]
    people = points.shape[1]
    rows = points.reshape(8 * people, -1)
    head = np.repeat(3 * np.arange(8), people), np.tile([4, 7][:people], 8)
    file = io.StringIO()
    np.savetxt(file, np.column_stack([*head[:lead], rows]), '%.9g', sep)
    with pytest.warns(UserWarning, match='it has no names of columns'):
        k = read(tmp_path, file.getvalue(), 'coco17')
    check_people(k, points, (3 if lead else 1) * np.arange(8))
    assert k.tracks[0].name == ('4' if lead == 2 else '1')


def test_numbers_below_the_numbers_of_pandas(tmp_path):
    text = pd.DataFrame(POINTS[:, 0].reshape(8, -1)).to_csv()
    with pytest.warns(UserWarning, match='each line is a frame'):
        check_people(read(tmp_path, text, 'coco17'), POINTS[:, :1])


def test_pixels_without_names_are_no_labels_of_boxes(tmp_path):
    whole = np.rint(POINTS[:, :1])
    file = io.StringIO()
    np.savetxt(file, whole[..., :2].reshape(8, -1), '%d')
    with pytest.warns(UserWarning, match='each line is a frame'):
        k = read(tmp_path, file.getvalue(), 'coco17')
    check_people(k, whole, score=False)
