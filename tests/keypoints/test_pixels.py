"""Scales of coordinates: pixels, 0 to 1 and -1 to 1."""

import numpy as np
import pytest

from pyg_hcsf.keypoints import read_keypoints
from tests.keypoints import keypoint_files as formats
from tests.keypoints.keypoint_files import POINTS, SIZE, check_people, read

BODY25 = formats.some_people(25)


def folder(tmp_path, points):
    for t, frame in enumerate(points):
        path = tmp_path / f'a_{t:012d}_keypoints.json'
        path.write_bytes(formats.openpose(frame))


def test_openpose_keypoint_scale_3(tmp_path):
    points = BODY25.copy()
    points[2, :, 4] = 0
    folder(tmp_path, points / [*SIZE, 1])
    with pytest.warns(UserWarning, match='multiplied by 1280 and 720'):
        k = read_keypoints(tmp_path, image_size=SIZE)
    points[2, :, 4, :2] = np.nan
    check_people(k, points)
    with pytest.raises(ValueError, match="pass 'image_size'"):
        read_keypoints(tmp_path)


@pytest.mark.parametrize('gone', [0, -1])
def test_openpose_keypoint_scale_4(tmp_path, gone):
    points = BODY25 / [*SIZE, 1] * [2, 2, 1] - [1, 1, 0]
    points[2, :, 4] = gone, gone, 0
    folder(tmp_path, points)
    with pytest.warns(UserWarning, match='from -1 to 1 and are multiplied'):
        k = read_keypoints(tmp_path, image_size=SIZE)
    points = BODY25.copy()
    points[2, :, 4] = np.nan, np.nan, 0
    check_people(k, points)
    with pytest.raises(ValueError, match="from -1 to 1: pass 'image_size'"):
        read_keypoints(tmp_path)


def test_from_minus_one_to_one_of_others(tmp_path):
    points = POINTS / [*SIZE, 1] * [2, 2, 1] - [1, 1, 0]
    landmarks = formats.some_people(33) / [*SIZE, 1] * [2, 2, 1] - [1, 1, 0]
    assert np.abs(landmarks[..., :2]).max() < 1
    for content in (
        formats.alphapose(points, True),
        formats.npz(keypoints=points),
        formats.npz(keypoints=points[..., :2], layout='coco17'),
        formats.npz(keypoints=landmarks),
        formats.mediapipe(landmarks, (1, 1)),
    ):
        with pytest.raises(ValueError, match='has several meanings: convert'):
            read(tmp_path, content, image_size=SIZE)


@pytest.mark.parametrize('size', [None, (1, 1)])
def test_fractions_of_an_unknown_size(tmp_path, size):
    points = POINTS / [*SIZE, 1]
    for content in (
        formats.alphapose(points, True),
        formats.npz(keypoints=points),
        formats.wide_table(points, formats.SNAKE),
        formats.ultralytics(points),
        formats.mediapipe(formats.some_people(33), SIZE),
    ):
        with pytest.raises(ValueError, match="are fractions.*'image_size'"):
            read(tmp_path, content, image_size=size)


def test_two_scales(tmp_path):
    points = POINTS.copy()
    points[:, 1, :, :2] /= SIZE
    with pytest.raises(ValueError, match='50% of its people have coord'):
        read(tmp_path, formats.alphapose(points, True), 'coco17', SIZE)


def test_metres(tmp_path):
    content = formats.alphapose(POINTS / [100, 100, 1], True)
    with pytest.raises(ValueError, match='not pixels of a person'):
        read(tmp_path, content, 'coco17', SIZE)


def test_mediapipe_outside_of_the_image(tmp_path):
    # Legs under the lower edge, as of somebody at a desk.
    points = formats.some_people(33, people=1) * [1, 3, 1]
    assert (points[..., 1] > SIZE[1]).mean() > 0.2
    for shift in (0, 200):  # also a person who is leaving on the left
        found = points - [shift, 0, 0]
        k = read(tmp_path, formats.mediapipe(found, SIZE), image_size=SIZE)
        check_people(k, found)
