import os
from pathlib import Path

import numpy as np
import pytest

from pyg_hcsf.io.bvh import DAZ_JOINTS, read_bvh
from pyg_hcsf.io.mocap import to_h36m17
from pyg_hcsf.skeleton import H36M17

REPO = Path(__file__).resolve().parents[2]
SHARED = Path(
    os.environ.get('PYG_HCSF_SHARED_DATA', REPO.parent / 'shared' / 'data')
)

BVH = """\
HIERARCHY
ROOT hip
{
  OFFSET 7 7 7
  CHANNELS 6 Xposition Yposition Zposition Zrotation Yrotation Xrotation
  JOINT arm
  {
    OFFSET 0 10 0
    CHANNELS 3 Zrotation Xrotation Yrotation
    End Site
    {
      OFFSET 0 0 5
    }
  }
  JOINT leg
  {
    OFFSET 0 -10 0
    CHANNELS 1 Yposition
    End Site
    {
      OFFSET 0 -1 0
    }
  }
}
MOTION
Frames: 2
Frame Time: 0.00833333
1 2 3 90 0 0 0 90 0 -10
1 2 3 90 0 0 90 90 0 -20
"""


def write(path: Path, text: str) -> Path:
    path.write_bytes(text.encode('latin-1'))
    return path


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


def test_odd_frame_rate_is_kept(tmp_path):
    text = BVH.replace('0.00833333', '0.0334')
    bvh = read_bvh(write(tmp_path / 'a.bvh', text))
    assert bvh.fps == pytest.approx(1 / 0.0334)


@pytest.mark.parametrize(
    ('old', 'new', 'message'),
    [
        ('1 2 3 90 0 0 90 90 0 -20\n', '', "'Frames:' announces 2 .*got 1"),
        ('Frames: 2', 'Frames: 1', "'Frames:' announces 1 .*got 2"),
        ('90 90 0 -20', '90 90 0', 'line 29: expected 10 values.*got 9'),
        ('90 90 0 -20', '90 90 0 1 2', 'line 29: expected 10 values.*got 11'),
        ('90 90 0 -20', '90 90 0 x', 'line 29: expected numbers'),
        ('90 90 0 -20', '90 90 0 NaN', 'line 29: expected finite numbers'),
        (BVH[BVH.index('1 2 3') :], '', 'the clip has no frame'),
        ('  }\n}\nMOTION', '  }\nMOTION', "line 24: unbalanced .*'hip'"),
        ('}\nMOTION', '}\n}\nMOTION', "line 25: unbalanced .*'}'"),
        ('arm\n  {', 'arm\n', "line 8: expected '{' after 'arm'"),
        ('HIERARCHY\n', 'HIERARCHY\n{\n', "line 2: unbalanced .*'{'"),
        ('JOINT leg', 'JOINT arm', "line 15: the joint 'arm' is defined"),
        ('JOINT arm', 'BONE arm', "line 6: unexpected 'BONE arm'"),
        ('    OFFSET 0 10 0\n', '', "line 13: the joint 'arm' has no OFFSET"),
        ('OFFSET 0 10 0', 'OFFSET 0 10', 'line 8: expected 3 numbers'),
        ('CHANNELS 3', 'CHANNELS 2', 'line 9: expected a count'),
        ('CHANNELS 3', 'CHANNELS x', 'line 9: expected a count'),
        ('3 Zrotation', '3 Wrotation', 'line 9: expected a count'),
        ('3 Zrotation', '3 Xrotation', 'line 9: expected a count'),
        ('0.00833333', '0', 'line 27: expected a frame time .*got 0.0'),
        ('0.00833333', '-1', 'line 27: expected a frame time .*got -1.0'),
        ('0.00833333', '1e-310', 'line 27: expected a frame time'),
        ('0.00833333', '1e20', 'line 27: expected a frame time'),
        ('0.00833333', 'nan', 'line 27: expected finite numbers'),
        ('0.00833333', '', "line 27: expected 'Frames:' and 'Frame Time:'"),
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
    path = SHARED / 'cmu' / 'bvh' / f'{name}.bvh'
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
