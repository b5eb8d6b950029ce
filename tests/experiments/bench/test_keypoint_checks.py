import numpy as np
import pytest

from experiments.bench import keypoint_checks as bench_checks
from experiments.fitting import keypoint_checks as fit_checks
from experiments.fitting import keypoint_mistakes, postures
from pyg_hcsf.datasets.synthetic.dataset import motion_clip
from pyg_hcsf.keypoints import LAYOUTS, common_names
from pyg_hcsf.keypoints.checks import body, left_right, stretch
from pyg_hcsf.skeleton import H36M17

CLIPS = [motion_clip('S11', a, 1, 50) for a in ('Walking', 'Posing')]


@pytest.fixture(scope='module')
def files():
    return list(bench_checks.make_files(CLIPS))


def test_files(files):
    assert len(files) == 16
    assert {file.keypoints.layout for file in files} == set(LAYOUTS)
    for name, _, k, _ in files:
        (track,) = k.tracks
        assert name.startswith('S11') and track.xy.shape[0] == 50
        seen = track.score > 0
        assert np.isfinite(track.xy[seen]).all() and seen.mean() > 0.9


def test_postures():
    rng = np.random.default_rng(0)
    for clip in postures.in_postures(CLIPS * 3, 0):
        pos = clip.pos.transpose(0, 1).numpy()
        bones = np.linalg.norm(
            pos[:, 1:] - pos[:, list(H36M17.parents[1:])], axis=-1
        )
        assert np.isfinite(pos).all()
        # Bones keep their lengths, but those that meet at a bend.
        limbs = [H36M17.joints.index(n) - 1 for n in ('RKnee', 'LWrist')]
        assert np.ptp(bones[:, limbs], axis=0).max() < 1
    at = H36M17.joints.index
    ride = postures.ride(CLIPS[0].pos.transpose(0, 1).numpy(), rng)
    across = ride[:, at('LHip')] - ride[:, at('RHip')]
    assert (np.abs(across[:, 0]) > 2 * np.abs(across[:, 1])).all()
    assert (ride[:, at('LKnee'), 1] > ride[:, at('Hip'), 1]).all()


def test_confused_limbs(files):
    k = files[0].keypoints
    rng = np.random.default_rng(0)
    found = keypoint_mistakes.confused(k, rng).tracks[0].xy
    names = common_names(k.layout)
    moved = [n for i, n in enumerate(names)
             if not np.array_equal(found[:, i], k.tracks[0].xy[:, i],
                                   equal_nan=True)]  # fmt: skip
    assert {n[1:] for n in moved} <= {'Knee', 'Ankle', 'Elbow', 'Wrist'}


def test_most_mistakes_are_found(files, monkeypatch, capsys):
    monkeypatch.setattr(bench_checks, 'load_files', lambda *args: files)
    assert bench_checks.main(['--synthetic']) == 0
    out = capsys.readouterr().out
    rows = bench_checks.measure(files)
    made = set(rows['mistake']) & set(bench_checks.MISTAKES)
    assert len(made) > len(bench_checks.MISTAKES) - 3  # few have two shapes
    for name in made:
        assert f'| {name} ' in out
    assert rows[rows['mistake'].isin(made)]['found'].mean() > 0.9
    assert rows[rows['mistake'] == bench_checks.NONE]['found'].mean() < 0.2
    confused = rows[rows['mistake'] == bench_checks.CONFUSED]['as']
    assert confused.str.contains('some sides').mean() < 0.2


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
    monkeypatch.setattr(fit_checks, 'ROUNDS', 1)
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
    monkeypatch.setattr(left_right, 'weights', lambda: fitted)
    told = []
    for file in files:
        (track,) = file.keypoints.tracks
        seen = left_right.pose_features(track, file.keypoints.layout, 25.0)
        told.append(left_right.side_logits(seen).mean(axis=0))
        found = left_right.side_evidence(file.keypoints)
        np.testing.assert_allclose(found.left, told[-1][0], atol=0.5)
        log = stretch.log_stretch(file.keypoints.tracks, file.keypoints.layout)
        assert abs(log) < 0.5
    assert np.mean(np.stack(told) > 0) > 0.9
    assert fit_checks.main(['--only', 'stretch']) == 0
    with np.load(tmp_path / 'body.npz', allow_pickle=False) as arrays:
        for name, array in fitted.items():
            np.testing.assert_array_equal(arrays[name], array)
