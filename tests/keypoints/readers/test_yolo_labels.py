import numpy as np
import pytest

from pyg_hcsf.keypoints import read_keypoints
from tests.keypoints.keypoint_files import POINTS, SIZE, check_people


def write(folder, width, more=''):
    """A file for each frame, with numbers after the joints of a person."""
    points = (POINTS / [*SIZE, 1])[..., :width]
    for t, frame in enumerate(points):
        rows = []
        for p, person in enumerate(frame):
            numbers = ' '.join(map('{:.9g}'.format, person.ravel()))
            end = more.format(conf=0.93, id=p + 1)
            rows.append(f'0 0.5 0.5 0.2 0.7 {numbers}{end}\n')
        (folder / f'video_{t + 7}.txt').write_text(''.join(rows))


@pytest.mark.parametrize('more', ['', ' {conf}', ' {id}', ' {conf} {id}'])
@pytest.mark.parametrize('width', [2, 3])
def test_folder_of_labels(tmp_path, more, width):
    write(tmp_path, width, more)
    keypoints = read_keypoints(tmp_path, image_size=SIZE)
    assert keypoints.source == 'ultralytics labels'
    assert keypoints.layout == 'coco17'
    check_people(keypoints, POINTS, np.arange(7, 15), score=width == 3)
    assert '2' in {track.name for track in keypoints.tracks}


def test_labels_need_the_size_of_the_image(tmp_path):
    write(tmp_path, 3)
    with pytest.raises(ValueError, match="pass 'image_size'"):
        read_keypoints(tmp_path)
