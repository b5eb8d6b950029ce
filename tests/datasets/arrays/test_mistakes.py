"""Arrays that were saved by mistake: an error or a warning names the file,
the array and the remedy.
"""

import zipfile

import numpy as np
import pytest

from pyg_hcsf import get_skeleton
from pyg_hcsf.datasets import ArrayPoses
from pyg_hcsf.datasets.arrays.files import read_clips
from tests.datasets.arrays.test_dataset import (
    CAMERA,
    joints,
    load,
    project,
    save,
)
from tests.own_skeletons import HAND, moving

X = joints()
NAN = X.copy()
NAN[3, 4] = np.nan
HUGE = X.copy()
HUGE[3, 4, 0] = -1e300
OBJECTS = np.empty(2, object)
OBJECTS[:] = [X[:3], X[:4]]
UP = np.array([1.0, -1.0, -1.0])
SHUFFLED = np.random.default_rng(0).permuted(X, axis=1)
RELATIVE = X - X[:, :1]


@pytest.mark.parametrize(
    'values,message',
    [
        ({'joints': X.swapaxes(0, 1)}, r'transpose\(1, 0, 2\)'),
        ({'joints': X.swapaxes(1, 2)}, r'transpose\(0, 2, 1\)'),
        ({'joints': X.reshape(20, 63)}, r'reshape\(-1, 21, 3\)'),
        ({'joints': X[:, None]}, 'each person as a clip'),
        ({'joints': X[:, :17]}, "21 joints of 'hand21'.*skeleton of your"),
        ({'joints': X[:0]}, 'one or more frames'),
        ({'joints': NAN}, "frame 3, joint 'ThumbTip'.*interpolation"),
        ({'joints': HUGE}, "up to 1e.09 .*frame 3, joint 'ThumbTip'"),
        ({'joints': OBJECTS}, "'joints'.*Python objects.*arrays of its own"),
        ({'joints': X.astype(str)}, r'numbers .*astype\(float\)'),
        ({'joints': X / 1000}, r"body of .* mm.: pass unit='m'"),
        ({'joints': X * UP}, r'front of the camera.*by \[1, -1, -1\]'),
        ({'joints': None}, r"Expected \['joints'\].*ann.npz"),
        ({'joints': RELATIVE}, 'relative to the root'),
        ({'keypoints': project(X)[:9]}, 'the same frames'),
        ({'keypoints': project(X).swapaxes(0, 1)}, r'keypoints.*transpose'),
        (
            {'keypoints': project(X), 'image_size': None, 'center': None},
            "'image_size' of .*ann.npz",
        ),
        (
            {'keypoints': project(X), 'joints': RELATIVE * UP},
            r'y opposite to that of the keypoints.: multiply .*\[1, -1, -1\]',
        ),
        (
            {'keypoints': project(X), 'joints': RELATIVE * [-1, 1, 1]},
            r'x opposite to that',
        ),
        (
            {'keypoints': np.dstack([project(X), 9 + X[..., 0]])},
            'confidence.*from 0 to 1',
        ),
        ({'confidence': X[..., 0] * 0}, "'keypoints' .* their 'confidence'"),
        (
            {'keypoints': project(X), 'confidence': X[..., :1] * 0},
            r"'confidence'.*got \[20, 21, 1\]",
        ),
        ({'image_size': np.array([0.4, 9])}, "'image_size'.*more pixels"),
        (
            {'image_size': None, 'center': np.array([-9.0, 9])},
            r"'image_size'.*got \[-18.0, 18.0\]",
        ),
        (
            {'keypoints': project(X) / [640, 480], 'joints': RELATIVE},
            "'keypoints' .*in pixels .*fractions",
        ),
        ({'action': np.nan}, "'action'.*a text"),
        ({'focal': np.array([-1.0, 1])}, "'focal'.*positive numbers"),
        ({'focal': np.ones((3, 3))}, r"'focal'.*shape \[2\]"),
        ({'center': np.array([np.nan, 1])}, "'center'.*finite"),
        ({'fps': 0}, "'fps'.*positive"),
        ({'action': np.zeros(3)}, "'action'.*a text"),
        ({'action': 'a\nb'}, "'action'.*a text"),
        ({'rotation': np.eye(3)}, "both 'rotation' and 'translation'"),
        (
            {'rotation': np.diag([1.0, 1, -1]), 'translation': np.zeros(3)},
            'determinant -1',
        ),
        ({'positions': X}, "called one of.*got 'positions'.: rename"),
    ],
)
def test_refused(tmp_path, values, message):
    save(tmp_path / 'raw', **values)
    with pytest.raises(ValueError, match=message) as error:
        load(tmp_path / 'raw')
    assert 'ann.npz' in str(error.value)
    assert not list((tmp_path / 'processed').glob('*.clips'))


def test_subject_is_missing(tmp_path):
    np.savez(tmp_path / 'a.npz', joints=X, **CAMERA)
    with pytest.raises(ValueError, match="'subject'.*a.npz.*folder"):
        ArrayPoses(tmp_path / 'out', HAND, raw=tmp_path, log=False)


@pytest.mark.parametrize(
    'values,message',
    [
        ({'joints': SHUFFLED}, 'bones change their lengths by'),
        ({'keypoints': project(X) + 100}, 'shifted or scaled'),
        ({'keypoints': project(X), 'focal': None}, "no 'focal'"),
        ({'image_size': None}, "no 'image_size': taken as 640 x 480"),
    ],
)
def test_warned_of(tmp_path, values, message):
    save(tmp_path / 'raw', **values)
    with pytest.warns(UserWarning) as warned:
        load(tmp_path / 'raw')
    assert any(message in str(w.message) for w in warned)


@pytest.mark.parametrize(
    'length,turn,message',
    [
        (20.0, 1, 'bodies of .h36m17. are .* mm in size, unlike people'),
        (200.0, UP, 'heads are below the hips'),
    ],
)
def test_people_are_known(tmp_path, length, turn, message):
    person = get_skeleton('h36m17')
    body = moving(person, length=length)
    if body[:, 10, 1].mean() > 0:  # heads are up: y is down
        body = body * UP
    body = body * turn + [0, 0, 5000.0]
    save(tmp_path / 'raw', joints=body)
    with pytest.warns(UserWarning, match=message):
        load(tmp_path / 'raw', person)


def test_damaged_files(tmp_path, fuzz):
    save(tmp_path, joints=X[:2].astype(np.float32))
    path = tmp_path / 'ann.npz'

    def read(content):
        path.write_bytes(content)
        return list(read_clips(path, tmp_path))

    def check(clips):
        assert all(isinstance(values, dict) for _, values in clips)

    fuzz(read, path.read_bytes(), check, 'ann.npz', num=100)
    path.write_bytes(b'no archive')
    with pytest.raises(ValueError, match=r'ann.npz.*numpy\.savez'):
        load(tmp_path)


def test_values_of_a_clip_go_before_those_of_its_file(tmp_path):
    path = tmp_path / 'all.npz'
    np.savez(path, **{'subject': 'ann', 'a/fps': 5, 'b/subject': 'ben'})
    clips = dict(read_clips(path, tmp_path))
    assert clips['all/a'] == {'subject': 'ann', 'fps': 5}
    assert clips['all/b'] == {'subject': 'ben'}


def test_texts_of_other_types_and_arrays_that_come_twice(tmp_path):
    path = tmp_path / 'ann.npz'
    np.savez(path, subject=np.array('é'.encode()), action=7)
    ((_, values),) = read_clips(path, tmp_path)
    assert values == {'subject': 'é', 'action': '7'}
    with zipfile.ZipFile(path, 'a') as archive:
        member = archive.read('action.npy')
        with pytest.warns(UserWarning, match='Duplicate name'):
            archive.writestr('action.npy', member)
    with pytest.raises(ValueError, match="ann.npz.*two arrays 'action'"):
        list(read_clips(path, tmp_path))
