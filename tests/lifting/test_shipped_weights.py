"""The weights that come with the package."""

import pytest
import torch

from pyg_hcsf import metrics
from pyg_hcsf.datasets.synthetic.dataset import motion_clip
from pyg_hcsf.geometry import (
    body_size,
    decode_pose,
    human36m_cameras,
    look_at_root,
    project_views,
    window_input,
)
from pyg_hcsf.geometry.bodies import coco_joints
from pyg_hcsf.keypoints import convert_joints
from pyg_hcsf.lifting import available_weights, load_lifter
from pyg_hcsf.lifting.lifter_ensemble import uncertainty
from pyg_hcsf.lifting.lifter_weights import HOME
from pyg_hcsf.skeleton import H36M17

NAMES = [
    f'{kind}_{layout}'
    for kind in ('single', 'temporal')
    for layout in ('coco17', 'h36m17')
]


def test_what_comes_with_the_package():
    assert set(NAMES) <= set(available_weights())
    size = sum(path.stat().st_size for path in HOME.iterdir())
    assert size < 15e6
    assert 'NSF EIA-0196217' in (HOME / 'README.md').read_text()


@pytest.mark.parametrize('name', NAMES)
def test_card(name):
    _, info = load_lifter(name)
    assert info.layout == name.split('_')[1]
    frames, fps = (9, 25 / 3) if 'temporal' in name else (1, 25)
    assert info.frames == frames and info.fps == pytest.approx(fps)
    assert info.target == frames // 2  # the central one
    assert info.skeleton == ('h36m23' if 'coco17' in name else 'h36m17')
    assert 'EIA-0196217' in info.card['acknowledgement']
    assert info.card.keys() > {'data', 'licence', 'errors', 'limits'}
    floor, slope = info.calibration
    assert 0 <= floor < 0.1 and 0 <= slope < 2


@pytest.mark.parametrize('action', ['Walking', 'Sitting'])
@pytest.mark.parametrize('name', NAMES)
def test_lifts_people_that_are_not_in_the_training_data(name, action):
    model, info = load_lifter(name)
    pos = motion_clip('S9', action, 1, 50).pos.transpose(0, 1)
    camera = human36m_cameras()[1]
    view = project_views(pos, 'clip', cameras=[camera])[0]
    uv = view.keypoints
    if info.layout == 'coco17':
        generator = torch.Generator().manual_seed(0)
        # Face keypoints are made in world axes and projected alike.
        world = camera.camera_to_world(view.joints)
        coco = coco_joints(world[None], generator)[0]
        uv = camera.project(camera.world_to_camera(coco))
    score = torch.full(uv.shape[:-1], 0.9, dtype=uv.dtype)
    if info.layout == 'coco17':
        found = uv.numpy(), score.numpy()
        arrays = convert_joints(*found, 'coco17', info.skeleton)
        uv, score = map(torch.from_numpy, arrays)
    focal, center = (
        torch.tensor(v, dtype=uv.dtype) for v in (camera.focal, camera.center)
    )
    seen = look_at_root(uv, score, focal, center)
    span = 3 * torch.arange(info.frames)  # 25 / 3 Hz
    frames = span + torch.arange(len(uv) - int(span[-1])).view(-1, 1)
    x = window_input(seen.plane[frames], seen.score[frames]).float()
    target = frames[:, info.target]
    with torch.no_grad():
        out = model(x.squeeze(1) if info.frames == 1 else x).double()
    truth = view.joints[target]
    y = out[:, : H36M17.num_joints, :3]
    pose = decode_pose(y, seen.rotation[target], body_size(truth))
    truth = truth - truth[:, H36M17.root, None]
    # Joints are some 400 mm from the root; sitting is hard.
    assert metrics.mpjpe(pose, truth) < 100  # mm
    assert metrics.pa_mpjpe(pose, truth) < 80
    # Exact keypoints: the network expects errors of the right size.
    floor, slope = info.calibration
    spread = uncertainty(out[None, :, : H36M17.num_joints])
    expected = body_size(truth)[:, None] * (floor + slope * spread)
    ratio = (
        expected[:, 1:].mean()
        / metrics.joint_errors(pose, truth)[:, 1:].mean()
    )
    assert 0.5 < ratio < 2
