from dataclasses import replace

import numpy as np
import pytest

from pyg_hcsf.datasets.mocap.bvh.conventions import infer_conventions
from pyg_hcsf.datasets.mocap.bvh.reader import read_bvh
from pyg_hcsf.datasets.mocap.bvh.rig import find_rig
from pyg_hcsf.datasets.mocap.joint_positions import to_h36m17
from pyg_hcsf.skeleton import H36M17
from tests.datasets.mocap.bvh_files import (
    BODY,
    RIGS,
    UNKNOWN,
    rig,
    write_person,
)
from tests.paths import DATA

ROLES = {
    f'{side[0].upper()}{joint}': f'{side} {role}'
    for side in ('left', 'right')
    for joint, role in (
        ('Hip', 'thigh'),
        ('Knee', 'shin'),
        ('Foot', 'foot'),
        ('Shoulder', 'arm'),
        ('Elbow', 'forearm'),
        ('Wrist', 'hand'),
    )
}


def exchanged(names):
    """The same names with left and right exchanged."""
    other = {'left': 'right', 'right': 'left'}
    return {
        role: names[' '.join(other.get(word, word) for word in role.split())]
        for role in names
    }


def check_person(pose):
    """Nobody is mirrored, upside down or of a wrong size; z up, in mm."""
    at = {name: pose[:, i] for i, name in enumerate(H36M17.joints)}
    ahead = at['Hip'][-1] - at['Hip'][0]
    left = np.cross([0, 0, 1], ahead)
    for joint in ('Hip', 'Knee', 'Foot', 'Shoulder', 'Elbow', 'Wrist'):
        across = (at[f'L{joint}'] - at[f'R{joint}']) @ left
        assert (across > 0).all(), joint
    up = ('LFoot', 'LKnee', 'LHip', 'Spine', 'Thorax', 'Neck', 'Head')
    heights = np.stack([at[joint][:, 2] for joint in up])
    assert (np.diff(heights, axis=0) > 30).all()
    tall = heights[-1].max() - min(at['LFoot'][:, 2].min(), 300)
    assert 1300 < tall < 1700
    bones = np.linalg.norm(pose[:, 1:] - pose[:, H36M17.parents[1:]], axis=2)
    assert bones.min() > 30


@pytest.mark.parametrize('name', RIGS)
def test_rigs(tmp_path, name):
    bvh = read_bvh(write_person(tmp_path / 'a.bvh', RIGS[name]))
    plan = infer_conventions(bvh)
    assert not plan.rig.guessed and not plan.warnings
    assert (plan.unit, plan.scale, plan.up) == ('centimetres', 10.0, 'y')
    for joint, role in ROLES.items():
        assert plan.rig.joint_map[joint] == RIGS[name][role]
    check_person(
        to_h36m17(bvh.joint_positions(), bvh.joints, plan.rig.joint_map)
    )


def test_all_families_are_tried(tmp_path):
    names = {
        find_rig(
            read_bvh(write_person(tmp_path / 'a.bvh', rig, frames=2))
        ).name
        for rig in RIGS.values()
    }
    assert 'a rig with known names' not in names
    assert len(names) >= 13


def test_a_rig_without_names(tmp_path):
    bvh = read_bvh(write_person(tmp_path / 'a.bvh', UNKNOWN))
    plan = infer_conventions(bvh)
    assert plan.rig.guessed and not plan.warnings
    for joint, role in ROLES.items():
        assert plan.rig.joint_map[joint] == UNKNOWN[role]
    check_person(
        to_h36m17(bvh.joint_positions(), bvh.joints, plan.rig.joint_map)
    )


@pytest.mark.parametrize(
    'name',
    [
        'cmu/bvh/salsa/01',
        'cmu/bvh/martial/10',
        'cmu/bvh/indian/04',
        'cmu_people/bvh/06/06_03',
        'cmu_people/bvh/10/10_04',
        'cmu_people/bvh/32/32_01',
        'cmu_people/bvh/35/35_04',
    ],
)
def test_real_rigs_with_and_without_names(name):
    path = DATA / f'{name}.bvh'
    if not path.is_file():
        pytest.skip(f'{path} is absent')
    bvh = read_bvh(path)
    plan = infer_conventions(bvh)
    assert plan.warnings == () and not plan.rig.guessed
    numbers = tuple(str(i) for i in range(len(bvh.joints)))
    guess = find_rig(replace(bvh, joints=numbers))
    assert guess.guessed
    for joint in ROLES:
        number = int(guess.joint_map[joint])
        assert bvh.joints[number] == plan.rig.joint_map[joint]
    mirrored = {
        joint: plan.rig.joint_map[
            {'L': 'R', 'R': 'L'}[joint[0]] + joint[1:]
            if joint in ROLES
            else joint
        ]
        for joint in plan.rig.joint_map
    }
    (note,) = infer_conventions(bvh, mirrored).warnings
    assert 'exchanged' in note


def test_sides_of_unknown_names(tmp_path):
    names = {
        role: f'{role.split()[0]} joint {i}' if ' ' in role else f'j{i}'
        for i, (role, *_) in enumerate(BODY)
    }
    bvh = read_bvh(write_person(tmp_path / 'a.bvh', names))
    plan = infer_conventions(bvh)
    assert plan.rig.joint_map['LKnee'] == names['left shin']
    bvh = read_bvh(write_person(tmp_path / 'a.bvh', exchanged(names)))
    assert 'exchanged' in infer_conventions(bvh).warnings[0]


@pytest.mark.parametrize('name', RIGS)
def test_left_and_right_exchanged(tmp_path, name):
    names = exchanged(RIGS[name])
    bvh = read_bvh(write_person(tmp_path / 'a.bvh', names))
    assert any('exchanged' in text for text in infer_conventions(bvh).warnings)


@pytest.mark.parametrize(
    ('unit', 'name'),
    [
        (1.0, 'millimetres'),
        (25.4, 'inches'),
        (1000.0, 'metres'),
        (25.4 / 0.45, "CMU's unit of 0.45 to an inch"),
    ],
)
@pytest.mark.parametrize('up', ['y', 'z'])
def test_units_and_axes(tmp_path, unit, name, up):
    path = write_person(tmp_path / 'a.bvh', RIGS['xsens'], unit, up)
    bvh = read_bvh(path)
    plan = infer_conventions(bvh)
    assert (plan.unit, plan.up) == (name, up)
    assert plan.scale == pytest.approx(unit)
    assert len(plan.warnings) == (up == 'z')
    pose = bvh.joint_positions(plan.scale, plan.up)
    check_person(to_h36m17(pose, bvh.joints, plan.rig.joint_map))
    assert not infer_conventions(bvh, up=up).warnings


@pytest.mark.parametrize(
    ('name', 'unit', 'read'),
    [('mmd', 80.0, 80.0), ('mmd', 10.0, 10.0), ('xsens', 80.0, 25.4 / 0.45)],
)
def test_unit_of_mmd(tmp_path, name, unit, read):
    bvh = read_bvh(write_person(tmp_path / 'a.bvh', RIGS[name], unit))
    assert infer_conventions(bvh).scale == pytest.approx(read)


def test_implausible_sizes_and_axes(tmp_path):
    path = write_person(tmp_path / 'a.bvh', RIGS['daz'])
    bvh = read_bvh(path)
    (text,) = infer_conventions(bvh, scale=100.0).warnings
    assert 'the person is 16,512 mm' in text and 'scale=10 fits' in text
    (text,) = infer_conventions(bvh, up='z').warnings
    assert 'does not stand along z' in text
    rest = np.zeros_like(bvh.motion)
    rest[:, 3] = -90  # lies on the back
    assert infer_conventions(replace(bvh, motion=rest)).warnings == ()
    rest[:, 3] = 90  # lies on the front, with the head along z
    (text,) = infer_conventions(replace(bvh, motion=rest)).warnings
    assert "along y at rest: z is taken as 'up'. Pass up='y'" in text
    assert not infer_conventions(replace(bvh, motion=rest), up='y').warnings
    turned = bvh.offsets[:, [0, 2, 1]] * [1, -1, 1]  # z is up
    still = np.zeros_like(bvh.motion)
    plan = infer_conventions(replace(bvh, offsets=turned, motion=still))
    assert plan.up == 'z' and not plan.warnings
    rest[:, 3] = -90  # lies along y in a file whose z is up
    (text,) = infer_conventions(
        replace(bvh, offsets=turned, motion=rest)
    ).warnings
    assert "y is taken as 'up'. Pass up='z'" in text
    small = replace(bvh, offsets=bvh.offsets * 2.3)
    with pytest.raises(ValueError, match=r"3,798 mm tall .*'scale'"):
        infer_conventions(small)
    assert infer_conventions(small, scale=4.5).scale == 4.5


def test_two_people_in_a_file(tmp_path):
    text = write_person(tmp_path / 'a.bvh', RIGS['bandai']).read_text()
    head, motion = text.split('MOTION')
    rows = motion.strip().split('\n')
    rows[2:] = [f'{row} {row}' for row in rows[2:]]
    both = head + head.replace('HIERARCHY', '') + 'MOTION\n' + '\n'.join(rows)
    (tmp_path / 'b.bvh').write_text(both)
    bvh = read_bvh(tmp_path / 'b.bvh')
    plan = infer_conventions(bvh)
    assert plan.rig.joint_map['LFoot'] == 'Foot_L'
    assert 'several roots' in plan.warnings[0]
    names = {role: f'A:{name}' for role, name in RIGS['bandai'].items()}
    text = write_person(tmp_path / 'a.bvh', names).read_text()
    head, motion = text.replace('ROOT', 'JOINT').split('MOTION')
    head = head.replace('HIERARCHY', '')
    rows = motion.strip().split('\n')
    rows[2:] = [f'{row} {row}' for row in rows[2:]]
    (tmp_path / 'b.bvh').write_text(
        f'HIERARCHY\nROOT scene {{ OFFSET 0 0 0\n{head}'
        f'{head.replace("A:", "B:")}}}\nMOTION\n' + '\n'.join(rows)
    )
    (text,) = infer_conventions(read_bvh(tmp_path / 'b.bvh')).warnings
    assert 'several people: only one person is read' in text


def test_rigs_without_a_person(tmp_path):
    for joints, message in (
        ('', 'two pairs of equal limbs'),
        ('JOINT b { OFFSET 1 2 3 }', 'two pairs of equal limbs'),
    ):
        text = (
            f'ROOT a {{ OFFSET 0 0 0 CHANNELS 1 Xrotation {joints} }} MOTION '
            'Frames: 2 Frame Time: 0.1\n0\n1\n'
        )
        (tmp_path / 'a.bvh').write_text(text)
        with pytest.raises(ValueError, match=message):
            find_rig(read_bvh(tmp_path / 'a.bvh'))
    names = rig(
        'Hips,Spine,Spine1,Neck,Head',
        '*A,*B,*C,*D,*E,*Arm,*ForeArm,*Hand',
        'Left,Right',
    )
    bvh = read_bvh(write_person(tmp_path / 'a.bvh', names))
    assert find_rig(bvh).guessed
