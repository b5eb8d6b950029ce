from dataclasses import replace

import numpy as np
import pytest
import torch

from pyg_hcsf.poses import PoseSequence
from pyg_hcsf.recognition import Recognizer, recognize_poses
from pyg_hcsf.recognition.pose_actions import UNSURE
from tests.recognition.small_recognizer import ACTIONS, make_recognizer
from tests.recognition.test_pose_windows import stepping

H36M = {'skeleton': 'h36m17', 'normalize': {'up': 2, 'scale': 1e-3}}
H36M['model'] = {'layer_options': {'short_hops': 1, 'long_hops': 2}}
# From world axes to those of a level camera: x right, y down, z away.
TO_CAMERA = np.array([[1.0, 0, 0], [0, 0, -1], [0, 1, 0]])


@pytest.fixture(scope='module')
def recognizer(tmp_path_factory):
    path = tmp_path_factory.mktemp('run') / 'recognizer.safetensors'
    return make_recognizer(path, fps=25.0, **H36M)


def person(frames=100, name='1', fps=25.0, numbers=None, **changes):
    """Somebody who moves, in world axes."""
    joints = stepping(frames, period=20 * fps / 25, speed=750 / fps).numpy()
    root = joints[:, 0]
    numbers = np.arange(frames) if numbers is None else np.array(numbers)
    pose = joints - root[:, None]
    sequence = PoseSequence(
        name, 'h36m17', numbers, pose, 'world', fps, None, root
    )
    return replace(sequence, **changes)


def test_one_window_is_that_of_the_network(recognizer):
    someone = person(20)
    (interval,) = recognize_poses([someone], recognizer, min_score=0)
    label = recognizer.recognize(someone.position)
    assert interval.action == label.name
    assert interval.guesses[0][1] == pytest.approx(label.score, abs=1e-5)
    assert {name for name, _ in interval.guesses} == set(ACTIONS)
    assert interval[:5] == ('1', 0.0, pytest.approx(0.8), 0, 19)


def test_intervals_cover_the_time(recognizer):
    people = [person(90), person(60, '2', numbers=range(100, 160))]
    out = recognize_poses(people, recognizer, min_score=0)
    for name, start, end in (('1', 0, 3.6), ('2', 4, 6.4)):
        mine = [i for i in out if i.person == name]
        assert mine[0].start == start and mine[-1].end == pytest.approx(end)
        for one, two in zip(mine, mine[1:], strict=False):
            assert two.start == pytest.approx(one.end)
            assert two.first == one.last + 1 and two.action != one.action
        for i in mine:
            assert i.action == i.guesses[0][0]
            assert sum(s for _, s in i.guesses) == pytest.approx(1, abs=1e-5)


def test_other_frame_rates(recognizer):
    (one,) = recognize_poses([person(48)], recognizer, min_score=1)
    (two,) = recognize_poses([person(96, fps=50.0)], recognizer, min_score=1)
    assert two.end == pytest.approx(one.end, abs=0.05)
    assert (one.last, two.last) == (47, pytest.approx(95, abs=1))
    guesses = dict(two.guesses)
    for name, score in one.guesses:
        assert guesses[name] == pytest.approx(score, abs=0.02)


def test_axes_of_a_camera(recognizer):
    """Nobody stands, so that the camera is taken to be level."""
    world = person()
    camera = replace(
        world,
        axes='camera',
        pose=world.pose @ TO_CAMERA.T,
        root=world.root @ TO_CAMERA.T,
    )
    one, two = (
        recognize_poses([who], recognizer, min_score=1)
        for who in (world, camera)
    )
    assert len(one) == len(two) == 1
    for (_, a), (_, b) in zip(one[0].guesses, two[0].guesses, strict=True):
        assert a == pytest.approx(b, abs=1e-5)


def test_gaps(recognizer):
    numbers = [*range(30), *range(35, 60), *range(80, 85), *range(99, 130)]
    out = recognize_poses(
        [person(len(numbers), numbers=numbers)], recognizer, min_score=1
    )
    # Four frames are interpolated; five frames alone are too few.
    assert [(i.first, i.last) for i in out] == [(0, 59), (99, 129)]
    assert {i.action for i in out} == {UNSURE}
    assert recognize_poses([person(10)], recognizer) == []


def test_unknown_frame_rate(recognizer):
    someone = person(fps=25.0)
    expected = recognize_poses([someone], recognizer)
    unknown = replace(someone, fps=None)
    with pytest.warns(UserWarning, match='25 Hz are assumed'):
        assert recognize_poses([unknown], recognizer) == expected
    out = recognize_poses([unknown], recognizer, fps=50.0)
    assert out[-1].end == pytest.approx(2, abs=0.05)


def test_wrong_arguments(recognizer, tmp_path):
    other = PoseSequence(
        'A', 'coco17', np.arange(9), np.ones((9, 17, 3)), fps=25.0
    )
    with pytest.raises(ValueError, match="'h36m17'.*got 'coco17' of person"):
        recognize_poses([other], recognizer)
    kinect = make_recognizer(tmp_path / 'recognizer.safetensors')
    with pytest.raises(ValueError, match="'cmu'.*'kinect20' in m"):
        recognize_poses([person()], kinect)
    slow = person(2, numbers=[0, 1], fps=0.1)
    assert recognize_poses([slow], recognizer) == []
    for options, words in (
        ({'window': 0}, "'window'"),
        ({'window': 20, 'stride': 21}, "'stride'"),
        ({'min_score': 2}, "'min_score'"),
    ):
        with pytest.raises(ValueError, match=words):
            recognize_poses([person()], recognizer, **options)


def test_no_people(recognizer):
    assert recognize_poses([], recognizer) == []
    assert isinstance(recognizer, Recognizer) and torch.is_grad_enabled()
