"""What all data sets do alike, on a small one of text files."""

import re

import pytest
import torch
from torch_geometric.data import InMemoryDataset

from pyg_hcsf.data.clip_dataset import ClipDataset
from pyg_hcsf.data.formats import Format, files_named
from pyg_hcsf.data.in_memory import InMemoryClipDataset
from pyg_hcsf.skeleton import H36M17

TXT = Format('txt', 'numbers', lambda p: files_named(p, re.compile(r'.*txt')))


class Numbers(ClipDataset):
    """A clip for each file: as many frames as the number in it."""

    formats = (TXT,)
    how_to_get = 'Write some'
    keys = ('x',)
    skeleton = H36M17
    reads = 0

    def _stem(self, format):
        return f'numbers_{format}'

    def _in_split(self, subject, clip):
        return subject != 'left out'

    def _read(self, source):
        type(self).reads += 1
        for file in source.files:
            length = int(file.read_text())
            x = torch.arange(17.0).repeat(length, 1)[..., None]
            yield {'x': x, 'subject': file.stem, 'clip': file.name}


class NumbersInMemory(InMemoryClipDataset, Numbers):
    pass


@pytest.fixture(params=[Numbers, NumbersInMemory])
def kind(request):
    request.param.reads = 0
    return request.param


@pytest.fixture
def raw(tmp_path):
    (tmp_path / 'raw').mkdir()
    for name, length in (('a', 3), ('b', 5), ('left out', 2)):
        (tmp_path / 'raw' / f'{name}.txt').write_text(str(length))
    return tmp_path / 'raw'


def load(kind, tmp_path, **options):
    return kind(tmp_path, log=False, **options)


def test_raw_files_are_read_once(kind, tmp_path, raw):
    first, second = (load(kind, tmp_path) for _ in range(2))
    assert kind.reads == 1
    assert [clip.clip for clip in second] == ['a.txt', 'b.txt']
    assert first[1].x.shape == (17, 5, 1)
    assert (first.format, len(first.raw_fingerprint)) == ('txt', 16)
    assert isinstance(first, InMemoryDataset) == (kind is NumbersInMemory)


def test_changed_raw_files_are_read_again(kind, tmp_path, raw):
    before = load(kind, tmp_path)
    (raw / 'c.txt').write_text('1')
    after = load(kind, tmp_path)
    assert (len(before), len(after)) == (2, 3)
    assert before.raw_fingerprint != after.raw_fingerprint


def test_a_store_does_without_raw_files(kind, tmp_path, raw):
    load(kind, tmp_path)
    raw.rename(tmp_path / 'elsewhere')
    assert len(load(kind, tmp_path)) == 2
    with pytest.raises(RuntimeError, match='no raw files.*Write some'):
        load(kind, tmp_path / 'other')


def test_pre_transform_starts_from_the_store(kind, tmp_path, raw):
    def double(data):
        data.twice = 2 * data.x  # another sequence
        return data

    load(kind, tmp_path)
    dataset = load(
        kind,
        tmp_path,
        pre_filter=lambda data: data.x.size(1) > 3,
        pre_transform=double,
    )
    assert kind.reads == 1 and len(dataset) == 1
    assert torch.equal(dataset[0].twice, 2 * dataset[0].x)
    assert len(list((tmp_path / 'processed').glob('*.clips'))) == 2


def test_force_reload(kind, tmp_path, raw):
    load(kind, tmp_path)
    load(kind, tmp_path, force_reload=True)
    assert kind.reads == 2


def test_no_clip_in_the_split(kind, tmp_path, raw):
    for name in 'ab':
        (raw / f'{name}.txt').unlink()
    with pytest.raises(ValueError, match='1 clips of other splits'):
        load(kind, tmp_path)
