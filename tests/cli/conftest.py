import pytest

from tests.cli.prepare_files import (
    SOME,
    write_utd_mhad,
)


@pytest.fixture(scope='session')
def whole(tmp_path_factory):
    return write_utd_mhad(tmp_path_factory.mktemp('utd'))


@pytest.fixture
def some(tmp_path):
    return write_utd_mhad(tmp_path / 'given', SOME)
