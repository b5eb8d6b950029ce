"""Windows of CMU's actions, and the score of weights on them."""

import csv

import numpy as np
import pytest
import torch
from torch_geometric.data import Data

from experiments.action import cmu, cmu_takes, data, score_weights
from experiments.action.clips import ActionRequest
from experiments.action.config import ActionClipsConfig
from experiments.sweep import ledger, sources
from pyg_hcsf.datasets.mocap.openmocap_people import split_of
from tests.paths import DATA
from tests.recognition.small_recognizer import make_info, make_model
from tests.recognition.test_pose_windows import stepping

REQUEST = ActionRequest(
    root='', split='val', normalize='auto', hold_out=True, num_frames=20,
    lift='single', scenes=2, windows=6,
)  # fmt: skip


def make_takes(frames=50):
    """Two takes of every action, each true and lifted."""
    return [
        cmu_takes.Take(action, person, f'{person}_{i}', source, pose.float())
        for i, action in enumerate(cmu.ACTIONS)
        for person in ('CMU01', 'CMU02')
        for source, pose in (
            ('true', stepping(frames)),
            ('lifted', 1.1 * stepping(frames)),
        )
    ]


def clip(action, name, subject='CMU14', frames=50):
    pos = torch.ones(17, frames, 3)
    return Data(action=action, clip=name, subject=subject, pos=pos)


def actions_of(action, name, subject='CMU14', frames=1000):
    parts = cmu_takes.parts_of(clip(action, name, subject, frames))
    return [(part.action, part.pos.size(0)) for part in parts]


def test_actions():
    for action, name, expected in (
        ('walk', '07_01', 'walk'),
        ('salsa', 'salsa_01.2', 'dance'),
        ('playground', '14_33', 'climb'),
        ('walk', '14_31.0', 'everyday'),
        ('squat1Reps', 'HDM_mm_squat1Reps_001', 'gymnastics'),
    ):
        assert actions_of(action, name) == [(expected, 1000)]
    for action, name in (
        ('jump', '14_07'),
        ('acting', '14_17'),
        ('lieDownFloor', 'HDM_mm_lieDownFloor_001'),
    ):
        assert actions_of(action, name) == []
    assert actions_of('walk', '07_01', frames=10) == []  # too short
    assert set(cmu_takes.GROUPS.values()) <= set(cmu.ACTIONS)
    assert set(cmu_takes.TRIALS.values()) <= {*cmu.ACTIONS, ''}


def test_trials_of_several_actions():
    assert actions_of('walk', '86_09') == [
        ('walk', 220),
        ('everyday', 535),
        ('walk', 225),
    ]
    assert not set(cmu_takes.PARTS) & set(cmu_takes.TRIALS)
    for parts in cmu_takes.PARTS.values():
        times = [t for start, stop, _ in parts for t in (start, stop)]
        assert times == sorted(times)
        assert {action for _, _, action in parts} <= set(cmu.ACTIONS)


def test_hdm05_is_not_trained_on(monkeypatch):
    clips = [clip('run', '35_17', 'CMU35'), clip('run', 'x', 'HDM05-bd')]
    clips += [clip('acting', '14_17')]
    monkeypatch.setattr(cmu_takes, 'find_openmocap', lambda root: root)
    monkeypatch.setattr(
        cmu_takes, 'openmocap_motion', lambda raw, split: clips
    )
    names = {
        split: [c.subject for c in cmu_takes.labelled(DATA, split)]
        for split in ('train', 'val')
    }
    assert names == {'train': ['CMU35'], 'val': ['CMU35', 'HDM05-bd']}
    assert cmu_takes.labelled(DATA, 'val')[0].pos.shape == (50, 17, 3)


def test_scenes():
    clips = [
        Data(pos=stepping(200), action=action, clip=person, subject=person)
        for action in cmu.ACTIONS
        for person in ('CMU01', 'CMU02')
    ]
    scenes = list(cmu_takes.draw_scenes(clips, 10, np.random.default_rng(0)))
    assert len(scenes) == 10 * len(cmu.ACTIONS)
    assert {len(scene.pos) for scene in scenes} == {150}
    right = [scene.pos[0, 1] - scene.pos[0, 4] for scene in scenes]
    signs = {bool(x[0] > 0) for x in right}
    assert signs == {True, False}  # some are mirrored
    parts = list(cmu_takes.cut_scenes([clips[0].clone()]))
    assert [len(part.pos) for part in parts] == [200]


def test_windows():
    takes = make_takes()
    train = list(cmu.draw_windows(takes, REQUEST))
    assert len(train) == 6 * len(cmu.ACTIONS)
    lengths = [window.x.size(1) for window in train]
    assert min(lengths) >= 16 and max(lengths) <= 25 > min(lengths)
    still = [float(w.x[0].abs().max()) < 1e-6 for w in train]
    assert 0 < sum(still) < len(train) / 2  # without a path
    val = list(cmu.cut_windows(takes, REQUEST))
    assert {w.source for w in val} == {'true', 'lifted', 'lifted, no path'}
    assert len(val) == 4 * 3 * len(takes) // 2  # starts 0, 10, 20, 30
    for window in val:
        assert window.x.shape == (17, 20, 3) and window.x.abs().max() < 3
        assert cmu.ACTIONS[window.y] == window.action
    assert len({window.clip for window in val}) == len(val)


def test_takes_are_made_once(tmp_path, monkeypatch):
    made = []

    def make(*arguments):
        made.append(arguments)
        return make_takes(20)

    monkeypatch.setattr(sources, 'HOME', tmp_path)
    monkeypatch.setattr(cmu_takes, 'make_takes', make)
    one, two = (
        cmu_takes.load_takes(DATA, 'val', 'single', 3) for _ in range(2)
    )
    assert len(made) == 1
    for a, b, c in zip(one, two, make_takes(20), strict=True):
        assert a[:4] == b[:4] == c[:4]
        assert torch.equal(a.joints, b.joints)
        assert torch.equal(a.joints, c.joints)
    cmu_takes.load_takes(DATA, 'val', 'temporal', 3)
    assert len(made) == 2


@pytest.fixture
def weights(tmp_path, monkeypatch):
    """A small network of the actions, and made-up takes to score it on."""
    from pyg_hcsf.recognition import save_recognizer

    monkeypatch.setattr(data, 'find_once', lambda name, root: root)
    monkeypatch.setattr(cmu, 'load_takes', lambda *arguments: make_takes())
    monkeypatch.setattr(ledger, 'PATH', tmp_path / 'scores.csv')
    info = make_info(
        'h36m17',
        normalize=cmu.ALIGN,
        actions=cmu.ACTIONS,
        model={
            'out_channels': len(cmu.ACTIONS),
            'layer_options': {'short_hops': 1, 'long_hops': 2},
        },
    )
    path = tmp_path / 'recognizer.safetensors'
    save_recognizer(path, make_model(info), info)
    data._load.cache_clear()
    yield ['--run', str(path), '--root', str(tmp_path)]
    data._load.cache_clear()


def test_score(weights, capsys):
    metrics = score_weights.main(weights)
    out = capsys.readouterr().out
    assert '| person_mean |' in out and 'Confusion, lifted, no path' in out
    groups = metrics['by_source']
    assert list(groups) == ['true', 'lifted', 'lifted, no path']
    for group in groups.values():
        people = group['per_person'].values()
        assert group['person_mean'] == pytest.approx(np.mean([*people]))
        assert group['top1'] <= group['top2'] <= group['top5']
    assert not ledger.PATH.exists()  # validation people are in no ledger


def test_test_people_are_in_the_ledger(weights, capsys):
    with pytest.raises(SystemExit):
        score_weights.main([*weights, '--split', 'test'])
    assert not ledger.PATH.exists() and 'purpose' in capsys.readouterr().err
    score_weights.main([*weights, '--split', 'test', '--purpose', 'a test'])
    with ledger.PATH.open(newline='') as file:
        (row,) = csv.DictReader(file)
    assert row['purpose'] == 'a test' and 'test' in row['data']


def test_listed_clips_have_enough_people():
    """Every action has two training people or more."""
    from pyg_hcsf.datasets.mocap.openmocap_clips import listed_clips

    people = {}
    for name, entry in listed_clips().items():
        number = {'salsa': '60+61', 'indian': '94'}.get(
            name.split('_')[0], name.split('_')[0]
        )
        subject = f'CMU{number}'
        if split_of(subject) == 'train':
            for action, _ in actions_of(entry.action, name):
                people.setdefault(action, set()).add(subject)
    assert set(people) == set(cmu.ACTIONS)
    assert all(len(names) >= 2 for names in people.values()), people


def test_default_settings():
    config = ActionClipsConfig()
    assert (config.lift, config.scenes, config.windows) == ('auto', 64, 800)
