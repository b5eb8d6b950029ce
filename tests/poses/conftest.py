import numpy as np
import pytest

from pyg_hcsf.datasets import SyntheticMotion
from pyg_hcsf.poses import PoseSequence


@pytest.fixture(scope='session')
def clips():
    """Joints of moving people in camera axes, [T, 17, 3] in millimetres."""
    dataset = SyntheticMotion(split='test', num_frames=40, log=False)
    return [
        dataset[i].y.numpy().transpose(1, 0, 2).astype(np.float64)
        for i in range(0, 240, 24)
    ]


@pytest.fixture
def lifted(clips):
    """A clip as if it had been lifted: bones change their length."""

    def make(name='anna', clip=0, noise=10.0, frames=None, **kwargs):
        position = clips[clip][: None if frames is None else len(frames)]
        if frames is None:
            frames = np.arange(len(position))
        rng = np.random.default_rng(clip)
        pose = position + rng.normal(0, noise, position.shape)
        if kwargs.get('axes') == 'world':
            pose = pose[..., [0, 2, 1]] * [1, 1, -1]
        values = {
            'pose': pose - pose[:, :1],
            'root': pose[:, 0],
            'fps': 25.0,
            **kwargs,
        }
        return PoseSequence(name, 'h36m17', np.asarray(frames), **values)

    return make
