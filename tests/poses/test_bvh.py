import importlib.util
import subprocess
import sys

import numpy as np
import pytest

from pyg_hcsf.datasets.mocap import read_bvh
from pyg_hcsf.datasets.mocap.bvh.conventions import infer_conventions
from pyg_hcsf.poses import PoseSequence, write_poses
from pyg_hcsf.skeleton import available_skeletons, get_skeleton

JOINTS = get_skeleton('h36m17').joints
BLENDER = """
import sys
import bpy
import numpy as np
source, target = sys.argv[1:]
bpy.ops.wm.read_factory_settings(use_empty=True)
bpy.ops.import_anim.bvh(filepath=source, global_scale=0.01)
(rig,) = [o for o in bpy.data.objects if o.type == 'ARMATURE']
first, last = rig.animation_data.action.frame_range
heads = []
for frame in range(int(first), int(last) + 1):
    bpy.context.scene.frame_set(frame)
    heads.append([rig.matrix_world @ bone.head for bone in rig.pose.bones])
np.savez(target, heads=heads, names=[bone.name for bone in rig.pose.bones])
"""


def z_up(sequence):
    """What :func:`read_bvh` and Blender should give, in millimetres."""
    position = sequence.position
    if sequence.axes == 'world':
        return position
    return position[..., [0, 2, 1]] * [1, 1, -1]


def joints_of(bvh, joints=JOINTS):
    return bvh.joint_positions(scale=10)[
        :, [bvh.joints.index(j) for j in joints]
    ]


@pytest.mark.parametrize('axes', ['camera', 'world'])
@pytest.mark.parametrize('clip', range(4))
def test_joints_are_where_they_were(tmp_path, lifted, clip, axes):
    sequence = lifted(clip=clip, axes=axes)
    (file,) = write_poses(tmp_path / 'a.bvh', [sequence])
    assert file[:2] == (tmp_path / 'a.bvh', ('anna',))
    assert file.deviation < 1e-6
    bvh = read_bvh(file.path)
    assert bvh.fps == 25
    error = np.linalg.norm(joints_of(bvh) - z_up(sequence), axis=2)
    assert error.max() < 0.01  # the aim is 1 mm


def test_without_a_place_the_root_stays(tmp_path, lifted):
    sequence = lifted(root=None)
    write_poses(tmp_path / 'a.bvh', [sequence])
    joints = joints_of(read_bvh(tmp_path / 'a.bvh'))
    np.testing.assert_array_equal(joints[:, 0], 0)
    assert np.abs(joints - z_up(sequence)).max() < 0.01


@pytest.mark.parametrize('name', available_skeletons())
def test_every_skeleton(tmp_path, name):
    joints = get_skeleton(name).joints
    rng = np.random.default_rng(0)
    pose = rng.normal(0, 300, (3, len(joints), 3))
    sequence = PoseSequence('a', name, np.arange(3), pose, 'world', fps=30)
    write_poses(tmp_path / 'a.bvh', [sequence])
    got = joints_of(read_bvh(tmp_path / 'a.bvh'), joints)
    assert np.abs(got - pose).max() < 0.05


@pytest.mark.parametrize('rigid', [False, True])
def test_degenerate_poses(tmp_path, rigid):
    """A straight line, a point and a single frame are written and read."""
    line = np.linspace(0, 1, 17)[:, None] * [0, 0, 1700.0]
    for pose in ([line], [line, -line, line], [0 * line], [0 * line, line]):
        sequence = PoseSequence(
            'a', 'h36m17', np.arange(len(pose)), np.stack(pose), fps=30
        )
        (file,) = write_poses(tmp_path / 'a.bvh', [sequence], rigid=rigid)
        joints = joints_of(read_bvh(file.path))
        error = np.linalg.norm(joints - z_up(sequence), axis=2).max()
        assert error == pytest.approx(file.deviation, abs=0.01)
        assert rigid or error < 0.01


def test_rigid_bones(tmp_path, lifted):
    sequence = lifted(clip=2)
    (file,) = write_poses(tmp_path / 'a.bvh', [sequence], rigid=True)
    bvh = read_bvh(file.path)
    widths = {len(c) for c in bvh.channels[1:] if c}
    assert len(bvh.channels[0]) == 6 and widths == {3}
    joints = joints_of(bvh)
    error = np.linalg.norm(joints - z_up(sequence), axis=2)
    assert error.max() == pytest.approx(file.deviation, abs=0.01)
    # Of noise of 10 mm, which moves joints by 16: it does not add up.
    assert 5 < error.mean() < 12
    # Bones have their median length, and what is rigid comes back.
    for child, parent in get_skeleton('h36m17').bones:
        length = np.linalg.norm(joints[:, child] - joints[:, parent], axis=1)
        given = sequence.pose[:, child] - sequence.pose[:, parent]
        median = np.median(np.linalg.norm(given, axis=1))
        np.testing.assert_allclose(length, median, atol=0.01)
    again = PoseSequence(
        'a', 'h36m17', sequence.frames, joints - joints[:, :1], 'world', 25
    )
    assert write_poses(file.path, [again], rigid=True)[0].deviation < 0.01


def test_rest_pose_and_angles(tmp_path, clips, lifted):
    for clip in range(len(clips)):
        write_poses(tmp_path / 'a.bvh', [lifted(clip=clip, noise=0)])
        bvh = read_bvh(tmp_path / 'a.bvh')
        left, right = (bvh.joints.index(x) for x in ('LElbow', 'RElbow'))
        assert bvh.offsets[left][0] > 20  # centimetres
        np.testing.assert_allclose(
            bvh.offsets[right], bvh.offsets[left] * [-1, 1, 1], atol=1
        )
        turns = [c.endswith('rotation') for cs in bvh.channels for c in cs]
        step = np.abs(np.diff(bvh.motion[:, turns], axis=0))
        assert step.max() < 100  # degrees in a frame, never a whole turn


def test_gaps_and_people(tmp_path, lifted):
    frames = np.array([10, 11, 14, 15])
    people = [lifted('a', frames=frames), lifted('b/ö', clip=1)]
    files = write_poses(tmp_path / 'c.bvh', people)
    assert [f.path.name for f in files] == ['c_a.bvh', 'c_b_ö.bvh']
    joints = joints_of(read_bvh(files[0].path))
    expected = z_up(people[0])
    assert len(joints) == 6
    assert np.abs(joints[frames - 10] - expected).max() < 0.01
    middle = (expected[1] + 2 * expected[2]) / 3
    assert np.abs(joints[3] - middle).max() < 0.01
    with pytest.raises(ValueError, match=r"names differ.*'b_', 'b_'"):
        write_poses(tmp_path / 'c.bvh', [lifted('b/'), lifted('b:')])
    assert len(list(tmp_path.iterdir())) == 2
    with pytest.raises(ValueError, match="'fps' of person 'anna'"):
        write_poses(tmp_path / 'd.bvh', [lifted(fps=None)])


@pytest.mark.skipif(
    importlib.util.find_spec('bpy') is None,
    reason="Blender as a module is not installed: 'pip install bpy' (374 MB)",
)
@pytest.mark.parametrize('rigid', [False, True])
def test_blender_imports_it(tmp_path, lifted, rigid):
    sequence = lifted(clip=2, frames=np.arange(20) * 2)
    (file,) = write_poses(tmp_path / 'a.bvh', [sequence], rigid=rigid)
    target = tmp_path / 'heads.npz'
    command = [sys.executable, '-c', BLENDER, str(file.path), str(target)]
    subprocess.run(command, check=True, capture_output=True)
    with np.load(target) as content:
        names = content['names'].tolist()
        heads = content['heads'][:, [names.index(j) for j in JOINTS]]
    heads = heads * 1000
    bvh = joints_of(read_bvh(file.path))
    assert np.linalg.norm(heads - bvh, axis=2).max() < 1
    if not rigid:
        error = np.linalg.norm(heads[sequence.frames] - z_up(sequence), axis=2)
        assert error.max() < 1


@pytest.mark.parametrize('rigid', [False, True])
def test_the_data_set_of_bvh_files_reads_it(tmp_path, lifted, rigid):
    (file,) = write_poses(tmp_path / 'a.bvh', [lifted()], rigid=rigid)
    bvh = read_bvh(file.path)
    plan = infer_conventions(bvh)
    assert (plan.rig.name, plan.scale, plan.up) == ('Human3.6M', 10.0, 'y')
    assert not plan.rig.guessed and not plan.warnings
    sides = {j: n for j, n in plan.rig.joint_map.items() if j[0] in 'LR'}
    assert all(joint == name for joint, name in sides.items())
