import json
import os
from dataclasses import replace

import numpy as np
import pytest

from pyg_hcsf.poses import (
    read_poses,
    write_poses,
)
from pyg_hcsf.poses.csv_table import read_csv
from pyg_hcsf.poses.records import read_json, read_npz
from tests.poses.some_poses import BARE, assert_same, make


@pytest.mark.parametrize('dtype', [np.float32, np.float64])
@pytest.mark.parametrize('suffix', ['json', 'npz'])
def test_round_trip(tmp_path, suffix, dtype):
    path = tmp_path / f'a.{suffix}'
    people = [make(dtype=dtype), BARE, make('c', uncertainty=None)]
    write_poses(path, people)
    got = read_poses(path)
    for a, b in zip(got, people, strict=True):
        assert_same(a, b, atol=0 if suffix == 'npz' else 1e-3)
        a.pose[:] = 0  # may be written to
    if suffix == 'npz':
        assert got[0].pose.dtype == dtype
    assert os.listdir(tmp_path) == [path.name]


def test_json_explains_itself(tmp_path):
    write_poses(tmp_path / 'a.json', [make()])
    content = json.loads((tmp_path / 'a.json').read_text('utf-8'))
    assert content['unit'] == 'mm'
    assert 'y down' in content['axes']['camera']
    person = content['people'][0]
    assert person['joints'][4] == 'LHip'
    assert ['LKnee', 'LFoot'] in person['bones']
    assert person['keypoint_joints'][0] == 'Nose'
    assert person['keypoint_xy'][1][3] == [None, None]
    assert person['axes'] == 'camera'


@pytest.mark.parametrize(
    ('change', 'message'),
    [
        ({'pose': np.full((4, 17, 3), np.nan)}, "in 'pose'.*nan in frame 3"),
        ({'pose': np.zeros((4, 16, 3))}, r"'pose'.*\[4, 17, 3\].*16"),
        ({'pose': np.zeros((4, 17, 3), int)}, "'pose'.*floats.*int64"),
        ({'pose': np.zeros((4, 17, 3), np.longdouble)}, "'pose'.*floats"),
        ({'pose': [[0.0]]}, "'pose'.*a NumPy array.*a list"),
        ({'frames': np.array([3, 4, 4, 9])}, "'frames'.*ascending"),
        ({'frames': np.zeros(0, int)}, "'frames'.*one or more"),
        ({'frames': np.arange(4.0)}, "'frames'.*integers"),
        ({'root': np.zeros((4, 2))}, "'root'.*shape"),
        ({'root': np.full((4, 3), np.inf)}, "'root'.*inf"),
        ({'uncertainty': np.full((4, 17), -1.0)}, "'uncertainty'.*negative"),
        ({'layout': None}, "'layout'"),
        ({'layout': 'h36m16'}, "'keypoints.xy'.*16, 2"),
        ({'skeleton': 'spider'}, "'spider'"),
        ({'axes': 'y'}, "'axes'.*'camera'"),
        ({'fps': 0.0}, "'fps'.*got 0.0"),
        ({'fps': float('nan')}, "'fps'.*got nan"),
        ({'name': 'a\nb'}, "'name'.*printable"),
        ({'note': None}, "'note'.*a text"),
        ({'image_size': [1, 2]}, "'image_size'.*a list"),
        ({'image_size': (0, 2)}, "'image_size'"),
    ],
)
def test_sequences_are_checked(change, message):
    with pytest.raises(ValueError, match=message):
        replace(make(), **change)


def test_arguments_are_checked(tmp_path):
    with pytest.raises(ValueError, match="one of.*'npz'.*got 'txt'"):
        write_poses(tmp_path / 'a.txt', [make()])
    with pytest.raises(ValueError, match=r'got \[\]'):
        write_poses(tmp_path / 'a.json', [])
    with pytest.raises(ValueError, match='got one PoseSequence'):
        write_poses(tmp_path / 'a.json', make())
    with pytest.raises(ValueError, match='distinct names'):
        write_poses(tmp_path / 'a.json', [make(), make()])
    with pytest.raises(ValueError, match='No such file'):
        read_poses(tmp_path / 'a.json')
    with pytest.raises(ValueError, match="'rigid' only .*got 'npz'"):
        write_poses(tmp_path / 'a.npz', [make()], rigid=True)
    assert not os.listdir(tmp_path)
    write_poses(tmp_path / 'a.txt', [make()], format='npz')
    assert read_npz((tmp_path / 'a.txt').read_bytes(), 'a')[0].name == 'anna'


@pytest.mark.parametrize(
    ('old', 'new', 'message'),
    [
        ('"pyg_hcsf.poses"', '"other"', "'format'"),
        ('"version": 1', '"version": 2', 'update pyg_hcsf'),
        ('"people": [', '"people": [3, ', "'people'"),
        ('"LHip"', '"LHüfte"', "'joints'"),
        ('"Nose"', '"Mouth"', "'keypoint_joints'"),
        ('"h36m17"', '["h36m17"]', 'skeleton|name'),
        ('"fps": 29.97', '"fps": NaN', 'NaN is no number'),
        ('"fps": 29.97', '"fps": 1e999', "'fps'"),
        ('"fps"', '"FPS"', "'fps' is missing"),
        ('"frames"', '"frame"', "'frames' is missing"),
        ('"keypoint_name"', '"k"', "'keypoint_name' is missing"),
        ('"keypoint_xy"', '"k"', "'keypoint_xy' is missing"),
        ('[3, 4, 6, 9]', '[3, 4, 6, 9.5]', "'frames'.*integers"),
        ('[3, 4, 6, 9]', '[3, 4, 6, 1' + 40 * '0' + ']', "'frames'.*integers"),
        ('[3, 4, 6, 9]', '[3, 4, 6, [9]]', "'frames' is no array"),
        ('[3, 4, 6, 9]', '[3, 4, 6]', "'pose'.*3, 17, 3"),
    ],
)
def test_wrong_json_is_refused(tmp_path, old, new, message):
    write_poses(tmp_path / 'a.json', [make()])
    text = (tmp_path / 'a.json').read_text('utf-8')
    assert old in text
    with pytest.raises(ValueError, match=f"a.json'.*({message})"):
        path = tmp_path / 'a.json'
        path.write_text(text.replace(old, new), 'utf-8')
        read_poses(path)


def test_large_files_are_refused(tmp_path):
    with open(tmp_path / 'a.json', 'wb') as file:
        file.truncate(2**28 + 1)
    with pytest.raises(ValueError, match='268435457 bytes, more than'):
        read_poses(tmp_path / 'a.json')


def test_people_of_one_name_are_refused(tmp_path):
    write_poses(tmp_path / 'a.json', [make(), make('bert')])
    text = (tmp_path / 'a.json').read_text('utf-8')
    (tmp_path / 'a.json').write_text(text.replace('bert', 'anna'), 'utf-8')
    with pytest.raises(ValueError, match='the same name'):
        read_poses(tmp_path / 'a.json')


def test_deep_nesting_is_refused():
    with pytest.raises(ValueError, match='not JSON'):
        read_json(b'[' * 10**6, 'a.json')


def test_objects_are_refused(tmp_path):
    write_poses(tmp_path / 'a.npz', [make()])
    with np.load(tmp_path / 'a.npz') as file:
        arrays = dict(file)
    arrays['pose_0'] = arrays['pose_0'].astype(object)
    np.savez(tmp_path / 'b.npz', **arrays)
    with pytest.raises(ValueError, match="b.npz'.*'pose'.*object"):
        read_poses(tmp_path / 'b.npz')
    del arrays['meta']
    np.savez(tmp_path / 'b.npz', **arrays)
    with pytest.raises(ValueError, match="no text 'meta'"):
        read_poses(tmp_path / 'b.npz')


@pytest.mark.parametrize('suffix', ['csv', 'json', 'npz'])
def test_damaged_files(tmp_path, fuzz, suffix):
    write_poses(tmp_path / f'a.{suffix}', [make(), make('c')])
    read = {'csv': read_csv, 'json': read_json, 'npz': read_npz}[suffix]

    def check(people):
        for person in people:
            assert np.isfinite(person.position).all()

    content = (tmp_path / f'a.{suffix}').read_bytes()
    fuzz(lambda data: read(data, 'named'), content, check, 'named')
