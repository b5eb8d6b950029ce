import os
import sys
from pathlib import Path

import pytest
import torch
from hypothesis import settings

REPO = Path(__file__).parents[1]
sys.path.insert(0, str(REPO / 'experiments'))
os.environ.setdefault('MPLBACKEND', 'Agg')
# A loaded machine is slow, not wrong:
settings.register_profile('any speed', deadline=None)
settings.load_profile('any speed')


@pytest.fixture(autouse=True)
def seed():
    torch.manual_seed(12345)


@pytest.fixture(params=['with extensions', 'without extensions'])
def extensions(request, monkeypatch):
    """Runs a test with torch-scatter and torch-sparse, and without."""
    import torch_geometric.typing as typing

    flags = ['WITH_TORCH_SCATTER', 'WITH_TORCH_SPARSE']
    if request.param == 'with extensions':
        if not all(getattr(typing, flag) for flag in flags):
            pytest.skip('torch-scatter and torch-sparse are not installed')
        return True
    for flag in flags:
        monkeypatch.setattr(typing, flag, False)
    return False
