"""The operator benchmarks at tiny shapes, without checking times."""

import numpy as np
import pandas as pd
import pytest
import torch
import yaml

from experiments import run
from experiments.bench.operator import models, task
from experiments.bench.operator.action import (
    MESSAGES,
    ONE_BODY,
    ST_GCN,
    action_candidates,
)
from experiments.bench.operator.floor import FLOOR, READ, floor
from experiments.bench.operator.peers import (
    floor_and_hcsf,
    product_candidates,
)
from experiments.bench.operator.problem import make_problem
from experiments.bench.operator.report import log_fit
from experiments.bench.operator.timing import (
    HCSF,
    Candidate,
    check,
    measure,
    peak_bytes,
)
from experiments.sweep.cost import Product, count_macs, products_of
from experiments.sweep.presets import list_presets
from pyg_hcsf.hops import HopEdges
from pyg_hcsf.nn import HCSFConv, PoseLifter
from pyg_hcsf.nn.kernels import KERNELS
from pyg_hcsf.skeleton import get_skeleton

HOPS = HopEdges(get_skeleton('h36m17'), 1, 2)


def problem(batch=3, node_major=False):
    return make_problem(HOPS, 8, {1: 8, 2: 2}, batch, node_major, 'cpu')


def smoke(tmp_path, preset):
    args = ['--task', 'bench', '--preset', preset, '--smoke']
    path = run.main([*args, '--out', str(tmp_path)])
    assert path == tmp_path / 'bench' / f'{preset}-smoke' / 'report.md'
    return path, pd.read_csv(path.parent / 'results.csv')


def test_operator(tmp_path, capsys):
    path, frame = smoke(tmp_path, 'operator')
    out = capsys.readouterr().out
    assert 'threads 1' in out and torch.__version__ in out
    for row in list_presets('bench')['operator'].rows:
        assert (path.parent / 'figures' / f'{row}.png').is_file()
        part = frame[frame['row'] == row]
        names = set(part['candidate'])
        assert {FLOOR, HCSF} <= names
        for what, group in part.groupby('what'):
            ratios = group.set_index('candidate')['to_floor']
            assert ratios[FLOOR] == 1 and (ratios > 0).all(), what
    product = frame[frame['row'] == 'product_C64'].set_index('candidate')
    for name in KERNELS[1:]:
        assert product.loc[f'HCSF, kernel {name}', 'checked'].all()
    for name in (
        'weights gathered per edge',
        'dense masked weight (LCN)',
        'einsum over edges, dynamic graph',
    ):
        assert product.loc[name, 'checked'].all()
        assert name in path.read_text()
    for name in ('GCNConv', 'MixHopConv', 'RGCNConv', 'torch.sparse'):
        assert name in set(frame['candidate'])
    columns = ['median_ms', 'q25_ms', 'q75_ms', 'poses_per_s', 'peak_extra_mb']
    assert (frame[columns] >= 0).all(axis=None)
    assert (frame['q25_ms'] <= frame['q75_ms']).all()
    assert {'joints', 'batch', 'channels', 'commit', 'torch'} <= set(frame)


def test_sweep(tmp_path):
    path, frame = smoke(tmp_path, 'sweep')
    swept = 'batch channels skeleton long_hops short_hops squeeze'
    assert set(frame['sweep']) == set(swept.split())
    assert 'slope' in path.read_text()
    joints = frame[frame['row'] == 'joints']
    assert set(joints['joints']) == {17, 25}


def test_models(tmp_path, monkeypatch):
    """Without ONNX Runtime, whose export takes long: `make smoke` has it."""
    monkeypatch.setattr(models, 'find_spec', lambda name: None)
    path, frame = smoke(tmp_path, 'models')
    names = {'HCSF', 'HCSF, dynamic graph', 'LCN', 'GCN', 'MixHop', 'FCN'}
    assert names | {'SemGCN'} <= set(frame['candidate'])
    assert set(frame['what']) == {'training step', 'inference'}
    single = frame[frame['batch'] == 1]
    assert single['floor'].str.startswith(READ).all()
    assert 'poses/s' in path.read_text()


def test_action(tmp_path):
    path, frame = smoke(tmp_path, 'action')
    networks = frame[frame['row'] == 'networks'].set_index('candidate')
    names = {ST_GCN, HCSF, 'HCSF, A_k w/T', 'AAGCN graph'}
    assert set(networks.index) == names | {MESSAGES, ONE_BODY}
    assert networks.loc[[MESSAGES, ONE_BODY], 'checked'].all()
    assert networks.loc[ST_GCN, 'to_floor'] == 1
    speed = 4 / networks['median_ms'] * 1e3
    np.testing.assert_allclose(networks['poses_per_s'], speed)
    assert 'clips/s' in path.read_text()
    rest = frame[frame['kind'] == 'neighbors']
    assert rest['checked'].all() and set(rest['floor']) == {HCSF}
    assert len(rest) == 3 * 3 * 2


def test_networks_of_actions():
    """Networks by messages give the same results, which are compared."""
    skeleton = get_skeleton('ntu25')
    hops = HopEdges(skeleton, 5, 7)
    clips = torch.randn(2, 12, 2, 25, 3)
    candidates = action_candidates(skeleton, hops, 8, 0.125, clips)
    check(candidates)
    by_name = {c.name: c for c in candidates}
    assert by_name[HCSF].macs > by_name[MESSAGES].macs > 0  # without sums
    assert 'training step' not in by_name[MESSAGES].steps
    by_name[HCSF].steps['training step']()
    broken = by_name[MESSAGES]
    broken.expected = lambda: [by_name[ST_GCN].steps['inference']()]
    with pytest.raises(RuntimeError, match='result 0 is off'):
        check([broken])


def test_list_and_print_config(capsys):
    assert run.main(['--task', 'bench', '--list']) is None
    out = capsys.readouterr().out
    assert '--preset operator/product_C64' in out
    args = ['--task', 'bench', '--preset', 'sweep/joints', '--print_config']
    run.main([*args, '--rounds', '3'])
    config = yaml.safe_load(capsys.readouterr().out)['joints']
    assert config['rounds'] == 3 and config['channels'] == 128
    assert config['values'] == ['h36m17', 'ntu25', 'wholebody133']


@pytest.mark.parametrize(
    'args,message',
    [
        (['--preset', 'x'], "'default', .*got 'x'"),
        (['--preset', 'operator/x'], "a row of preset .*got 'x'"),
        (['--sweep', 'rounds'], "'sweep' .*got 'rounds'"),
        (['--what', '[dance]'], "'what' .*got 'dance'"),
        (['--skeleton', 'x'], "got 'x'"),
    ],
)
def test_bad_arguments(args, message, tmp_path):
    default = ['--preset', 'default/product_C64', '--smoke']
    with pytest.raises(ValueError, match=message):
        out = ['--out', str(tmp_path)]
        run.main(['--task', 'bench', *default, *args, *out])


def test_presets_build():
    """Every row of every preset is a configuration of known candidates."""
    for preset in list_presets('bench').values():
        for row in preset.rows.values():
            config = task.row_config(row, ['--task', 'bench'])
            for shape in config.shapes():
                skeleton = task.find_skeleton(shape.skeleton, shape.graph)
                HopEdges(skeleton, shape.short_hops, shape.long_hops)


@pytest.mark.skipif(torch.cuda.is_available(), reason='there is a GPU')
def test_no_accelerator(tmp_path):
    args = ['--task', 'bench', '--preset', 'accelerator']
    with pytest.raises(ValueError, match="'--device cpu'.*got 'cuda'"):
        task.main([*args, '--out', str(tmp_path)])


@pytest.mark.parametrize('node_major', [False, True])
def test_peers_are_checked(node_major):
    candidates = product_candidates(problem(node_major=node_major))
    check(candidates)
    assert sum(c.result is not None for c in candidates) >= 7
    for index in range(4):  # output, gradients of x and of both weights

        def wrong(step=candidates[1].result, index=index):
            out = step()
            out[index] = out[index] + 1e-3 * out[index].abs().max()
            return out

        expected = candidates[1].expected
        broken = Candidate('broken', {}, result=wrong, expected=expected)
        with pytest.raises(RuntimeError, match=f"'broken'.*result {index} is"):
            check([broken])
    nothing = Candidate(
        'broken',
        {},
        result=lambda: [torch.full((2,), float('nan'))],
        expected=lambda: [torch.ones(2)],
    )
    with pytest.raises(RuntimeError, match='off by nan'):
        check([nothing])


def test_floor_has_equal_arithmetic():
    p = problem(batch=64)
    low, hcsf = floor_and_hcsf(p)
    pairs = HOPS.group_ptr
    macs = 64 * 8 * (pairs[1] * 8 + (pairs[2] - pairs[1]) * 2)
    assert hcsf.macs == macs == p.macs
    assert low.macs == pytest.approx(macs, rel=0.05)  # whole columns only

    conv = HCSFConv(32, 32, HOPS)
    x = torch.randn(64, 17, 32)
    found = products_of(conv, x, HOPS.edge_index)
    macs = sum(w.numel() for w in conv.weights) * 64
    assert found[0].first and not found[-1].first
    assert found[0].macs == pytest.approx(macs, rel=0.01)
    assert found[-1] == Product(64 * 17, 36, 32)
    model = PoseLifter(layer='fcn', hidden_channels=4)
    widths = [(34, 68), *[(68, 68)] * 4, (68, 51)]
    products = products_of(model, torch.rand(5, 17, 2))
    assert [p[:3] for p in products] == [(5, *width) for width in widths]

    # No product with the zeros of a dense matrix, and none that only sums.
    model = PoseLifter(layer='hcsf', hidden_channels=8)
    convs = [m for m in model.modules() if isinstance(m, HCSFConv)]
    macs = sum(
        sum(w.numel() for w in conv.weights) + 17 * conv.weight_a.numel()
        for conv in convs
    )
    assert len(convs) > 4 and count_macs(model) == pytest.approx(macs, rel=0.1)
    assert model.training and convs[0].kernel == 'auto'


def test_measure():
    """Ratios are computed within a round, and peaks of memory measured."""
    torch.manual_seed(0)
    low = floor([Product(64, 64, 64)])
    calls = []
    hcsf = Candidate(
        HCSF,
        {'forward': lambda: calls.append(torch.ones(250_000))},
        floor=FLOOR,
        num_bytes=1_000_000,
    )
    first, second = measure([low, hcsf], 'forward', 3)
    assert first['to_floor'] == first['to_floor_q25'] == 1
    assert second['to_hcsf'] == 1
    assert second['rounds'] == 3 and second['calls'] >= 3
    assert second['peak_extra_mb'] == pytest.approx(1)
    assert second['peak_to_tensors'] == pytest.approx(1)
    product = second['to_floor'] * first['to_hcsf']
    assert product == pytest.approx(1, rel=0.5)


def test_peak_bytes():
    x = torch.ones(1000)
    peak = peak_bytes(lambda: x * 2 + 1)  # and the two scalars
    assert 8000 <= peak < 8100
    assert peak_bytes(lambda: x.add_(1)) < 100


def test_log_fit():
    x = pd.Series([1.0, 2.0, 4.0, 8.0])
    slope, fit = log_fit(x, 3 * x**1.5)
    assert (slope, fit) == pytest.approx((1.5, 1))
    assert log_fit(x, pd.Series(np.array([1.0, 3.0, 2.0, 5.0])))[1] < 0.9


def test_tree_of_whole_bodies():
    skeleton = task.wholebody133()
    assert skeleton.num_joints == 133
    assert len(skeleton.bones) == 132
    hands = [skeleton.parents[i] for i in (91, 112)]
    assert hands == [9, 10]  # COCO's wrists
    assert skeleton.parents[92:97] == (91, 92, 93, 94, 91)
