import torch

from examples import train_lifter
from pyg_hcsf.nn import PoseLifter


def test_error_falls(tmp_path, capsys):
    path = tmp_path / 'lifter.pt'
    error = train_lifter.main(
        path, epochs=2, num_frames=10, hidden_channels=16
    )
    lines = capsys.readouterr().out.splitlines()
    first = float(lines[0].split()[-2])
    assert len(lines) == 2 and error < 0.9 * first
    PoseLifter(hidden_channels=16, dropout=0.0).load_state_dict(
        torch.load(path, weights_only=True)
    )
