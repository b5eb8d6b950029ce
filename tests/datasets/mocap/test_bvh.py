import numpy as np
import pytest

from pyg_hcsf.datasets.mocap.bvh.reader import DAZ_JOINTS, read_bvh
from pyg_hcsf.datasets.mocap.joint_positions import to_h36m17
from pyg_hcsf.skeleton import H36M17
from tests.datasets.mocap.bvh_text import (
    BVH,
    write,
)
from tests.paths import DATA


@pytest.mark.parametrize('newline', ['\n', '\r\n'])
def test_forward_kinematics(tmp_path, newline):
    bvh = read_bvh(write(tmp_path / 'a.bvh', BVH.replace('\n', newline)))
    assert bvh.joints == ('hip', 'arm', 'arm_end', 'leg', 'leg_end')
    assert bvh.parents == (-1, 0, 1, 0, 3)
    assert bvh.fps == 120.0
    # By hand, y up. The hip turns y to -x. First frame: the arm turns its
    # end's z to -y, which the hip turns to x. Second: x first (the innermost),
    # z to -y, then the arm's z, -y to x, then the hip's, x to y. The position
    # channel of the leg stands in the place of its offset's y.
    expected = [
        [(1, 2, 3), (-9, 2, 3), (-4, 2, 3), (11, 2, 3), (12, 2, 3)],
        [(1, 2, 3), (-9, 2, 3), (-9, 7, 3), (21, 2, 3), (22, 2, 3)],
    ]
    upright = [[(x, -z, y) for x, y, z in frame] for frame in expected]
    out = bvh.joint_positions(scale=10.0)
    np.testing.assert_allclose(out, np.array(upright) * 10.0, atol=1e-9)
    out = bvh.joint_positions(scale=1.0, up='z')
    np.testing.assert_allclose(out, expected, atol=1e-9)


def test_options_are_checked(tmp_path):
    bvh = read_bvh(write(tmp_path / 'a.bvh', BVH))
    with pytest.raises(ValueError, match="'scale'"):
        bvh.joint_positions(scale=0)
    with pytest.raises(ValueError, match="'up' to be 'y' or 'z'"):
        bvh.joint_positions(up='x')


def test_fractional_frame_rate_is_kept(tmp_path):
    text = BVH.replace('0.00833333', '0.0334')
    bvh = read_bvh(write(tmp_path / 'a.bvh', text))
    assert bvh.fps == pytest.approx(1 / 0.0334)


@pytest.mark.parametrize(
    ('old', 'new', 'message'),
    [
        ('90 90 0 -20', '90 90 0', 'line 29: expected 10 values.*got 9'),
        ('90 90 0 -20', '90 90 0 1 2', 'line 29: expected 10 values.*got 11'),
        ('90 90 0 -20', '90 90 0 x', 'line 29: expected numbers'),
        ('90 90 0 -20', '90 90 0 NaN', 'line 29: expected finite numbers'),
        (BVH[BVH.index('1 2 3') :], '', 'the clip has no frame'),
        ('  }\n}\nMOTION', '  }\nMOTION', "line 24: unbalanced .*'hip'"),
        ('}\nMOTION', '}\n}\nMOTION', "line 25: unbalanced .*'}'"),
        ('arm\n  {', 'arm\n', "line 8: expected a name, then '{' .*'arm'"),
        ('HIERARCHY\n', 'HIERARCHY\n{\n', "line 2: unbalanced .*'{'"),
        ('0 0 5\n', '0 0 5 7\n', "line 12: unexpected '7'"),
        ('0 0 5\n', '0 0 5 End {', "line 12: unexpected 'End'"),
        ('0 0 5\n', '0 0 5 CHANNELS 0', "line 12: unexpected 'CHANNELS'"),
        ('JOINT arm', 'JOINT', "line 7: expected a name, then '{' .*'{'"),
        ('CHANNELS 1 Yposition', 'CHANNELS 0', 'line 28: expected 9 values'),
        ('Frames: 2', 'Frames: two', 'line 26: expected numbers'),
        ('0.00833333\n1', '1\n-\n1', 'line 28: expected numbers'),
        ('JOINT arm', 'BONE arm', "line 6: unexpected 'BONE'"),
        ('    OFFSET 0 10 0\n', '', "line 13: the joint 'arm' has no OFFSET"),
        ('OFFSET 0 10 0', 'OFFSET 0 10', 'line 9: expected numbers'),
        ('CHANNELS 3', 'CHANNELS 2', 'line 9: expected a count'),
        ('CHANNELS 3', 'CHANNELS x', 'line 9: expected a count'),
        ('3 Zrotation', '3 Wrotation', 'line 9: expected a count'),
        ('3 Zrotation', '3 Xrotation', 'line 9: expected a count'),
        ('0.00833333', '0', 'line 27: expected a frame time .*got 0.0'),
        ('0.00833333', '-1', 'line 27: expected a frame time .*got -1.0'),
        ('0.00833333', '1e-310', 'line 27: expected a frame time'),
        ('0.00833333', '1e20', 'line 27: expected a frame time'),
        ('0.00833333', 'nan', 'line 27: expected finite numbers'),
        ('0.00833333', '', "line 26: expected 'Frames:' and 'Frame Time:'"),
        ('Frames: 2\n', '', "expected 'Frames:'"),
        (BVH[BVH.index('MOTION') :], '', 'then MOTION'),
        (BVH[: BVH.index('MOTION')], '', 'expected a HIERARCHY'),
    ],
)
def test_malformed(tmp_path, old, new, message):
    assert old in BVH
    path = write(tmp_path / 'bad.bvh', BVH.replace(old, new, 1))
    with pytest.raises(ValueError, match=f'bad.bvh.*{message}'):
        read_bvh(path)


def test_missing_file(tmp_path):
    with pytest.raises(ValueError, match='gone.bvh: there is no such'):
        read_bvh(tmp_path / 'gone.bvh')


@pytest.mark.parametrize(
    'name', ['salsa/01', 'salsa/16', 'indian/08', 'martial/04']
)
def test_real_clip(name):
    path = DATA / 'cmu' / 'bvh' / f'{name}.bvh'
    if not path.is_file():
        pytest.skip(f'{path} is absent')
    bvh = read_bvh(path)
    pose = to_h36m17(bvh.joint_positions(), bvh.joints, DAZ_JOINTS)
    assert (pose.shape[1:], bvh.fps) == ((17, 3), 120.0)

    # The chest and the points midway between joints hang on no rigid bone.
    parents = np.array(H36M17.parents)
    bones = np.linalg.norm(pose - pose[:, parents], axis=-1)
    rigid = [1, 2, 3, 4, 5, 6, 10, 12, 13, 15, 16]
    assert np.ptp(bones[:, rigid], axis=0).max() < 0.01

    leg = bones[0, 2] + bones[0, 3]
    feet = pose[:, [3, 6], 2].mean(axis=1)
    standing = pose[:, 0, 2] - feet > 0.85 * leg
    height = np.median((pose[:, 10, 2] - feet)[standing])
    assert 1350 < height < 1630

    left = pose[:, 4] - pose[:, 1]
    for hip, knee, foot in ((1, 2, 3), (4, 5, 6)):
        turn = np.cross(
            pose[:, knee] - pose[:, hip], pose[:, foot] - pose[:, knee]
        )
        bent = np.linalg.norm(turn, axis=1) > 0.6 * (leg / 2) ** 2
        assert np.mean((turn * left).sum(axis=1)[bent] > 0) > 0.95

    # The first frame is the rig's rest pose: arms out, the person's left
    # wrist on the left of someone who looks ahead.
    assert pose[0, 13, 2] == pytest.approx(pose[0, 11, 2], abs=150)
    ahead = np.cross(left[0], [0.0, 0.0, 1.0])
    toes = bvh.joint_positions()[0]
    number = bvh.joints.index('lFoot')
    assert np.dot(toes[number + 1] - toes[number], ahead) > 0


@pytest.mark.parametrize(
    ('name', 'encoding'),
    [
        ('Vänster_Åkt', 'utf-8'),  # its Å holds 0x85
        ('右ひじ アーム', 'utf-8-sig'),
        ('nästa\u00a0led', 'utf-8'),
        ('右ひじ', 'utf-16'),
        ('hüfte', 'utf-16-le'),
        ('hüfte', 'utf-16-be'),
        ('Vänster_Åkt', 'cp1252'),
        ('Knöchel', 'cp1252'),
        ('右ひじ', 'cp932'),
        ('ソ表', 'cp932'),  # a byte of each is a backslash
    ],
)
def test_encodings(tmp_path, name, encoding):
    path = tmp_path / 'a.bvh'
    path.write_bytes(BVH.replace('arm', name).encode(encoding))
    assert read_bvh(path).joints[1:3] == (name, f'{name}_end')


def test_repeated_names_are_numbered(tmp_path):
    end = '    End Site\n    {\n      OFFSET 0 0 5\n    }\n'
    assert end in BVH
    text = BVH.replace(end, end * 2).replace('leg', 'arm')
    bvh = read_bvh(write(tmp_path / 'a.bvh', text))
    names = 'hip arm arm_end arm_end_2 arm_2 arm_2_end'
    assert bvh.joints == tuple(names.split())
    assert bvh.parents == (-1, 0, 1, 1, 0, 4)


def test_scale_channels(tmp_path):
    plain = read_bvh(write(tmp_path / 'a.bvh', BVH)).joint_positions()
    text = BVH.replace('CHANNELS 1 Yposition', 'CHANNELS 2 Yposition Xscale')
    one = text.replace('-10\n', '-10 1\n').replace('-20\n', '-20 1.0001\n')
    out = read_bvh(write(tmp_path / 'a.bvh', one)).joint_positions()
    np.testing.assert_array_equal(out, plain)
    two = text.replace('-10\n', '-10 1\n').replace('-20\n', '-20 2\n')
    with pytest.warns(UserWarning, match='scale channels .* not applied'):
        read_bvh(write(tmp_path / 'a.bvh', two))


@pytest.mark.parametrize(
    'order', ['XYZ', 'XZY', 'YXZ', 'YZX', 'ZXY', 'ZYX', 'Z', 'XZ']
)
def test_orders_of_rotation(tmp_path, order):
    names = [f'{axis}rotation' for axis in order]
    text = f"""HIERARCHY
    ROOT a {{ OFFSET 0 0 0 CHANNELS {len(order)} {' '.join(names)}
    JOINT b {{ OFFSET 1 2 3 End Site {{ OFFSET 0 0 0 }} }} }}
    MOTION Frames: 1 Frame Time: 0.1
    {' '.join(str(20 * i + 10) for i in range(len(order)))}"""
    bvh = read_bvh(write(tmp_path / 'a.bvh', text))
    turn = np.eye(3)
    for i, axis in enumerate(order):
        angle = np.radians(20 * i + 10)
        j, k = {'X': (1, 2), 'Y': (2, 0), 'Z': (0, 1)}[axis]
        one = np.eye(3)
        one[j, j] = one[k, k] = np.cos(angle)
        one[k, j], one[j, k] = np.sin(angle), -np.sin(angle)
        turn = turn @ one
    out = bvh.joint_positions(scale=1, up='z')[0, 1]
    np.testing.assert_allclose(out, turn @ [1, 2, 3], rtol=1e-12)


def test_many_frames_at_a_time(tmp_path, monkeypatch):
    bvh = read_bvh(write(tmp_path / 'a.bvh', BVH))
    whole = bvh.joint_positions()
    monkeypatch.setattr('pyg_hcsf.datasets.mocap.joint_positions.CHUNK', 1)
    np.testing.assert_array_equal(bvh.joint_positions(), whole)


def test_more_joints_than_the_file_has_room_for(tmp_path):
    still = 'JOINT j { OFFSET 0 0 0 }\n' * 1999
    head = f'ROOT a {{ OFFSET 0 0 0 CHANNELS 1 Xrotation {still}}} MOTION'
    text = f'{head} Frames: 1000 Frame Time: 0.1\n' + '0\n' * 1000
    with pytest.raises(ValueError, match='refused: 2000 joints in 1000 fram'):
        read_bvh(write(tmp_path / 'a.bvh', text))
    deep = 'JOINT j { OFFSET 0 0 0 ' * 5000
    with pytest.raises(ValueError, match='refused: more than 2000 joints'):
        read_bvh(write(tmp_path / 'a.bvh', f'ROOT {deep[6:]} MOTION Frames'))


def test_long_words_are_cut(tmp_path):
    for text in (
        BVH.replace('arm', 'a' * 10**6).replace('{', '', 1),
        BVH.replace('90 0 0', '9' * 10**6),
        BVH.replace('Xrotation', 'X' * 10**6),
    ):
        with pytest.raises(ValueError, match='line') as error:
            read_bvh(write(tmp_path / 'a.bvh', text))
        assert len(str(error.value)) < 1000
