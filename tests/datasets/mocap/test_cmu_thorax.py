import re
import zipfile
from dataclasses import replace

import numpy as np
import pytest

from pyg_hcsf.datasets.mocap.asf_amc import ASF_JOINTS, read_asf
from pyg_hcsf.datasets.mocap.bvh.conventions import infer_conventions
from pyg_hcsf.datasets.mocap.bvh.reader import CMU_JOINTS, read_bvh
from pyg_hcsf.datasets.mocap.joint_positions import to_h36m17
from tests.paths import DATA

# Joint of the conversion, the joint above, the bone that ends there.
JOINTS = (
    ('Hips', '', ''), ('LHipJoint', 'Hips', ''),
    ('LeftUpLeg', 'LHipJoint', 'lhipjoint'),
    ('LeftLeg', 'LeftUpLeg', 'lfemur'), ('LeftFoot', 'LeftLeg', 'ltibia'),
    ('LeftToeBase', 'LeftFoot', 'lfoot'), ('RHipJoint', 'Hips', ''),
    ('RightUpLeg', 'RHipJoint', 'rhipjoint'),
    ('RightLeg', 'RightUpLeg', 'rfemur'), ('RightFoot', 'RightLeg', 'rtibia'),
    ('RightToeBase', 'RightFoot', 'rfoot'), ('LowerBack', 'Hips', ''),
    ('Spine', 'LowerBack', 'lowerback'), ('Spine1', 'Spine', 'upperback'),
    ('Neck', 'Spine1', ''), ('Neck1', 'Neck', 'lowerneck'),
    ('Head', 'Neck1', 'upperneck'), ('LeftShoulder', 'Spine1', ''),
    ('LeftArm', 'LeftShoulder', 'lclavicle'),
    ('LeftForeArm', 'LeftArm', 'lhumerus'),
    ('LeftHand', 'LeftForeArm', 'lradius'), ('RightShoulder', 'Spine1', ''),
    ('RightArm', 'RightShoulder', 'rclavicle'),
    ('RightForeArm', 'RightArm', 'rhumerus'),
    ('RightHand', 'RightForeArm', 'rradius'),
)  # fmt: skip
# Direction and length of each bone, in the unit of the skeleton.
BONES = {
    'lowerback': (0, 2, 0.1),
    'upperback': (0.1, 2.1, 0),
    'thorax': (0, 2.05, -0.1),
    'lowerneck': (0, 1.5, 0),
    'upperneck': (0, 1.5, 0.2),
    'head': (0, 1.6, 0),
}
SIDE_BONES = {  # of the left; the right has -x
    'hipjoint': (1.7, -1.7, 0),
    'femur': (2.4, -6.6, 0),
    'tibia': (2.4, -6.8, 0),
    'foot': (0, -0.5, 2),
    'clavicle': (3.2, 1, 0),
    'humerus': (5, 0, 0),
    'radius': (3.4, 0, 0),
}
for side, sign in (('l', 1), ('r', -1)):
    for bone, (x, y, z) in SIDE_BONES.items():
        BONES[f'{side}{bone}'] = sign * x, y, z


def write_bvh(path, thorax=(0, 0, 0), unit=1.0, values=None):
    """The conversion of a skeleton: each joint where its bone begins."""
    if values is None:
        random = np.random.default_rng(0)
        values = random.uniform(-20, 20, (5, 3 * len(JOINTS)))
    lines = ['HIERARCHY']
    children = [name for name, *_ in JOINTS if name in CHILDREN]

    def joint(name, bone):
        offset = thorax if name in children else BONES.get(bone, (0, 0, 0))
        lines.append(f'{"ROOT" if name == "Hips" else "JOINT"} {name} {{')
        lines.append('OFFSET {} {} {}'.format(*(v * unit for v in offset)))
        place = 'Xposition Yposition Zposition ' * (name == 'Hips')
        rotation = 'Zrotation Yrotation Xrotation'
        lines.append(f'CHANNELS {3 + len(place.split())} {place}{rotation}')
        below = [(n, b) for n, above, b in JOINTS if above == name]
        for child in below:
            joint(*child)
        if not below:
            end = BONES['head'] if name == 'Head' else (0, 0, 1)
            lines.append('End Site { OFFSET')
            lines.append('{} {} {} }}'.format(*(v * unit for v in end)))
        lines.append('}')

    joint('Hips', '')
    rows = [f'0 {17 * unit} 0 ' + ' '.join(map(str, row)) for row in values]
    lines += ['MOTION', f'Frames: {len(rows)}', 'Frame Time: 0.0083333', *rows]
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text('\n'.join(lines))
    return path


CHILDREN = ('Neck', 'LeftShoulder', 'RightShoulder')


def write_asf(path, bones=BONES):
    text = ':units\nlength 0.45\nangle deg\n:root\naxis XYZ\n:bonedata\n'
    for name, (x, y, z) in bones.items():
        text += f'begin\nname {name}\nlength 1\ndirection {x} {y} {z}\n'
        text += 'axis 0 0 0 XYZ\nend\n'
    tree = 'root lowerback lhipjoint rhipjoint\nlowerback upperback\n'
    tree += 'upperback thorax\nthorax lowerneck lclavicle rclavicle\n'
    tree += 'lowerneck upperneck\nupperneck head\n'
    for side in 'lr':
        for one, two in (
            ('hipjoint', 'femur'),
            ('femur', 'tibia'),
            ('tibia', 'foot'),
            ('clavicle', 'humerus'),
            ('humerus', 'radius'),
        ):
            tree += f'{side}{one} {side}{two}\n'
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(f'{text}:hierarchy\nbegin\n{tree}end\n')
    return path


@pytest.mark.parametrize('unit', [1.0, 5.6444])
@pytest.mark.parametrize('place', ['01/01.asf', '01.asf', '01/1.ASF'])
def test_thorax_from_asf_file(tmp_path, unit, place):
    whole = read_bvh(write_bvh(tmp_path / 'w.bvh', BONES['thorax'], unit))
    path = write_bvh(tmp_path / '01' / '01_02.bvh', unit=unit)
    skeleton = write_asf(tmp_path / place)
    write_asf(tmp_path / '01' / '00.asf', {**BONES, 'thorax': (0, 9, 0)})
    with pytest.warns(
        UserWarning, match=f"01_02.bvh: .* from '.*{skeleton.name}'"
    ):
        bvh = read_bvh(path)
    np.testing.assert_allclose(
        bvh.joint_positions(), whole.joint_positions(), rtol=1e-9, atol=1e-9
    )


def test_warning_without_asf_file(tmp_path):
    path = write_bvh(tmp_path / '01' / '01_02.bvh')
    message = '01_02.bvh: .* lost the length of the thorax.* 01.asf for'
    with pytest.warns(UserWarning, match=message):
        low = read_bvh(path)
    assert low.offsets[low.joints.index('Neck')].tolist() == [0, 0, 0]
    other = {**BONES, 'lfemur': (2.4, -7.6, 0)}  # somebody else's
    write_asf(tmp_path / '01' / '01.asf', other)
    (tmp_path / '01' / '02.asf').write_text('damaged')
    with pytest.warns(UserWarning, match=message):
        read_bvh(path)


def test_files_with_thorax(tmp_path):
    bvh = read_bvh(write_bvh(tmp_path / '01_02.bvh', BONES['thorax']))
    plan = infer_conventions(bvh)
    assert (plan.rig.name, plan.warnings) == ("CMU's conversions", ())
    assert plan.scale == pytest.approx(25.4 / 0.45)
    assert plan.rig.joint_map == CMU_JOINTS


def test_asf_file_in_the_same_zip(tmp_path):
    write_bvh(tmp_path / '01_02.bvh')
    write_asf(tmp_path / '01.asf')
    with zipfile.ZipFile(tmp_path / 'a.zip', 'w') as archive:
        for name in ('01_02.bvh', '01.asf'):
            archive.write(tmp_path / name, f'01/{name}')
    with pytest.warns(UserWarning, match="from '.*a.zip/01/01.asf'"):
        bvh = read_bvh(zipfile.Path(tmp_path / 'a.zip', '01/01_02.bvh'))
    neck = bvh.offsets[bvh.joints.index('Neck')]
    np.testing.assert_allclose(neck, BONES['thorax'])


@pytest.mark.parametrize(
    'name', ['06_02', '07_03', '08_05', '10_03', '12_01', '32_01', '35_02']
)
def test_real_clip(tmp_path, name):
    """Shared files have their thorax again; cut out, it comes back."""
    people = DATA / 'cmu_people'
    if not people.is_dir():
        pytest.skip(f'{people} is absent')
    subject = name[:2]
    path = people / 'bvh' / subject / f'{name}.bvh'
    whole = read_bvh(path)
    text = path.read_text('latin-1')
    for child in CHILDREN:
        text, count = re.subn(
            rf'(JOINT {child}\s+{{\s+OFFSET)[^\n]*', r'\1 0 0 0', text
        )
        assert count == 1
    (tmp_path / f'{name}.bvh').write_text(text)
    with zipfile.ZipFile(people / 'allasfamc.zip') as archive:
        member = f'all_asfamc/subjects/{subject}/{subject}.asf'
        (tmp_path / f'{subject}.asf').write_bytes(archive.read(member))
    with pytest.warns(UserWarning, match=f'is taken from .*{subject}.asf'):
        bvh = read_bvh(tmp_path / f'{name}.bvh')
    plan = infer_conventions(bvh)
    assert plan.warnings == () and plan.rig.joint_map == CMU_JOINTS
    error = bvh.joint_positions(plan.scale) - whole.joint_positions(plan.scale)
    assert np.abs(error).max() < 0.01
    asf = read_asf(tmp_path / f'{subject}.asf')
    motion = np.zeros((1, asf.num_channels))
    rest = to_h36m17(asf.joint_positions(motion), asf.joints, ASF_JOINTS)
    still = replace(bvh, motion=np.zeros((1, bvh.motion.shape[1])))
    pose = still.joint_positions(plan.scale)
    pose = to_h36m17(pose, bvh.joints, plan.rig.joint_map)
    # The offsets of the file that was changed are whole again.
    np.testing.assert_allclose(pose, rest, atol=0.01)
