import warnings
import zipfile
from pathlib import Path

import numpy as np
import pytest

from pyg_hcsf.datasets.mocap.asf_amc import (
    ASF_JOINTS,
    read_amc,
    read_asf,
)
from pyg_hcsf.datasets.mocap.joint_positions import to_h36m17
from pyg_hcsf.skeleton import H36M17
from tests.paths import DATA

INCH = 25.4

ASF = """\
# caf\xe9: comments may be latin-1
:version 1.10
:units
  mass 1.0
  length 1.0
  angle deg
:root
  order TX TY TZ RX RY RZ
  axis XYZ
  position 0 0 0
  orientation 0 0 0
:bonedata
  begin
    id 1
    name upper
    direction 1 0 0
    length 2
    axis 0 0 0 XYZ
    dof rx ry rz
    limits (-180 180)
           (-180 180)
           (-180 180)
  end
  begin
    id 2
    name lower
    direction 1 0 0
    length 1
    axis 0 0 90 XYZ
    dof rx
  end
  begin
    id 3
    name tip
    direction 0 1 0
    length 1
    axis 0 0 0 XYZ
  end
:hierarchy
  begin
    root upper
    upper lower
    lower tip
  end
"""
AMC = """\
#!OML:ASF caf\xe9
:FULLY-SPECIFIED
:DEGREES
1
root 0 0 0 0 0 0
upper 0 0 0
lower 0
2
root 1 2 3 0 90 0
upper 0 0 90
lower 90
"""


def write(path: Path, text: str, newline: str = '\n') -> Path:
    path.write_bytes(text.replace('\n', newline).encode('latin-1'))
    return path


def positions(tmp_path, asf=ASF, amc=AMC, newline='\n'):
    skeleton = read_asf(write(tmp_path / 'a.asf', asf, newline))
    motion = read_amc(write(tmp_path / 'a.amc', amc, newline), skeleton)
    assert skeleton.joints == ('root', 'upper', 'lower', 'tip')
    return skeleton.joint_positions(motion)


# Worked out by hand, y up, in inches. Second frame: upper turns x to y, which
# the root's turn about y keeps: the root's (1, 2, 3) + (0, 2, 0). Lower turns
# by 90 about its own x-axis, which is y at rest: x to -z, kept by upper, which
# the root turns to -x. The tip's y is kept by lower, turned by upper to -x,
# by the root to z.
EXPECTED = [
    [(0, 0, 0), (2, 0, 0), (3, 0, 0), (3, 1, 0)],
    [(1, 2, 3), (1, 4, 3), (0, 4, 3), (0, 4, 4)],
]


def upright(points):
    return [[(x, -z, y) for x, y, z in frame] for frame in points]


@pytest.mark.parametrize('newline', ['\n', '\r\n'])
def test_forward_kinematics(tmp_path, newline):
    out = positions(tmp_path, newline=newline)
    expected = np.array(upright(EXPECTED)) * INCH
    np.testing.assert_allclose(out, expected, atol=1e-9)


def test_length_unit(tmp_path):
    out = positions(tmp_path, ASF.replace('length 1.0', 'length 0.45'))
    expected = np.array(upright(EXPECTED)) * INCH / 0.45
    np.testing.assert_allclose(out, expected, atol=1e-9)


def test_radians(tmp_path):
    amc = AMC.replace(':DEGREES', ':RADIANS').replace('90', repr(np.pi / 2))
    out = positions(tmp_path, amc=amc)
    np.testing.assert_allclose(out, positions(tmp_path), atol=1e-9)


def test_radians_from_skeleton(tmp_path):
    half = repr(np.pi / 2)
    asf = ASF.replace('angle deg', 'angle rad').replace(
        '0 0 90', f'0 0 {half}'
    )
    amc = AMC.replace(':DEGREES\n', '').replace('90', half)
    out = positions(tmp_path, asf, amc)
    np.testing.assert_allclose(out, positions(tmp_path), atol=1e-9)


@pytest.mark.parametrize(
    ('old', 'new'),
    [
        ('angle deg', 'angle degrees'),
        ('angle deg', 'ANGLE Deg # 360 to a turn'),
        ('  angle deg\n', ''),  # as the motion says
        ('  mass 1.0\n', ''),
        ('  mass 1.0\n', '  mass 2.0\n  length 1\n'),
    ],
)
def test_units(tmp_path, old, new):
    assert old in ASF
    skeleton = write(tmp_path / 'a.asf', ASF.replace(old, new))
    motion = write(tmp_path / 'a.amc', AMC)
    asf = read_asf(skeleton, motion)
    out = asf.joint_positions(read_amc(motion, asf))
    np.testing.assert_allclose(out, positions(tmp_path), atol=1e-9)


def test_no_unit_of_angles(tmp_path):
    asf = ASF.replace('  angle deg\n', '')
    half = repr(np.pi / 2)
    skeleton = write(tmp_path / 'c.asf', asf.replace('0 0 90', f'0 0 {half}'))
    amc = AMC.replace(':DEGREES', ':RADIANS').replace('90', half)
    motion = write(tmp_path / 'c.amc', amc)
    read = read_asf(skeleton, motion)
    out = read.joint_positions(read_amc(motion, read))
    np.testing.assert_allclose(out, positions(tmp_path), atol=1e-9)
    motion = write(tmp_path / 'b.amc', AMC.replace(':DEGREES\n', ''))
    with pytest.raises(
        ValueError, match="c.asf: .* no 'angle', and no motion"
    ):
        read_asf(skeleton, motion)


def test_no_unit_of_length(tmp_path):
    path = write(tmp_path / 'a.asf', ASF.replace('  length 1.0\n', ''))
    with pytest.warns(UserWarning, match="a.asf: .* no 'length'.* inches"):
        assert read_asf(path).unit == INCH


PERSON = """\
:units
  length {}
  angle deg
:root
  order TX TY TZ RX RY RZ
  axis XYZ
:bonedata
{}
:hierarchy
  begin
    root lhipjoint rhipjoint upperback
    lhipjoint lfemur
    lfemur ltibia
    rhipjoint rfemur
    rfemur rtibia
    upperback thorax
    thorax upperneck lclavicle rclavicle
    upperneck head
    lclavicle lhumerus
    lhumerus lradius
    rclavicle rhumerus
    rhumerus rradius
  end
"""
BONES = {  # inches: a height of 64, from foot to head
    **{'hipjoint': (1, 0, 3), 'femur': (0, -1, 17), 'tibia': (0, -1, 17)},
    **{'clavicle': (1, 0, 7), 'humerus': (1, 0, 11), 'radius': (1, 0, 10)},
}
TRUNK = {'upperback': 10, 'thorax': 10, 'upperneck': 5, 'head': 5}


@pytest.mark.parametrize(
    ('unit', 'said', 'text'),
    [
        (0.45, '0.45', ''),
        (1.0, '1.0', ''),
        (2.54, '2.54', ''),
        (0.45, '1.0', r"732 mm tall, .*'length 0.45' fits"),
        (1.0, '0.3', r"5,419 mm tall, .*'length 1' fits"),
        (2.54, '25.4', r"163 mm tall, .*'length 2.54' fits"),
    ],
)
def test_height_of_people(tmp_path, unit, said, text):
    bones = [(name, (0, 1, size)) for name, size in TRUNK.items()]
    for side, sign in (('l', 1), ('r', -1)):
        bones += [
            (side + name, (x * sign, y, size))
            for name, (x, y, size) in BONES.items()
        ]
    lines = [
        f'begin\nname {name}\ndirection {x} {y} 0\nlength {size * unit}\n'
        'axis 0 0 0 XYZ\nend'
        for name, (x, y, size) in bones
    ]
    path = tmp_path / 'a.asf'
    path.write_text(PERSON.format(said, '\n'.join(lines)))
    if text:
        with pytest.warns(UserWarning, match=f'a.asf: the person is {text}'):
            read_asf(path)
    else:
        read_asf(path)  # without a warning


def test_numbers_of_frames(tmp_path):
    asf = read_asf(write(tmp_path / 'a.asf', ASF))
    frames = AMC.split('\n1\n')[1].split('\n2\n')
    head = AMC.split('\n1\n')[0]
    for numbers, gaps in (
        ('099 100', 0),
        ('1 3', 1),
        ('2 2', 1),
        ('1 ' + '9' * 5000, 1),
    ):
        rows = zip(numbers.split(), frames, strict=True)
        text = head + ''.join(f'\n{n}\n{frame}' for n, frame in rows)
        (tmp_path / 'b.amc').write_text(text)
        with warnings.catch_warnings(record=True) as said:
            warnings.simplefilter('always')
            motion = read_amc(tmp_path / 'b.amc', asf)
        assert len(motion) == 2
        assert len(said) == gaps
        assert all(
            'line 8: the number of the frame' in str(w.message) for w in said
        )


def test_radians_that_are_degrees(tmp_path):
    asf = read_asf(write(tmp_path / 'a.asf', ASF))
    text = AMC.replace(':DEGREES', ':RADIANS')
    (tmp_path / 'b.amc').write_text(text.replace('90', '50'))
    with pytest.raises(ValueError, match='below 7 radians .got 50.'):
        read_amc(tmp_path / 'b.amc', asf)
    (tmp_path / 'b.amc').write_text(
        text.replace('0 90 0', '0 50 0').replace('90', '5')
    )  # the root turned eight times
    assert read_amc(tmp_path / 'b.amc', asf)[1, 4] == 50


def test_root_channel_order(tmp_path):
    asf = ASF.replace('TX TY TZ RX RY RZ', 'RZ RY RX TZ TY TX')
    amc = AMC.replace('root 1 2 3 0 90 0', 'root 0 90 0 3 2 1')
    out = positions(tmp_path, asf, amc)
    np.testing.assert_allclose(out, positions(tmp_path), atol=1e-9)


def test_rotation_order(tmp_path):
    amc = AMC.replace('0 90 0\nupper 0 0 90', '0 0 0\nupper 90 0 90')
    # Upper's x: about x kept, then about z to y.
    out = positions(tmp_path, amc=amc)[1, 1]
    np.testing.assert_allclose(out, [INCH, -3 * INCH, 4 * INCH], atol=1e-9)
    # About z to y, then about x to z.
    asf = ASF.replace('axis 0 0 0 XYZ', 'axis 0 0 0 ZYX', 1)
    out = positions(tmp_path, asf, amc)[1, 1]
    np.testing.assert_allclose(out, [INCH, -5 * INCH, 2 * INCH], atol=1e-9)


def test_order_of_bones_is_free(tmp_path):
    first, second = (
        ASF.index('  begin\n    id 1'),
        ASF.index('  begin\n    id 2'),
    )
    end = ASF.index(':hierarchy')
    asf = ASF[:first] + ASF[second:end] + ASF[first:second] + ASF[end:]
    amc = AMC.replace('upper 0 0 90\nlower 90', 'lower 90\nupper 0 0 90')
    out = positions(tmp_path, asf, amc)
    np.testing.assert_allclose(out, positions(tmp_path), atol=1e-9)


def test_reads_from_zip(tmp_path):
    with zipfile.ZipFile(tmp_path / 'a.zip', 'w') as archive:
        archive.writestr('s/1.asf', ASF.encode('latin-1'))
        archive.writestr('s/1.amc', AMC.encode('latin-1'))
    asf = read_asf(zipfile.Path(tmp_path / 'a.zip', 's/1.asf'))
    motion = read_amc(zipfile.Path(tmp_path / 'a.zip', 's/1.amc'), asf)
    assert motion.shape == (2, 10)


def test_motion_must_fit(tmp_path):
    asf = read_asf(write(tmp_path / 'a.asf', ASF))
    with pytest.raises(ValueError, match=r"'motion' of shape \[T, 10\]"):
        asf.joint_positions(np.zeros((2, 9)))


@pytest.mark.parametrize(
    ('old', 'new', 'message'),
    [
        (':hierarchy', ':hier', "section ':hierarchy' is missing"),
        (':bonedata', ':bones', "section ':bonedata' is missing"),
        ('lower tip', 'lower toe', "line 43: unknown bone 'toe'"),
        ('lower tip', 'lower upper', "line 43: the bone 'upper' has two"),
        (
            'root upper',
            'tip upper',
            r"\['lower', 'tip', 'upper'\] are not connected",
        ),
        ('    lower tip\n', '', r"\['tip'\] are not connected"),
        ('name tip', 'name lower', r"\['lower'\] are defined twice"),
        ('length 2', 'length two', 'line 17: expected numbers'),
        ('length 2', 'length nan', 'line 17: expected finite numbers'),
        ('length 1.0', 'length 0', 'line 5: expected a length of at least'),
        ('length 1.0', 'length 1e-310', 'line 5: expected a length of at'),
        ('length 1.0', 'length', 'line 5: expected numbers'),
        ('angle deg', 'angle', "line 6: .*'angle' .*got ''"),
        ('angle deg', 'angle grad', "line 6: .*'angle' .*got 'grad'"),
        ('angle deg', 'angle rad', 'line 29: expected angles below 7 rad'),
        (
            'angle deg',
            'angle deg\n angle rad',
            "line 7: 'angle' is given twic",
        ),
        ('length 1.0', 'length 1\n length 2', "line 6: 'length' is given twi"),
        ('  angle deg\n', '', "':units' has no 'angle'.*'angle deg'"),
        ('position 0 0 0', 'position', "line 10: .* after 'position'"),
        ('axis XYZ', 'axis', "line 9: .* after 'axis'"),
        ('name upper', 'name', "line 15: the bone has no 'name'"),
        ('length 2', 'length', "line 17: the bone has no 'length'"),
        ('axis 0 0 90 XYZ', 'axis', "line 29: the bone has no 'axis'"),
        ('length 2', 'length 1e308', 'line 17: expected finite numbers'),
        ('direction 0 1 0', 'direction 0 1', 'line 35: expected 3 numbers'),
        ('axis 0 0 90 XYZ', 'axis 0 0 90 XYX', 'line 29: expected an axis'),
        ('dof rx ry rz', 'dof rx ry l', 'line 19: expected distinct channels'),
        ('  end\n:hier', ':hier', "line 32: the bone has no 'end'"),
        ('    axis 0 0 90 XYZ\n', '', "line 30: the bone has no 'axis'"),
    ],
)
def test_malformed_asf(tmp_path, old, new, message):
    assert old in ASF
    path = write(tmp_path / 'bad.asf', ASF.replace(old, new, 1))
    with pytest.raises(ValueError, match=f'bad.asf.*{message}'):
        read_asf(path)


@pytest.mark.parametrize(
    ('old', 'new', 'message'),
    [
        (
            'upper 0 0 90\nlower 90\n',
            '',
            r"frame 2 .*\['upper', 'lower'\].*trunc",
        ),
        ('lower 0\n', '', r"frame 1 .*\['lower'\]"),
        (
            'upper 0 0 90',
            'upper 0 0',
            "line 10: expected 3 values for 'upper'",
        ),
        ('lower 90', 'lower 90 0', "line 11: expected 1 values for 'lower'"),
        ('lower 90', 'toe 90', "line 11: 'toe' is an unknown bone"),
        ('lower 90', 'tip 90', "line 11: 'tip' is a bone without channels"),
        ('lower 90', 'lower 9o', 'line 11: expected numbers'),
        ('lower 90', 'lower nan', 'line 11: expected finite numbers'),
        ('lower 90', 'lower inf', 'line 11: expected finite numbers'),
        ('lower 90', 'upper 0 0 1', "line 11: 'upper' appears twice"),
        ('1\nroot', 'root', 'line 4: expected a frame number'),
        (':DEG', ':RADIANS\n:DEG', 'line 4: the motion says both'),
        (
            AMC,
            AMC.replace(':DEG', ':RADIANS\n:X').replace('90', '900'),
            'angles below 100 radians .*got 900',
        ),
        (AMC[AMC.index('1\n') :], '', 'the clip has no frame'),
        (AMC, ' \n', 'the file is empty'),
    ],
)
def test_malformed_amc(tmp_path, old, new, message):
    assert old in AMC
    asf = read_asf(write(tmp_path / 'a.asf', ASF))
    path = write(tmp_path / 'bad.amc', AMC.replace(old, new, 1))
    with pytest.raises(ValueError, match=f'bad.amc.*{message}'):
        read_amc(path, asf)


def test_more_bones_than_the_motion_has_room_for(tmp_path):
    bone = 'begin\nname {}\nlength 1\ndirection 1 0 0\naxis 0 0 0 XYZ\nend\n'
    bones = ''.join(bone.format(f'b{i}') for i in range(800))
    tree = 'root b0\n' + ''.join(f'b{i} b{i + 1}\n' for i in range(799))
    head, _ = ASF.split('  begin', 1)
    text = f'{head}{bones}:hierarchy\nbegin\n{tree}end\n'
    asf = read_asf(write(tmp_path / 'a.asf', text))
    assert len(asf.bones) == 801
    rows = ''.join(f'{i}\nroot 0 0 0 0 0 0\n' for i in range(2000))
    motion = write(tmp_path / 'a.amc', rows)
    with pytest.raises(ValueError, match='a.amc: refused: 801 joints in 2000'):
        read_amc(motion, asf)
    many = text.replace(tree, '').replace(bones, bones * 3)
    with pytest.raises(ValueError, match='refused: more than 2000 bones'):
        read_asf(write(tmp_path / 'a.asf', many))


def test_frames_by_chunks(tmp_path, monkeypatch):
    whole = positions(tmp_path)
    monkeypatch.setattr('pyg_hcsf.datasets.mocap.joint_positions.CHUNK', 1)
    np.testing.assert_array_equal(positions(tmp_path), whole)


def test_missing_files(tmp_path):
    with pytest.raises(ValueError, match='gone.asf: there is no such'):
        read_asf(tmp_path / 'gone.asf')
    asf = read_asf(write(tmp_path / 'a.asf', ASF))
    with pytest.raises(ValueError, match='gone.amc: there is no such'):
        read_amc(tmp_path / 'gone.amc', asf)


@pytest.mark.parametrize('line', range(1, ASF.count('\n') + 1))
def test_every_keyword_without_values(tmp_path, line):
    lines = ASF.splitlines()
    lines[line - 1] = lines[line - 1].split()[0]
    path = write(tmp_path / 'bad.asf', '\n'.join(lines))
    try:
        read_asf(path)
    except ValueError as e:
        assert str(e).startswith(str(path))


def test_folder_for_a_file(tmp_path):
    with pytest.raises(ValueError, match=f'{tmp_path}: there is no such'):
        read_asf(tmp_path)


def test_unreadable_file(tmp_path, monkeypatch):
    def refuse(self):
        raise PermissionError(13, 'Permission denied', str(self))

    path = write(tmp_path / 'a.asf', ASF)
    monkeypatch.setattr(Path, 'read_bytes', refuse)
    with pytest.raises(ValueError, match='a.asf: .*Permission denied.* check'):
        read_asf(path)


@pytest.mark.parametrize(
    ('compression', 'at'),
    [
        (zipfile.ZIP_STORED, 200),  # the checksum
        (zipfile.ZIP_DEFLATED, 60),  # zlib.error
        (zipfile.ZIP_BZIP2, 60),  # OSError
        (zipfile.ZIP_LZMA, 60),  # lzma.LZMAError
        (zipfile.ZIP_STORED, 0),  # the member's header
    ],
)
def test_damaged_member(tmp_path, compression, at):
    path = tmp_path / 'a.zip'
    with zipfile.ZipFile(path, 'w', compression) as archive:
        archive.writestr('s/1.asf', ASF.encode('latin-1'))
    content = bytearray(path.read_bytes())
    content[at : at + 8] = b'\xff' * 8
    path.write_bytes(content)
    member = zipfile.Path(path, 's/1.asf')
    message = 'a.zip/s/1.asf: the file cannot be read .*its archive again'
    with pytest.raises(ValueError, match=message):
        read_asf(member)


def test_to_h36m17_midpoint_and_errors():
    joints = ('a', 'b')
    points = np.array([[[0.0, 0.0, 0.0], [2.0, 4.0, 6.0]]])
    joint_map = dict.fromkeys(H36M17.joints, 'b') | {'Hip': ('a', 'b')}
    out = to_h36m17(points, joints, joint_map)
    assert out.shape == (1, 17, 3)
    np.testing.assert_array_equal(out[0, 0], [1, 2, 3])
    np.testing.assert_array_equal(out[0, 1], [2, 4, 6])
    with pytest.raises(ValueError, match=r"\['c'\] for 'Head'"):
        to_h36m17(points, joints, joint_map | {'Head': 'c'})
    with pytest.raises(ValueError, match="'joint_map' to have the keys"):
        to_h36m17(points, joints, {'Hip': 'a'})


RIGID = [1, 2, 3, 4, 5, 6, 8, 10, 11, 12, 13, 14, 15, 16]  # by their child
CLIPS = [
    *('cmu/asfamc/01/01_01', 'cmu/asfamc/02/02_01', 'cmu/asfamc/03/03_01'),
    *('cmu/asfamc/11/11_01', 'cmu/asfamc/49/49_18', 'cmu/asfamc/86/86_09'),
    'hdm05/grabHighR/HDM_bd_grabHighR_001_120',
    'hdm05/grabHighR/HDM_bk_grabHighR_006_120',
    'hdm05/grabHighR/HDM_dg_grabHighR_014_120',
    'hdm05/grabHighR/HDM_mm_grabHighR_021_120',
    'hdm05/grabHighR/HDM_tr_grabHighR_028_120',
]


def real_clip(name):
    path = DATA / f'{name}.amc'
    if not path.is_file():
        pytest.skip(f'{path} is absent')
    if 'HDM' in path.name:
        asf = read_asf(DATA / 'hdm05' / f'{path.name[:6]}.asf')
    else:
        asf = read_asf(path.parent / f'{path.parent.name}.asf')
    joints = asf.joint_positions(read_amc(path, asf))
    return to_h36m17(joints, asf.joints, ASF_JOINTS)


@pytest.mark.parametrize('name', CLIPS)
def test_real_clip(name):
    pose = real_clip(name)
    parents = np.array(H36M17.parents)
    bones = np.linalg.norm(pose - pose[:, parents], axis=-1)[:, RIGID]
    assert np.ptp(bones, axis=0).max() < 0.01

    # Standing: head to foot, and no foot below the floor by much.
    leg = bones[0, 1] + bones[0, 2]
    feet = pose[:, [3, 6], 2].mean(axis=1)
    standing = pose[:, 0, 2] - feet > 0.8 * leg
    height = np.median((pose[:, 10, 2] - feet)[standing])
    assert 1350 < height < 1630 + 80 * ('HDM_bk' in name)  # bk is taller

    # Bent knees bend forward: the shin turns back from the thigh.
    left = pose[:, 4] - pose[:, 1]
    for hip, knee, foot in ((1, 2, 3), (4, 5, 6)):
        thigh = pose[:, knee] - pose[:, hip]
        shin = pose[:, foot] - pose[:, knee]
        turn = np.cross(thigh, shin)
        lengths = np.linalg.norm(thigh, axis=1) * np.linalg.norm(shin, axis=1)
        bent = np.linalg.norm(turn, axis=1) > 0.6 * lengths
        if bent.any():
            assert np.mean((turn * left).sum(axis=1)[bent] > 0) > 0.95


def test_real_clips_are_not_mirrored():
    pose = real_clip('hdm05/grabHighR/HDM_mm_grabHighR_021_120')
    assert pose[:, 16, 2].max() > pose[:, 13, 2].max() + 300  # right wrist


def test_lines_that_no_skeleton_has(tmp_path):
    path = write(tmp_path / 'a.asf', ':units\n' + 'x\n' * 200_000)
    with pytest.raises(ValueError, match='refused: more than 100000 lines'):
        read_asf(path)
    path = write(tmp_path / 'a.asf', ':units\n' + 'x ' * 50_000)
    with pytest.raises(ValueError, match='line 2: refused: the line has 99,'):
        read_asf(path)
