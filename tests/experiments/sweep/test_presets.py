"""The tables of the paper as presets."""

import re
from collections import Counter

import pytest

from experiments import run
from experiments.sweep.presets import fingerprint, list_presets, load_preset
from pyg_hcsf.cli.command import UsageError
from tests.paths import DATA

PAPER = DATA.parent / 'reference' / 'paper.md'
# By the words that a table's caption begins with: its preset, and which of its
# rows are the authors' own.
TABLES = {
    'Table 1: Comparison of single-frame': ('table1', r'Ours'),
    'Table 2: Comparison on *temporal': ('table2', None),
    'Table 3: Cross-dataset results': ('table3', r'Outdoor|All'),
    'Table 4: Comparison of aggregating': ('table4', r'ierarchy'),
    'Table 5: Comparison on the effects': ('table5', r'MPJPE'),
    'Table 6: Influence of the squeezing': ('table6', r'MPJPE'),
    'Table 7: The influence of the hop': ('table7', r'S = |LCN'),
    'Table 1: Comparison results regarding': ('supp1', r'Ours'),
    'Table 2: Comparison on the effects': ('supp2', r'MPJPE'),
    'Table 3: The impact of settings F': ('supp3', r'HCSF'),
}


def printed(text, caption, pattern):
    """The numbers of a table that ends in a caption."""
    lines = text[: text.index(caption)].rstrip().splitlines()
    table = []
    while lines and '\t' in lines[-1]:
        table.insert(0, lines.pop())
    if pattern is None:  # the last two columns of the last row
        return table[-1].split('\t')[-2:]
    rows = [row for row in table if re.search(pattern, row.split('\t')[0])]
    cells = [cell for row in rows for cell in row.split('\t')[1:]]
    if 'Cross' in caption:  # the last column, with its gain
        return [row.split('\t')[-1].split()[0] for row in rows]
    return [cell for cell in cells if re.fullmatch(r'\d+\.\d', cell)]


@pytest.mark.skipif(not PAPER.is_file(), reason=f"'{PAPER}' is not there")
@pytest.mark.parametrize('caption', TABLES)
def test_every_number_of_the_paper_has_a_row(caption):
    text = PAPER.read_text()
    preset, pattern = TABLES[caption]
    numbers = Counter(float(x) for x in printed(text, caption, pattern))
    assert len(numbers) > 1
    rows = load_preset('pose', preset).rows.values()
    ours = Counter(x for row in rows for x in row['paper'].values())
    assert not numbers - ours
    # Tables 1 and 3 and Table 1 of the supplement share runs.
    if preset not in ('table1', 'table3', 'supp1'):
        assert not ours - numbers


def test_actions_average_to_the_printed_mean():
    for name, metric in (('table1', 'mpjpe'), ('supp1', 'pa_mpjpe')):
        for row in load_preset('pose', name).rows.values():
            paper = row['paper']
            actions = [v for k, v in paper.items() if f'{metric}/' in k]
            assert len(actions) == 15
            # Some means were printed from actions that were not rounded.
            mean = sum(actions) / 15
            assert mean == pytest.approx(paper[metric], abs=0.1)


def test_overlay():
    plain = load_preset('pose', 'table5/A').rows['A']
    preset = load_preset('pose', 'table5/A', 'ablation')
    row = preset.rows['A']
    assert (preset.name, preset.data) == ('table5-ablation', 'openmocap')
    assert plain['model']['hidden_channels'] == 128
    assert row['model']['hidden_channels'] == 64
    assert row['train']['steps'] == 1200
    layer = row['model']['layer_options']
    assert layer == plain['model']['layer_options']
    assert layer['dynamic'] == {} and layer['squeeze'] == 0.125
    with pytest.raises(ValueError, match="'--overlay' .*got 'x'"):
        load_preset('pose', 'table5', 'x')


def test_tables_share_cells():
    """Cells that are one network have one configuration."""
    same = [
        ('table7/S1_L2', 'table6/d16'),
        ('table7/S1_L5', 'table4/hierarchy_L5'),
        ('table7/lcn_L3', 'table4/non_hierarchy_L3'),
        ('table7/lcn_L2', 'supp2/baseline'),
        ('table6/d8', 'table5/baseline'),
        ('table5/A_temporal', 'supp3/F3'),
        ('table1/hcsf', 'supp1/hcsf'),
        ('table1/hcsf', 'table5/baseline'),
        ('readings/own', 'table6/d8'),
        ('readings/offset_edges', 'table5/A'),
    ]
    for pair in same:
        keys = set()
        for name in pair:
            (row,) = load_preset('pose', name, 'ablation').rows.values()
            config = run.make_config('pose', row)
            keys.add(fingerprint(config, [], 0))
        assert len(keys) == 1, pair


def test_rows_have_names_of_their_own():
    for preset in list_presets('pose').values():
        labels = [row['label'] for row in preset.rows.values()]
        assert len(set(labels)) == len(labels), preset.name


def test_settings_cannot_name_classes(tmp_path, monkeypatch):
    (tmp_path / 'made_up.py').write_text(
        'from pathlib import Path\n'
        "Path(__file__).with_name('imported').touch()\nclass C: pass\n"
    )
    monkeypatch.syspath_prepend(tmp_path)
    options = '{z: [{class_path: made_up.C, init_args: {}}]}'
    model = tmp_path / 'model.yaml'
    model.write_text(f'layer_options: {options}')
    preset = tmp_path / 'overlay.yaml'
    preset.write_text(
        'description: x\ndata: synthetic\nbase:\n  model: {hidden_channels: 8,'
        f' layer_options: {options}}}\nrows: {{hcsf: {{label: HCSF}}}}\n'
    )
    stem = str(preset.with_suffix(''))
    argv = ['--task', 'pose', '--print_config']
    with pytest.raises(
        ValueError, match=r'overlay\.yaml.*class_path.*made_up'
    ):
        run.main([*argv, '--overlay', stem])
    row = {'model': {'layer_options': {'z': {'class_path': 'made_up.C'}}}}
    with pytest.raises(ValueError, match='class_path'):
        run.make_config('pose', row)
    with pytest.raises(Exception, match='--model'):
        run.main([*argv, '--model', str(model)])
    with pytest.raises(UsageError, match='class_path.*made_up'):
        run.main([*argv, f'--model.layer_options={options}'])
    assert not (tmp_path / 'imported').exists()


@pytest.mark.parametrize(
    'text, why',
    [
        ('[1]', 'mapping'),
        ('base: {}', "no .*'data', 'rows'"),
        ('base: 1', "'base'.*dict"),
        ('rows: {a: 1}', "'rows'.*1 for 'a'"),
        ('extends: overlay', 'extends'),
    ],
)
def test_damaged_presets(tmp_path, text, why):
    (tmp_path / 'overlay.yaml').write_text(text)
    with pytest.raises(ValueError, match=rf'(?s)overlay\.yaml.*{why}'):
        load_preset('pose', 'default', str(tmp_path / 'overlay'))
