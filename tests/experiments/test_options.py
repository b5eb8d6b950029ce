"""The options of run.py: their help, and what is said to typical mistakes."""

import warnings
from dataclasses import fields, is_dataclass
from importlib import import_module
from pathlib import Path
from typing import get_type_hints

import pytest

from experiments import run
from experiments.bench.operator.config import BenchConfig, make_parser
from experiments.options import TASKS, help_text
from experiments.run_parser import RunParser
from pyg_hcsf.cli.argument_texts import argument_texts
from pyg_hcsf.cli.command import run_command
from tests.python_process import run_python

POSE = ['--task', 'pose']


@pytest.mark.parametrize(
    'words, code, text',
    [
        ([], 2, "'--task' to be 'pose', 'lift', 'action' or 'bench'"),
        (['--tsk', 'pose'], 2, "'--tsk': did you mean '--task'?"),
        (['--data', 'arrays'], 2, "'bench' (got none)"),
        (['--task', 'poes'], 2, "did you mean 'pose'?"),
        (['--task', 'poes', '--help'], 2, "did you mean 'pose'?"),
        ([*POSE, '--prest', 'x'], 2, "did you mean '--preset'?"),
        ([*POSE, '--pre', 'table1'], 2, "unknown option '--pre'"),
        ([*POSE, '--train.lrr', '1'], 2, "did you mean '--train.lr'?"),
        ([*POSE, '-seed', '1'], 2, "did you mean '--seed'?"),
        ([*POSE, '--preset', 'tabel1'], 2, "did you mean 'table1'?"),
        ([*POSE, '--preset', 'default/hscf'], 2, "did you mean 'hcsf'?"),
        ([*POSE, '--overlay', 'ablaton'], 2, "did you mean 'ablation'?"),
        ([*POSE, '--data', 'openmcap'], 2, "did you mean 'openmocap'?"),
        ([*POSE, '--test_data', 'openmcap'], 2, "did you mean 'openmocap'?"),
        ([*POSE, '--model.layer', 'hscf'], 1, "did you mean 'hcsf'?"),
        ([*POSE, '--protocol', 'vp3'], 1, "did you mean 'vp3d'?"),
        ([*POSE, '--model.frames', '8'], 1, "'frames' to be 1 or 9"),
        ([*POSE, '--train.lr', 'fast'], 2, "to be a number (got 'fast')"),
        ([*POSE, '--train.optimizer', 'adm'], 2, "did you mean 'adam'?"),
        ([*POSE, '--train.steps', 'x'], 2, "a whole number (got 'x')"),
        ([*POSE, '--clips.distortion', 'vp3'], 2, "did you mean 'vp3d'?"),
        ([*POSE, '--log', 'csvs'], 2, "did you mean 'csv'?"),
        ([*POSE, '--root', 'nowhere'], 2, "'--root' (or PYG_HCSF_DATA)"),
        ([*POSE, '--out', 'file/runs'], 1, "'--out' in a folder"),
        ([*POSE, '--seed'], 2, '--seed'),
        (['--task', 'action', '--model.layer', 'hcfs'], 1, "mean 'hcsf'?"),
        (['--task', 'lift', '--model.layer', 'lnc'], 1, "mean 'lcn'?"),
        (['--task', 'bench', '--round', '3'], 2, "did you mean '--rounds'?"),
        (['--task', 'bench', '--kind', 'modle'], 2, "did you mean 'model'?"),
    ],
)
def test_typical_mistakes(words, code, text, tmp_path, monkeypatch, capsys):
    """One line that says what to do, before any data are loaded."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(warnings, 'showwarning', warnings.showwarning)
    Path('file').touch()
    for name in TASKS:
        task = run.load_task(name)
        monkeypatch.setattr(task.run, '__init__', None)  # is not reached
    with pytest.raises(SystemExit) as e:
        run_command(lambda: run.main(words))
    lines = capsys.readouterr().err.splitlines()
    assert e.value.code == code
    assert len(lines) == 1 and lines[0].startswith('error: ')
    assert text in lines[0]
    assert [path.name for path in Path().iterdir()] == ['file']


@pytest.mark.parametrize('words', [[], *[['--task', t] for t in TASKS]])
def test_help_does_not_import_torch(words):
    code = (
        'import sys; sys.argv = ["run.py", *sys.argv[1:]]; '
        'from experiments.run import main; main(); '
        'print([n for n in ("torch", "pandas") if n in sys.modules])'
    )
    out = run_python(code, *words, '--help')
    *lines, modules = out.splitlines()
    assert modules == '[]'
    assert max(map(len, lines)) < 80
    assert 'experiments/run.py --task pose' in out
    for option in ('preset', 'data', 'root', 'seed', 'out', 'resume'):
        assert f'\n  --{option}' in out
    if not words:
        assert len(lines) < 50
        assert all(f'\n  {task} ' in out for task in (*TASKS, 'bench'))


@pytest.mark.parametrize('task', TASKS)
def test_help_has_all_options(task):
    text = help_text(task)
    for name in RunParser(task).parser._option_string_actions:
        if name.startswith('--test_') and task != 'pose':
            continue
        if name not in ('-h', '--help') and name[-1] != '+':
            assert f'{name} ' in text or f'{name}\n' in text, name


def test_help_of_benchmarks_has_all_options():
    text = help_text('bench')
    for name in make_parser()._option_string_actions:
        if name not in ('-h', '--help', '--label') and name[-1] != '+':
            assert f'{name} ' in text, name


@pytest.mark.parametrize('task', TASKS)
def test_every_setting_has_a_text(task):
    kinds = get_type_hints(TASKS[task].config)
    groups = [kind for kind in kinds.values() if is_dataclass(kind)]
    for config in (TASKS[task].config, *groups, BenchConfig):
        texts = argument_texts(config)
        for field in fields(config):
            assert texts.get(field.name) or field.name in kinds, field.name


@pytest.mark.parametrize('task', TASKS)
def test_tasks(task):
    about = TASKS[task]
    known = import_module(about.module).TASK
    assert known.config is about.config
    assert tuple(known.sources) == about.data
    assert known.smoke is about.smoke


def test_print_config_does_not_import_torch():
    code = (
        'import sys; from experiments.run import main; main(); '
        'assert "torch" not in sys.modules'
    )
    out = run_python(code, *POSE, '--print_config')
    assert 'layer: hcsf' in out


def test_interrupts_say_how_to_continue():
    words = [*POSE, '--preset', 'table1/hcsf', '--resume']
    command = 'python experiments/run.py --task pose --preset table1/hcsf'
    assert (
        run.resume_command(words)
        == f'stopped; to continue: {command} --resume'
    )
    for words in ([*POSE, '--list'], ['--task', 'bench'], [], ['--task']):
        if words != ['--task']:
            assert run.resume_command(words) == 'stopped'


def test_nested_settings():
    config = run.make_config(
        'pose', {}, '--model.layer_options.squeeze', '0.5', '--train.lr=0.1'
    )
    assert config.model.layer_options == {'squeeze': 0.5}
    assert config.train.lr == 0.1
