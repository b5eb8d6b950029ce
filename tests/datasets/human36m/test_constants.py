import pytest

from pyg_hcsf.datasets.human36m.constants import (
    action_of,
)


def test_action_names():
    assert action_of('Sitting') == 'Sitting'
    assert action_of('SittingDown 1') == 'SittingDown'
    assert action_of('TakingPhoto 2') == action_of('Photo') == 'Photo'
    assert action_of('WalkingDog') == action_of('WalkDog 1') == 'WalkDog'
    assert action_of('WalkingTogether') == action_of('WalkTogether 1')
    for name in ('', 'Sittin', 'SittingDownward', '_ALL', 'Walking 12'):
        with pytest.raises(ValueError, match='one of the actions'):
            action_of(name)
