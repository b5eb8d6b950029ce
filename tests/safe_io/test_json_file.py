import codecs
import tracemalloc

import pytest

from pyg_hcsf.keypoints import read_keypoints
from pyg_hcsf.poses import read_poses
from pyg_hcsf.safe_io.json_file import load_json


def test_reads_dense_files_of_producers():
    pairs = ','.join(['[0,0]'] * 600_000)
    assert len(load_json(f'[{pairs}]')) == 600_000
    assert load_json(codecs.BOM_UTF8 + b'[[],{}]') == [[], {}]


@pytest.mark.parametrize('text', ['[]', '{}', '[[[]]]'])
@pytest.mark.parametrize('lines', [False, True])
@pytest.mark.parametrize('read', [read_keypoints, read_poses])
def test_refuses_millions_of_empty_values(tmp_path, text, lines, read):
    path = tmp_path / 'a.json'
    many = f'[{",".join([text] * 600_000)}]'
    path.write_text(f'{{}}\n{many}\n' if lines else many)
    size = path.stat().st_size
    tracemalloc.start()
    try:
        with pytest.raises(ValueError, match=r'a\.json.*lists and objects'):
            read(path)
        assert tracemalloc.get_traced_memory()[1] < 2.5 * size
    finally:
        tracemalloc.stop()


def test_lines_are_objects_or_lists(tmp_path):
    path = tmp_path / 'a.jsonl'
    path.write_text('{"frame": 0}\n{"frame": 1}\n' + '0\n' * 100_000)
    tracemalloc.start()
    try:
        with pytest.raises(ValueError, match=r'a\.jsonl.*line 3.*begins'):
            read_keypoints(path)
        assert tracemalloc.get_traced_memory()[1] < 2e6
    finally:
        tracemalloc.stop()
