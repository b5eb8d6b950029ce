import threading

import torch

from pyg_hcsf.nn import PoseLifter
from pyg_hcsf.nn.kernels.workspace import CACHE, workspace


def test_buffer_is_reused_and_grows():
    x = torch.zeros(1)
    first = workspace(x, 'test', 2, 3)
    assert first.shape == (2, 3)
    assert workspace(x, 'test', 6).data_ptr() == first.data_ptr()
    assert workspace(x, 'other', 6).data_ptr() != first.data_ptr()
    assert workspace(x.double(), 'test', 6).dtype == torch.double
    assert workspace(x, 'test', 3 * CACHE).shape == (3 * CACHE,)


def run_in_new_thread(function):
    """Runs a function in a thread, whose workspace is empty."""
    errors = []

    def run():
        try:
            function()
        except Exception as e:
            errors.append(e)

    thread = threading.Thread(target=run)
    thread.start()
    thread.join()
    assert not errors, errors


def test_training_after_inference_mode():
    def train():
        model = PoseLifter(hidden_channels=8)
        x = torch.rand(300, 17, 2)
        with torch.inference_mode():
            model.eval().folded()(x)
            model(x)
        model.train()(x).sum().backward()
        with torch.no_grad():
            model.eval()(x)

    run_in_new_thread(train)
