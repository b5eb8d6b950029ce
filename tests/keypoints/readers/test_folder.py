import numpy as np
import pytest

from pyg_hcsf.keypoints import read_keypoints
from tests.keypoints import keypoint_files as formats

POINTS = formats.some_people(25, frames=12)


@pytest.fixture
def folder(tmp_path):
    for t, frame in enumerate(POINTS):  # 8 to 19: as texts, 10 is before 8
        file = tmp_path / f'walk_{t + 8}_keypoints.json'
        file.write_bytes(formats.openpose(frame))
    return tmp_path


def test_numbers_of_other_widths(folder):
    k = read_keypoints(folder)
    for p, track in enumerate(k.tracks):
        np.testing.assert_array_equal(track.frames, np.arange(8, 20))
        np.testing.assert_allclose(track.xy, POINTS[:, p, :, :2])


def test_empty_and_cut_files(folder):
    (folder / 'walk_10_keypoints.json').write_bytes(b'')
    cut = folder / 'walk_12_keypoints.json'
    cut.write_bytes(cut.read_bytes()[:100])
    nobody = folder / 'walk_14_keypoints.json'
    nobody.write_bytes(formats.openpose([]))
    none = nobody.read_text().replace('[]', '[{"pose_keypoints_2d": []}]')
    (folder / 'walk_16_keypoints.json').write_text(none)
    with pytest.warns(
        UserWarning, match="2 of 12 files.*'walk_10_.*'walk_12_"
    ):
        k = read_keypoints(folder)
    for track in k.tracks:
        seen = [8, 9, 11, 13, 15, 17, 18, 19]
        np.testing.assert_array_equal(track.frames, seen)
    for file in folder.iterdir():
        file.write_bytes(b'')
    with pytest.raises(ValueError, match='walk_8_.*is empty'):
        read_keypoints(folder)


def test_other_files(folder):
    (folder / 'settings.json').write_text('{"a": 1}')
    (folder / '._walk_8_keypoints.json').write_bytes(b'\0\5\26\7')
    (folder / 'notes 1.txt').write_text('text')
    with pytest.warns(UserWarning, match="without a number.*'settings.json'"):
        assert len(read_keypoints(folder).tracks) == 2


@pytest.mark.parametrize('name', ['run_30', 'walk_b_30', '2walk_30'])
def test_several_videos(folder, name):
    # Their numbers do not overlap, so they could be taken for one video.
    (folder / f'{name}_keypoints.json').write_bytes(
        formats.openpose(POINTS[0])
    )
    with pytest.raises(ValueError, match=r'one video \(got 2: .*walk_\*_key'):
        read_keypoints(folder)


def test_several_cameras(tmp_path):
    for camera in (1, 2):
        for t, frame in enumerate(POINTS):
            name = f'cam{camera}_{50 * camera + t:06d}_keypoints.json'
            (tmp_path / name).write_bytes(formats.openpose(frame))
    with pytest.raises(ValueError, match=r"'cam1_\*_keypoints', 'cam2_\*"):
        read_keypoints(tmp_path)


def test_a_number_that_stays(tmp_path):
    for t, frame in enumerate(POINTS):
        name = f's3.{t:04d}_1920x1080.jpg.predictions.json'
        (tmp_path / name).write_bytes(formats.openpose(frame))
    frames = read_keypoints(tmp_path).tracks[0].frames
    np.testing.assert_array_equal(frames, np.arange(12))


def test_the_same_number_twice(folder):
    file = folder / 'walk_08_keypoints.json'
    file.write_bytes(formats.openpose(POINTS[0]))
    with pytest.raises(ValueError, match='the same number'):
        read_keypoints(folder)


def test_a_warning_about_each_file_is_given_once(folder):
    for file in folder.iterdir():
        text = file.read_text().replace('"people"', '"camera": 3, "people"')
        text = text.replace('"person_id"', '"gait": 1, "person_id"')
        file.write_text(text)
    with pytest.warns(UserWarning, match="'gait'") as caught:
        read_keypoints(folder)
    assert len(caught) == 1


def test_two_models(folder):
    file = folder / 'walk_20_keypoints.json'
    file.write_bytes(formats.openpose(formats.some_people(18)[0]))
    with pytest.raises(ValueError, match='as many joints'):
        read_keypoints(folder)
