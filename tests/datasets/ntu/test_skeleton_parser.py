import zipfile

import numpy as np
import pytest

from pyg_hcsf.datasets.ntu.skeleton_fast_parser import parse_fast
from pyg_hcsf.datasets.ntu.skeleton_files import find_skeletons
from pyg_hcsf.datasets.ntu.skeleton_parser import (
    Bodies,
    _LineParser,
    parse_skeleton,
    read_skeleton,
    read_skeletons,
)
from tests.safe_io.test_decimal_text import NUMBERS

NAME = 'S001C001P001R001A001.skeleton'
LARGE = 2**63 + 11  # doubles skip numbers of this size


def body(joints, body_id=72057594037944738, numbers='{:.7g}'.format):
    """The lines of a body as the sensor's recorder writes them."""
    yield f'{body_id} 0 1 1 1 1 0 0.02764709 0.05745083 2'
    yield '25'
    for place in joints:
        rest = '277.419 191.8218 1036.233 519.1677 -0.2059419 0.05349901'
        position = ' '.join(map(numbers, place))
        yield f'{position} {rest} 0.9692109 -0.1239193 2'


def skeleton(frames, eol='\n', **options):
    """A file of frames of bodies: pairs of a number and joints."""
    lines = [f'{len(frames)}']
    for bodies in frames:
        lines.append(f'{len(bodies)}')
        for body_id, joints in bodies:
            lines.extend(body(joints, body_id, **options))
    return ''.join(line + eol for line in lines).encode()


def clip(counts, seed=0):
    rng = np.random.default_rng(seed)
    ids = [72057594037944738, LARGE, 7, 5, 3]
    return [
        [(ids[i], rng.normal(size=(25, 3)).round(5)) for i in range(count)]
        for count in counts
    ]


def parse_vectorised(content):
    fields = parse_fast(content)
    assert fields is not None, 'fell back to reading line by line'
    return Bodies(*fields)


def parse_lines(content):
    return _LineParser(content, NAME).parse()


def assert_same(one, two):
    """To the bit: minus zero is another number than zero."""
    for a, b in zip(one, two, strict=True):
        assert np.asarray(a).dtype == np.asarray(b).dtype
        assert np.shape(a) == np.shape(b)
        assert np.asarray(a).tobytes() == np.asarray(b).tobytes()


COUNTS = [0, 1, 1, 3, 0, 0, 2, 5, 1]


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


def test_more_white_space_is_read_line_by_line():
    frames = clip(COUNTS)
    content = skeleton(frames)
    spaced = content.replace(b' ', b' \t ').replace(b'\n', b' \n')
    assert parse_fast(spaced) is None
    for one, two in zip(
        parse_skeleton(spaced), parse_skeleton(content), strict=True
    ):
        np.testing.assert_array_equal(one, two)
        assert np.asarray(one).dtype == np.asarray(two).dtype


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


def test_colour_and_orientation_may_be_nan():
    content = skeleton(clip([2])).replace(b'1036.233', b'NaN')
    assert np.isfinite(parse_vectorised(content).joints).all()


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


def check(bodies):
    count = len(bodies.joints)
    assert bodies.joints.shape == (count, 25, 3)
    assert np.isfinite(bodies.joints).all()
    assert bodies.frame.shape == bodies.slot.shape == (count,)
    assert bodies.body_id.shape == (count,)
    assert (np.diff(bodies.frame) >= 0).all()
    assert count == 0 or 0 <= bodies.frame[-1] < bodies.num_frames


@pytest.mark.parametrize('eol', ['\n', '\r\n'])
def test_damaged_skeletons(fuzz, eol):
    def read(content):
        bodies = parse_skeleton(content, NAME)
        assert bodies.num_frames < 10**8
        return bodies

    fuzz(read, skeleton(clip([1, 0, 2]), eol), check, NAME)


@pytest.mark.parametrize('eol', ['\n', '\r\n'])
def test_damaged_files_are_read_as_line_by_line(fuzz, eol):
    """Both parsers agree on what the vectorised one accepts."""

    def read(content):
        fields = parse_fast(content)
        try:
            lines = parse_lines(content)
        except ValueError:
            assert fields is None
            raise
        if fields is not None:
            assert_same(fields, lines)
        return lines

    fuzz(read, skeleton(clip([1, 0, 2]), eol), check, NAME)


@pytest.mark.parametrize('form', ['{:.7g}', '{:.3f}', '{!r}', '{:.17g}'])
@pytest.mark.parametrize('eol', ['\n', '\r\n'])
def test_reads_the_nearest_doubles(form, eol):
    rng = np.random.default_rng(0)
    scale = 10.0 ** rng.integers(-6, 3, (40, 25, 3))
    joints = rng.normal(size=scale.shape) * scale
    frames = [[(k, places)] for k, places in enumerate(joints)]
    content = skeleton(frames, eol, numbers=lambda x: form.format(float(x)))
    assert_same(parse_vectorised(content), parse_lines(content))


@pytest.mark.parametrize('number', NUMBERS)
def test_reads_all_numbers(number):
    content = skeleton(clip([1]), numbers=lambda _: number)
    assert_same(parse_skeleton(content), parse_lines(content))


TEXTS = {
    'largest number': lambda text: text.replace(b'72057594037944738', MOST),
    'too large': lambda text: text.replace(
        b'72057594037944738', b'18446744073709551616'
    ),
    'zeros': lambda text: text.replace(b'72057594037944738', 20 * b'0'),
    'more zeros': lambda text: text.replace(b'72057594037944738', 21 * b'0'),
    'longest words': lambda text: text.replace(b'1036.233', 450 * b'1'),
    'longer words': lambda text: text.replace(b'1036.233', 3000 * b'1'),
    'more words': lambda text: text.replace(b'1036.233', 257 * b'1 '),
    '256 words more': lambda text: text.replace(b'1036.233', 256 * b'1 '),
    'no word': lambda text: text.replace(b'1036.233 ', b''),
    'two spaces': lambda text: text.replace(b'1036.233 ', b'1036.233  '),
    'tab': lambda text: text.replace(b' 1036.233', b'\t1036.233'),
    'zero byte': lambda text: text.replace(b' 1036.233', b'\x001036.233'),
    'space at the end': lambda text: text.replace(b' 2\n', b' 2 \n'),
    'blank line': lambda text: text.replace(b' 2\n', b' 2\n\n', 1),
    'one CR': lambda text: text.replace(b' 2\n', b' 2\r\n', 1),
    'CR alone': lambda text: text.replace(b'\n', b'\r'),
    'no end': lambda text: text.rstrip(),
    'cut': lambda text: text[:-5],
    'not finite': lambda text: text.replace(b'\n0.', b'\nnan', 1),
    'no number': lambda text: text.replace(b'\n0.', b'\n0/', 1),
    'colon': lambda text: text.replace(b'\n0.', b'\n:.', 1),
    'high bytes': lambda text: text.replace(b'1036.233', b'\xa0\xff\x80'),
    'more after': lambda text: text + b'0\n',
    'only a count': lambda text: b'2',
    'nothing': lambda text: b'',
}
MOST = str(2**64 - 1).encode()


@pytest.mark.parametrize('text', TEXTS)
def test_both_parsers_refuse_the_same(text):
    content = TEXTS[text](skeleton(clip([1, 2])))
    found = []
    for parse in (parse_lines, lambda text: parse_skeleton(text, NAME)):
        try:
            found.append(parse(content))
        except ValueError as e:
            found.append((str(e),))
    if isinstance(found[0][0], str):
        assert found[0] == found[1]
    else:
        assert_same(found[0], found[1])
