"""The test on a rig that is not in the training data."""

from experiments.pose import data, report
from experiments.pose.config import ClipsConfig, RunConfig
from experiments.reporting.runs import load_runs
from experiments.sweep.presets import load_preset
from pyg_hcsf.protocols import get_protocol
from tests.experiments.fake_runs import make_runs


def test_preset():
    preset = load_preset('pose', 'cross_rig')
    assert preset.data == 'openmocap-rigs'
    protocol = data.find_protocol(RunConfig(), preset.data)
    assert protocol.name == 'openmocap-rigs'
    assert preset.rows == load_preset('pose', 'openmocap').rows
    overlay = load_preset('pose', 'cross_rig', 'ablation')
    assert overlay.data == 'openmocap-rigs'
    assert overlay.rows['hcsf']['train']['steps'] == 1200


def test_the_rig_is_held_out(tmp_path, monkeypatch):
    asked = {}

    def load(**options):
        asked[options['split']] = options['held_out']
        return []

    monkeypatch.setattr(data, 'OpenMocap', load)
    monkeypatch.setattr(data.OpenMocap, 'found', lambda _: True, raising=False)
    data._load.cache_clear()
    protocol = get_protocol('openmocap-rigs')
    for split in ('train', 'val', 'test'):
        data.load_clips(
            'openmocap-rigs', tmp_path, split, ClipsConfig(), protocol
        )
    assert asked == dict.fromkeys(('train', 'val', 'test'), 'rig')
    data.load_clips('openmocap', tmp_path, 'val', ClipsConfig(), protocol)
    assert asked['val'] == 'subjects'
    data._load.cache_clear()


def test_report(tmp_path, monkeypatch):
    monkeypatch.setattr(report.PoseReport, 'draw', lambda *_: {})  # slow
    scores = {'pck': 87.5, 'auc': 48.1, 'mpjpe': 61.0, 'frames': 9}
    rigs = {'DAZ': {'mpjpe': 71.5}, 'HDM05': {'mpjpe': 83.5}}
    make_runs(
        tmp_path,
        seeds=(0,),
        data='openmocap-rigs 2',
        protocol='openmocap-rigs',
        pck={'All': scores},
        per_rig=rigs,
    )
    text = report.PoseReport().write(tmp_path).read_text()
    assert 'trained without the rigs of HDM05 and DAZ, tested on them' in text
    assert 'MPJPE by rig (mm)' in text and '71.5' in text and '83.5' in text
    assert 'PCK All (%)' in text and '87.5' in text and '48.1' in text
    assert 'of 14 joints' in text and 'not Human3.6M' in text
    printed = report.PoseReport().print_summary(load_runs(tmp_path))
    assert 'PCK All' in printed and 'MPJPE by rig (mm)' in printed
