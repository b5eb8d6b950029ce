"""Finished runs are recognised without loading their data."""

import json
from dataclasses import replace

import pytest

from experiments import run
from experiments.pose.config import RunConfig
from experiments.sweep.finished import request_key
from experiments.sweep.sources import DataSource
from tests.experiments.fake_runs import make_spec

ARGS = ['--task', 'pose', '--data', 'synthetic', '--smoke']
ARGS += ['--preset', 'default/gcn']


def test_a_second_call_loads_nothing(tmp_path, monkeypatch, capsys):
    args = [*ARGS, '--out', str(tmp_path)]
    path = run.main(args)
    text = capsys.readouterr().out
    assert 'These are smoke runs' in text and 'smoke runs' in path.read_text()
    before = path.stat().st_mtime_ns
    task = run.load_task('pose')
    monkeypatch.setattr(task.run, '__init__', None)  # is not reached
    assert run.main(args) == path
    assert 'finished before, in' in capsys.readouterr().out
    assert path.stat().st_mtime_ns == before
    # Whatever could change the result is looked at.
    folder = path.parent / 'gcn' / '0'
    for more in (['--train.lr', '0.5'], ['--seed', '1']):
        with pytest.raises(TypeError):
            run.main([*args, *more])
    metrics = folder / 'metrics.json'
    values = json.loads(metrics.read_text())
    metrics.write_text(json.dumps({**values, 'key': 'another'}))
    with pytest.raises(TypeError):
        run.main(args)
    metrics.write_text(json.dumps(values))
    (folder / 'frames.npz').write_bytes(b'damaged')
    with pytest.raises(TypeError):
        run.main(args)


def test_the_request(tmp_path):
    raw = tmp_path / 'raw'
    raw.mkdir()
    (raw / 'a.npz').write_bytes(b'1234')
    source = DataSource(lambda root: raw, None, 'vp3d', needs='files')
    spec = make_spec(tmp_path / 'run', tmp_path, data='mine')
    key = request_key(spec, source)
    assert key and request_key(spec, source) == key
    others = {
        request_key(replace(spec, **change), source)
        for change in ({'seed': 1}, {'data': 'other'}, {'partial': True})
    }
    (raw / 'processed').mkdir()  # written by the data set itself
    (raw / 'processed' / 'store').touch()
    assert request_key(spec, source) == key
    skeleton = tmp_path / 'skeleton.yaml'
    skeleton.write_text('joints: 17')
    named = replace(spec, config=RunConfig(label=str(skeleton)))
    others.add(request_key(named, source))
    (raw / 'b.npz').write_bytes(b'1')
    others.add(request_key(spec, source))
    assert len(others) == 5 and key not in others
    gone = source._replace(find=lambda root: None)
    assert request_key(spec, gone) == ''
    gone = source._replace(find=lambda root: tmp_path / 'nothing')
    assert request_key(spec, gone) == ''
