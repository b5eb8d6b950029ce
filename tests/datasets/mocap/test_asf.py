import numpy as np
import pytest

from pyg_hcsf.datasets.mocap.asf_amc import (
    read_amc,
    read_asf,
)
from tests.datasets.mocap.asf_amc_files import (
    AMC,
    ASF,
    EXPECTED,
    INCH,
    positions,
    upright,
    write,
)


@pytest.mark.parametrize('newline', ['\n', '\r\n'])
def test_forward_kinematics(tmp_path, newline):
    out = positions(tmp_path, newline=newline)
    expected = np.array(upright(EXPECTED)) * INCH
    np.testing.assert_allclose(out, expected, atol=1e-9)


def test_length_unit(tmp_path):
    out = positions(tmp_path, ASF.replace('length 1.0', 'length 0.45'))
    expected = np.array(upright(EXPECTED)) * INCH / 0.45
    np.testing.assert_allclose(out, expected, atol=1e-9)


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
    'hipjoint': (1, 0, 3),
    'femur': (0, -1, 17),
    'tibia': (0, -1, 17),
    'clavicle': (1, 0, 7),
    'humerus': (1, 0, 11),
    'radius': (1, 0, 10),
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


def test_too_many_bones(tmp_path):
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


@pytest.mark.parametrize('line', range(1, ASF.count('\n') + 1))
def test_every_keyword_without_values(tmp_path, line):
    lines = ASF.splitlines()
    lines[line - 1] = lines[line - 1].split()[0]
    path = write(tmp_path / 'bad.asf', '\n'.join(lines))
    try:
        read_asf(path)
    except ValueError as e:
        assert str(e).startswith(str(path))


def test_too_many_and_too_long_lines(tmp_path):
    path = write(tmp_path / 'a.asf', ':units\n' + 'x\n' * 200_000)
    with pytest.raises(ValueError, match='refused: more than 100000 lines'):
        read_asf(path)
    path = write(tmp_path / 'a.asf', ':units\n' + 'x ' * 50_000)
    with pytest.raises(ValueError, match='line 2: refused: the line has 99,'):
        read_asf(path)
