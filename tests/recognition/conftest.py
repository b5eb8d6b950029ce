import pytest

from tests.recognition.small_recognizer import make_recognizer


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
