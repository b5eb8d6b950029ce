import sys
from pathlib import Path

import numpy as np
import pytest

from pyg_hcsf.datasets.synthetic_motion import motion_clip
from pyg_hcsf.io.keypoints import LAYOUTS, body, sides

sys.path.insert(0, str(Path(__file__).parents[2] / 'tools'))

import bench_checks  # noqa: E402
import fit_checks  # noqa: E402

CLIPS = [motion_clip('S11', a, 1, 50) for a in ('Walking', 'Posing')]


@pytest.fixture(scope='module')
def files():
    return list(bench_checks.make_files(CLIPS))


def test_files(files):
    assert len(files) == 16
    assert {file.keypoints.layout for file in files} == set(LAYOUTS)
    for name, _, k in files:
        (track,) = k.tracks
        assert name.startswith('S11') and track.xy.shape[0] == 50
        seen = track.score > 0
        assert np.isfinite(track.xy[seen]).all() and seen.mean() > 0.9


def test_most_mistakes_are_found(files, monkeypatch, capsys):
    monkeypatch.setattr(bench_checks, 'load_files', lambda *args: files)
    assert bench_checks.main(['--synthetic']) == 0
    out = capsys.readouterr().out
    for name in bench_checks.MISTAKES:
        assert f'| {name} ' in out
    rows = bench_checks.measure(files)
    correct = rows['mistake'] == bench_checks.NONE
    assert rows[~correct]['found'].mean() > 0.9
    assert rows[correct]['found'].mean() < 0.2


def test_fit(files, monkeypatch, tmp_path, capsys):
    clips = bench_checks.synthetic_clips('train')[:2]
    bodies = fit_checks.other_bodies(clips, 0)
    assert all(
        0.01 < float((a.pos - b.pos).norm() / a.pos.norm()) < 0.5
        for a, b in zip(clips, bodies, strict=True)
    )
    monkeypatch.setattr(fit_checks, 'real_clips', lambda root, split: [])
    monkeypatch.setattr(fit_checks, 'synthetic_clips', lambda split: clips)
    monkeypatch.setattr(fit_checks, 'make_files', lambda clips, seed: files)
    monkeypatch.setattr(fit_checks, 'PATH', tmp_path / 'body.npz')
    monkeypatch.setattr(fit_checks, 'PASSES', 2)
    monkeypatch.setattr(fit_checks, 'EPOCHS', 30)
    monkeypatch.setattr(fit_checks, 'BATCH', 64)
    assert fit_checks.main([]) == 0
    with np.load(tmp_path / 'body.npz', allow_pickle=False) as arrays:
        fitted = {name: arrays[name].astype(float) for name in arrays}
    assert fitted.keys() == body.weights().keys()
    for name, array in fitted.items():
        assert array.shape == body.weights()[name].shape
    # It has learnt what it saw.
    monkeypatch.setattr(body, 'weights', lambda: fitted)
    monkeypatch.setattr(sides, 'weights', lambda: fitted)
    told = [sides.tell_sides(file.keypoints)[0] for file in files]
    assert np.mean(np.stack(told) > 0) > 0.9
