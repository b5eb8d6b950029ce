import numpy as np
import pytest

from pyg_hcsf.datasets.synthetic.kinematics import (
    arm_angles,
    arm_directions,
    leg_angles,
    leg_directions,
    two_bone,
)


@pytest.mark.parametrize(
    'angles_of, directions_of, low, high',
    [
        (leg_angles, leg_directions, (-30, -30, -80, 5), (145, 60, 45, 150)),
        (arm_angles, arm_directions, (-80, -80, -85, 5), (90, 90, 100, 150)),
    ],
)
def test_limb_angles_invert_directions(angles_of, directions_of, low, high):
    rng = np.random.default_rng(0)
    angles = np.deg2rad(rng.uniform(low, high, (64, 2, 4)))
    first, second = directions_of(angles)
    np.testing.assert_allclose(np.linalg.norm(first, axis=-1), 1.0)
    np.testing.assert_allclose(angles_of(first, second), angles, atol=1e-9)


def test_directions_of_a_right_angle():
    bent = np.zeros((1, 2, 4))
    bent[..., 3] = np.pi / 2
    down = [[[0, 0, -1]] * 2]
    thigh, shank = leg_directions(bent)
    np.testing.assert_allclose(thigh, down, atol=1e-12)
    np.testing.assert_allclose(shank, [[[-1, 0, 0]] * 2], atol=1e-12)
    upper, fore = arm_directions(bent)
    np.testing.assert_allclose(upper, down, atol=1e-12)
    np.testing.assert_allclose(fore, [[[1, 0, 0]] * 2], atol=1e-12)
    bent[..., 2] = np.pi / 2  # medial: forearm across the belly
    np.testing.assert_allclose(
        arm_directions(bent)[1], [[[0, -1, 0]] * 2], atol=1e-12
    )


def test_two_bone_reaches_its_target():
    rng = np.random.default_rng(0)
    reach = rng.normal(size=(64, 2, 3))
    reach *= 400.0 / np.linalg.norm(reach, axis=-1, keepdims=True)
    first, second = np.array([300.0, 310.0]), np.array([250.0, 240.0])
    pole = rng.normal(size=(64, 2, 3))
    u, w = two_bone(reach, pole, first, second, 'arm')
    end = first[:, None] * u + second[:, None] * w
    np.testing.assert_allclose(end, reach, atol=1e-9)
    far = two_bone(9.0 * reach, pole, first, second, 'arm')
    end = first[:, None] * far[0] + second[:, None] * far[1]
    length = np.linalg.norm(end, axis=-1)
    assert (length < first + second).all() and (length > 535.0).all()
