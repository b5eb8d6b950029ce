"""The ledger of scores on test people."""

import csv
import subprocess
from multiprocessing import get_context

import pytest

from experiments.sweep import folder, ledger
from tests.experiments.fake_runs import make_spec

METADATA = {'preset': 'openmocap', 'row': 'lcn', 'command': 'run.py --seed 0'}


def lines(path):
    with path.open(encoding='utf-8', newline='') as file:
        return list(csv.DictReader(file))


@pytest.fixture
def path(tmp_path, monkeypatch):
    monkeypatch.setattr(ledger, 'PATH', tmp_path / 'docs' / 'scores.csv')
    monkeypatch.setattr(ledger, 'commit', lambda: 'abc1234')
    return tmp_path / 'docs' / 'scores.csv'


def spec(tmp_path, **changes):
    return make_spec(tmp_path, tmp_path, metadata=METADATA, **changes)


def test_a_line_for_each_network(tmp_path, path):
    ledger.record(spec(tmp_path), 'openmocap', 'test')
    why = '=the "final",\ntable'
    ledger.record(spec(tmp_path, seed=1, purpose=why), 'cmu', 'test')
    first, second = lines(path)
    assert first.pop('date').endswith(' UTC')
    assert first == {
        'commit': 'abc1234',
        'command': 'run.py --seed 0',
        'data': 'openmocap 2, test',
        'network': 'openmocap/lcn, seed 0',
        'purpose': 'not stated',
    }
    assert second['network'] == 'openmocap/lcn, seed 1'
    assert second['purpose'] == '\'=the "final", table'


def test_no_line_for_other_scores(tmp_path, path):
    ledger.record(spec(tmp_path), 'openmocap', 'val')
    ledger.record(spec(tmp_path), 'synthetic', 'test')
    ledger.record(spec(tmp_path, smoke=True), 'openmocap', 'test')
    assert not path.exists()


def test_without_a_line_there_is_no_score(tmp_path, path):
    path.mkdir(parents=True)
    with pytest.raises(RuntimeError, match='not scored without a line'):
        ledger.record(spec(tmp_path), 'openmocap-rigs', 'test')


def _append(path, number):
    for i in range(50):
        ledger.append(path, ('', '', '', '', f'{number} {i}', 'x' * 500))


def test_processes_do_not_mix_their_lines(tmp_path):
    path = tmp_path / 'scores.csv'
    path.write_text(','.join(ledger.COLUMNS) + '\n')
    context = get_context('fork')
    jobs = [
        context.Process(target=_append, args=(path, number))
        for number in range(3)
    ]
    for job in jobs:
        job.start()
    for job in jobs:
        job.join()
    found = [line['network'] for line in lines(path)]
    assert sorted(found) == sorted(
        f'{number} {i}' for number in range(3) for i in range(50)
    )


def test_its_lines_leave_the_commit_clean(tmp_path, monkeypatch):
    def git(*argv):
        name = ('-c', 'user.name=a', '-c', 'user.email=a@b')
        subprocess.run(['git', *name, *argv], cwd=tmp_path, check=True)

    path = tmp_path / folder.LEDGER
    path.parent.mkdir(parents=True)
    path.write_text('date\n')
    (tmp_path / 'code.py').write_text('1')
    git('init', '-q')
    git('add', '.')
    git('commit', '-qm', 'all')
    monkeypatch.setattr(folder, '__file__', str(tmp_path / 'code.py'))
    path.write_text('date\nnow\n')
    assert not folder.commit().endswith('-dirty')
    (tmp_path / 'code.py').write_text('2')
    assert folder.commit().endswith('-dirty')


def test_the_ledger_of_this_project():
    path = ledger.Path(ledger.__file__).parents[2] / folder.LEDGER
    with path.open(encoding='utf-8') as file:
        assert file.readline().strip().split(',') == list(ledger.COLUMNS)
