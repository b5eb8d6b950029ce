"""What is read out of dynamic graphs, and how it is shown."""

import numpy as np
import pandas as pd
import pytest
import torch
from matplotlib.image import imread
from torch_geometric.data import Data

from experiments import run
from experiments.graph import report as graph_report
from experiments.graph.learned import (
    LearnedGraph,
    edge_table,
    furthest_actions,
    layer_table,
    read_graphs,
)
from experiments.pose import report
from pyg_hcsf.data.clip_loader import ClipLoader
from pyg_hcsf.hops import HopEdges
from pyg_hcsf.nn import PoseLifter
from pyg_hcsf.skeleton import H36M17

ACTIONS = ['walk', 'sit', 'walk']


def network(frames=1, **dynamic):
    model = PoseLifter(
        hidden_channels=8, frames=frames, layer_options={'dynamic': dynamic}
    )
    for name, value in model.named_parameters():
        if name.endswith('scale'):
            value.data.uniform_(0.5, 1)
    return model.eval()


def clips():
    return [Data(x=torch.rand(17, length, 2)) for length in (5, 4, 7)]


@pytest.mark.parametrize('per_frame', [False, True])
@pytest.mark.parametrize('frames', [1, 9])
def test_offsets_are_means_over_the_frames_of_an_action(frames, per_frame):
    model, data = network(frames, per_frame=per_frame), clips()
    loader = ClipLoader(data, 4, frames, keys=('x',))
    found = read_graphs(model, loader, ACTIONS)
    assert [graph.layer for graph in found][:2] == ['first', 'blocks.0.0']
    assert len(found) == (6 if frames == 1 else 4)
    graph = model.first.layer.graph  # which sees the keypoints
    outs = {'walk': [], 'sit': []}
    for batch in loader:
        out = graph.offsets(batch.x).detach().double()
        for value, clip in zip(out, batch.clip.tolist(), strict=True):
            outs[ACTIONS[clip]].append(value)
    assert [len(x) for x in outs.values()] == [12, 4]
    n, hops = 17, graph.hops
    for action, values in outs.items():
        values = torch.stack(values)
        if values.dim() == 3:
            values = values.flatten(0, 1)
        mean = values.mean(0).view(-1, n, n)
        size = values.abs().mean(0).view(-1, n, n)
        for e, (j, i) in enumerate(hops.edge_index.t().tolist()):
            group = hops.edge_group[e]
            got = found[0].offset[action][e]
            assert got == pytest.approx(float(mean[group, i, j]), abs=1e-6)
            got = found[0].strength[action][e]
            assert got == pytest.approx(float(size[group, i, j]), abs=1e-6)
    assert np.array_equal(found[0].base, graph.base.detach())
    scale = graph.scale.detach()[hops.edge_group]
    assert np.array_equal(found[0].scale, scale)
    assert not model.first.layer.graph._forward_pre_hooks


def test_the_contrast_of_actions():
    hops = HopEdges(H36M17, 1, 2)
    ones = np.ones(hops.num_pairs)
    levels = {'a': 0.1, 'b': 0.2, 'c': 0.9}
    graphs = [
        LearnedGraph(
            *('first', hops, ones, scale * ones),
            {name: level * ones for name, level in levels.items()},
            {name: level * ones for name, level in levels.items()},
        )
        for scale in (0.5, -2.0)
    ]
    assert furthest_actions(graphs) == ('a', 'c')
    assert graphs[1].contrast('a', 'b') == pytest.approx(0.2)
    assert furthest_actions([LearnedGraph('x', hops, ones, ones)]) == ()
    table = layer_table(graphs, ('a', 'c'))
    assert (
        table['difference of the means'].tolist()
        == ['0.4000'] * 2 + ['1.6000'] * 2
    )
    edges = edge_table(graphs)
    assert len(edges) == 2 * 3 * hops.num_pairs
    row = edges[(edges['source'] == 'RHip') & (edges['target'] == 'RFoot')]
    assert set(row['hop']) == set(row['group']) == {2}


def test_a_static_graph_has_nothing_to_show():
    loader = ClipLoader(clips(), 4, keys=('x',))
    with pytest.raises(ValueError, match='dynamic graph.*hcsf_dynamic'):
        read_graphs(PoseLifter(hidden_channels=8), loader, ACTIONS)


def test_only_the_learned_base():
    loader = ClipLoader(clips(), 4, keys=('x',))
    found = read_graphs(network(offset=False), loader, ACTIONS)
    assert found[0].offset == {} and (found[0].base == 1).all()
    assert len(layer_table(found, ())) == 12
    assert 'action' not in edge_table(found)


def test_report(tmp_path, monkeypatch):
    monkeypatch.setattr(report.PoseReport, 'draw', lambda *_: {})  # slow
    args = ['--task', 'pose', '--preset', 'default/hcsf_dynamic', '--smoke']
    args += ['--data', 'synthetic', '--model.hidden_channels', '8']
    run.main([*args, '--out', str(tmp_path)])
    folder = tmp_path / 'pose/default-smoke/hcsf_dynamic/0'
    out = tmp_path / 'graph'
    names = ['Sitting', 'Walking']
    path = graph_report.write(folder, out, tmp_path, names)
    text = path.read_text()
    assert 'Data SyntheticMotion, test subjects' in text
    assert 'mean |alpha O_k|, Sitting' in text and 'blocks.1.1' in text
    edges = pd.read_csv(out / 'graph.csv')
    assert edges['action'].unique().tolist() == names
    assert edges['mean |O|'].gt(0).any() and edges['M'].gt(0).all()
    for name in ('matrices.png', 'skeleton.png'):
        assert imread(out / name)[..., :3].std() > 0.03
    for name in ('matrices', 'on_skeleton'):
        monkeypatch.setattr(graph_report, name, lambda *_: None)  # slow
    graph_report.write(folder, out, tmp_path, layer='last')
    text = ' '.join(path.read_text().split())
    assert 'Both pictures show layer `last`' in text
    with pytest.raises(ValueError, match="'--actions' among .*got .'sleep'"):
        graph_report.write(folder, out, tmp_path, ['sleep'])
    with pytest.raises(ValueError, match="'--layer'.*blocks.0.0.*got 'x'"):
        graph_report.write(folder, out, tmp_path, layer='x')
    with pytest.raises(ValueError, match='one finished run .got 0'):
        (tmp_path / 'empty').mkdir()
        graph_report.write(tmp_path / 'empty', out, tmp_path)
    (folder / 'checkpoint.pt').write_bytes(b'x')
    with pytest.raises(RuntimeError, match='run that row and seed again'):
        graph_report.write(folder, out, tmp_path)
