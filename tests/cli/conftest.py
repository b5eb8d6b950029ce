import pytest

from tests.cli.prepare_files import (
    SOME,
    write_utd_mhad,
)


@pytest.fixture(scope='session')
def utd_mhad_raw(tmp_path_factory):
    """Files with the names and lengths of all real ones."""
    return write_utd_mhad(tmp_path_factory.mktemp('utd'))


@pytest.fixture
def utd_mhad_sample(tmp_path):
    """A few of these files."""
    return write_utd_mhad(tmp_path / 'given', SOME)
