import io
import json
import zipfile
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest

from experiments import report as command
from experiments.pose.report import PoseReport
from experiments.pose.report_tables import (
    action_table,
    joint_table,
    subject_table,
    summary_table,
)
from experiments.reporting import page
from experiments.reporting import report as report_module
from experiments.reporting.compare import compare, interval
from experiments.reporting.runs import by_setting, load_runs
from experiments.reporting.tables import comparison_table
from pyg_hcsf.skeleton import H36M17
from tests.experiments.fake_runs import OFFICIAL, make_runs

REPORT = PoseReport()
TABLE1 = [
    *('Direct', 'Discuss', 'Eat', 'Greet', 'Phone', 'Photo', 'Pose'),
    *('Purcha.', 'Sit', 'SitD', 'Smoke', 'Wait', 'WalkD', 'Walk', 'WalkT'),
    'Avg.',
]


@pytest.fixture(scope='module')
def root(tmp_path_factory):
    return make_runs(tmp_path_factory.mktemp('runs'), paper={'mpjpe': 30.8})


@pytest.fixture(scope='module')
def runs(root):
    return load_runs(root)


def edit(folder, **changes):
    path = folder / 'metrics.json'
    path.write_text(json.dumps({**json.loads(path.read_text()), **changes}))


def constant_runs(root, clusters, gains, **kwargs):
    """Two rows whose error differs by ``gains[cluster]`` in every frame."""
    names = [f'a{i}' for i in range(clusters)]
    make_runs(root, seeds=(0,), subjects=('S1',), actions=names, **kwargs)
    folder = root / 'pose' / 'table1_gt'
    a, b = folder / 'hcsf' / '0', folder / 'lcn' / '0'
    with np.load(b / 'frames.npz') as file:
        frames = dict(file)
    gain = np.asarray(gains, dtype=np.float32)[frames['clip']]
    np.savez(a / 'frames.npz', **{**frames, 'error': frames['error'] + gain})
    return load_runs(root), frames, gain


def test_runs_are_ordered_and_unfinished_ones_passed_over(tmp_path):
    make_runs(tmp_path, rows=(('b', 'B', 40), ('a', 'A', 30)), seeds=(1, 0))
    (tmp_path / 'pose' / 'table1_gt' / 'c' / '0').mkdir(parents=True)
    (tmp_path / 'pose' / 'table1_gt' / 'a' / '0' / 'frames.npz').unlink()
    (tmp_path / 'pose' / 'table1_gt' / 'b' / '1' / 'metrics.json').unlink()
    with pytest.warns(UserWarning, match=r'a/0/frames\.npz.*left out'):
        runs = load_runs(tmp_path)
    assert [(r.label, r.metrics['seed']) for r in runs] == [('B', 0), ('A', 1)]


def test_damaged_metrics_of_another_task_are_named(tmp_path):
    make_runs(tmp_path, seeds=(0, 1))
    other = tmp_path / 'action' / 'default' / 'hcsf' / '0'
    other.mkdir(parents=True)
    (other / 'metrics.json').write_text('{')
    (other / 'scores.npz').touch()
    with pytest.warns(UserWarning, match='hcsf/0/metrics.json.*left out'):
        REPORT.write(tmp_path)
    (other / 'metrics.json').write_text('{"task": "action"}')
    assert len(load_runs(tmp_path)) == 4  # without a word


def test_missing_folder(tmp_path):
    with pytest.raises(ValueError, match="'folder' to exist.*nowhere"):
        load_runs(tmp_path / 'nowhere')
    with pytest.raises(ValueError, match='run.py --task pose'):
        REPORT.write(tmp_path)


@pytest.mark.parametrize('text', ['{"task": "po', '[]', '{"task": "pose"}'])
def test_broken_metrics_name_file_and_remedy(tmp_path, text):
    make_runs(tmp_path, rows=(('a', 'A', 30),), seeds=(0,))
    path = tmp_path / 'pose' / 'table1_gt' / 'a' / '0' / 'metrics.json'
    path.write_text(text)
    with pytest.warns(UserWarning, match=r'metrics\.json.*delete the folder'):
        assert load_runs(tmp_path) == []


def test_metrics_of_other_types_are_damaged(tmp_path):
    make_runs(tmp_path, rows=(('a', 'A', 30),), seeds=(0, 1))
    path = tmp_path / 'pose' / 'table1_gt' / 'a' / '0' / 'metrics.json'
    values = json.loads(path.read_text())
    path.write_text(json.dumps({**values, 'seed': 'x' * 10**6}))
    with pytest.warns(UserWarning, match="another type of 'seed'") as caught:
        (run,) = load_runs(tmp_path)
    assert run.metrics['seed'] == 1
    assert len(str(caught[0].message)) < 1000


def _cut(path):
    path.write_bytes(path.read_bytes()[:-200])


def _flip(path):
    data = bytearray(path.read_bytes())
    data[200] ^= 0xFF  # in the first array, against its checksum
    path.write_bytes(data)


def _pickled(path):
    np.savez(path, error=np.array([{}], dtype=object))


def _npy(path):
    with path.open('wb') as file:
        np.save(file, np.zeros(3))


def _lie(path):  # one that promises more than is there
    file = io.BytesIO()
    np.save(file, np.zeros(()))
    lie = file.getvalue().replace(b'()', b'(500000000000,)')
    lie = lie.replace(b' ' * 13 + b'\n', b'\n')
    with zipfile.ZipFile(path, 'w') as archive:
        archive.writestr('error.npy', lie)


def _lacking(path):
    with zipfile.ZipFile(path, 'w'):
        pass


@pytest.mark.parametrize(
    'damage', [_cut, _flip, _pickled, _npy, _lie, _lacking]
)
def test_broken_frames_name_file_and_remedy(tmp_path, damage):
    make_runs(tmp_path, rows=(('a', 'A', 30),), seeds=(0,))
    damage(tmp_path / 'pose' / 'table1_gt' / 'a' / '0' / 'frames.npz')
    with pytest.warns(UserWarning, match=r'frames\.npz.*delete the folder'):
        assert load_runs(tmp_path) == []


def test_interval_is_students_t():
    mean, half = interval([30.0, 31.0, 32.0])
    assert mean == 31
    assert half == pytest.approx(4.302653 / 3**0.5, rel=1e-6)
    assert np.isnan(interval([30.0])[1])


def test_summary_table(runs):
    table = summary_table(runs)
    assert list(table.index) == ['LCN', 'HCSF']
    assert list(table.seeds) == ['3 seeds', '3 seeds']
    x = [r.metrics['mpjpe'] for r in runs if r.label == 'HCSF']
    half = 4.302653 * np.std(x, ddof=1) / 3**0.5
    shown = f'{np.mean(x):.1f} ± {half:.1f}'
    assert table.loc['HCSF', 'MPJPE (mm)'] == shown
    share = 100 * np.mean([np.mean(r.error > 60) for r in runs[3:]])
    assert table.loc['HCSF', '> 60 mm (%)'].split()[0] == f'{share:.1f}'
    worst = [
        np.sort(r.error)[-int(-(-0.05 * len(r.error) // 1)) :].mean()
        for r in runs[3:]
    ]
    assert table.loc['HCSF', 'worst 5 % (mm)'].split()[0] == (
        f'{np.mean(worst):.1f}'
    )
    assert table.loc['LCN', 'parameters'] == '3.79M'
    assert table.loc['LCN', 'test poses/s'] == '25k'
    assert table.loc['LCN', 'paper: MPJPE (mm)'] == '30.8'


def test_one_seed_has_no_interval(tmp_path):
    make_runs(tmp_path, seeds=(4,))
    table = summary_table(load_runs(tmp_path))
    assert list(table.seeds) == ['1 seed', '1 seed']
    assert '±' not in table.loc['HCSF', 'MPJPE (mm)']
    assert not [name for name in table if name.startswith('paper')]


def test_action_table_has_the_columns_of_table_1(runs):
    table = action_table(runs)
    assert list(table.columns) == TABLE1
    lcn = runs[:3]
    photo = np.mean(
        [r.error[r.action[r.clip] == 'TakingPhoto'].mean() for r in lcn]
    )
    assert table.loc['LCN', 'Photo'] == f'{photo:.1f}'
    means = [
        r.metrics['per_action'][a]['mpjpe'] for r in lcn for a in OFFICIAL
    ]
    assert table.loc['LCN', 'Avg.'].split()[0] == f'{np.mean(means):.1f}'


def test_action_table_of_other_data_keeps_its_order(tmp_path):
    make_runs(tmp_path, actions=('walk', 'jump', 'Sitting'), average='frames')
    table = action_table(load_runs(tmp_path))
    assert list(table.columns) == ['walk', 'jump', 'Sitting', 'Avg.']


def test_joint_and_subject_tables(runs):
    joints, subjects = joint_table(runs), subject_table(runs)
    assert list(joints.columns) == list(H36M17.joints)
    assert list(subjects.columns) == ['S9', 'S11']
    s9 = np.mean([r.error[r.subject[r.clip] == 'S9'].mean() for r in runs[3:]])
    assert subjects.loc['HCSF', 'S9'].split()[0] == f'{s9:.1f}'


def test_settings_do_not_mix(tmp_path):
    make_runs(tmp_path / 'a')
    make_runs(tmp_path / 'b', data='openmocap')
    runs = load_runs(tmp_path)
    assert len(by_setting(runs)) == 2
    with pytest.raises(ValueError, match='openmocap.*by_setting'):
        summary_table(runs)


def test_a_seed_counts_once(tmp_path):
    make_runs(tmp_path / 'a')
    make_runs(tmp_path / 'b')
    with pytest.raises(ValueError, match="each seed of a row once.*'.*/b/"):
        summary_table(load_runs(tmp_path))


@pytest.mark.parametrize('average', ['frames', 'actions', 'subjects'])
def test_compare_is_the_difference_of_the_headline(tmp_path, average):
    make_runs(tmp_path, cameras=('54138969', '60457274'), average=average)
    runs = load_runs(tmp_path)
    c = compare(runs, 'hcsf', 'lcn')
    mean = [
        np.mean([r.metrics['mpjpe'] for r in runs if r.label == label])
        for label in ('HCSF', 'LCN')
    ]
    assert c.difference == pytest.approx(mean[0] - mean[1], abs=1e-4)
    assert c.relative == pytest.approx(mean[0] / mean[1] - 1, abs=1e-5)
    assert c.clusters == 30  # of 60 clips
    assert c.low < c.difference < c.high


def test_compare_weighs_frames_or_actions(tmp_path):
    gains = [-4.0, 0.0, 0.0, 0.0, 0.0]  # clips of 20, 25, 30, 20, 25 frames
    for average, expected in (('frames', -80 / 120), ('actions', -0.8)):
        runs, _, _ = constant_runs(
            tmp_path / average, 5, gains, average=average
        )
        c = compare(runs, 'hcsf', 'lcn')
        assert c.difference == pytest.approx(expected, abs=1e-5)


def test_compare_of_equal_gains_has_no_width(tmp_path):
    runs, _, _ = constant_runs(tmp_path, 6, [-2.0] * 6)
    c = compare(runs, 'hcsf', 'lcn')
    assert (c.low, c.high) == pytest.approx((-2, -2), abs=1e-3)
    same = compare(runs, 'lcn', 'lcn')
    assert (same.low, same.difference, same.high) == (0, 0, 0)


def test_compare_resamples_clusters_not_frames(tmp_path):
    gains = np.random.default_rng(0).normal(-2, 3, 12)
    runs, frames, gain = constant_runs(tmp_path, 12, gains, average='frames')
    c = compare(runs, 'hcsf', 'lcn')
    frame_half = 1.96 * gain.std() / len(gain) ** 0.5
    cluster_half = 2.201 * gains.std(ddof=1) / 12**0.5
    assert c.high - c.low > 3 * frame_half
    assert (c.high - c.low) / 2 == pytest.approx(cluster_half, rel=0.35)
    assert compare(runs, 'hcsf', 'lcn') == c


def test_interval_covers_a_known_difference(tmp_path):
    runs, frames, _ = constant_runs(tmp_path, 8, np.zeros(8))
    rng = np.random.default_rng(1)
    covered = 0
    for _ in range(200):
        gains = rng.gamma(2, 1, 8) - 4  # skewed, mean -2
        runs[1].error[:] = frames['error'] + gains[frames['clip']]
        c = compare(runs, 'hcsf', 'lcn', draws=499)
        covered += c.low <= -2 <= c.high
    assert 178 <= covered <= 200  # 95 % is 190


def test_compare_of_few_clusters_says_so(tmp_path):
    runs, _, _ = constant_runs(tmp_path, 3, [-1.0, -2.0, -3.0])
    c = compare(runs, 'hcsf', 'lcn')
    assert np.isnan(c.low) and 'no interval from 3 clusters' in str(c)
    table = comparison_table(runs)
    assert table.loc[0, '95 % interval (mm)'] == 'too few clusters'


def test_compare_refuses_other_frames_and_unknown_rows(tmp_path):
    runs = load_runs(make_runs(tmp_path))
    with pytest.raises(ValueError, match=r"\['lcn', 'hcsf'\].*'fcn'"):
        compare(runs, 'fcn', 'lcn')
    runs[0].frame[3] += 1
    with pytest.raises(ValueError, match='the same frames in the same order'):
        compare(runs, 'hcsf', 'lcn')


def test_print_summary_fits_the_terminal(tmp_path):
    rows = (('lcn', 'LCN', 40), ('long', 'HCSF ' + 'with words ' * 9, 35))
    make_runs(tmp_path / 'a', rows=rows, paper={'mpjpe': 30.8})
    make_runs(tmp_path / 'b', keypoints='noisy', seeds=(0,))
    text = REPORT.print_summary(load_runs(tmp_path))
    assert text.startswith('Data: SyntheticMotion (procedural). These are not')
    assert max(map(len, text.splitlines())) <= 80
    assert 'gt keypoints' in text and 'noisy keypoints' in text
    assert '95 % interval' in text
    assert REPORT.print_summary([]) == 'No finished runs.'


def test_human36m_is_not_disclaimed(tmp_path):
    make_runs(tmp_path, data='Human36M')
    line = REPORT.data_line(load_runs(tmp_path))
    assert line == 'Data: Human36M.'


def test_report_and_csv(root, tmp_path):
    path = REPORT.write(root / 'pose', tmp_path)
    text = path.read_text()
    assert text.splitlines()[0] == (
        '**Data: SyntheticMotion (procedural). These are not Human3.6M '
        'numbers.**'
    )
    for word in ('openmocap', 'abc1234', 'run.py --preset table1_gt', '0, 1'):
        assert word in text
    assert '| Direct | ' in ' '.join(text.split())
    assert '| model' in text and '**' in text.split('### Models')[1]
    links = [part.split(')')[0] for part in text.split('](')[1:]]
    assert len(links) == 8
    assert all((tmp_path / link).is_file() for link in links)
    frame = pd.read_csv(tmp_path / 'results.csv')
    runs = load_runs(root)
    pick = frame.query("row == 'hcsf' and seed == 1 and scope == 'all'")
    value = pick.set_index('metric').value['mpjpe']
    assert value == pytest.approx(runs[4].metrics['mpjpe'])
    pick = frame.query("scope == 'action' and group == 'Eating'")
    assert len(pick.query("metric == 'pa_mpjpe'")) == 6
    assert set(frame.data) == {'SyntheticMotion'}


def test_best_is_bold(root, runs, tmp_path, monkeypatch):
    monkeypatch.setattr(report_module, 'find_spec', lambda name: None)
    text = REPORT.write(root, tmp_path).read_text()
    assert 'Pictures need `pip install matplotlib`' in text
    table = text.split('### Models')[1].split('\n\n')[1]
    head, _, *lines = [line.split('|')[1:-1] for line in table.splitlines()]
    names = [cell.strip() for cell in head]
    bold = {line[0].strip(): ['**' in cell for cell in line] for line in lines}
    below = {r.label: 100 * np.mean(r.error < 30) for r in runs}
    assert below['HCSF'] > below['LCN']
    for name in ('MPJPE (mm)', '> 60 mm (%)', '< 30 mm (%)'):
        assert bold['HCSF'][names.index(name)]
        assert not bold['LCN'][names.index(name)]
    assert not bold['LCN'][names.index('parameters')]


def test_diverged_runs_are_reported(tmp_path, monkeypatch):
    monkeypatch.setattr(report_module, 'find_spec', lambda name: None)
    make_runs(tmp_path, seeds=(0,))
    folder = tmp_path / 'pose' / 'table1_gt' / 'hcsf' / '0'
    with np.load(folder / 'frames.npz') as file:
        frames = dict(file)
    frames['error'][:] = np.nan
    np.savez(folder / 'frames.npz', **frames)
    edit(folder, mpjpe=float('nan'))
    assert 'nan' in REPORT.write(tmp_path).read_text()
    assert 'nan' in REPORT.print_summary(load_runs(tmp_path))


def test_commands_are_said_once_with_all_seeds():
    words = 'python experiments/run.py --preset table7'
    typed = [
        f'{words}/S1_L2 --root a --seed 0 --out /tmp/x',
        f"{words}/S1_L2 --root a --resume --out '/tmp/a b' --seed 2 10",
        f'{words}/lcn_L2 --outer 3 --seed 1',
    ]
    runs = [
        SimpleNamespace(metrics={'command': command, 'seed': seed})
        for command, seed in zip(typed, (0, 10, 1), strict=True)
    ]
    assert page.commands(runs).splitlines() == [
        '```bash',
        f'{words}/S1_L2 --root a --seed 0 10',
        f'{words}/lcn_L2 --outer 3 --seed 1',
        '```',
    ]


def test_command_line(tmp_path, capsys, monkeypatch):
    make_runs(tmp_path)
    out = tmp_path / 'out'
    monkeypatch.setattr('sys.argv', ['report.py', str(tmp_path), str(out)])
    command.main()
    assert capsys.readouterr().out.strip() == str(out / 'report.md')
    monkeypatch.setattr('sys.argv', ['report.py', str(tmp_path / 'none')])
    with pytest.raises(ValueError, match="Expected 'folder' to exist"):
        command.main()
    (tmp_path / 'none').mkdir()
    with pytest.raises(ValueError, match='one task.*got none'):
        command.main()


def test_runs_of_two_tasks(tmp_path):
    make_runs(tmp_path / 'pose')
    action = tmp_path / 'action' / 'metrics.json'
    action.parent.mkdir()
    action.write_text('{"task": "action"}')
    with pytest.raises(ValueError, match="one task.*'action', 'pose'"):
        command.write_report(tmp_path)
    action.write_text('{"task": "cook"}')
    with pytest.raises(RuntimeError, match="unknown task 'cook'"):
        command.write_report(tmp_path)
