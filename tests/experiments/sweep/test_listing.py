"""The listing of presets with --list."""

import re

import pytest

from experiments import run
from experiments.pose.cost_estimates import CostEstimates
from experiments.pose.task import build_model
from experiments.sweep.listing import duration
from experiments.sweep.presets import list_presets, load_preset

LIST = ['--task', 'pose', '--list']


@pytest.fixture
def steady(monkeypatch):
    """A machine that takes 1 ms for a step and 1 s for 1e12 multiply-adds."""
    monkeypatch.setattr(
        CostEstimates,
        '_measure_step',
        lambda self, c: 1e-3 + c.train.batch_size * self.size(c).macs / 1e12,
    )


def words(text):
    """Without the breaks of lines."""
    return ' '.join(text.split())


def config(name, *args, overlay=None):
    (row,) = load_preset('pose', name, overlay).rows.values()
    return run.make_config('pose', row, *args)


def test_one_preset(capsys, steady):
    args = [*LIST, '--preset', 'paper', '--data', 'human36m']
    assert run.main(args) is None
    out = capsys.readouterr().out
    assert 'MPI-INF-3DHP' not in out.split('paper:')[0]
    line = next(x for x in out.splitlines() if '--preset paper/lcn ' in x)
    assert '11.6M parameters, 11.6M MACs' in line
    assert line.endswith('(paper: 36.3 mm)')
    steps = 80 * (1_559_752 // 256)
    seconds = steps * (1e-3 + 256 * 11.6e6 / 1e12)
    assert duration(seconds) in line
    assert 'On human36m, all rows: ' in words(out)
    assert 'threads: ' in words(out) and max(map(len, out.splitlines())) <= 80
    rows = load_preset('pose', 'paper').rows
    assert [x for x in rows if f'--preset paper/{x} ' in out] == list(rows)


def test_overlay_and_overrides(capsys, steady):
    args = [*LIST, '--preset', 'table6/d8', '--overlay', 'ablation']
    run.main(args)
    out = capsys.readouterr().out
    assert '--preset table6/d8 --overlay ablation   1.34M parameters' in out
    assert 'On openmocap' in words(out)
    run.main([*args, '--train.steps', '1000000'])
    assert ' min' in capsys.readouterr().out


def test_unknown_data(steady):
    with pytest.raises(ValueError, match="'--data' to be one of.*got 'x'"):
        run.main([*LIST, '--preset', 'table6', '--data', 'x'])


def test_every_preset_is_listed(capsys, monkeypatch):
    monkeypatch.setattr(CostEstimates, 'describe', lambda *args: ('', 0.0))
    run.main(LIST)
    out = capsys.readouterr().out
    for preset in list_presets('pose').values():
        assert f'\n{preset.name}: ' in out
        for row in preset.rows:
            assert f'--preset {preset.name}/{row} ' in words(out) + ' '


def test_times(steady):
    estimates = CostEstimates(build_model)
    d8, d1 = (config(f'table6/{d}', overlay='ablation') for d in ('d8', 'd1'))
    for row in (d8, d1):  # the overhead was measured for the first one
        macs = estimates.size(row).macs
        expected = 1200 * (1e-3 + 256 * macs / 1e12)
        assert estimates.seconds(row, 160_116) == pytest.approx(expected)
    paper = config('table6/d8', '--clips.stride', '4')
    steps = 80 * (160_116 // 4 // 256)
    per_step = estimates.seconds(d8, 160_116) / 1200
    assert estimates.seconds(paper, 160_116) == pytest.approx(steps * per_step)
    assert estimates.size(d1).params > estimates.size(d8).params


def test_time_is_measured():
    estimates = CostEstimates(build_model)
    row = config('readings/own', '--model.hidden_channels', '8')
    assert 0 < estimates.seconds(row, 2560) < 1e5


def test_equal_macs(capsys, steady):
    estimates = CostEstimates(build_model)
    goal = estimates.size(config('openmocap/hcsf')).macs
    for name in ('openmocap/lcn', 'openmocap/gcn'):
        width = estimates.equal_width(config(name), goal)
        found = estimates.size(
            config(name, '--model.hidden_channels', str(width))
        ).macs
        assert found == pytest.approx(goal, rel=0.03)
    args = [*LIST, '--preset', 'openmocap/hcsf', '--equal_macs']
    run.main([*args, 'openmocap/hcsf'])
    assert 'C=64 for equal MACs' in words(capsys.readouterr().out)
    with pytest.raises(ValueError, match="'--equal_macs'.*got 'openmocap'"):
        run.main([*args, 'openmocap'])


def test_durations():
    texts = [duration(s) for s in (0, 61, 130, 7200, 86400, 3 * 86400, 2e6)]
    assert texts == [
        '1 s',
        '61 s',
        '2.2 min',
        '2.0 h',
        '24 h',
        '3.0 d',
        '23 d',
    ]
    assert all(re.fullmatch(r'[\d.]+ \w+', text) for text in texts)


def test_actions_have_no_times(capsys):
    run.main(['--task', 'action', '--list', '--preset', 'table7'])
    out = capsys.readouterr().out
    assert '--preset table7/' in out and 'MACs' not in out
    assert re.search(r'\(paper: 9\d\.\d %\)', out)
