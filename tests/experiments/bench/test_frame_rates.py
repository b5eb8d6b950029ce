from experiments.bench import frame_rates
from pyg_hcsf.datasets.synthetic.dataset import motion_clip
from pyg_hcsf.lifting.lifter_ensemble import LifterEnsemble


def test_errors_by_rule():
    network = LifterEnsemble(['temporal_h36m17'])
    clips = [motion_clip('S9', 'Walking', 1, 60)]
    by_rate = {
        fps: dict(frame_rates.errors(network, clips, fps)) for fps in (15, 25)
    }
    for fps, found in by_rate.items():
        assert len(found) == 4
        for condition in frame_rates.CONDITIONS:
            own = found[f'{condition}, frame strides']
            even = found[f'{condition}, every n-th']
            assert 10 < own < 300
            assert (own == even) == (fps == 25)
