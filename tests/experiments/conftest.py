import pytest


@pytest.fixture(autouse=True)
def own_ledger(tmp_path, monkeypatch):
    """No test writes to the ledger of the project."""
    from experiments.sweep import ledger

    monkeypatch.setattr(ledger, 'PATH', tmp_path / 'test_scores.csv')
