import pytest

from pyg_hcsf.datasets.mocap.bvh.joint_names import split_names


@pytest.mark.parametrize(
    ('name', 'expected'),
    [
        ('LeftUpLeg', ('L', 'upleg')),
        ('l_up_leg', ('L', 'upleg')),
        ('Hip.R', ('R', 'hip')),
        ('RHipJoint', ('R', 'hipjoint')),
        ('lfemur', ('L', 'femur')),
        ('lowerback', ('', 'lowerback')),
        ('root', ('', 'root')),
        ('左足首', ('L', '足首')),
        ('leftforearm', ('L', 'forearm')),
        ('A:B:RightArm', ('R', 'arm')),
        ('upperarm_twist_01_l', ('L', 'upperarmtwist01')),
    ],
)
def test_split_names(name, expected):
    others = ['one', 'two', 'three', 'four']
    assert split_names([name, *others])[0] == expected


def test_common_words_of_names_are_removed():
    fingers = [f'x_LeftHand{i}_z' for i in range(9)]
    split = split_names(['x_LeftHand_z', 'x_Hips_z', *fingers])
    assert split[:2] == [('L', 'hand'), ('', 'hips')]
