"""The headline of openmocap: the mean over people."""

import pytest
import torch
from torch_geometric.data import Data

from experiments.pose.evaluate import Evaluator, Predictions
from experiments.pose.report import PoseReport
from experiments.reporting.compare import compare
from experiments.reporting.runs import load_runs
from pyg_hcsf.protocols import get_protocol
from pyg_hcsf.skeleton import H36M17
from tests.experiments.fake_runs import make_runs

# Subject, action, frames, error in mm of each clip.
CLIPS = (
    ('CMU60+61', 'salsa', 30, 10.0),
    ('CMU60+61', 'salsa', 10, 30.0),
    ('CMU94', 'indian dance', 10, 60.0),
    ('HDM05-mm', 'squat', 10, 80.0),
)


def score(protocol):
    clips = [
        Data(
            x=torch.zeros(17, frames, 2),
            joints=torch.zeros(17, frames, 3),
            subject=subject,
            action=action,
            camera='54138969',
            clip=f'{number}',
            focal=torch.ones(1, 2),
            center=torch.zeros(1, 2),
            image_size=torch.ones(1, 2),
        )
        for number, (subject, action, frames, _) in enumerate(CLIPS)
    ]
    torch.manual_seed(0)
    joints = torch.randn(60, 17, 3, dtype=torch.float64) * 300
    lengths = torch.tensor([c[2] for c in CLIPS])
    clip = torch.arange(len(CLIPS)).repeat_interleave(lengths)
    error = torch.tensor([c[3] for c in CLIPS], dtype=torch.float64)
    pose = joints.clone()
    pose[..., 0] += error[clip][:, None]
    frame = torch.cat([torch.arange(c[2]) for c in CLIPS])
    out = Predictions(pose, joints, pose[..., :2], clip, frame, 1.0)
    evaluator = Evaluator(clips, get_protocol(protocol))
    return evaluator.score(out, H36M17.joints)


def test_each_person_counts_once():
    found = score('openmocap')
    assert found['mpjpe'] == pytest.approx((15 + 60 + 80) / 3)
    over_frames = (30 * 10 + 10 * 30 + 10 * 60 + 10 * 80) / 60
    assert found['over_frames']['mpjpe'] == pytest.approx(over_frames)
    assert found['per_subject']['CMU60+61']['mpjpe'] == pytest.approx(15)
    assert 'per_rig' not in found
    assert score('3dhp-official')['mpjpe'] == pytest.approx(over_frames)


def test_rigs_are_told_apart():
    rigs = score('openmocap-rigs')['per_rig']
    assert rigs['DAZ']['mpjpe'] == pytest.approx((15 + 60) / 2)
    assert (rigs['DAZ']['frames'], rigs['HDM05']['frames']) == (50, 10)
    assert rigs['HDM05']['mpjpe'] == pytest.approx(80)


def test_report(tmp_path, monkeypatch):
    monkeypatch.setattr(PoseReport, 'draw', lambda *_: {})  # slow
    make_runs(
        tmp_path,
        seeds=(0,),
        actions=('walk', 'run', 'box'),
        subjects=('CMU05', 'CMU09'),
        average='subjects',
        data='openmocap 2',
    )
    runs = load_runs(tmp_path)
    text = PoseReport().write(tmp_path).read_text()
    assert 'averaged over: subjects' in text
    assert 'MPJPE over frames (mm)' in text
    printed = ' '.join(PoseReport().print_summary(runs).split())
    assert 'averaged over subjects' in printed and 'over frames' in printed
    c = compare(runs, 'hcsf', 'lcn')
    lcn, hcsf = (r.metrics['mpjpe'] for r in runs)
    assert c.difference == pytest.approx(hcsf - lcn, abs=1e-4)
    assert c.clusters == 6
