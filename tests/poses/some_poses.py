"""Poses of people, for tests of their files."""

from dataclasses import fields

import numpy as np

from pyg_hcsf.keypoints import Track
from pyg_hcsf.poses import PoseSequence

FRAMES = np.array([3, 4, 6, 9])


def make(name='anna', dtype=np.float64, **kwargs):
    rng = np.random.default_rng(len(name))
    xy = rng.uniform(0, 1000, (len(FRAMES), 17, 2)).astype(dtype)
    xy[1, 3] = np.nan
    score = rng.random((len(FRAMES), 17)).astype(dtype)
    values = {
        'pose': rng.normal(0, 500, (len(FRAMES), 17, 3)).astype(dtype),
        'uncertainty': rng.uniform(0, 80, (len(FRAMES), 17)).astype(dtype),
        'root': rng.normal(0, 4000, (len(FRAMES), 3)).astype(dtype),
        'keypoints': Track(name, FRAMES, xy, score),
        'layout': 'coco17',
        'fps': dtype(29.97),
        'image_size': (1920, 1080.5),
        'note': 'Höhe: 1.7 m, "assumed"',
    }
    return PoseSequence(name, 'h36m17', FRAMES, **{**values, **kwargs})


BARE = PoseSequence(
    'b, "2"', 'ntu25', np.array([0]), np.ones((1, 25, 3)), 'world'
)


def assert_same(got, expected, atol):
    for field in fields(PoseSequence):
        a, b = getattr(got, field.name), getattr(expected, field.name)
        if field.name == 'keypoints' and b is not None:
            assert a.name == b.name
            for key in ('frames', 'xy', 'score'):
                np.testing.assert_allclose(
                    getattr(a, key), getattr(b, key), rtol=0, atol=atol
                )
        elif isinstance(b, np.ndarray):
            np.testing.assert_allclose(a, b, rtol=0, atol=atol)
        else:
            assert a == b
