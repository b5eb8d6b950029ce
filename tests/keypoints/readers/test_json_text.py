import json

import numpy as np
import pytest

from tests.keypoints import keypoint_files as formats
from tests.keypoints.keypoint_files import (
    POINTS,
    check_people,
    in_frames,
    lines,
    movenet,
    read,
    record,
)

LINES = lines(record(t, p) for t in range(8) for p in range(2))


def test_incomplete_last_line(tmp_path):
    with pytest.warns(UserWarning, match='last line, 16, is incomplete'):
        keypoints = read(tmp_path, LINES[:-40], 'coco17')
    assert [len(track.frames) for track in keypoints.tracks] == [8, 7]


def test_damaged_line(tmp_path):
    with pytest.raises(ValueError, match='line 1 column'):
        read(tmp_path, LINES.replace(b'"track"', b'track', 1), 'coco17')


def test_damaged_line_after_the_first(tmp_path):
    bad = LINES.split(b'\n')
    bad[2] = bad[2].replace(b'"track"', b'track')
    with pytest.raises(ValueError, match='line 3: it is not JSON'):
        read(tmp_path, b'\n'.join(bad), 'coco17')


@pytest.mark.parametrize(
    'encoding', ['utf-16', 'utf-16-le', 'utf-16-be', 'utf-32', 'utf-8-sig']
)
def test_encodings(tmp_path, encoding):
    text = LINES.decode().replace('\n', '\r\n')
    check_people(read(tmp_path, text.encode(encoding), 'coco17'), POINTS)
    table = formats.wide_table(POINTS, formats.SNAKE).decode()
    # A character of four bytes in UTF-16 may be cut where the file is tested.
    for start in ('# \U0001f600', '# \U0001f600 '):
        content = (start * 2000 + '\n' + table).encode(encoding)
        check_people(read(tmp_path, content), POINTS)


@pytest.mark.parametrize(
    'start', [b'\0\0\0\x18ftypmp42', b'\0\1\0\0', b'II*\0', b'\xff\xfe\0']
)
def test_binary_files_are_no_text(tmp_path, start):
    content = start + np.random.default_rng(0).bytes(5000)
    with pytest.raises(ValueError, match='none of the formats that are read'):
        read(tmp_path, content)


def test_strings_that_are_json(tmp_path):
    # As json.dump([r.to_json() for r in results]) writes them.
    frames = in_frames(movenet)
    check_people(read(tmp_path, list(map(json.dumps, frames))), POINTS)
    check_people(read(tmp_path, json.dumps(frames)), POINTS)


def test_damaged_string(tmp_path):
    text = json.dumps(in_frames(movenet)[0])[:-9]
    with pytest.raises(ValueError, match='not valid JSON'):
        read(tmp_path, [text])
