from pathlib import Path

import numpy as np
import pytest

from experiments.bench import reading as bench_data
from pyg_hcsf.datasets import NTURGBD

pytestmark = pytest.mark.skipif(
    not Path('/proc/self/status').exists(), reason='reads /proc'
)


def test_ntu(tmp_path, capsys):
    bench_data.bench_ntu(files=3, workers=1)
    out = capsys.readouterr().out
    assert '3 files of' in out and 'times as fast' in out and ' MB' in out


def test_both_ways_give_the_same(tmp_path):
    (tmp_path / 'raw').mkdir()
    paths = bench_data.generate_ntu(tmp_path / 'raw', 6)
    data = NTURGBD(tmp_path, 'ntu60-xsub', 'all', log=False, num_workers=1)
    for path, clip in zip(sorted(paths), data, strict=True):
        with (tmp_path / 'slow').open('wb') as store:
            bench_data.by_line(path, store)
        joints = np.fromfile(tmp_path / 'slow', np.float32)
        joints = joints.reshape(2, -1, 25, 3)
        np.testing.assert_array_equal(
            clip.x.permute(2, 1, 0, 3).numpy(), joints
        )


def test_human36m(tmp_path, capsys, monkeypatch):
    monkeypatch.setattr(bench_data, 'TRAIN_FRAMES', 1500)
    monkeypatch.setattr(bench_data, 'TEST_FRAMES', 600)
    (tmp_path / 'raw').mkdir()
    bench_data.generate_human36m(tmp_path / 'raw', 'cpn')
    for _ in range(2):
        bench_data.first_batch(tmp_path, 'cpn', 'vp3d')
        assert 'cpn, encoded vp3d: 6,000 frames' in capsys.readouterr().out
