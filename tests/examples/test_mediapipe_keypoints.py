import importlib
import sys
from types import SimpleNamespace

import numpy as np
import pytest

from pyg_hcsf.keypoints import read_keypoints


class Capture:
    """A video of three frames of 640 x 480 pixels at 30 Hz."""

    def __init__(self, source):
        self.left = 3 if source == 'walk.mp4' else 0

    def read(self):
        self.left -= 1
        found = self.left >= 0
        return found, np.zeros((480, 640, 3), np.uint8) if found else None

    def get(self, key):
        return 30.0


class Detector:
    """Finds a person in every second frame."""

    def __init__(self, model_complexity):
        self.calls = 0

    def process(self, image):
        self.calls += 1
        if self.calls % 2 == 0:
            return SimpleNamespace(pose_landmarks=None)
        marks = [
            SimpleNamespace(x=0.3 + i / 99, y=i / 33, z=0.0, visibility=0.9)
            for i in range(33)
        ]
        landmarks = SimpleNamespace(landmark=marks)
        return SimpleNamespace(
            pose_landmarks=landmarks, pose_world_landmarks=landmarks
        )


@pytest.fixture
def example(monkeypatch):
    """The example with stand-ins for OpenCV and MediaPipe."""
    cv2 = SimpleNamespace(
        VideoCapture=Capture,
        cvtColor=lambda image, code: image,
        COLOR_BGR2RGB=4,
        CAP_PROP_FPS=5,
    )
    pose = SimpleNamespace(Pose=Detector)
    mediapipe = SimpleNamespace(solutions=SimpleNamespace(pose=pose))
    monkeypatch.setitem(sys.modules, 'cv2', cv2)
    monkeypatch.setitem(sys.modules, 'mediapipe', mediapipe)
    name = 'examples.mediapipe_keypoints'
    yield importlib.import_module(name)
    del sys.modules[name]


def test_keypoints_can_be_read(example, tmp_path, capsys):
    example.main('walk.mp4', str(tmp_path / 'walk.json'))
    assert capsys.readouterr().out == '--image_size 640 480 --fps 30\n'
    found = read_keypoints(
        tmp_path / 'walk.json', image_size=(640, 480), fps=30
    )
    assert found.layout == 'mediapipe33'
    (track,) = found.tracks
    assert track.frames.tolist() == [0, 2]
    np.testing.assert_allclose(track.xy[0, 0], [0.3 * 640, 0], atol=1e-6)


def test_unreadable_video(example, tmp_path):
    with pytest.raises(SystemExit, match='no frame could be read'):
        example.main('other.mp4', str(tmp_path / 'walk.json'))
