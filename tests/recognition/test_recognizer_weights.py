import json
from dataclasses import replace

import pytest
import torch
from safetensors import safe_open
from safetensors.torch import load_file, save_file

from pyg_hcsf.recognition import load_recognizer, save_recognizer
from pyg_hcsf.recognition.recognizer_weights import KEY
from tests.recognition.small_recognizer import (
    ACTIONS,
    MODEL,
    make_info,
    make_model,
)


@pytest.fixture
def path(tmp_path):
    info = make_info()
    path = tmp_path / 'recognizer.safetensors'
    save_recognizer(path, make_model(info), info)
    return path


@pytest.mark.parametrize(
    'changes',
    [
        {},
        {
            'skeleton': 'h36m17',
            'normalize': {'up': 2, 'scale': 0.001},
            'model': {'graph': 'tree'},
        },
        {
            'skeleton': 'ntu25',
            'bodies': 2,
            'normalize': {'scheme': 'agcn'},
            'model': {'graph': 'tree', 'layer': 'aagcn', 'layer_options': {}},
            'stream': 'bone-motion',
            'motion': 'before',
            'fit': 'sample',
        },
        {'normalize': None, 'card': {'top-1': '90 %'}, 'fps': 25},
    ],
)
def test_there_and_back(tmp_path, changes):
    info = make_info(**changes)
    model = make_model(info)
    path = tmp_path / 'recognizer.safetensors'
    save_recognizer(path, model, info)
    for place in (path, tmp_path, str(tmp_path)):
        other, read = load_recognizer(place)
        assert read == info and not other.training
    assert read.unit == ('mm' if info.skeleton == 'h36m17' else 'm')
    shape = (2, 16, model.num_bodies, model.skeleton.num_joints, 3)
    x = torch.randn(shape)
    assert torch.equal(model(x), other(x))


def test_half_is_close(tmp_path):
    info = make_info(model={'hidden_channels': 32})
    model = make_model(info)
    sizes = []
    for half in (False, True):
        path = tmp_path / f'{half}.safetensors'
        save_recognizer(path, model, info, half)
        sizes.append(path.stat().st_size)
    assert sizes[1] < 0.6 * sizes[0]
    x = torch.randn(2, 16, 1, 20, 3)
    other, _ = load_recognizer(path)
    torch.testing.assert_close(other(x), model(x), atol=1e-2, rtol=1e-2)


@pytest.mark.parametrize(
    'changes, words',
    [
        ({'skeleton': 'mouse'}, "got 'mouse'"),
        ({'skeleton': 'kinect20', 'model': [1]}, "'model'"),
        ({'model': MODEL | {'hidden_channels': 10**3}}, 'from 1 to 256'),
        ({'model': MODEL | {'hidden_channels': 4}}, 'has shape'),
        ({'model': MODEL | {'num_blocks': 6}}, 'differ in|more than'),
        ({'model': MODEL | {'layer': 'os'}}, 'does not fit'),
        ({'model': MODEL | {'evil': 1}}, 'does not fit'),
        ({'model': MODEL | {'layer_options': {'x': 10**9}}}, 'up to 1024'),
        (
            {'model': MODEL | {'layer_options': {'hops': [1] * 65}}},
            'at most 64',
        ),
        (
            {
                'model': MODEL
                | {'hidden_channels': 65, 'layer_options': {'sharing': 'pair'}}
            },
            'from 1 to 64',
        ),
        ({'model': MODEL | {'num_bodies': True}}, "'num_bodies' from 1"),
        ({'actions': ACTIONS[:6]}, 'distinct names.*got 6 names, 7'),
        ({'actions': [*ACTIONS[:6], 'wave']}, 'distinct names'),
        ({'actions': [*ACTIONS[:6], 7]}, "'actions' to be names"),
        ({'actions': 'wave'}, "'actions' to be names"),
        ({'window': 0}, "'window'.*got 0"),
        ({'window': 10**9}, "'window' to be frames from 1 to 3000"),
        ({'length': 2.5}, "'length'.*got 2.5"),
        ({'normalize': {'scheme': 'x'}}, "'normalize'.*got 'x'"),
        ({'normalize': {'up': 7}}, "'normalize'.*got 7"),
        ({'normalize': {'scale': float('nan')}}, "'normalize'.*nan"),
        ({'normalize': {'evil': 1}}, "'normalize'.*evil"),
        ({'normalize': 'agcn'}, "'normalize'"),
        ({'stream': 'x'}, "'stream'.*got 'x'"),
        ({'fit': 'x'}, "'fit'.*got 'x'"),
        ({'motion': 'x'}, "'motion'.*got 'x'"),
        ({'fps': float('inf')}, "'fps'"),
        ({'card': {'a': 1}}, "'card'"),
        ({'version': 2}, "'version' is 2"),
        ({'more': 1}, 'header'),
    ],
)
def test_other_headers_are_refused(path, changes, words):
    with safe_open(path, 'pt') as file:
        header = json.loads(file.metadata()[KEY])
    header |= {'model': MODEL | {'num_bodies': 1}} | changes
    if isinstance(header['model'], dict):
        header['model'].setdefault('num_bodies', 1)
    save_file(load_file(path), path, {KEY: json.dumps(header)})
    with pytest.raises(ValueError, match=words) as e:
        load_recognizer(path)
    assert str(path) in str(e.value)


def test_other_files_are_refused(tmp_path, path):
    with pytest.raises(ValueError, match='the folder of a finished run'):
        load_recognizer(tmp_path / 'none')
    (tmp_path / 'empty').mkdir()
    with pytest.raises(ValueError, match='move it away and run it again'):
        load_recognizer(tmp_path / 'empty')
    save_file({'x': torch.zeros(3)}, path)
    with pytest.raises(ValueError, match=KEY):
        load_recognizer(path)
    path.write_bytes(b'hello')
    with pytest.raises(ValueError, match='Expected a file of save_recog'):
        load_recognizer(path)


def test_damaged(path, fuzz):
    def read(content):
        path.write_bytes(content)
        return load_recognizer(path)

    def check(out):
        state = out[0].state_dict()
        assert all(v.isfinite().all() for v in state.values())

    fuzz(read, path.read_bytes(), check, str(path), num=40)


def test_what_does_not_fit_is_not_written(tmp_path):
    info = make_info()
    model = make_model(
        make_info(model={'layer': 'st_gcn', 'layer_options': {}})
    )
    path = tmp_path / 'x.safetensors'
    with pytest.raises(ValueError, match='does not describe'):
        save_recognizer(path, model, info)
    model = make_model(info)
    torch.nn.init.constant_(model.classifier.bias, float('nan'))
    with pytest.raises(ValueError, match="'classifier.bias'.*not finite"):
        save_recognizer(path, model, replace(info, fps=25))
    assert not path.exists()
