import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))
from small_recognizer import make_recognizer  # noqa: E402


@pytest.fixture
def make(tmp_path):
    """Makes a recogniser, of a file of its own."""
    return lambda **changes: make_recognizer(
        tmp_path / 'recognizer.safetensors', **changes
    )


@pytest.fixture(scope='session')
def recognizer(tmp_path_factory):
    folder = tmp_path_factory.mktemp('run')
    return make_recognizer(folder / 'recognizer.safetensors')
