import zipfile

import numpy as np
import pytest

from pyg_hcsf.datasets.ntu.skeleton_files import find_skeletons
from pyg_hcsf.datasets.ntu.skeleton_parser import (
    parse_skeleton,
    read_skeleton,
    read_skeletons,
)
from tests.datasets.ntu.skeleton_text import (
    COUNTS,
    NAME,
    check,
    clip,
    parse_vectorised,
    skeleton,
)


@pytest.mark.parametrize('eol', ['\n', '\r\n'])
@pytest.mark.parametrize('parse', [parse_vectorised, parse_skeleton])
@pytest.mark.parametrize('end', ['whole', 'cut', 'blank'])
def test_read(eol, parse, end):
    frames = clip(COUNTS)
    content = skeleton(frames, eol)
    if end != 'whole':
        content = content.rstrip() + 2 * eol.encode() * (end == 'blank')
    bodies = parse(content)
    assert bodies.num_frames == len(COUNTS)
    np.testing.assert_array_equal(bodies.frame, np.repeat(range(9), COUNTS))
    slots = [i for count in COUNTS for i in range(count)]
    np.testing.assert_array_equal(bodies.slot, slots)
    every = [pair for bodies in frames for pair in bodies]
    assert bodies.body_id.tolist() == [body_id for body_id, _ in every]
    joints = np.stack([joints for _, joints in every])
    np.testing.assert_array_equal(bodies.joints, joints)


@pytest.mark.parametrize('content', [b'0\n', b'3\r\n0\r\n0\r\n0\r\n'])
def test_no_bodies(content):
    bodies = parse_skeleton(content)
    assert bodies.num_frames == int(content[:1])
    assert bodies.joints.shape == (0, 25, 3)


def test_many_bodies_and_many_changes():
    content = skeleton([clip([1])[0] * 12])
    assert parse_skeleton(content).slot.tolist() == list(range(12))
    content = skeleton(clip([1, 2] * 70))
    assert len(parse_skeleton(content).slot) == 210


@pytest.mark.parametrize(
    'change, line, reason',
    [
        (lambda lines: [], 1, 'cut off'),
        (lambda lines: ['x', *lines[1:]], 1, "number of frames.*b'x'"),
        (lambda lines: ['-1', *lines[1:]], 1, 'number of frames'),
        (lambda lines: ['999999999', *lines[1:]], 1, 'number of frames'),
        (lambda lines: ['3', *lines[1:]], 58, 'cut off'),
        (lambda lines: ['1', *lines[1:]], 30, 'should end'),
        (
            lambda lines: [*lines[:1], '2', *lines[2:]],
            30,
            'expected 10 values',
        ),
        (lambda lines: [*lines[:3], '24', *lines[4:]], 4, '25 joints .got 24'),
        (lambda lines: lines[:9], 10, 'cut off'),
        (lambda lines: [*lines[:9], '0.1 0.2 0'], 10, r'12 values \(got 3\)'),
        (
            lambda lines: [*lines[:9], lines[9] + ' 1', *lines[10:]],
            10,
            r'12 values \(got more\)',
        ),
        (
            lambda lines: [*lines[:9], 'nan' + lines[9][7:], *lines[10:]],
            10,
            "a position.*b'nan",
        ),
        (
            lambda lines: [*lines[:9], '0.1.2' + lines[9][5:], *lines[10:]],
            10,
            'a position',
        ),
        (
            lambda lines: [*lines[:2], '1.5e16' + lines[2][17:], *lines[3:]],
            3,
            "number of a body.*b'1.5e16'",
        ),
        (
            lambda lines: [*lines[:2], '9' * 20 + lines[2][17:], *lines[3:]],
            3,
            'number of a body',
        ),
    ],
)
def test_wrong_contents(change, line, reason):
    lines = skeleton(clip([1, 1])).decode().splitlines()
    content = '\n'.join(change(lines)).encode()
    with pytest.raises(ValueError, match=rf"Line {line} of 'a\.x'.*{reason}"):
        parse_skeleton(content, 'a.x')


def test_zip_equals_folder(tmp_path):
    names = ['S001C001P001R001A002.skeleton', NAME]
    with zipfile.ZipFile(tmp_path / 'all.zip', 'w') as archive:
        for seed, name in enumerate(names):
            content = skeleton(clip([1, 2], seed))
            (tmp_path / 'deep' / 'er').mkdir(parents=True, exist_ok=True)
            (tmp_path / 'deep' / 'er' / name).write_bytes(content)
            archive.writestr(f'nturgb+d_skeletons/{name}', content)
        archive.writestr('readme.txt', 'passed over')
    found = [find_skeletons([tmp_path / root]) for root in ('deep', 'all.zip')]
    assert [[m.name for m in members] for members in found] == [
        names[::-1]
    ] * 2
    for one, two in zip(*map(read_skeletons, found), strict=True):
        np.testing.assert_array_equal(one.joints, two.joints)
    single = read_skeleton(tmp_path / 'deep' / 'er' / NAME)
    np.testing.assert_array_equal(
        single.joints, two.joints * 0 + single.joints
    )
    assert single.num_frames == 2


def test_wrong_files(tmp_path):
    with pytest.raises(ValueError, match='no file'):
        read_skeleton(tmp_path / NAME)


@pytest.mark.parametrize('eol', ['\n', '\r\n'])
@pytest.mark.parametrize('encoding', ['utf-8-sig', 'utf-16'])
def test_byte_order_marks(encoding, eol):
    content = skeleton(clip([1, 2]), eol)
    marked = content.decode().encode(encoding)
    for one, two in zip(
        parse_skeleton(content),
        parse_skeleton(marked),
        strict=True,
    ):
        np.testing.assert_array_equal(one, two)


@pytest.mark.parametrize('eol', ['\n', '\r\n'])
def test_damaged_skeletons(fuzz, eol):
    def read(content):
        bodies = parse_skeleton(content, NAME)
        assert bodies.num_frames < 10**8
        return bodies

    fuzz(read, skeleton(clip([1, 0, 2]), eol), check, NAME)
