"""The names of the package are imported when they are used."""

import subprocess
import sys

import pytest

import pyg_hcsf
from tests.paths import REPO


def test_torch_is_imported_late():
    code = (
        'import sys, pyg_hcsf; assert "torch" not in sys.modules; '
        'pyg_hcsf.HopEdges; assert "torch" in sys.modules'
    )
    subprocess.run([sys.executable, '-c', code], cwd=REPO, check=True)


def test_names():
    from pyg_hcsf.hops import HopEdges

    assert pyg_hcsf.HopEdges is HopEdges
    assert {*pyg_hcsf.__all__, '__version__'} <= set(dir(pyg_hcsf))
    for name in pyg_hcsf.__all__:
        assert getattr(pyg_hcsf, name).__name__ == name
    with pytest.raises(AttributeError, match="'pyg_hcsf' has no .* 'Hops'"):
        pyg_hcsf.Hops  # noqa: B018
