"""Networks of the 23 joints that detectors find, with expected errors."""

from dataclasses import replace

import numpy as np
import pytest
import torch

from pyg_hcsf.geometry.bodies import layout_joints
from pyg_hcsf.geometry.root_ray import SIZE_PER_HEIGHT
from pyg_hcsf.keypoints import (
    Keypoints,
    Track,
    common_names,
    convert_joints,
)
from pyg_hcsf.lifting import Lifter, LiveLifter
from pyg_hcsf.lifting.expected_error import expected_error
from pyg_hcsf.lifting.lifter_ensemble import LifterEnsemble, uncertainty
from pyg_hcsf.skeleton import get_skeleton
from tests.lifting.conftest import SIZE, make_weights
from tests.lifting.test_live_lifter import check_equal, push_all
from tests.scale import deviation

IMAGES = {'skeleton': 'h36m23'}
ERRORS = {'out_channels': 4, 'output_scale': 0.01}
TEMPORAL = {'frames': 9, 'temporal': 'add'}
LAYOUTS = ('coco17', 'halpe26', 'body25', 'mediapipe33', 'h36m17')


@pytest.fixture(scope='module')
def images(tmp_path_factory):
    """Weights of single frames, and of nine that span a second."""
    folder = tmp_path_factory.mktemp('images')
    calibrated = {**IMAGES, 'calibration': (0.01, 1.5)}
    slow = {**calibrated, 'fps': 25 / 3}
    return {
        'single': make_weights(
            folder / 'single.safetensors', info=calibrated, **ERRORS
        ),
        'temporal': make_weights(
            folder / 'temporal.safetensors', info=slow, **ERRORS, **TEMPORAL
        ),
    }


@pytest.fixture(scope='module')
def detections(walk):
    """The walk as each detector finds it."""
    joints = walk.joints[None].double()
    body = layout_joints(joints, 'halpe26', torch.Generator().manual_seed(0))
    body = body[0].numpy()
    xy = 2112 * body[..., :2] / body[..., 2:] + np.array([960.0, 540.0])
    halpe = common_names('halpe26')
    found = {}
    for layout in LAYOUTS[:-1]:
        names = common_names(layout)
        known = np.array([name in halpe for name in names])
        rows = [halpe.index(n) if n in halpe else 0 for n in names]
        points = np.where(known[:, None], xy[:, rows], np.nan)
        found[layout] = points, np.where(known, 0.9, 0.0) + 0 * xy[:, :1, 0]
    found['h36m17'] = convert_joints(*found['halpe26'], 'halpe26')
    return {
        layout: Keypoints(
            layout, (Track('1', np.arange(len(xy)), *arrays),), 'test', SIZE
        )
        for layout, arrays in found.items()
    }


@pytest.mark.parametrize('layout', LAYOUTS)
@pytest.mark.parametrize('kind', ['single', 'temporal'])
def test_any_layout_live_and_offline(images, detections, kind, layout):
    keypoints = detections[layout]
    lifter = Lifter(images[kind], image_size=SIZE, smooth=False, fps=25.0)
    (person,) = lifter.lift(keypoints)
    assert person.pose.shape == (60, 17, 3)
    assert person.skeleton.name == 'h36m17'
    assert person.layout.name == layout
    assert ('3 apart, 12 ahead' in person.note) == (kind == 'temporal')
    assert 'not calibrated' not in person.note
    live = LiveLifter(lifter, layout)
    assert live.delay == (12 if kind == 'temporal' else 0)
    check_equal(push_all(live, keypoints.tracks[0]), person)


def test_windows_span_a_second_at_any_frame_rate(images, detections):
    track = detections['coco17'].tracks[0]
    for fps, delay in ((10.0, 4), (25.0, 12), (30.0, 14), (50.0, 24)):
        lifter = Lifter(images['temporal'], image_size=SIZE, fps=fps)
        live = LiveLifter(lifter)
        assert live.delay == delay
        out = [
            [pose.frame for pose in live.push(i, xy, score)]
            for i, (xy, score) in enumerate(
                zip(track.xy, track.score, strict=True)
            )
        ]
        assert out == [[i - delay] if i >= delay else [] for i in range(60)]


def test_feet_and_ears_are_seen(images, detections):
    lifter = Lifter(images['single'], smooth=False)
    poses = {
        layout: lifter.lift(k)[0].pose for layout, k in detections.items()
    }
    off = {k: deviation(pose, poses['halpe26']) for k, pose in poses.items()}
    # The same joints in another order. MediaPipe has no neck and hip: theirs
    # are the middle of the shoulders and hips in the image, not in space.
    assert off['body25'] < 1e-5 and off['mediapipe33'] < 0.01
    assert off['coco17'] > 0.02 and off['h36m17'] > 0.02  # no feet; no face


def test_uncertainty_is_the_calibrated_expected_error(images, detections):
    (person,) = Lifter(images['single'], smooth=False, height=1600.0).lift(
        detections['halpe26']
    )
    network = LifterEnsemble([images['single']])
    floor, slope = network.info.calibration
    given = []

    class Recorder:
        info = network.info

        def __call__(self, x):
            given.append(network(x)[1])
            return network(x)

    lifter = Lifter(images['single'], smooth=False, height=1600.0)
    lifter.network = lambda layout, video: Recorder()
    lifter.lift(detections['halpe26'])
    expected = floor + slope * torch.cat(given)
    size = SIZE_PER_HEIGHT * 1600
    assert deviation(person.uncertainty, size * expected) < 1e-5
    assert float(expected.std()) > 0


def test_network_sees_image_and_mirror_image(images):
    network = LifterEnsemble([images['single']])
    (model,) = network.models
    x = torch.rand(3, 1, 23, 3)
    y, errors = network(x)
    both = [model(x[:, 0]), network.mirror(model(network.mirror(x)[:, 0]))]
    both = torch.stack(both)[:, :, :17]
    assert deviation(y, both[..., :3].mean(dim=0)) < 1e-5
    assert deviation(errors, expected_error(both).mean(dim=0)) < 1e-5
    assert y.shape == (3, 17, 3) and errors.shape == (3, 17)
    again, same = network(network.mirror(x))
    mirrored = list(get_skeleton('h36m17').mirrored)
    assert deviation(same[:, mirrored], errors) < 1e-5
    flipped = again[:, mirrored] * torch.tensor([-1.0, 1.0, 1.0])
    assert deviation(flipped, y) < 1e-5
    side = torch.zeros(23, 4)
    side[19] = torch.tensor([1.0, 2.0, 3.0, 4.0])  # the left big toe
    assert network.mirror(side)[20].tolist() == [-1.0, 2.0, 3.0, 4.0]


def test_uncertainty_of_predictions():
    y = torch.zeros(2, 1, 17, 4)
    y[1, ..., 3] = (2 - 1 / 2) / 100  # a factor of 2
    y[1, ..., 0] = 5.0  # disagreement does not count
    expected = 0.03 * (1 + 2) / 2
    torch.testing.assert_close(
        uncertainty(y), torch.full((1, 17), expected, dtype=torch.float)
    )
    assert torch.equal(uncertainty(y[..., :3]), torch.full((1, 17), 5.0))


def test_networks_of_other_joints_or_outputs_are_refused(tmp_path, images):
    plain = make_weights(tmp_path / 'plain.safetensors', info=IMAGES)
    body = make_weights(tmp_path / 'body.safetensors', **ERRORS)
    for other, word in ((plain, 'outputs'), (body, 'skeleton')):
        with pytest.raises(ValueError, match=f"to have one '{word}'") as e:
            LifterEnsemble([images['single'], other])
        assert str(other) in str(e.value)
    twice = make_weights(
        tmp_path / 'twice.safetensors', seed=1, info=IMAGES, **ERRORS
    )
    y, _ = LifterEnsemble([images['single'], twice])(torch.rand(2, 1, 23, 3))
    assert y.shape == (2, 17, 3)


def test_networks_of_motion_capture_see_converted_joints(tmp_path, detections):
    weights = make_weights(
        tmp_path / 'h36m17.safetensors', info={'layout': 'h36m17'}
    )
    lifter = Lifter(weights, smooth=False)
    coco = detections['coco17']
    (track,) = coco.tracks
    xy, score = convert_joints(track.xy, track.score, 'coco17', 'h36m17')
    known = replace(track, xy=xy, score=score)
    (expected,) = lifter.lift(replace(coco, layout='h36m17', tracks=(known,)))
    (person,) = lifter.lift(coco)
    np.testing.assert_array_equal(person.pose, expected.pose)
