import pytest
import torch

from examples import export_onnx
from pyg_hcsf.lifting import load_lifter


@pytest.mark.filterwarnings('ignore')  # of the exporter, about itself
@pytest.mark.parametrize('weights', ['single_h36m17', 'temporal_coco17'])
def test_lifter_as_onnx(weights, tmp_path):
    pytest.importorskip('onnxscript')
    runtime = pytest.importorskip('onnxruntime')
    path = tmp_path / 'lifter.onnx'
    export_onnx.main(weights, path)
    assert [file.name for file in tmp_path.iterdir()] == ['lifter.onnx']
    model, info = load_lifter(weights)
    session = runtime.InferenceSession(path)
    for batch in (1, 5):
        x = torch.randn(batch, info.frames, 17, 3) / 3
        x = x.squeeze(1) if info.frames == 1 else x
        (pose,) = session.run(['pose'], {'x': x.numpy()})
        with torch.no_grad():
            torch.testing.assert_close(
                torch.from_numpy(pose), model(x), rtol=0, atol=1e-5
            )
