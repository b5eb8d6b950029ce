import numpy as np
import pytest

from pyg_hcsf.keypoints import read_keypoints
from tests.keypoints.keypoint_files import COCO, POINTS, check_people, read
from tests.keypoints.trc_files import trc

ORDER = np.random.default_rng(1).permutation(17)
NAMES = [COCO[j] for j in ORDER]


def markers(sign=1):
    xy = POINTS[:, 0, ORDER, :2] * [1, sign]
    return np.pad(xy, ((0, 0), (0, 0), (0, 1)))


@pytest.mark.parametrize('unit', ['m', 'px'])
@pytest.mark.parametrize('end', ['\n', '\r\n'])
def test_pixels(tmp_path, unit, end):
    # Sports2D gives metres as the unit of pixels.
    k = read(tmp_path, trc(NAMES, markers(), unit, first=7, end=end).encode())
    assert (k.source, k.layout, k.fps) == ('trc', 'coco17', 25)
    check_people(k, POINTS[:, :1], 7 + np.arange(8), score=False)


def test_missing(tmp_path):
    position = markers()
    position[2, 3], position[4, 5] = np.nan, 0
    k = read(tmp_path, trc(NAMES, position).encode())
    points = POINTS[:, :1].copy()
    points[2, 0, ORDER[3]] = points[4, 0, ORDER[5]] = np.nan, np.nan, 0
    check_people(k, points, score=False)
    assert k.tracks[0].score[2, ORDER[3]] == 0


def test_y_up(tmp_path):
    with pytest.warns(UserWarning, match='its y points up'):
        k = read(tmp_path, trc(NAMES, markers(-1)).encode())
    check_people(k, POINTS[:, :1], score=False)


@pytest.mark.parametrize(('z', 'kind'), [(0, '2D'), (1, '3D')])
def test_metres(tmp_path, z, kind):
    position = markers() / 400 + [0, 0, z]
    error = f'{kind} positions in m, and no pixels: pyg-hcsf view plays them'
    with pytest.raises(ValueError, match=error):
        read(tmp_path, trc(NAMES, position).encode())


def test_cut_off(tmp_path):
    with pytest.warns(UserWarning, match='8 of 90 frames'):
        read(tmp_path, trc(NAMES, markers(), count=90).encode())


@pytest.mark.parametrize(
    ('old', 'new', 'error'),
    [
        ('\tX2', '', 'line 5 has 50 columns'),
        ('LEye', 'REye', 'line 4 names a marker twice'),
        ('\n3\t', '\n2\t', 'column Frame# do not ascend'),
        ('\n3\t', '\nx\t', 'rows are not numbers'),
        ('\n3\t', '\n3\t1\t1\t', 'line 9: expected 53 fields'),
    ],
)
def test_damaged(tmp_path, old, new, error):
    text = trc(NAMES, markers())
    assert old in text
    with pytest.raises(ValueError, match=f"file': .*{error}"):
        read(tmp_path, text.replace(old, new, 1).encode())


def test_folder_of_people(tmp_path):
    # Sports2D writes a file in pixels and one in metres for each person.
    for p in range(2):
        xy = np.pad(POINTS[:, p, ORDER, :2], ((0, 0), (0, 0), (0, 1)))
        text = trc(NAMES, xy, 'px')
        for kind in ('px', 'm'):
            name = f'walk_Sports2D_{kind}_person{p:02d}.trc'
            (tmp_path / name).write_text(text if kind == 'px' else 'damaged')
    (tmp_path / 'walk_Sports2D_angles_person00.mot').write_text('Coordinates')
    (tmp_path / 'logs.txt').write_text('0 1 2')
    k = read_keypoints(tmp_path)
    assert [t.name for t in k.tracks] == ['0', '1']
    assert (k.layout, k.fps) == ('coco17', 25)
    check_people(k, POINTS, score=False)
    name = 'walk_Sports2D_px_person02.trc'
    (tmp_path / name).write_text(trc(NAMES, markers(), 'px', rate=50))
    with pytest.raises(ValueError, match='one frame rate of all files'):
        read_keypoints(tmp_path)
    (tmp_path / name).rename(tmp_path / 'run_Sports2D_px_person00.trc')
    with pytest.raises(ValueError, match='frames of one video'):
        read_keypoints(tmp_path)
