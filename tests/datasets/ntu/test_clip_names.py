from collections import Counter

import pytest

from pyg_hcsf.datasets.ntu.clip_names import (
    missing_skeletons,
    parse_name,
    read_names,
)

NTU60_TRAIN = {1, 2, 4, 5, 8, 9, 13, 14, 15, 16, 17, 18, 19, 25, 27, 28}
NTU60_TRAIN |= {31, 34, 35, 38}


def test_names():
    name = parse_name('a/nturgb+d_skeletons\\S001C002P003R002A060.skeleton')
    assert name == (1, 2, 3, 2, 60)
    assert (name.label, str(name)) == (59, 'S001C002P003R002A060')


@pytest.mark.parametrize(
    'text, reason',
    [
        ('', 'such as'),
        ('S001C002P003R002A060.txt', 'such as'),
        ('xS001C002P003R002A060', 'such as'),
        ('S001C002P003R002A0600', 'such as'),
        ('S000C002P003R002A060', "'setup' from 1 to 32"),
        ('S001C004P003R002A060', "'camera'.*got 4"),
        ('S001C002P107R002A060', "'subject'.*got 107"),
        ('S001C002P003R002A121', "'action' from 1 to 120"),
    ],
)
def test_wrong_names(text, reason):
    with pytest.raises(ValueError, match=reason):
        parse_name(text)


def test_missing_skeletons():
    parsed = [parse_name(name) for name in missing_skeletons()]
    old = [name for name in parsed if name.action <= 60]
    assert (len(parsed), len(old)) == (535, 302)
    assert Counter(name.camera for name in old) == {1: 28, 2: 113, 3: 161}
    assert Counter(name.subject in NTU60_TRAIN for name in old) == {
        True: 229,
        False: 73,
    }


@pytest.mark.parametrize(
    'content, reason',
    [
        (b'S001C001P001R001A001\nwalk\n', 'line 2: .*walk'),
        (b'S001C001P001R001A001\n' * 2, "lines 1 and 2 are both 'S001"),
        (b'\xff\xfe\n', 'line 1'),
        (b'S001C001P001R001A121', 'line 1: .*action'),
        (bytes(2**23 + 1), 'too large'),
    ],
)
def test_wrong_lists_of_names(tmp_path, content, reason):
    path = tmp_path / 'skes_available_name.txt'
    path.write_bytes(content)
    with pytest.raises(ValueError, match=rf'available_name\.txt.*{reason}'):
        read_names(path)
    with pytest.raises(ValueError, match='none.txt'):
        read_names(tmp_path / 'none.txt')


def test_damaged_lists_of_names(tmp_path, fuzz):
    path = tmp_path / 'names.txt'
    names = [f'S001C00{c}P001R001A0{a}' for c in (1, 2, 3) for a in (10, 20)]

    def read(content):
        path.write_bytes(content)
        return read_names(path)

    def check(found):
        assert [str(parse_name(name)) for name in found] == found

    content = '\r\n'.join(names).encode()
    assert read(content) == names
    fuzz(read, content, check, str(path))
