"""The weights of the package."""

import numpy as np
import pytest

from pyg_hcsf.datasets.synthetic.dataset import motion_clip
from pyg_hcsf.keypoints import read_keypoints
from pyg_hcsf.lifting import Lifter
from pyg_hcsf.poses import PoseSequence
from pyg_hcsf.recognition import (
    LiveRecognizer,
    Recognizer,
    available_recognizers,
    load_recognizer,
    recognize_poses,
)
from pyg_hcsf.recognition.recognizer_weights import HOME
from tests.paths import REPO


@pytest.fixture(scope='module')
def recognizer():
    return Recognizer()


def test_files():
    assert available_recognizers() == ['cmu']
    size = sum(path.stat().st_size for path in HOME.glob('*.safetensors'))
    assert size <= 2 * 2**20
    _, info = load_recognizer('cmu')
    assert info.of_poses and info.fps == 25 and info.num_bodies == 1
    assert {'trained on', 'licence', 'limits'} <= set(info.card)
    assert (HOME / 'README.md').is_file()
    with pytest.raises(ValueError, match="'cmu'.*got 'cmuu'.*mean 'cmu'"):
        load_recognizer('cmuu')


@pytest.mark.parametrize('axes', ['camera', 'world'])
def test_a_lifted_walk(recognizer, axes):
    keypoints = read_keypoints(REPO / 'examples/walk_coco17.json', fps=25.0)
    people = Lifter().lift(keypoints, axes)
    intervals = recognize_poses(people, recognizer)
    walked = sum(i.end - i.start for i in intervals if i.action == 'walk')
    assert walked > 0.9 * len(people[0].frames) / 25


@pytest.mark.parametrize('fps', [25, 50])
def test_a_live_walk(recognizer, fps):
    pos = motion_clip('S9', 'Walking', 1, 100).pos.transpose(0, 1).numpy()
    pos = np.repeat(pos, fps // 25, axis=0)
    live = LiveRecognizer(recognizer, fps=float(fps))
    labels = [live.push(i, x) for i, x in enumerate(pos)]
    names = [label.name for label in labels if label is not None]
    assert live.window == 48 * fps // 25 and len(names) >= 4
    assert names.count('walk') > 0.9 * len(names)


def test_generated_people(recognizer):
    """People who sit or talk are not taken to walk."""
    for action, expected in (('Walking', 'walk'), ('Sitting', 'everyday')):
        pos = motion_clip('S11', action, 1, 100).pos.transpose(0, 1).numpy()
        pose = pos - pos[:, :1]
        person = PoseSequence(
            *('1', 'h36m17', np.arange(100), pose, 'world', 25.0),
            root=pos[:, 0],
        )
        (first, *_) = recognize_poses([person], recognizer, min_score=0)
        assert first.action == expected
