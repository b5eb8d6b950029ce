import csv

import pytest

from experiments.lifting import score_weights
from experiments.lifting.scores import load_tests
from experiments.sweep import ledger


@pytest.fixture(autouse=True)
def short(monkeypatch, tmp_path):
    """Generated motion only, of seconds."""
    monkeypatch.setattr(ledger, 'PATH', tmp_path / 'scores.csv')
    monkeypatch.setattr(
        score_weights,
        'load_tests',
        lambda data, root, split, frames: {
            name: clips[:2]
            for name, clips in load_tests('synthetic', root, split, 30).items()
        },
    )


def test_report_of_the_weights(tmp_path, capsys):
    """The errors of the package's weights are those of their model card."""
    options = ['--root', str(tmp_path), '--weights', 'single_h36m17']
    out = tmp_path / 'out'
    scores = score_weights.main([*options, '--out', str(out)])
    assert not ledger.PATH.exists()
    table = scores.set_index(['condition', 'metric'])['value']
    assert 20 < table['exact', 'mpjpe'] < table['typical', 'mpjpe'] < 120
    assert table['typical', 'pa_mpjpe'] < table['typical', 'n_mpjpe']
    assert 0.4 < table['typical', 'ratio'] < 2.5
    page = (out / 'report.md').read_text()
    assert f'{table["typical", "mpjpe"]:.1f}' in page
    with (out / 'results.csv').open() as file:
        assert len(list(csv.DictReader(file))) == len(scores)


def test_test_people_need_a_purpose(tmp_path, capsys):
    options = ['--root', str(tmp_path), '--split', 'test']
    with pytest.raises(SystemExit):
        score_weights.main(options)
    assert "'--purpose'" in capsys.readouterr().err
    options += ['--purpose', 'model card', '--weights', 'single_h36m17']
    score_weights.main(options)
    (line,) = ledger.PATH.read_text().splitlines()[1:]
    assert line.endswith('"OpenMocap, test, lift",single_h36m17,model card')
