import pytest

from pyg_hcsf.datasets.synthetic.actions import ACTIONS, make_plan
from pyg_hcsf.datasets.synthetic.body import make_body
from pyg_hcsf.datasets.synthetic.motion import joint_positions, solve_angles


@pytest.fixture(scope='session')
def poses():
    """Joint angles by subject, action and take."""
    return {
        (s, a, t): solve_angles(make_body(s), make_plan(s, a, t, 250, 0))
        for s in ('S5', 'S9')
        for a in ACTIONS
        for t in (1, 2)
    }


@pytest.fixture(scope='session')
def clips(poses):
    """Joint positions of the same clips."""
    return {
        key: joint_positions(make_body(key[0]), pose)
        for key, pose in poses.items()
    }
