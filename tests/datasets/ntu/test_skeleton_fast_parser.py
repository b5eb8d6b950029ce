"""The two parsers agree."""

import numpy as np
import pytest

from pyg_hcsf.datasets.ntu.skeleton_fast_parser import parse_fast
from pyg_hcsf.datasets.ntu.skeleton_parser import (
    parse_skeleton,
)
from tests.datasets.ntu.skeleton_text import (
    COUNTS,
    NAME,
    assert_same,
    check,
    clip,
    parse_lines,
    parse_vectorised,
    skeleton,
)
from tests.safe_io.test_decimal_text import NUMBERS


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


def test_colour_and_orientation_may_be_nan():
    content = skeleton(clip([2])).replace(b'1036.233', b'NaN')
    assert np.isfinite(parse_vectorised(content).joints).all()


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
