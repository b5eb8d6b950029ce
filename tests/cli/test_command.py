"""Every command ends with one line and the right exit code."""

import argparse
import os
import runpy
import sys
import warnings
from pathlib import Path

import jsonargparse
import pytest

from pyg_hcsf.cli.command import (
    CommandParser,
    UsageError,
    require,
    run_command,
)
from tests.paths import REPO

COMMANDS = [
    path
    for folder in ('experiments', 'tools')
    for path in sorted((REPO / folder).rglob('*.py'))
    if "__name__ == '__main__'" in path.read_text()
    and not path.stem.endswith('_worker')  # which other commands start
]


@pytest.fixture
def run(monkeypatch, capsys):
    """Runs a command; returns the exit code and the lines of its errors."""

    def call(path, *words):
        monkeypatch.syspath_prepend(str(path.parent))
        monkeypatch.setattr(sys, 'argv', [str(path), *map(str, words)])
        monkeypatch.setattr(warnings, 'showwarning', warnings.showwarning)
        with pytest.raises(SystemExit) as e:
            runpy.run_path(str(path), run_name='__main__')
        return e.value.code, capsys.readouterr().err.splitlines()

    return call


def test_all_commands_are_here():
    assert {p.name for p in COMMANDS} >= {'run.py', 'smoke.py', 'lift.py'}
    assert len(COMMANDS) > 15


@pytest.mark.parametrize('path', COMMANDS, ids=lambda path: path.stem)
def test_unknown_flags(run, path):
    first = ['--task', 'pose'] if path.name == 'run.py' else []
    if path.name == 'prepare.py':
        first = ['human36m']
    code, lines = run(path, *first, '--no_such_flag', 'x')
    assert code == 2
    assert len(lines) == 1 and lines[0].startswith('error: ')


@pytest.mark.parametrize('path', COMMANDS, ids=lambda path: path.stem)
def test_interrupts(run, path, monkeypatch):
    def stop(*args, **kwargs):
        raise KeyboardInterrupt

    for cls in (CommandParser, jsonargparse.ArgumentParser):
        monkeypatch.setattr(cls, 'parse_args', stop)
    words = ['--task', 'pose'] if path.name != 'prepare.py' else ['hdm05']
    code, lines = run(path, *words)
    assert code == 130
    assert len(lines) == 1 and lines[0].startswith('stopped')


@pytest.mark.parametrize(
    'name, words',
    [
        ('experiments/run.py', ['--task', 'pose', '--train.lr', 'fast']),
        ('experiments/run.py', ['--task', 'pose', '--seed', 'one']),
        ('experiments/run.py', ['--task', 'action', '--train.lr', 'fast']),
        ('experiments/run.py', ['--task', 'lift', '--model.frames', 'x']),
        ('experiments/run.py', ['--task', 'bench', '--rounds', 'x']),
        ('experiments/run.py', ['--task', 'bench', '--preset', 'x']),
        ('experiments/run.py', ['--task', 'dance']),
        ('experiments/run.py', ['--task']),
        ('experiments/run.py', []),
        ('experiments/run.py', ['--task', 'pose', '--preset', 'x']),
        ('experiments/run.py', ['--task', 'pose', '--data', 'x']),
        ('experiments/run.py', ['--task', 'pose', '--root', '/nowhere']),
        ('experiments/report.py', []),
        ('experiments/reporting/claims.py', ['a']),
        ('tools/lift.py', ['--fps', 'fast']),
        ('tools/lift.py', []),
        ('tools/view.py', ['a.npz']),
        ('tools/fuse.py', ['a', '--weights', 'x']),
        ('tools/prepare.py', []),
        ('tools/prepare.py', ['dance']),
        ('tools/prepare.py', ['human36m', '--subsample', 'x']),
        ('experiments/bench/reading.py', ['ntu', '--files', 'x']),
    ],
)
def test_wrong_command_lines(run, name, words):
    code, lines = run(REPO / name, *words)
    assert code == 2
    assert len(lines) == 1 and lines[0].startswith('error: ')


@pytest.mark.parametrize(
    'name, words',
    [
        ('experiments/run.py', ['--task', 'pose', '--smoke', '--out']),
        ('experiments/run.py', ['--task', 'action', '--smoke', '--out']),
        ('experiments/run.py', ['--task', 'lift', '--smoke', '--out']),
        ('experiments/run.py', ['--task', 'bench', '--smoke', '--out']),
        ('experiments/bench/scaling.py', ['--smoke', '--out']),
        ('tools/lift.py', [REPO / 'examples/walk_coco17.json', '--out']),
    ],
)
def test_unwritable_folders(run, name, words, tmp_path):
    (tmp_path / 'file').write_text('')
    out = tmp_path / 'file' / 'poses.csv'
    more = ['--data', 'synthetic'] * ('--task' in words)
    more *= 'bench' not in words
    code, lines = run(REPO / name, *words, out, *more)
    assert code == 1
    assert lines[-1].startswith('error: ') and str(out.parent) in lines[-1]
    assert not any('Traceback' in line for line in lines)


@pytest.mark.parametrize(
    'error, code, line',
    [
        (ValueError('two\n lines'), 1, 'error: two lines'),
        (RuntimeError('it'), 1, 'error: it'),
        (
            PermissionError(13, 'denied', 'x'),
            1,
            "error: [Errno 13] denied: 'x'",
        ),
        (MemoryError(), 1, 'error: out of memory'),
        (UsageError('what'), 2, 'error: what'),
        (argparse.ArgumentError(None, 'which'), 2, 'error: which'),
        (KeyboardInterrupt(), 130, 'stopped'),
        (BrokenPipeError(), 0, ''),
    ],
)
def test_exit_codes(error, code, line, capsys, monkeypatch):
    monkeypatch.setattr(warnings, 'showwarning', warnings.showwarning)
    monkeypatch.setattr(os, 'dup2', lambda *args: None)

    def main():
        raise error

    with pytest.raises(SystemExit) as e:
        run_command(main)
    assert e.value.code == code
    assert capsys.readouterr().err.strip() == line


@pytest.mark.filterwarnings('always')
def test_results_and_warnings(capsys, monkeypatch):
    monkeypatch.setattr(warnings, 'showwarning', warnings.showwarning)
    for result, code in ((None, 0), (3, 3), (True, 0), (Path('x'), 0)):
        with pytest.raises(SystemExit) as e:
            run_command(lambda result=result: result)
        assert e.value.code == code
    with monkeypatch.context() as closed, pytest.raises(SystemExit) as e:
        closed.setattr(sys, 'stdout', None)  # as by >&-
        run_command(lambda: 3)
    assert e.value.code == 3
    with pytest.raises(SystemExit):
        run_command(lambda: warnings.warn('old', FutureWarning, stacklevel=1))
    with pytest.raises(SystemExit):
        run_command(lambda: warnings.warn('a\n b', stacklevel=1))
    assert capsys.readouterr().err == 'warning: a b\n'
    with pytest.raises(KeyError):  # an error of the program
        run_command(lambda: {}['x'])
    with pytest.raises(SystemExit):
        CommandParser(prog='tool').parse_args(['--x'])
    assert capsys.readouterr().err == (
        "error: unknown option '--x' (see tool --help)\n"
    )


def test_options_and_choices(capsys):
    parser = CommandParser(prog='tool')
    parser.add_argument('--number', type=float)
    parser.add_argument('--layout', choices=['coco17', 'h36m17'])
    parser.add_argument('words', nargs='*')
    args = parser.parse_args(['--number', '-1.5', '-', '--', '--any'])
    assert args.number == -1.5 and args.words == ['-', '--any']
    for words, text in (
        (['--nubmer=3'], "unknown option '--nubmer': did you mean '--number'"),
        (['--num', '3'], "unknown option '--num': did you mean '--number'"),
        (['-zzz'], "unknown option '-zzz' (see tool --help)"),
        (['--layout', 'Coco17'], "(got 'Coco17'): did you mean 'coco17'?"),
        (['--layout', 'xyz'], "one of coco17, h36m17 (got 'xyz') (see"),
        (['--number'], 'argument --number: expected one argument'),
    ):
        with pytest.raises(SystemExit):
            parser.parse_args(words)
        (line,) = capsys.readouterr().err.splitlines()
        assert text in line


def test_missing_modules():
    def main():
        raise ModuleNotFoundError("No module named 'strange'", name='strange')

    with pytest.raises(ModuleNotFoundError):
        require('torch', 'strange')
    require('torch')
    with pytest.raises(SystemExit) as e:
        run_command(main)
    assert e.value.code == 1
