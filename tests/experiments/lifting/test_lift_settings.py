"""The presets of the lift task, and the checks of their settings."""

import pytest
import torch
from torch_geometric.data import Data

from experiments import run
from experiments.lifting import data, task
from experiments.lifting.config import MotionConfig
from experiments.sweep.presets import list_presets
from pyg_hcsf.lifting import load_lifter
from tests.experiments.lifting.test_lift import SMOKE
from tests.paths import REPO

# Clips of a second may look wrong.
pytestmark = pytest.mark.filterwarnings('ignore:These keypoints look wrong')


def test_presets_are_listed(capsys):
    run.main(['--task', 'lift', '--list'])
    said = capsys.readouterr().out
    for name in ('default', 'bodies', 'people', 'compare', 'real'):
        assert name in said
    run.main(['--task', 'lift', '--list', '--preset', 'people'])
    assert 'people_all_bodies' in capsys.readouterr().out


def temporal_args(out):
    args = ['--task', 'lift', '--data', 'synthetic', '--out', str(out)]
    args += ['--preset', 'default/temporal_coco17', '--train.steps', '1']
    args += ['--motion.num_frames', '20', '--motion.synthetic', '1']
    args += ['--evaluate.split', 'val']
    return [*args, '--train.batch_size', '8', '--model.hidden_channels', '8']


def test_a_row_that_goes_on_needs_the_other_one(tmp_path):
    with pytest.raises(
        ValueError, match="goes on from 'single_coco17'.*Run it first"
    ) as e:
        run.main(temporal_args(tmp_path))
    command = 'python experiments/run.py --task lift --preset default/single'
    assert f'{command}_coco17 --data synthetic --seed 0' in str(e.value)
    assert f'--out {tmp_path}' in str(e.value) and '--start' in str(e.value)


def test_a_row_goes_on_from_another_one(tmp_path, monkeypatch):
    args = [*SMOKE, '--preset', 'default/single_coco17', '--out']
    run.main([*args, str(tmp_path / 'runs')])
    # Its folder in a run that is no smoke test
    lift = tmp_path / 'runs' / 'lift'
    (lift / 'default-smoke').rename(lift / 'default')
    single, _ = load_lifter(lift / 'default' / 'single_coco17' / '0')
    made = []
    start = task.start_from

    def watch(model, *args):
        start(model, *args)
        made.append({k: v.clone() for k, v in model.state_dict().items()})

    monkeypatch.setattr(task, 'start_from', watch)
    run.main(temporal_args(tmp_path / 'runs'))
    (state,) = made
    for name, value in single.state_dict().items():
        assert torch.equal(state.pop(name), value)
    assert {name.split('.')[0] for name in state} == {'mixers'}
    info = load_lifter(lift / 'default' / 'temporal_coco17' / '0')[1]
    assert (info.frames, info.delay, info.skeleton) == (9, 4, 'h36m23')


@pytest.mark.parametrize(
    ('options', 'words'),
    [
        (['--motion.proportions', 'any'], "did you mean 'anny'"),
        (['--motion.proportions', '-1'], "'proportions' to be"),
        (
            ['--data', 'cmu', '--motion.people', '[CMU1]'],
            "'--motion.people' to be one of.*did you mean 'CMU",
        ),
        (
            ['--data', 'cmu', '--motion.people', '[HDM05-bd]'],
            "'--motion.people' to be one of",
        ),
        (['--motion.people', '[CMU01]'], "Expected '--data cmu'"),
        (['--weights', 'single'], "'--weights' with '--data real' only"),
    ],
)
def test_settings_are_checked_first(tmp_path, monkeypatch, options, words):
    monkeypatch.setattr(task, 'training_clips', lambda *args: pytest.fail())
    monkeypatch.setattr(run, 'resolve', lambda name, *args: name)
    args = ['--task', 'lift', '--data', 'synthetic', *options]
    config = ['--preset', 'default/single_coco17', '--out', str(tmp_path)]
    with pytest.raises(ValueError, match=words):
        run.main([*args, *config])


def test_proportions_are_numbers_or_texts():
    row = list_presets('lift')['bodies'].rows
    values = {
        name: run.make_config('lift', settings).motion.proportions
        for name, settings in row.items()
    }
    assert values == {
        'none': 0.0,
        'independent': 0.08,
        'fitted': 'anny',
        'both': 'anny+0.04',
        'rigs': 'anny',
    }
    given = ('0.05', 0.05), ('anny', 'anny')
    for text, value in given:
        config = run.make_config(
            'lift', row['none'], '--motion.proportions', text
        )
        assert config.motion.proportions == value


def test_people_are_chosen(monkeypatch):
    people = [Data(subject=name) for name in ('CMU01', 'CMU02', 'CMU60')]
    monkeypatch.setattr(data, 'motion_clips', lambda name, *args: people)
    monkeypatch.setattr(data, 'load_synthetic', lambda request: [])

    def names(*wanted):
        config = MotionConfig(people=list(wanted))
        clips = data.load_cmu(data.LiftRequest(REPO, 'train', config))
        return [clip.subject for clip in clips]

    assert names() == ['CMU01', 'CMU02', 'CMU60']
    assert names('CMU02') == ['CMU02']
    with pytest.raises(ValueError, match='to be one of.*CMU60'):
        names('CMU03')  # of validation
