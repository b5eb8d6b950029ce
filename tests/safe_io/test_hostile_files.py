"""Small files that ask for much memory, read in a child process."""

import gzip
import json
import pickle
import subprocess
import sys
import tarfile
import zipfile

import numpy as np
import pytest
import torch
from safetensors.torch import save_file

from pyg_hcsf.lifting import lifter_weights as lifter
from pyg_hcsf.recognition import recognizer_weights as recognizer

CHILD = """
import resource, sys, time
from pathlib import Path
import pyg_hcsf
from pyg_hcsf.metrics.stream_fusion import read_scores
from pyg_hcsf.datasets.human36m.position_files import read_d3_archive
from pyg_hcsf.datasets.human36m.lcn_motionbert_pickle import read_lcn
from pyg_hcsf.keypoints import read_keypoints
from pyg_hcsf.datasets.ntu.pyskl import read_pyskl
from pyg_hcsf.lifting import load_lifter
from pyg_hcsf.recognition import load_recognizer

READERS = {
    'skeleton.yaml': pyg_hcsf.load_skeleton,
    'keypoints.npz': read_keypoints,
    'scores.npz': read_scores,
    'pyskl.pkl': read_pyskl,
    'lcn.pkl': lambda path: [*read_lcn(path.read_bytes(), str(path))],
    'poses.tgz': lambda path: [*read_d3_archive(path.read_bytes(), str(path))],
    'lifter.safetensors': load_lifter,
    'recognizer.safetensors': load_recognizer,
}

def peak():
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * (
        1 if sys.platform == 'darwin' else 1024
    )

for path in sorted(Path(sys.argv[1]).iterdir()):
    before, start = peak(), time.process_time()
    try:
        READERS[path.name](path)
    except ValueError as e:
        seconds = time.process_time() - start
        print(path.name, peak() - before, seconds, str(e), sep='\\0')
"""


def shared():
    value = [None] * 10
    for _ in range(8):
        value = [value] * 10
    return value


def npy(descr, shape, body=b''):
    text = (
        f"{{'descr': '{descr}', 'fortran_order': False, 'shape': {shape}, }}"
    )
    header = f'{text}\n'.encode()
    size = len(header).to_bytes(2, 'little')
    return b'\x93NUMPY\x01\x00' + size + header + body


def write_skeleton(path):
    lists = ['- &a0 [x,x,x,x,x,x,x,x,x,x]'] + [
        f'- &a{i + 1} [{",".join([f"*a{i}"] * 10)}]' for i in range(7)
    ]
    lines = '\n  '.join(lists)
    path.write_text(
        f'name: n\njoints: {{h: null}}\nsource:\n  {lines}\npairs: *a7'
    )


def write_keypoints(path):
    chain = []
    chain.append(chain)
    np.savez(path, positions_2d=np.array({'S1': chain}, dtype=object))


def write_scores(path):
    with zipfile.ZipFile(path, 'w') as archive:
        for key in ('names', 'scores', 'label'):
            archive.writestr(f'{key}.npy', npy('<f8', (5 * 10**11,), bytes(8)))


def write_pyskl(path):
    path.write_bytes(pickle.dumps([{'frame_dir': shared(), 'label': 0}]))


def write_lcn(path):
    content = pickle.dumps(np.zeros((17, 3), 'S1'), 2)
    assert content.count(b'S1') == 1
    content = content.replace(b'S1', b'S0').replace(
        b'K\x11K\x03', b'M\xff\xffM\xff\xff'
    )
    path.write_bytes(content)


def write_poses(path):
    info = tarfile.TarInfo('x')
    info.type, info.size = tarfile.XHDTYPE, 900_000
    path.write_bytes(
        gzip.compress(info.tobuf(tarfile.GNU_FORMAT) + b'1' * 900_000)
    )


def write_lifter(path):
    model = {'in_channels': 3, 'hidden_channels': 1024, 'num_blocks': 4}
    header = lifter.FIXED | {'layout': 'coco17', 'model': model}
    save_file({'a': torch.zeros(1)}, path, {lifter.KEY: json.dumps(header)})


def write_recognizer(path):
    model = {'hidden_channels': 256, 'num_blocks': 30, 'kernel_size': 99}
    header = recognizer.FIXED | {
        'skeleton': 'ntu25',
        'actions': ['a', 'b'],
        'window': 60,
        'model': model | {'num_bodies': 16, 'out_channels': 2},
    }
    text = json.dumps(header)
    save_file({'a': torch.zeros(1)}, path, {recognizer.KEY: text})


WRITERS = {
    'skeleton.yaml': write_skeleton,
    'keypoints.npz': write_keypoints,
    'scores.npz': write_scores,
    'pyskl.pkl': write_pyskl,
    'lcn.pkl': write_lcn,
    'poses.tgz': write_poses,
    'lifter.safetensors': write_lifter,
    'recognizer.safetensors': write_recognizer,
}


def test_small_files_take_little_memory_and_time(tmp_path):
    pytest.importorskip('resource')
    for name, write in WRITERS.items():
        write(tmp_path / name)
        assert (tmp_path / name).stat().st_size < 3000
    out = subprocess.run(
        [sys.executable, '-c', CHILD, str(tmp_path)],
        capture_output=True,
        text=True,
        check=True,
    ).stdout
    found = dict(line.split('\0', 1) for line in out.splitlines())
    assert found.keys() == WRITERS.keys()
    for name, line in found.items():
        growth, seconds, text = line.split('\0')
        assert name in text and len(text) < 1500
        assert int(growth) < 64e6, name
        assert float(seconds) < 2, name
