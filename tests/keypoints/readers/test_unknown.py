import json

import numpy as np
import pytest

from pyg_hcsf.keypoints.readers.unknown import LENGTH, describe, structure
from tests.keypoints.keypoint_files import npz, read


def test_structure():
    data = {'a': [[1.5, 2]], 'b': [{'c': {'d': [2, 3]}}], 'f': None, 'g': []}
    assert structure(data) == (
        "{'a': [1 x [2 x float]], 'b': [1 x {'c': {'d': [2]}}], 'f': null, "
        "'g': [0]}"
    )


@pytest.mark.parametrize(
    'data',
    [
        {f'k{i}' * 50: i for i in range(100_000)},
        [{f'k{i}': [{'a' * 200: {}}] for i in range(50)}] * 50,
        [[[[[[]]]]]],
    ],
)
def test_descriptions_are_bounded(data):
    assert len(structure(data)) <= LENGTH
    assert len(describe(data)) < 2 * LENGTH


@pytest.mark.parametrize(
    'data, near',
    [
        ({'instance': [{'keypoint_scores': [1], 'bbox': [1]}]}, 'MMPose'),
        ([{'visibility': 1, 'z': 1, 'x': 'left'}], 'MediaPipe'),
        ({'images': [], 'categories': [{'num_keypoints': 1}]}, 'COCO'),
    ],
)
def test_nearest_form(tmp_path, data, near):
    with pytest.raises(ValueError, match=f'nearest to the form of {near}'):
        read(tmp_path, data)


def test_nearest_form_of_arrays_and_tables(tmp_path):
    names = np.array(['nose'])
    arrays = npz(point_scores=np.ones(3), node_names=names, track_names=names)
    with pytest.raises(ValueError, match="SLEAP .it has 'node_names', 'point"):
        read(tmp_path, arrays)
    table = b'scorer,individuals,bodyparts,u,v\n1,2,3,4,5\n'
    with pytest.raises(ValueError, match="DeepLabCut .*but not 'coords'"):
        read(tmp_path, table)
    with pytest.raises(ValueError) as error:
        read(tmp_path, b'u,v,w\n1,2,3\n')
    assert 'nearest to' not in str(error.value)


@pytest.mark.parametrize(
    'key',
    ['pose_world_landmarks', 'worldLandmarks', 'keypoints3D', 'joints_3d'],
)
def test_3d_only(tmp_path, key):
    row = {'x': 0.1, 'y': 0.2, 'z': 0.3, 'visibility': 1.0}
    data = [{'frame': t, key: [row] * 33} for t in range(8)]
    with pytest.raises(ValueError, match=f"it has 3D positions .'{key}'"):
        read(tmp_path, data, image_size=(1280, 720))
    with pytest.raises(ValueError, match='3D positions'):
        read(tmp_path, json.dumps(data[0]).encode())
