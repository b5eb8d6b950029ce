"""The command pyg-hcsf: its help, and what it says to typical mistakes."""

import argparse
import inspect
import json
import os
import subprocess
import sys
import warnings
from importlib import import_module
from pathlib import Path

import pytest

import pyg_hcsf
from pyg_hcsf.cli import convert, fuse, lift, main, prepare
from pyg_hcsf.cli.dataset_options import (
    CLASSES,
    SKIPPED_ARGUMENTS,
    add_dataset_options,
)
from pyg_hcsf.datasets import NTURGBD
from pyg_hcsf.datasets.ntu.benchmarks import BENCHMARKS
from pyg_hcsf.keypoints import LAYOUTS
from pyg_hcsf.metrics.stream_fusion import SCALES, WEIGHTS
from pyg_hcsf.poses import POSE_FORMATS
from tests.paths import REPO
from tests.python_process import run_python

WALK = str(REPO / 'examples' / 'walk_coco17.json')


@pytest.fixture
def run(monkeypatch, capsys, tmp_path):
    """Runs the command in an empty folder; returns the exit code and the
    lines of its errors.
    """
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(warnings, 'showwarning', warnings.showwarning)

    def call(*words):
        with pytest.raises(SystemExit) as e:
            main.main(words)
        return e.value.code, capsys.readouterr().err.splitlines()

    return call


@pytest.mark.parametrize(
    'words, code, texts',
    [
        ([], 2, ['Expected a subcommand, one of lift, view, ', '--help']),
        (['lfit'], 2, ["did you mean 'lift'?"]),
        (['lift'], 2, ['either a keypoint file or --live', 'lift --help']),
        (['lift', WALK], 2, ['with --out, such as walk.html']),
        (
            ['lift', WALK, '--out', 'a.html', '--weihgts', 'single'],
            2,
            ["unknown option '--weihgts': did you mean '--weights'?"],
        ),
        (['lift', '--wei', 'single'], 2, ["unknown option '--wei'"]),
        (['lift', '-out', 'a.html'], 2, ["did you mean '--out'?"]),
        (['lift', 'walk.jsn', '--out', 'a.html'], 1, ["to exist (got 'walk."]),
        (['lift', WALK, '--out', 'a.htm'], 2, ["did you mean '.html'?"]),
        (['lift', WALK, '--out', 'a.npz', '--fps', 'x'], 2, ['--fps', "'x'"]),
        (
            ['lift', WALK, '--out', 'a.npz', '--weights', 'singel_coco17'],
            1,
            ["did you mean 'single_coco17'?"],
        ),
        (
            ['lift', WALK, '--out', 'a.npz', '--layout', 'coc17'],
            2,
            ["did you mean 'coco17'?"],
        ),
        (['prepare'], 2, ['name', 'prepare --help']),
        (['prepare', 'human36'], 2, ["did you mean 'human36m'?"]),
        (['prepare', '--from', 'x', 'hdm05'], 2, ['name of the data set fir']),
        (['prepare', 'nturgbd', '--form', 'x'], 2, ["mean '--from'?"]),
        (
            ['prepare', 'hdm05', '--from', 'x', '--fps', 'fast'],
            2,
            ["invalid float value: 'fast'"],
        ),
        (['convert', 'pysk', 'a.pkl'], 2, ["did you mean 'pyskl'?"]),
        (['convert', 'pyskl', 'a.npz'], 2, ["'to' to end in .pkl"]),
        (['recognize', 'x.npz', '--run', 'y'], 1, ["'--run' to exist"]),
        (['view', 'x.npz', '--out', 'a.html'], 1, ["'results' to exist"]),
        (['fuse', 'x', '--weights', 'papre'], 2, ["did you mean 'paper'?"]),
        (['export', 'single_coco17', 'a.onx'], 2, ["did you mean '.onnx'?"]),
        (['train', '--task', 'pos'], 2, ["did you mean 'pose'?"]),
    ],
)
def test_typical_mistakes(run, words, code, texts):
    """One line that says what to do; nothing is written."""
    found, lines = run(*words)
    assert found == code
    assert len(lines) == 1 and lines[0].startswith('error: ')
    for text in texts:
        assert text in lines[0]
    assert list(Path().iterdir()) == []


def test_similar_files_are_named(run, tmp_path):
    (tmp_path / 'walk.json').touch()
    _, lines = run('lift', 'wlak.json', '--out', 'a.html')
    assert lines[0].endswith("did you mean 'walk.json'?")


@pytest.mark.parametrize('where', ['file/a.html', 'read_only/new/a.html', '.'])
def test_outputs_are_checked_first(run, tmp_path, monkeypatch, where):
    (tmp_path / 'file').touch()
    (tmp_path / 'read_only').mkdir()
    access = os.access
    monkeypatch.setattr(  # file modes do not bind the superuser
        os,
        'access',
        lambda path, mode: 'read_only' not in str(path) and access(path, mode),
    )
    monkeypatch.setattr(lift, 'lift_file', None)  # is not reached
    words = ['--format', 'html'] if where == '.' else []
    code, lines = run('lift', WALK, '--out', where, *words)
    assert code == 1 and len(lines) == 1
    assert (
        f"'--out' {'to be a file' if where == '.' else 'in a fo'}" in lines[0]
    )


@pytest.mark.parametrize(
    'module, extra',
    [
        ('matplotlib', 'plot'),
        ('onnxscript', 'export'),
        ('jsonargparse', 'train'),
    ],
)
def test_missing_extras_are_named(run, tmp_path, monkeypatch, module, extra):
    (tmp_path / 'poses.npz').touch()
    words = {
        'plot': ['view', 'poses.npz', '--png', 'a.png'],
        'export': ['export', 'single_coco17', 'a.onnx'],
        'train': ['train', '--task', 'pose'],
    }[extra]
    monkeypatch.setitem(sys.modules, module, None)
    monkeypatch.setattr(
        'importlib.util.find_spec', lambda name: None if name == module else 1
    )
    code, lines = run(*words)
    assert code == 1
    text = f"'{module}' is not installed: pip install 'pyg_hcsf[{extra}]'"
    assert lines == [f'error: {text}']


def test_train_needs_a_clone(run, tmp_path, monkeypatch):
    package = tmp_path / 'pyg_hcsf' / '__init__.py'
    monkeypatch.setattr(pyg_hcsf, '__file__', str(package))
    code, lines = run('train', '--task', 'pose')
    assert code == 1 and len(lines) == 1
    assert 'needs a clone' in lines[0] and "'.[train]'" in lines[0]


def test_train_runs_the_script(run, capsys):
    code, (line,) = run('train', '--task', 'pose', '--preset', 'tbale1')
    assert code == 2 and line.endswith("did you mean 'table1'?")


def test_interrupt(run, monkeypatch):
    def stop(*args):
        raise KeyboardInterrupt

    for name, line in (
        ('lift', 'stopped'),
        ('prepare', 'stopped: the same command continues'),
    ):
        monkeypatch.setattr(f'pyg_hcsf.cli.{name}.main', stop)
        assert run(name) == (130, [line])


def help_of(*words):
    code = """
import sys
from pyg_hcsf.cli.main import main
try:
    main()
finally:
    print([n for n in ('torch', 'numpy', 'h5py') if n in sys.modules])
"""
    return run_python(code, *words, '--help', columns=79).splitlines()


def test_help_does_not_import_torch():
    *lines, modules = help_of()
    assert modules == '[]'
    text = '\n'.join(lines)
    assert all(f'\n  {name} ' in text for name in main.SUBCOMMANDS)
    assert max(map(len, lines)) < 80


@pytest.mark.parametrize('name', [n for n in main.SUBCOMMANDS if n != 'train'])
def test_help_of_subcommands_does_not_import_torch(name):
    *lines, modules = help_of(name)
    assert modules == '[]'
    assert lines[0].startswith(f'usage: pyg-hcsf {name} ')
    assert f'pyg-hcsf {name} ' in '\n'.join(lines[1:])  # an example


def test_version(capsys):
    main.run(['--version'])
    assert capsys.readouterr().out == f'pyg_hcsf {pyg_hcsf.__version__}\n'


def test_module():
    out = subprocess.run(
        [sys.executable, '-m', 'pyg_hcsf', '--version'],
        capture_output=True,
        text=True,
        env={**os.environ, 'PYTHONPATH': str(REPO)},
        check=True,
    )
    assert out.stdout.startswith('pyg_hcsf ')


def parsers():
    for name in main.SUBCOMMANDS:
        if name not in ('prepare', 'train'):
            yield import_module(f'pyg_hcsf.cli.{name}').make_parser()
    for cls in CLASSES.values():
        parser = argparse.ArgumentParser()
        add_dataset_options(parser, cls)
        yield parser


def test_every_option_has_a_text():
    for parser in parsers():
        for action in parser._actions:
            text = (action.help or '').partition('default:')[0]
            assert text.strip(), (parser.prog, action.dest)
        assert ':obj:' not in parser.format_help()


def test_fixed_names_are_those_of_the_library():
    assert sorted(lift.FORMATS) == sorted(['html', *POSE_FORMATS])
    assert lift.LAYOUTS == LAYOUTS
    assert tuple(WEIGHTS) == fuse.WEIGHTS and fuse.SCALES == SCALES
    assert tuple(CLASSES) == prepare.DATA_SETS
    assert tuple(BENCHMARKS) == convert.BENCHMARKS
    options = {a.dest for a in convert.make_parser()._actions}
    arguments = {*inspect.signature(NTURGBD).parameters} - {'kwargs'}
    arguments -= SKIPPED_ARGUMENTS
    assert options - {'help', 'format', 'to', 'from', 'root'} == arguments


def test_options_of_data_sets():
    text = json.dumps({'Hip': ['a', 'b'], 'Neck': 'c'})
    name, options = prepare.parse(['bvh_motion', '--joint_map', text])
    assert name == 'bvh_motion'
    assert options['joint_map'] == {'Hip': ('a', 'b'), 'Neck': 'c'}
    assert options['fps'] == 25.0 and options['scale'] is None
    _, options = prepare.parse(['mpi_inf_3dhp', '--cameras', '0', '2'])
    assert options['cameras'] == [0, 2]
    _, options = prepare.parse(['human36m', '--joints', '16'])
    assert options['joints'] == 16
    for text in ('{', '[1]'):
        with pytest.raises(SystemExit):
            prepare.parse(['bvh_motion', '--joint_map', text])
