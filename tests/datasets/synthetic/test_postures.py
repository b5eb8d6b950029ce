from dataclasses import replace

import numpy as np

from pyg_hcsf.datasets.synthetic.actions import make_plan
from pyg_hcsf.datasets.synthetic.body import make_body
from pyg_hcsf.datasets.synthetic.motion import joint_positions, solve_angles
from pyg_hcsf.datasets.synthetic.postures import EASY, SIT_SIDEWAYS
from pyg_hcsf.skeleton import H36M17


def test_mirrored_posture_is_the_mirror_image():
    assert SIT_SIDEWAYS.mirror() != SIT_SIDEWAYS
    assert SIT_SIDEWAYS.mirror().mirror() == SIT_SIDEWAYS
    body = make_body('S6')
    sides = ('hip', 'thigh', 'shank', 'shoulder', 'upper_arm', 'forearm')
    body = replace(
        body, **{k: np.full(2, getattr(body, k).mean()) for k in sides}
    )
    pos = []
    for posture in (SIT_SIDEWAYS, SIT_SIDEWAYS.mirror()):
        plan = make_plan('S6', 'Sitting', 1, 3, 0)
        plan.heading = np.zeros(3)
        plan.sway = plan.gesture = 0.0
        plan.postures, plan.weights = [posture], np.ones((3, 1))
        plan.hands = [[hand] for hand in posture.hands]
        plan.hand_weights = [plan.weights] * 2
        pos.append(joint_positions(body, solve_angles(body, plan)))
    mirrored = pos[1] * [1.0, -1.0, 1.0]
    swap = np.arange(17)
    swap[[*H36M17.left, *H36M17.right]] = [*H36M17.right, *H36M17.left]
    np.testing.assert_allclose(mirrored[:, swap], pos[0], atol=1e-6)


def test_variations_of_a_posture_differ():
    rng = np.random.default_rng(0)
    one, two = EASY.vary(rng), EASY.vary(rng)
    assert one != two and one.vary(rng, 0.0) == one
