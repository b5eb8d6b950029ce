import os
import time
import tracemalloc
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import settings

os.environ.setdefault('MPLBACKEND', 'Agg')
# A loaded machine is slow, not wrong:
settings.register_profile('any speed', deadline=None)
settings.load_profile('any speed')


@pytest.fixture(autouse=True)
def no_data_home(monkeypatch):
    """Only tests that name a folder of data read one."""
    monkeypatch.delenv('PYG_HCSF_DATA', raising=False)


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


@pytest.fixture(
    params=[
        'cpu',
        pytest.param(
            'cuda',
            marks=pytest.mark.skipif(
                not torch.cuda.is_available(), reason='there is no GPU'
            ),
        ),
    ]
)
def device(request):
    """Runs a test on the CPU, and on an accelerator if there is one."""
    return torch.device(request.param)


@pytest.fixture
def fuzz():
    """Feeds a reader with damaged copies of a file."""
    return check_damaged


def check_damaged(
    read: Callable[[bytes], Any],
    good: bytes,
    check: Callable[[Any], None],
    named: str,
    num: int = int(os.environ.get('PYG_HCSF_FUZZ', 300)),
    slack: int = 2**22,
) -> None:
    """A damaged file gives parsed data or a ``ValueError`` that names it, in
    2 s of processor time, with memory of 4 times the file.

    Args:
        read: The reader, from the content of a file.
        good: A whole file.
        check: Asserts that parsed data are sane.
        named: What each error must say, such as the name of the file.
        num: Damaged copies; ``make fuzz`` takes 10,000.
        slack: Memory in bytes that does not count: small files.
    """
    check(read(good))
    rng = np.random.default_rng(len(good))
    refused = 0
    for _ in range(num):
        bad = damage(good, rng)
        tracemalloc.start()
        start = time.process_time()
        try:
            parsed = read(bad)
        except ValueError as e:
            assert named in str(e)
            refused += 1
        else:
            check(parsed)
        seconds = time.process_time() - start
        peak = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        assert seconds < 2
        assert peak < 4 * len(bad) + slack
    assert refused > 0


def damage(good: bytes, rng: np.random.Generator) -> bytes:
    """Flips bits, overwrites, cuts, repeats or drops parts of a file."""
    data = np.frombuffer(good, np.uint8).copy()
    for _ in range(rng.integers(1, 4)):
        if not len(data):
            break
        start = int(rng.integers(len(data)))
        if rng.random() < 0.5:  # headers are where a change does harm
            start = min(start, int(rng.integers(512)))
        stop = min(start + int(rng.integers(1, 17)), len(data))
        way = rng.integers(8)
        if way == 0:
            data[start] ^= 1 << rng.integers(8)
        elif way == 1:
            data[start:stop] = rng.integers(256, size=stop - start)
        elif way == 2:
            data[start:stop] = rng.choice([0, 0x7F, 0x80, 0xFF])
        elif way == 3:  # NaN or infinity, wherever a number stands
            special = rng.choice([b'nan', b'inf', b'1e999', b'-99999999999'])
            text = np.frombuffer(special, np.uint8)
            data = np.concatenate([data[:start], text, data[stop:]])
        elif way == 4:
            data = data[:start]
        elif way == 5:
            data = np.concatenate([data[:stop], data[start:]])
        elif way == 6:
            data = np.concatenate([data[:start], data[stop:]])
        else:  # huge counts
            digits = (data >= ord('0')) & (data <= ord('9'))
            spots = np.flatnonzero(digits)
            if len(spots):
                data[rng.choice(spots)] = ord('9')
    return data.tobytes()
