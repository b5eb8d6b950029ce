import os
import subprocess
import sys

import numpy as np
import pytest

import pyg_hcsf.datasets.synthetic
from pyg_hcsf.datasets.synthetic.body import make_body
from pyg_hcsf.datasets.synthetic.kinematics import forward
from pyg_hcsf.datasets.synthetic.motion import (
    joint_positions,
    synthesize_motion,
)
from pyg_hcsf.datasets.synthetic.plan import FPS


def test_body_stands_on_the_floor(clips):
    lowest = np.concatenate([p[..., 2].min(axis=1) for p in clips.values()])
    assert np.abs(lowest).max() < 130.0  # a fast hand
    assert np.quantile(np.abs(lowest), 0.99) < 10.0


def test_standing_feet_do_not_slide(clips):
    still = []
    for action in ('Directions', 'Posing', 'Waiting', 'Walking'):
        pos = clips['S9', action, 1][:, [3, 6]]
        speed = np.linalg.norm(np.diff(pos[..., :2], axis=0), axis=-1) * FPS
        still.append((speed.min(axis=1) < 120.0).mean())
    assert min(still) > 0.9


def test_motion_is_smooth(clips):
    for pos in clips.values():
        speed = np.linalg.norm(np.diff(pos, axis=0), axis=-1) * FPS / 1000.0
        assert speed.max() < 9.0
        assert np.quantile(speed, 0.99) < 6.0
        assert np.linalg.norm(np.ptp(pos[:, 16], axis=0)) > 100.0


def test_poses_are_only_moved_to_the_floor(poses):
    body, pose = make_body('S5'), poses['S5', 'Posing', 1]
    before, after = forward(body, pose), joint_positions(body, pose)
    shift = after - before
    assert np.ptp(shift[..., 2], axis=1).max() < 1e-9
    assert np.abs(shift[..., :2]).max() == 0.0


def test_motion_depends_on_its_arguments_only():
    first = synthesize_motion('S9', 'Photo', 2, 60, seed=3)
    for other in (
        ('S11', 'Photo', 2, 60, 3),
        ('S9', 'Posing', 2, 60, 3),
        ('S9', 'Photo', 1, 60, 3),
        ('S9', 'Photo', 2, 60, 4),
    ):
        assert np.abs(synthesize_motion(*other) - first).mean() > 10.0
    again = synthesize_motion('S9', 'Photo', 2, 60, seed=3)
    np.testing.assert_array_equal(again, first)


def test_motion_is_the_same_in_another_process_without_torch():
    folder = os.path.dirname(pyg_hcsf.datasets.synthetic.__file__)
    code = (  # the modules of the generator, without the packages around them
        'import sys, types;'
        "package = sys.modules['generator'] = types.ModuleType('generator');"
        f'package.__path__ = [{folder!r}];'
        'from generator.motion import synthesize_motion;'
        "pos = synthesize_motion('S1', 'Greeting', 1, 30);"
        "assert 'torch' not in sys.modules;"
        'print(pos.tobytes().hex())'
    )
    out = subprocess.run(
        [sys.executable, '-c', code],
        env={**os.environ, 'PYTHONHASHSEED': '7'},
        capture_output=True,
        text=True,
        check=True,
    )
    here = synthesize_motion('S1', 'Greeting', 1, 30)
    there = np.frombuffer(bytes.fromhex(out.stdout.strip()))
    np.testing.assert_allclose(there, here.ravel(), atol=1e-6)


@pytest.mark.parametrize('num_frames', [1, 2, 3])
def test_shortest_clips(num_frames):
    pos = synthesize_motion('S1', 'SittingDown', 1, num_frames)
    assert pos.shape == (num_frames, 17, 3) and np.isfinite(pos).all()


def test_long_clips():
    pos = synthesize_motion('S1', 'WalkDog', 1, 3000)
    assert pos.shape == (3000, 17, 3) and np.isfinite(pos).all()


@pytest.mark.parametrize(
    'name, args',
    [
        ('subject', ('S2', 'Photo', 1)),
        ('action', ('S1', 'TakingPhoto', 1)),
        ('take', ('S1', 'Photo', 3)),
        ('num_frames', ('S1', 'Photo', 1, 0)),
    ],
)
def test_motion_names_a_bad_argument(name, args):
    with pytest.raises(ValueError, match=f"'{name}'"):
        synthesize_motion(*args)
