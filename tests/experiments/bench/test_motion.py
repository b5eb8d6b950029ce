import pytest

from experiments.bench import motion
from experiments.sweep import ledger
from tests.experiments.lifting.test_scenes import scene


def test_a_table_of_generated_motion(monkeypatch, tmp_path, capsys):
    """Smoothing is compared with none, and test people are written down."""
    monkeypatch.setattr(ledger, 'PATH', tmp_path / 'scores.csv')
    monkeypatch.setattr(motion, 'make_scenes', lambda *_: [scene()])
    options = ['--root', str(tmp_path)]
    table = motion.main(options)
    assert not ledger.PATH.exists()
    off, on = (table.xs(name, level=2) for name in ('off', 'on'))
    assert on['bone spread'].item() < 1e-3 < off['bone spread'].item()
    assert on['sliding'].item() < 0.5 * off['sliding'].item()
    with pytest.raises(SystemExit):
        motion.main([*options, '--people', 'test'])
    assert "'--purpose'" in capsys.readouterr().err
    motion.main([*options, '--people', 'test', '--purpose', 'final table'])
    (line,) = ledger.PATH.read_text().splitlines()[1:]
    assert line.endswith(
        '"OpenMocap, test, motion","lifter auto, smoother",final table'
    )
