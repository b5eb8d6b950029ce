"""Lifters on a real clip: here a generated one in files of its formats."""

import json
import shutil

import numpy as np
import pytest
import torch

from experiments import run
from experiments.lifting import triangulation
from experiments.lifting.real_clip import (
    CALIBRATION,
    LIMB_JOINTS,
    LIMBS,
    MARKERS,
    VIDEO_WIDTHS,
    find_clip,
    load_clip,
)
from experiments.lifting.real_scores import (
    Lifted,
    body_length,
    references,
    score,
)
from experiments.sweep.motion import synthetic_motion
from pyg_hcsf.skeleton import H36M17, get_skeleton
from tests.keypoints.trc_files import trc
from tests.paths import DATA

LENS = (-0.05, 0.13, 6e-4, -7e-4)
FILE = """<calibration><cameras>{}</cameras></calibration>"""
CAMERA = """<camera><fov_video left="0" top="0" right="1087" bottom="1919"/>
<transform {} x="{}" y="{}" z="1800"/>
<intrinsic focalLengthU="107520" focalLengthV="108800" centerPointU="34560"
centerPointV="61440" radialDistortion1="{}" radialDistortion2="{}"
radialDistortion3="0" tangentalDistortion1="{}" tangentalDistortion2="{}"/>
</camera>"""
FRAMES = 30
SWAPPED = slice(8, 16)  # frames of view 2 of MediaPipe
EXPECTED = np.linspace(9, 11, FRAMES * 12).reshape(FRAMES, 12)
STAND_INS = {
    'Nose': 'Neck',
    'Ankle': 'Foot',
    'Heel': 'Foot',
    'FootIndex': 'Foot',
}


def write_calibration(path, turned=0.0):
    """Four around the origin, 3.5 m away, that look at it; y up, z back. The
    first is turned about the vertical by some radians.
    """
    text = []
    for angle in (0.3, 1.9, 3.3, 5.0):
        x, y = 3500 * np.cos(angle), 3500 * np.sin(angle)
        view = angle + turned * (angle == 0.3)
        back = np.array([3500 * np.cos(view), 3500 * np.sin(view), 800])
        back /= np.linalg.norm(back)
        right = np.cross([0, 0, 1], back) / np.linalg.norm(back[:2])
        rows = [right, np.cross(back, right), back]
        turn = ' '.join(
            f'r{i + 1}{j + 1}="{rows[i][j]}"'
            for i in range(3)
            for j in range(3)
        )
        text.append(CAMERA.format(turn, x, y, *LENS))
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(FILE.format(''.join(text)))


@pytest.fixture(scope='module')
def motion():
    """Joints of Human3.6M in the middle of the cameras: ``[T, 17, 3]``."""
    clip = synthetic_motion('train', FRAMES)[0]
    pos = clip.pos.transpose(0, 1).double().numpy()
    pos[..., :2] -= pos[:, :1, :2].mean(axis=0)
    return pos


def as_layout(values, name):
    """Joints of Human3.6M as those of a detector; ears are eyes are heads."""
    known = {joint: i for i, joint in enumerate(H36M17.joints)}
    rows = []
    for joint in get_skeleton(name).joints:
        for word, ours in STAND_INS.items():
            joint = joint.replace(word, ours)
        rows.append(known.get(joint, known['Head']))
    return values[:, rows]


def write_clip(home, motion):
    """Files in which detectors find a motion exactly."""
    folder = home / 'pose2sim'
    write_calibration(folder / CALIBRATION)
    cameras = triangulation.read_cameras(folder / CALIBRATION)
    for i, (camera, width) in enumerate(
        zip(cameras, VIDEO_WIDTHS, strict=True)
    ):
        xy = triangulation.to_pixels(motion, camera)
        pose = folder / 'Pose2Sim' / 'Demo' / 'pose' / f'cam{i + 1}_json'
        pose.mkdir(parents=True)
        for t, joints in enumerate(as_layout(xy, 'coco17')):
            rows = np.zeros((25, 3))
            rows[:17] = np.insert(joints, 2, 0.9, axis=1)
            small = rows * [0.1, 0.1, 1]  # somebody far away
            people = [
                {'pose_keypoints_2d': x.ravel().tolist()}
                for x in (small, rows)
            ]
            name = f'cam0{i + 1}.{t:04}.json'
            (pose / name).write_text(json.dumps({'people': people}))
        scale = (
            width / camera.width
        )  # the video shows less, scaled about its middle
        there = [width / 2, 960] + (xy - [544, 960]) * scale
        write_mediapipe(
            folder / 'mediapipe' / f'cam0{i + 1}.json',
            as_layout(there / [width, 1920], 'mediapipe33'),
            as_layout(triangulation.to_camera(motion, camera), 'mediapipe33'),
            i == 1,
        )
    write_markers(folder / MARKERS, motion[:, LIMB_JOINTS])


def write_mediapipe(path, xy, pose, swapped):
    mirrored = list(get_skeleton('mediapipe33').mirrored)
    if swapped:
        xy[SWAPPED], pose[SWAPPED] = (
            x[SWAPPED][:, mirrored] for x in (xy, pose)
        )
    pose = 1.3 * (pose - pose[:, :1]) / 1000  # metres, of another size
    frames = [
        {
            'pose_landmarks': [
                {'x': x, 'y': y, 'visibility': 0.9} for x, y in marks
            ],
            'pose_world_landmarks': [
                {'x': x, 'y': y, 'z': z} for x, y, z in world
            ],
        }
        for marks, world in zip(xy.tolist(), pose.tolist(), strict=True)
    ]
    path.parent.mkdir(exist_ok=True)
    path.write_text(json.dumps(frames))


def write_markers(path, limbs):
    names = [name.replace('Foot', 'Ankle') for name in LIMBS]
    numbers = np.roll(limbs, -1, axis=-1) / 1000  # y, z, x in metres
    path.parent.mkdir()
    path.write_text(trc(names, numbers, rate=60, first=1))


@pytest.fixture(scope='module')
def home(tmp_path_factory, motion):
    home = tmp_path_factory.mktemp('home')
    write_clip(home, motion)
    return home


def test_references_are_the_truth(home, motion):
    clip = load_clip(find_clip(home))
    truth = motion[:, LIMB_JOINTS]
    np.testing.assert_allclose(clip.markers, truth, atol=1e-3)
    for name, found in references(clip).items():
        np.testing.assert_allclose(found.points, truth, atol=1, err_msg=name)


def test_a_camera_that_has_turned_is_found(home, motion, tmp_path):
    """As the cameras of the demo have since they were calibrated."""
    write_calibration(tmp_path / CALIBRATION, turned=0.02)
    cameras = triangulation.read_cameras(tmp_path / CALIBRATION)
    clip = load_clip(find_clip(home))._replace(cameras=cameras)
    truth = torch.from_numpy(motion[:, LIMB_JOINTS])
    xy = np.stack(
        [
            triangulation.to_pixels(motion, camera)
            for camera in load_clip(find_clip(home)).cameras
        ]
    )
    _, before = triangulation.best_points(xy, cameras)
    assert np.median(before[0]) > 10  # pixels
    found = references(clip)['refined']
    lifted = Lifted(np.arange(FRAMES), found.points, EXPECTED)
    assert score(lifted, truth.numpy())['pa_mpjpe'] < 1
    _, after = triangulation.best_points(xy, found.cameras)
    assert np.median(after[0]) < 0.5


def test_detections_that_do_not_fit_count_little(home, motion):
    cameras = load_clip(find_clip(home)).cameras
    xy = np.stack([triangulation.to_pixels(motion[:5], c) for c in cameras])
    xy[2, 1:3, 4] += [150.0, -90.0]
    xy[0, 0, 5], xy[:3, 0, 6] = np.nan, np.nan
    found, gap = triangulation.best_points(xy, cameras)
    assert np.isnan(found[0, 6]).all()  # seen by one
    found[0, 6] = motion[0, 6]
    np.testing.assert_allclose(found, motion[:5], atol=0.1)
    assert gap[2, 1, 4] > 100 and np.isnan(gap[0, 0, 5])
    assert np.nanmedian(gap) < 1e-3


def test_errors_are_at_the_size_of_the_truth(motion):
    truth = motion[:, LIMB_JOINTS]
    frames = np.arange(FRAMES)
    out = score(Lifted(frames, 1.2 * truth + 100, EXPECTED), truth)
    assert max(out[k] for k in ('mpjpe', 'n_mpjpe', 'pa_mpjpe')) < 1e-6
    assert body_length(1.2 * truth) == pytest.approx(1.2 * body_length(truth))
    moved = truth.copy()
    moved[:, LIMBS.index('LWrist'), 2] += 120
    out = score(Lifted(frames[5:], moved[5:], EXPECTED[5:]), truth)
    assert 5 < out['mpjpe'] < 20 and out['joints']['LWrist'] > 80
    assert out['expected'] == pytest.approx(10 / out['mpjpe'], rel=0.1)
    assert out['frames'] == FRAMES - 5


def test_command(home, tmp_path, capsys):
    args = ['--task', 'lift', '--root', str(home), '--out', str(tmp_path)]
    for row in ('single', 'mediapipe'):
        path = run.main([*args, '--preset', f'real/{row}'])
    assert 'swaps fixed' in path.read_text().lower()
    assert 'PA-MPJPE' in capsys.readouterr().out
    folder = path.parent
    records = {
        name: json.loads((folder / name / '0' / 'metrics.json').read_text())
        for name in ('single', 'mediapipe')
    }
    assert 'MediaPipe 2: 8' in path.read_text()
    table = {
        (r['view'], r['swaps']): r['mpjpe']
        for r in records['mediapipe']['records']
        if r['reference'] == 'refined' and r['smoothing'] == 'off'
    }
    assert max(table[i, 'fixed'] for i in (1, 2, 3, 4)) < 2  # the truth
    assert table[2, 'as found'] > 20 > table[1, 'as found']
    for r in records['single']['records']:
        if r['swaps'] == 'fixed':
            assert r['pa_mpjpe'] < r['mpjpe'] < 200 and r['frames'] == FRAMES


@pytest.mark.parametrize(
    'broken, message',
    [
        ('', 'docs/results/real.md'),
        ('mediapipe/cam03.json', 'cam03.json'),
        (str(CALIBRATION), 'Calib.qca.txt'),
    ],
)
def test_missing_files_are_named(home, tmp_path, broken, message):
    if broken:
        shutil.copytree(home / 'pose2sim', tmp_path / 'pose2sim')
        (tmp_path / 'pose2sim' / broken).unlink()
    args = ['--task', 'lift', '--preset', 'real/single']
    with pytest.raises(ValueError, match=message):
        run.main([*args, '--root', str(tmp_path), '--out', str(tmp_path)])


def test_damaged_files_are_refused(home, tmp_path):
    folder = tmp_path / 'pose2sim'
    shutil.copytree(home / 'pose2sim', folder)
    (folder / 'mediapipe' / 'cam02.json').write_text('[null]')
    with pytest.raises(ValueError, match='cam02.json'):
        load_clip(folder)
    for text in ('<a>', '<a/>', '<!DOCTYPE a><a/>', FILE.format('<camera/>')):
        (folder / CALIBRATION).write_text(text)
        with pytest.raises(ValueError, match='Could not read the cameras'):
            load_clip(folder)


def test_needs_weights(home, tmp_path):
    args = ['--task', 'lift', '--data', 'real', '--root', str(home)]
    with pytest.raises(ValueError, match='--weights'):
        run.main([*args, '--out', str(tmp_path)])


@pytest.mark.skipif(
    find_clip(DATA) is None,
    reason="the demo of Pose2Sim is not in PYG_HCSF_DATA's pose2sim",
)
def test_real_files():
    clip = load_clip(find_clip(DATA))
    known = references(clip)
    assert 3500 < body_length(known['refined'].points) < 3900
