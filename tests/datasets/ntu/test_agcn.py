import pickle

import numpy as np
import pytest

from pyg_hcsf.datasets.ntu.agcn import read_agcn

NAMES = ['S001C001P001R001A001.skeleton', 'S001C002P003R001A050.skeleton']


def write(folder, data=None, labels=None, part='train'):
    """The files of 2s-AGCN's ntu_gendata.py."""
    if data is None:
        data = np.random.default_rng(0).normal(size=(2, 3, 6, 25, 2))
        data[0, ..., 1] = 0
        data = data.astype(np.float32)
    labels = (NAMES, [0, 49]) if labels is None else labels
    np.save(folder / f'{part}_data_joint.npy', data)
    with (folder / f'{part}_label.pkl').open('wb') as file:
        pickle.dump(labels, file)
    return folder / f'{part}_data_joint.npy', data


@pytest.mark.parametrize('part', ['train', 'val'])
def test_read(tmp_path, part):
    path, data = write(tmp_path, part=part)
    one, two = read_agcn(path)
    assert one[:2] == ('S001C001P001R001A001', 0)
    assert two[:2] == ('S001C002P003R001A050', 49)
    assert (one.joints.shape, two.joints.shape) == (
        (6, 1, 25, 3),
        (6, 2, 25, 3),
    )
    assert two.joints[3, 1, 7, 2] == data[1, 2, 3, 7, 1]
    np.testing.assert_array_equal(two.joints, data[1].transpose(1, 3, 2, 0))


def test_paths_as_names_and_arrays_as_labels(tmp_path):
    labels = [[f'/data/{name}' for name in NAMES], np.array([0, 49])]
    path, _ = write(tmp_path, labels=labels)
    assert [clip.label for clip in read_agcn(path)] == [0, 49]


@pytest.mark.parametrize(
    'data, labels, reason',
    [
        (np.ones((2, 3, 6, 20, 2)), None, r'\[2, 3, 6, 20, 2\]'),
        (np.ones((2, 3, 0, 25, 2)), None, r'\[2, 3, 0, 25, 2\]'),
        (np.ones((2, 3, 6, 25, 2), int), None, 'floats'),
        (np.ones((3, 3, 6, 25, 2)), None, '3 clips.*are 2 names'),
        (np.full((2, 3, 6, 25, 2), np.nan), None, 'not finite'),
        (np.array([{}]), None, 'not a complete file'),
        (None, (NAMES, [0, 3]), 'class 49.*got 3'),
        (None, (NAMES, [0]), 'of one length'),
        (None, (['a', 'b'], [0, 1]), 'such as'),
        (None, ([1, 2], [0, 1]), 'name 0'),
        (None, {'a': 1}, 'of one length'),
        (None, print, 'Refused the pickle'),
    ],
)
def test_wrong_contents(tmp_path, data, labels, reason):
    path, _ = write(tmp_path, data, labels)
    with pytest.raises(ValueError, match=reason) as e:
        list(read_agcn(path))
    assert str(tmp_path) in str(e.value)


def test_wrong_files(tmp_path):
    path, _ = write(tmp_path)
    with pytest.raises(ValueError, match='train_data_joint'):
        list(read_agcn(path.with_name('train_data_bone.npy')))
    path.with_name('train_label.pkl').unlink()
    with pytest.raises(ValueError, match='train_label.*into the folder'):
        list(read_agcn(path))


def check(clips):
    for clip in clips:
        assert clip.joints.shape[2:] == (25, 3)
        assert np.isfinite(clip.joints).all()


@pytest.mark.parametrize('part', ['data_joint.npy', 'label.pkl'])
def test_damaged_agcn(fuzz, tmp_path, part):
    path, _ = write(tmp_path)
    damaged = tmp_path / f'train_{part}'

    def read(content):
        damaged.write_bytes(content)
        return list(read_agcn(path))

    fuzz(read, damaged.read_bytes(), check, str(damaged))
