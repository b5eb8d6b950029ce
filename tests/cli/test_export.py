"""Networks as ONNX."""

import logging

import pytest
import torch

from pyg_hcsf.cli.export import main
from pyg_hcsf.lifting import LifterInfo, load_lifter, save_lifter
from pyg_hcsf.nn import PoseLifter
from pyg_hcsf.nn.models.from_run import save_network
from pyg_hcsf.recognition import load_recognizer
from tests.own_skeletons import HAND
from tests.recognition.small_recognizer import make_recognizer

pytestmark = pytest.mark.filterwarnings('ignore')  # of the exporter itself


@pytest.fixture(autouse=True)
def runtime():
    pytest.importorskip('onnxscript')
    return pytest.importorskip('onnxruntime')


def check(session, output, model, x):
    (out,) = session.run([output], {'x': x.numpy()})
    with torch.no_grad():
        expected = model(x)
    torch.testing.assert_close(
        torch.from_numpy(out), expected, rtol=1e-4, atol=1e-5
    )


@pytest.mark.parametrize('weights', ['single_h36m17', 'temporal_coco17'])
def test_lifter(weights, tmp_path, runtime, capsys):
    path = tmp_path / 'lifter.onnx'
    assert main([weights, str(path)]) == path
    assert 'x [B, ' in capsys.readouterr().out
    assert not logging.getLogger('torch.onnx').isEnabledFor(logging.WARNING)
    assert [file.name for file in tmp_path.iterdir()] == ['lifter.onnx']
    model, info = load_lifter(weights)
    session = runtime.InferenceSession(path)
    for batch in (1, 5):
        joints = model.skeleton.num_joints
        x = torch.randn(batch, info.frames, joints, 3) / 3
        x = x.squeeze(1) if info.frames == 1 else x
        check(session, 'pose', model, x)


def test_lifter_of_joints_in_images(tmp_path, runtime, capsys):
    options = {'in_channels': 3, 'out_channels': 4, 'hidden_channels': 8}
    options |= {'frames': 9, 'temporal': 'add', 'output_scale': 0.01}
    info = LifterInfo('coco17', options, skeleton='h36m23')
    weights = tmp_path / 'images.safetensors'
    save_lifter(weights, info.build(), info)
    path = tmp_path / 'lifter.onnx'
    main([str(weights), str(path)])
    said = capsys.readouterr().out
    assert 'x [B, 9, 23, 3] to pose [B, 23, 4]' in said
    model, _ = load_lifter(weights)
    x = torch.randn(3, 9, 23, 3) / 3
    check(runtime.InferenceSession(path), 'pose', model, x)


def test_run_of_an_action_network(tmp_path, runtime):
    weights = tmp_path / 'run' / 'recognizer.safetensors'
    weights.parent.mkdir()
    make_recognizer(weights)
    path = tmp_path / 'actions.onnx'
    main([str(weights.parent), str(path)])
    model, info = load_recognizer(weights)
    session = runtime.InferenceSession(path)
    joints = model.skeleton.num_joints
    for batch in (1, 3):
        x = torch.randn(batch, info.length, info.num_bodies, joints, 3)
        check(session, 'scores', model, x)


@pytest.mark.parametrize('frames', [1, 3])
def test_pose_run(frames, tmp_path, runtime):
    options = {'hidden_channels': 8, 'num_blocks': 1, 'frames': frames}
    save_network(tmp_path, PoseLifter(HAND, **options), options, 'arrays')
    path = tmp_path / 'hand.onnx'
    main([str(tmp_path), str(path)])
    model = PoseLifter.from_run(tmp_path)
    session = runtime.InferenceSession(path)
    for batch in (1, 3):
        x = torch.rand(batch, *[frames] * (frames > 1), HAND.num_joints, 2)
        check(session, 'pose', model, x)


def test_other_folders(tmp_path):
    with pytest.raises(ValueError, match='the folder of a finished run'):
        main([str(tmp_path), str(tmp_path / 'a.onnx')])
