import numpy as np
import pytest

from pyg_hcsf.datasets.mocap.bvh.reader import read_bvh
from tests.datasets.mocap.bvh_text import (
    BVH,
    write,
)

ONE_ROW = '1 2 3 90 0 0 0 90 0 -10'


ROWS = BVH[BVH.index(ONE_ROW) :]


@pytest.mark.parametrize(
    ('old', 'new'),
    [
        ('ROOT hip\n{', 'ROOT hip {'),
        ('arm\n  {\n    OFFSET 0 10 0\n', 'arm{ OFFSET 0 10 0 '),
        ('    END SITE\n'.title(), '    end site\n'),
        ('}\nMOTION', '} MOTION'),
        ('Frames: 2', 'Frames:2'),
        ('Frames: 2', '  frames :\t2'),
        ('Frame Time: ', 'Frame Time:'),
        ('Frame Time: ', '\t FrameTime: '),
        (
            'Frames: 2\nFrame Time: 0.00833333',
            'Frame Time: 0.00833333\nFrames: 2',
        ),
        (ROWS, ROWS.replace('\n', ' ')),
        (ROWS, ROWS.replace(' ', '\n')),
        (ROWS, ROWS.replace('90 0', '90\n\n 0')),
        (ROWS, ROWS.replace('1 2 3', '1 2\n3').replace('-10\n', '-10 ')),
        (ROWS, f'\n{ROWS}\x1a'),
        (ROWS, f'{ROWS}\0\0\0'),
        (ROWS, ROWS.replace(' ', ' \t ').replace('\n', ' \r\n')),
        (BVH, BVH.replace('\n', '\r')),
        (BVH, f'# by x\n//y\n{BVH}'),
        ('MOTION', '  # MOTION Frames: 3\nMOTION'),
        (ONE_ROW, f'# first\n{ONE_ROW}'),
        ('OFFSET 0 10 0', 'OFFSET 0 10,0 0,0e+2'),
    ],
)
def test_words_are_separated_by_white_space(tmp_path, old, new):
    assert old in BVH
    plain = read_bvh(write(tmp_path / 'a.bvh', BVH))
    bvh = read_bvh(write(tmp_path / 'b.bvh', BVH.replace(old, new)))
    assert (bvh.joints, bvh.parents) == (plain.joints, plain.parents)
    assert (bvh.channels, bvh.fps) == (plain.channels, plain.fps)
    np.testing.assert_array_equal(bvh.offsets, plain.offsets)
    np.testing.assert_array_equal(bvh.motion, plain.motion)


def test_decimal_commas(tmp_path):
    text = BVH.replace('0.00833333', '0,00833333').replace(' 90 ', ' 90,5 ')
    bvh = read_bvh(write(tmp_path / 'a.bvh', text))
    assert bvh.fps == 120
    assert bvh.motion[0, [3, 7]].tolist() == [90.5, 90.5]
    text = BVH.replace(' 90 ', ' 90,5 ', 1).replace('-20', '-20.0')
    with pytest.raises(ValueError, match='line 28: expected numbers'):
        read_bvh(write(tmp_path / 'a.bvh', text))


@pytest.mark.parametrize(
    ('frames', 'rows', 'read'),
    [
        (5, ROWS, 2),
        (1, ROWS, 2),
        (0, ROWS, 2),
        (3, f'{ROWS}{ONE_ROW}\n1 2 3', 3),  # cut off in its last row
        (5, ROWS.replace('\n', ' '), 2),
        (5, ROWS.replace(' 90 ', '\n90 '), 2),
    ],
)
def test_another_number_of_frames(tmp_path, frames, rows, read):
    text = BVH.replace('Frames: 2', f'Frames: {frames}').replace(ROWS, rows)
    path = write(tmp_path / 'a.bvh', text)
    with pytest.warns(
        UserWarning, match=f'a.bvh: .* announces {frames} '
    ) as w:
        assert len(read_bvh(path).motion) == read
    assert ('cut off' in str(w[0].message)) == (read < frames)


@pytest.mark.parametrize(
    'rows',
    [
        ROWS.replace(' -10\n', '\n'),  # lacks one, in the middle
        ROWS.replace(' -10\n', '\n').replace('1 2 3', '1 1 2 3'),
        (ROWS * 3).replace(' -10\n', '\n', 1) + '7\n',  # the sum is right
        ROWS.replace(' -10\n', ' ').replace('\n', ''),
    ],
)
def test_rows_of_another_length(tmp_path, rows):
    frames = max(2, rows.count('\n') - 1)
    text = BVH.replace('Frames: 2', f'Frames: {frames}').replace(ROWS, rows)
    with pytest.raises(ValueError, match='line 2[89]: expected 10 values'):
        read_bvh(write(tmp_path / 'a.bvh', text))
