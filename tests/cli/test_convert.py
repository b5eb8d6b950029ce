import pickle

import numpy as np
import pytest

from pyg_hcsf.datasets import NTURGBD
from pyg_hcsf.datasets.ntu.ctrgcn import read_ctrgcn
from pyg_hcsf.datasets.ntu.pyskl import read_pyskl
from tests.cli.prepare_files import (
    run,
    write_skeletons,
)


def test_convert(tmp_path, capsys):
    raw = write_skeletons(tmp_path / 'given')
    home = ('--root', tmp_path / 'home')
    pkl, npz = tmp_path / 'ntu60_3danno.pkl', tmp_path / 'NTU60_CS.npz'
    assert run('convert', 'pyskl', pkl, '--from', raw, *home) == 0
    assert (
        f"'{pkl}': 5 clips of ntu60, format 'pyskl'" in capsys.readouterr()[0]
    )
    assert run('convert', 'ctrgcn', npz, '--from', raw, *home) == 0
    out, err = capsys.readouterr()
    assert 'clips of ntu60-xsub' in out and 'Writing ctrgcn: 100%' in err
    # The bodies are chosen as pyskl and CTR-GCN do.
    for form in ('pyskl', 'ctrgcn'):
        made = list((tmp_path / 'home').rglob(f'*_skeleton_{form}_*.clips'))
        assert len(made) == 1
    data = NTURGBD(
        tmp_path / 'home' / 'NTURGBD',
        benchmark='ntu60-xsub',
        split='all',
        raw=raw,
        bodies='pyskl',
        log=False,
    )
    clips = read_pyskl(pkl)
    assert [clip.name for clip in clips] == data.names
    for i, clip in enumerate(clips):
        half = data.joints(i).astype(np.float16)
        np.testing.assert_array_equal(clip.joints, half)
    names = [clip.name for clip in read_ctrgcn(npz, 'ntu60-xsub', data.names)]
    assert sorted(names) == data.names
    with pytest.raises(ValueError, match='skes_available_name.txt into'):
        run('convert', 'pyskl', pkl, '--from', npz, *home)
    npz.with_name('skes_available_name.txt').write_text('\n'.join(names))
    assert (
        run('convert', 'pyskl', tmp_path / 'b.pkl', '--from', npz, *home) == 0
    )
    again = read_pyskl(tmp_path / 'b.pkl')
    assert [clip.name for clip in again] == data.names


def test_normalised_clips_are_not_converted(tmp_path):
    names = ['S001C001P001R001A001.skeleton']
    (tmp_path / 'train_label.pkl').write_bytes(pickle.dumps((names, [0])))
    path = tmp_path / 'train_data_joint.npy'
    np.save(path, np.ones((1, 3, 300, 25, 2), np.float32))
    with pytest.raises(ValueError, match="format 'agcn'.*convert .skel"):
        run('convert', 'pyskl', tmp_path / 'a.pkl', '--from', tmp_path)
    assert not (tmp_path / 'a.pkl').exists()
