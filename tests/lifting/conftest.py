import numpy as np
import pytest
import torch

from pyg_hcsf.datasets.synthetic.dataset import motion_clip
from pyg_hcsf.geometry.camera import Camera
from pyg_hcsf.geometry.h36m_cameras import human36m_cameras
from pyg_hcsf.geometry.virtual_cameras import project_views
from pyg_hcsf.keypoints import Keypoints, Track
from pyg_hcsf.lifting import LifterInfo, save_lifter

SIZE = (1920, 1080)


def make_weights(path, seed=0, info=None, **changes):
    """Writes a small network with random weights."""
    model = {'in_channels': 3, 'hidden_channels': 8, 'output_scale': 0.3}
    torch.manual_seed(seed)
    info = LifterInfo(
        **{'layout': 'coco17', 'model': model | changes} | (info or {})
    )
    save_lifter(path, info.build(), info)
    return path


@pytest.fixture(scope='session')
def weights(tmp_path_factory):
    """Weights of one frame, of nine, and of nine with four ahead."""
    folder = tmp_path_factory.mktemp('weights')
    return {
        'single': make_weights(folder / 'single.safetensors'),
        'causal': make_weights(
            folder / 'causal.safetensors', frames=9, causal=True
        ),
        'central': make_weights(folder / 'central.safetensors', frames=9),
    }


def camera():
    """A camera of a common video size."""
    pose = human36m_cameras('S1')[0]
    return Camera(
        'video',
        width=SIZE[0],
        height=SIZE[1],
        focal=(2112.0, 2112.0),
        center=(960.0, 540.0),
        orientation=pose.orientation,
        translation=pose.translation,
    )


def project(action='Walking', take=1, frames=60, subject='S9'):
    """A clip projected to a camera: joints in mm and pixels."""
    motion = motion_clip(subject, action, take, frames)
    return project_views(
        motion.pos.transpose(0, 1), motion.clip, 0, [camera()]
    )[0]


@pytest.fixture(scope='session')
def walk():
    return project()


@pytest.fixture
def keypoints(walk):
    xy = walk.keypoints.numpy()
    score = np.full(xy.shape[:2], 0.9)
    track = Track('1', np.arange(10, 10 + len(xy)), xy, score)
    return Keypoints('h36m17', (track,), 'test', SIZE, 25.0)
