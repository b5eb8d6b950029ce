import numpy as np
import pytest

from tests.keypoints.keypoint_files import POINTS, SNAKE, check_people, read

ORDER = np.random.default_rng(1).permutation(17)


def deeplabcut(people, frames=range(8)):
    """The points of people ``{name: number}``, as DeepLabCut writes them."""
    cells = [(n, p, j) for n, p in people.items() for j in ORDER]
    each = ('x', 'y', 'likelihood')
    rows = [
        ['scorer'] + ['DLC_resnet50'] * 3 * len(cells),
        ['individuals'] + [n for n, _, _ in cells for _ in each],
        ['bodyparts'] + [SNAKE[j] for _, _, j in cells for _ in each],
        ['coords', *each * len(cells)],
    ]
    if len(people) == 1:
        del rows[1]
    for t, frame in enumerate(frames):
        values = [
            repr(v) for _, p, j in cells for v in POINTS[t, p, j].tolist()
        ]
        rows.append([f'{frame}', *values])
    return ('\n'.join(','.join(row) for row in rows) + '\n').encode()


def test_one_person(tmp_path):
    keypoints = read(tmp_path, deeplabcut({'only': 0}))
    assert (keypoints.source, keypoints.layout) == ('deeplabcut', 'coco17')
    check_people(keypoints, POINTS[:, :1])


def test_individuals(tmp_path):
    keypoints = read(tmp_path, deeplabcut({'ann': 0, 'bob': 1}))
    assert [track.name for track in keypoints.tracks] == ['ann', 'bob']
    check_people(keypoints, POINTS)


def test_names_of_images(tmp_path):
    names = [f'labeled-data/walk/img{3 * t:04d}.png' for t in range(8)]
    keypoints = read(tmp_path, deeplabcut({'only': 0}, names))
    check_people(keypoints, POINTS[:, :1], 3 * np.arange(8))


def test_missing_header(tmp_path):
    content = deeplabcut({'only': 0}).replace(b'bodyparts', b'bodypart', 1)
    with pytest.raises(ValueError, match=r"file'"):
        read(tmp_path, content)
