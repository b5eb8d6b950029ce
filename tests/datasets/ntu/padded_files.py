"""Writes small files in the formats of CTR-GCN and SGN."""

import h5py
import numpy as np

# In alphabetical order; of training subjects 1, 2 and testing subject 3.
NAMES = [
    'S001C001P001R001A060',
    'S001C002P002R001A001',
    'S001C003P001R001A002',
    'S002C002P003R001A003',
    'S003C001P001R001A004',
]
TRAIN = [NAMES[0], NAMES[2], NAMES[4], NAMES[1]]  # by subject, then name


def joints(name, frames=5):
    shape = (frames, 1 + (name == NAMES[0]), 25, 3)
    values = np.random.default_rng(int(name[-3:])).normal(size=shape)
    return (values + (0, 0, 3)).astype(np.float32)


def row(name, length=300):
    """A clip as CTR-GCN's and SGN's seq_transformation.py leave it."""
    x = joints(name)
    out = np.zeros((length, 150), dtype=np.float32)
    out[: len(x), : 75 * x.shape[1]] = (x - x[0, 0, 1]).reshape(len(x), -1)
    return out


def arrays(names):
    x = np.stack([row(name) for name in names])
    y = np.zeros((len(names), 60))
    y[range(len(names)), [int(name[-3:]) - 1 for name in names]] = 1
    return x, y


def npz(path, **changes):
    (x_train, y_train), (x_test, y_test) = arrays(TRAIN), arrays([NAMES[3]])
    content = {
        'x_train': x_train,
        'y_train': y_train,
        'x_test': x_test,
        'y_test': y_test,
        **changes,
    }
    with path.open('wb') as file:
        np.savez(file, **{k: v for k, v in content.items() if v is not None})
    return path


def h5(path, **changes):
    (x, y), (test_x, test_y) = arrays(TRAIN), arrays([NAMES[3]])
    content = {
        'x': x[:3],
        'y': y[:3],
        'valid_x': x[3:],
        'valid_y': y[3:],
        'test_x': test_x,
        'test_y': test_y,
        **changes,
    }
    with h5py.File(path, 'w') as file:
        for key, value in content.items():
            if value is not None:
                file.create_dataset(key, data=value)
    return path


def same(clip, name):
    x = joints(name)
    assert clip.label == int(name[-3:]) - 1
    np.testing.assert_array_equal(clip.joints, x - x[0, 0, 1])


def changed(key, place, value):
    x, y = arrays(TRAIN)
    array = {'x': x, 'y': y}[key]
    array[place] = value
    return array


WRONG = [
    ({'x': None}, 'x'),
    ({'x': np.ones((4, 300, 75), 'f4')}, r'\[4, 300, 75\]'),
    ({'x': np.ones((4, 300, 150), int)}, 'floats'),
    ({'x': np.ones((4, 9999, 150), 'f2')}, r'\[4, 9999, 150\]'),
    ({'y': np.ones((4, 120))}, r'one-hot.*\[4, 60\].*ntu60-xsub'),
    ({'y': np.arange(4)}, r'of \[4\]'),
    ({'y': np.zeros((4, 60))}, 'labels 0 to 3 .*not one-hot'),
    ({'y': changed('y', (1, 5), 0.5)}, 'not one-hot'),
    ({'y': changed('y', (1, 5), np.nan)}, 'not one-hot'),
    ({'x': changed('x', (1, 2, 3), np.nan)}, "'train_00001'.*not finite"),
    ({'x': changed('x', 1, 0)}, "'train_00001'.*no body"),
    ({'x': np.array([{}] * 4)}, 'x'),
]


def check(clips):
    for clip in clips:
        assert clip.joints.shape[2:] == (25, 3)
        assert 0 <= clip.label < 60 and clip.joints.any()
        assert np.isfinite(clip.joints).all()
