from dataclasses import FrozenInstanceError, replace

import pytest

from pyg_hcsf.protocols import (
    H36M_ACTIONS,
    S9_BLOCKLIST,
    available_protocols,
    get_protocol,
)
from pyg_hcsf.skeleton import H36M17, get_skeleton
from tests.protocols.test_pose_protocol import DHP, NAMES

H36M = ('vp3d', 'lcn', 'srnet')


def test_available_protocols():
    assert available_protocols() == list(NAMES)
    with pytest.raises(ValueError, match="'vp3d', 'lcn'.*got 'h36m'"):
        get_protocol('h36m')


def test_protocols_are_immutable():
    with pytest.raises(FrozenInstanceError):
        get_protocol('vp3d').average = 'frames'


@pytest.mark.parametrize(
    'name, residual_xy, distortion, average',
    [
        ('vp3d', False, 'vp3d', 'actions'),
        ('lcn', True, None, 'actions'),
        ('srnet', True, 'vp3d', 'actions'),
        ('openmocap', True, None, 'subjects'),
        ('openmocap-rigs', True, None, 'subjects'),
        ('arrays', False, None, 'frames'),
        ('3dhp-official', False, None, 'frames'),
        ('3dhp-srnet', True, None, 'frames'),
        ('3dhp-graphmlp', False, None, 'frames'),
    ],
)
def test_conventions(name, residual_xy, distortion, average):
    protocol = get_protocol(name)
    assert protocol.residual_xy == residual_xy
    assert protocol.distortion == distortion
    assert protocol.average == average
    assert (protocol.num_joints, protocol.root) == (17, 0)


def test_other_skeletons():
    protocol = get_protocol('arrays', get_skeleton('ntu25'))
    assert protocol.num_joints == 25
    assert protocol.root == get_skeleton('ntu25').root
    assert get_protocol('arrays', H36M17) == get_protocol('arrays')


@pytest.mark.parametrize('name', H36M)
def test_split_of_human36m(name):
    protocol = get_protocol(name)
    assert protocol.train_subjects == ('S1', 'S5', 'S6', 'S7', 'S8')
    assert protocol.test_subjects == ('S9', 'S11')
    assert protocol.actions == H36M_ACTIONS
    assert protocol.pck is None


def test_actions_of_human36m():
    assert len(set(H36M_ACTIONS)) == 15
    assert H36M_ACTIONS[8:10] == ('Sitting', 'SittingDown')


def test_excluded_sequences_of_human36m():
    vp3d, lcn, srnet = map(get_protocol, H36M)
    assert lcn.dropped == () and vp3d.dropped == srnet.dropped != ()
    strict = replace(vp3d, dropped=vp3d.dropped + S9_BLOCKLIST)
    assert len(strict.dropped) == 8  # four sequences with two names each


@pytest.mark.parametrize('name', DHP)
def test_conventions_of_mpi_inf_3dhp(name):
    protocol = get_protocol(name)
    assert f'3dhp-{protocol.pck}' == name
    assert protocol.alignment == 'both'
    assert protocol.test_subjects == tuple(f'TS{n}' for n in range(1, 7))
    assert protocol.actions == ('GS', 'noGS', 'Outdoor')
