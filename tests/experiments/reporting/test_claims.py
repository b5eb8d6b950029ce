"""What is made of runs about the paper's claims."""

from pathlib import Path

import numpy as np
import pytest
import yaml

from experiments.reporting import claims, effects
from experiments.sweep.presets import load_preset
from tests.experiments.fake_runs import make_runs


def fake(folder, errors, seeds, overlay='ablation', steps=1200):
    for name, error in errors.items():
        table, row = name.split('/')
        make_runs(
            folder,
            rows=[(row, row, error)],
            seeds=seeds,
            preset=f'{table}-{overlay}',
            steps=steps,
        )
    return claims.load_cells(folder / 'pose', overlay)


CLAIM = {'claim': 'Topology helps', 'pairs': [['table6/d8', 'table6/d1']]}


@pytest.mark.parametrize(
    'seeds, errors, expected',
    [
        ((0, 1, 2), (36, 40), 'holds'),
        ((0, 1, 2), (40, 36), 'does not hold'),
        ((0,), (36, 40), 'points that way (seeds: 1)'),
        ((0,), (40, 36), 'points away (seeds: 1)'),
    ],
)
def test_verdicts(tmp_path, seeds, errors, expected):
    names = ('table6/d8', 'table6/d1')
    cells = fake(tmp_path, dict(zip(names, errors, strict=True)), seeds)
    table = claims.claims_table(cells, [CLAIM])
    assert table['verdict'].tolist() == [expected]
    here = float(table['here, mm'].iloc[0].split()[0])
    assert here == pytest.approx(errors[0] - errors[1], abs=0.6)
    assert table['paper, mm'].tolist() == ['-4.0']  # 31.4 - 35.4


def test_no_difference_is_undecided(tmp_path):
    cells = fake(tmp_path, {'table6/d8': 40, 'table6/d1': 40}, (0, 1, 2))
    found = effects.effect(cells, CLAIM['pairs'])
    seeds = effects.by_seed(cells, CLAIM['pairs'])
    assert len(seeds) == 3
    wide = found._replace(low=-1.0, high=1.0)
    assert effects.verdict(wide, seeds) == 'undecided at this size'
    # Seeds that disagree undo an interval over clusters that is narrow.
    sure = found._replace(low=-2.0, high=-1.0)
    assert effects.verdict(sure, [-3.0, 1.0, 0.5]) == 'undecided at this size'
    assert effects.verdict(sure, [-1.5, -1.6, -1.4]) == 'holds'


def test_worst_poses_and_whose_they_are(tmp_path):
    errors = {'table6/d8': 36, 'table6/d1': 40}
    cells = fake(tmp_path, errors, (0, 1, 2))
    claim = {**CLAIM, 'measure': 'worst_5'}
    table = claims.claims_table(cells, [claim])
    worst = [
        np.mean(
            [np.sort(r.error)[-len(r.error) // 20 :].mean() for r in group]
        )
        for group in cells.values()
    ]
    here = float(table['here, mm'].iloc[0].split()[0])
    assert abs(here) == pytest.approx(abs(worst[0] - worst[1]), abs=1.0)
    assert table['paper, mm'].tolist() == ['']
    assert table['95 % interval'].iloc[0].startswith('±')
    # One of two intervals is no verdict.
    assert table['verdict'].tolist() == [effects.NO_INTERVAL]
    shared = claims.shared_table(cells, list(errors))
    assert shared.shape == (2, 2)
    assert all(0 <= float(x[:-2]) <= 100 for x in shared.to_numpy().flat)


def test_missing_intervals_leave_a_claim_open(tmp_path):
    cells = fake(tmp_path, {'table6/d8': 36, 'table6/d1': 40}, (0, 1, 2))
    found = effects.effect(cells, CLAIM['pairs'])._replace(low=-2.0, high=-1.0)
    seeds, nan = [-1.5, -1.6, -1.4], float('nan')
    assert effects.verdict(found, seeds) == 'holds'
    for missing in ({'low': nan, 'high': nan}, {'high': nan}):
        said = effects.verdict(found._replace(**missing), seeds)
        assert said == effects.NO_INTERVAL
    assert effects.verdict(found, [*seeds, nan]) == effects.NO_INTERVAL


def test_cells_of_one_configuration_share_their_seeds(tmp_path):
    errors = {'supp3/F3': 40, 'supp3/F5': 42}
    fake(tmp_path, errors, (0, 1))
    cells = fake(tmp_path, {'table5/A_temporal': 41, 'table5/A': 45}, (0, 2))
    assert [len(cells[name]) for name in cells] == [2, 2, 2, 2]
    for name, settings in {
        'supp3/F3': {'label': 'F=3', 'model': {'frames': 9}},
        'table5/A_temporal': {'label': 'Eq. 8', 'model': {'frames': 9}},
        'table5/A': {'label': 'Eq. 8', 'model': {'frames': 1}},
    }.items():
        for run in cells[name]:
            values = {**settings, 'train': {'save_every': len(name)}}
            path = run.folder / 'config.yaml'
            path.write_text(yaml.safe_dump(values))
    (cells['supp3/F5'][0].folder / 'config.yaml').write_text('- 1')
    shared = claims.load_cells(tmp_path / 'pose', 'ablation')
    found = {
        name: [(run.metrics['seed'], run.metrics['row']) for run in runs]
        for name, runs in shared.items()
    }
    assert found == {
        'supp3/F3': [(0, 'F3'), (1, 'F3'), (2, 'A_temporal')],
        'supp3/F5': [(0, 'F5'), (1, 'F5')],
        'table5/A': [(0, 'A'), (2, 'A')],
        'table5/A_temporal': [(0, 'A_temporal'), (1, 'F3'), (2, 'A_temporal')],
    }
    table = claims.cell_table(shared, {})
    assert table['seeds'].tolist() == [3, 2, 2, 3]
    assert table.loc['supp3/F3', 'model'] == 'F3'


QUESTION = {
    'question': 'Who shares W',
    'readings': {
        'nobody': 'readings/own',
        'source': 'readings/sharing_source',
        'hop': 'readings/sharing_hop',
        'group': 'readings/sharing_all',
    },
}


def test_the_best_reading_comes_first(tmp_path):
    errors = {'own': 40, 'sharing_source': 36, 'sharing_hop': 50}
    errors = {f'readings/{row}': error for row, error in errors.items()}
    cells = fake(tmp_path, errors, (0, 1, 2))
    table = claims.readings_table(cells, [QUESTION])
    assert table.index.tolist() == ['Who shares W', '', '']
    # ... of those that were run, and ours is marked.
    assert table['reading'].tolist() == ['source', 'nobody (ours)', 'hop']
    assert table['verdict'].tolist() == ['wins', 'loses', 'loses']
    against = table['against the best, mm'].tolist()
    assert against[0] == '' and float(against[1].split()[0]) > 3
    assert claims.readings_table({}, [QUESTION]).empty
    alone = {'readings/own': cells['readings/own']}
    table = claims.readings_table(alone, [QUESTION])
    assert table['verdict'].tolist() == ['ahead']  # of nobody


def test_one_seed_decides_nothing(tmp_path):
    errors = {'readings/own': 36, 'readings/sharing_hop': 50}
    table = claims.readings_table(fake(tmp_path, errors, (0,)), [QUESTION])
    assert table['verdict'].tolist() == ['ahead', 'behind (seeds: 1)']


def test_whether_the_order_has_settled(tmp_path):
    errors = {'table6/d1': 44.0, 'table6/d8': 36.0, 'table7/lcn_L3': 52.0}
    cells = fake(tmp_path, errors, (0, 1, 2))
    # One cell that is not in all seeds, and one of another page.
    cells |= fake(tmp_path, {'table7/lcn_L6': 60.0}, (0,))
    fake(tmp_path, {'cross_rig/hcsf': 90.0}, (0,))
    assert 'cross_rig/hcsf' not in claims.load_cells(
        tmp_path / 'pose', 'ablation'
    )
    table = claims.order_table(cells, {})
    pairs = ['seed 0, seed 1', 'seed 0, seed 2', 'seed 1, seed 2']
    assert table.index.tolist() == pairs
    assert table['cells'].tolist() == [3, 3, 3]
    assert table["Kendall's tau"].tolist() == ['+1.00'] * 3
    turned = {'table6/d1': 36.0, 'table6/d8': 44.0, 'table7/lcn_L3': 30.0}
    longer = fake(tmp_path, turned, (1,), 'ablation_long', 2400)
    table = claims.order_table(cells, longer)
    assert table.index[-1] == '1,200 steps, 2,400 steps'
    assert table["Kendall's tau"].iloc[-1] == '-1.00'
    out = tmp_path / 'claims.md'
    claims.write(tmp_path / 'pose', 'ablation', out, 'ablation_long')
    text = out.read_text()
    assert '--longer ablation_long' in text and '2,400 steps' in text
    page = claims.cell_table(cells, longer)
    assert abs(float(page.loc['table6/d8', '2,400 steps']) - 44) < 3
    assert page.loc['table7/lcn_L6', '2,400 steps'] == ''
    assert '2,400 steps' not in claims.cell_table(cells, {})
    assert 'of each seed of longer trainings' in text
    assert claims.order_table({}, {}).empty


def test_page(tmp_path):
    errors = {'table6/d1': 44.0, 'table6/d8': 36.0, 'table6/d2': 40.0}
    errors |= {'readings/own': 36.0, 'readings/tree': 41.0}
    fake(tmp_path, errors, (0,))
    out = tmp_path / 'claims.md'
    claims.write(tmp_path / 'pose', 'ablation', out)
    text = out.read_text()
    assert 'not Human3.6M numbers' in text
    assert 'd = 1/8 against 1' in text and "no ['table7/" in text
    assert '16 bones' in text and "LCN's, 20 edges (ours)" in text
    assert 'nan' not in text
    assert '+1.00' in text  # 35.4, 34.7, 31.4 in the paper: the same order
    with pytest.raises(ValueError, match='--overlay other'):
        claims.write(tmp_path / 'pose', 'other', out)


def test_cells_exist():
    spec = yaml.safe_load(
        Path(claims.__file__).with_name('claims.yaml').read_text()
    )
    paper = claims.paper_values()
    for claim in spec:
        for pair in claim['pairs']:
            for name in pair:
                assert load_preset('pose', name).rows
            assert np.isfinite([paper[name] for name in pair]).all()


def test_readings_exist():
    path = Path(claims.__file__).with_name('readings.yaml')
    named = [
        name
        for question in yaml.safe_load(path.read_text())
        for name in question['readings'].values()
    ]
    rows = load_preset('pose', 'readings').rows
    assert set(named) == {f'readings/{row}' for row in rows}
