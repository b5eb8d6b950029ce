"""A new format is one module, which is registered."""

import json
from types import SimpleNamespace

import numpy as np
import pytest

from pyg_hcsf.keypoints import read_keypoints, register_reader
from pyg_hcsf.keypoints.detections import Detection, ParsedFile, mark_missing
from pyg_hcsf.keypoints.messages import file_error, warn
from pyg_hcsf.keypoints.readers import READERS
from tests.keypoints.keypoint_files import check_people, npz, some_people

POINTS = some_people(frames=8)  # [T, P, N, 3]


def read(data):
    """A made-up format: the joints of all people by frame."""
    if 'joints' not in data:
        raise file_error("expected 'joints'", 'header')
    warn('this is a made-up format')
    people = [
        Detection(frame, str(p), mark_missing(np.array(joints)))
        for frame, rows in enumerate(data['joints'])
        for p, joints in enumerate(rows)
    ]
    return ParsedFile('made up', people, default_layout='coco17')


@pytest.fixture
def made_up(monkeypatch):
    for kind in READERS:
        monkeypatch.setitem(READERS, kind, list(READERS[kind]))
    return SimpleNamespace(matches=lambda data: 'made_up' in data, read=read)


def write(tmp_path, data):
    path = tmp_path / 'file'
    path.write_text(json.dumps(data))
    return path


def test_registered_reader(tmp_path, made_up):
    register_reader('json', made_up)
    # COCO's reader would match this, too.
    data = {'made_up': 1, 'annotations': [], 'images': []}
    path = write(tmp_path, data | {'joints': POINTS.tolist()})
    with pytest.warns(UserWarning, match=f"'{path}': this is a made-up"):
        keypoints = read_keypoints(path)
    assert (keypoints.source, keypoints.layout) == ('made up', 'coco17')
    check_people(keypoints, POINTS)


def test_errors_of_a_registered_reader_name_the_file(tmp_path, made_up):
    register_reader('json', made_up)
    path = write(tmp_path, {'made_up': 1})
    with pytest.raises(ValueError, match=f"^'{path}', header: expected"):
        read_keypoints(path)


def test_readers_of_arrays_and_text(tmp_path, made_up):
    made_up.read = lambda data: read({'joints': POINTS})
    register_reader('arrays', made_up)
    register_reader('text', made_up)
    path = tmp_path / 'file'
    for content in (npz(made_up=1), b'made_up,1'):
        path.write_bytes(content)
        with pytest.warns(UserWarning, match='made-up'):
            check_people(read_keypoints(path), POINTS)


def test_unknown_kind(made_up):
    with pytest.raises(ValueError, match="'kind' to be one of .*got 'xml'"):
        register_reader('xml', made_up)


@pytest.mark.parametrize('kind', READERS)
def test_every_reader_has_both_functions(kind):
    for reader in READERS[kind]:
        assert callable(reader.matches) and callable(reader.read)
        assert reader.__doc__.startswith('Reads ')
