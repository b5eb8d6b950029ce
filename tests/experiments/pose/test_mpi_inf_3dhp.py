"""Trains and tests on files of each format of MPI-INF-3DHP, and tests on
them what was trained on other motion.
"""

import json
from dataclasses import replace

import numpy as np
import pytest
import torch

from experiments import run
from experiments.pose import data, report
from experiments.pose.config import ClipsConfig
from experiments.pose.evaluate import Evaluator
from experiments.pose.report_tables import pck_table
from experiments.reporting.runs import load_runs
from experiments.sweep import sources
from experiments.sweep.sources import resolve
from pyg_hcsf.data.clip_loader import ClipLoader
from pyg_hcsf.protocols import get_protocol
from pyg_hcsf.skeleton import H36M17
from tests.datasets.mpi_inf_3dhp.mpi_inf_3dhp_files import (
    FRAMES,
    WRITERS,
    scene,
    write_mat,
    write_pstmo,
)

SMOKE = ['--task', 'pose', '--preset', 'default/hcsf', '--smoke']
FEW = {'S1 Seq1': 12, 'S2 Seq2': 13, 'S8 Seq1': 14}
VALID = [FRAMES + number - 3 for number in range(1, 7)]


@pytest.fixture(autouse=True)
def without_pictures(monkeypatch):
    monkeypatch.setattr(report.PoseReport, 'draw', lambda *_: {})  # slow


def result(path):
    folder = path.parent / 'hcsf' / '0'
    metrics = json.loads((folder / 'metrics.json').read_text())
    return metrics, dict(np.load(folder / 'frames.npz'))


def train(root, *args):
    out = ['--root', str(root), '--out', str(root / 'runs')]
    return run.main([*SMOKE, *out, *args])


IN_DOMAIN = [
    ('mat', '3dhp-official', 1),
    ('mat', '3dhp-srnet', 1),
    ('pstmo', '3dhp-official', 9),
    ('pstmo', 'lcn', 1),
]


@pytest.mark.parametrize('form, protocol, frames', IN_DOMAIN)
def test_trains_from_each_format(tmp_path, capsys, form, protocol, frames):
    WRITERS[form](tmp_path / 'MPIINF3DHP' / 'raw', FEW)
    args = ['--data', 'mpi_inf_3dhp', '--clips.keypoints', 'annotation']
    if protocol != '3dhp-official':
        args += ['--protocol', protocol]
    path = train(tmp_path, *args, '--model.frames', str(frames))
    metrics, arrays = result(path)
    assert metrics['data'] == 'mpi_inf_3dhp'
    assert metrics['protocol'] == protocol
    assert metrics['keypoints'] == 'annotation'
    assert list(metrics['per_action']) == ['GS', 'noGS', 'Outdoor']
    assert list(metrics['per_subject']) == [f'TS{n}' for n in range(1, 7)]
    counts = [row['frames'] for row in metrics['per_subject'].values()]
    assert counts == VALID  # no others are scored
    # Frames are numbered as in the file: 0, 4 and 5 are not valid.
    assert arrays['frame'][: VALID[0]].tolist()[:5] == [1, 2, 3, 6, 7]
    assert np.isfinite(metrics['mpjve'])
    text, out = path.read_text(), capsys.readouterr().out
    if protocol == 'lcn':
        assert 'pck' not in metrics and 'PCK' not in text
        return
    table = metrics['pck']
    assert list(table) == ['GS', 'noGS', 'Outdoor', 'All']
    assert table['All']['frames'] == sum(VALID) == len(arrays['error'])
    assert table['All']['mpjpe'] == pytest.approx(metrics['mpjpe'])
    number = '14' if protocol == '3dhp-official' else '17'
    for words in (f'PCK of {number} joints', 'PCK Outdoor (%)', protocol):
        assert words in text and words in out
    # ... and they are those of the predictions.
    errors = arrays['prediction'] - arrays['joints']
    errors = np.linalg.norm(errors, axis=-1)[arrays['clip'] >= 4]
    if number == '14':
        errors = np.delete(errors, [0, 7, 9], axis=1)
    expected = 100 * (errors < 150).mean()
    assert table['Outdoor']['pck'] == pytest.approx(expected, abs=1e-3)
    csv = path.with_name('results.csv').read_text()
    assert '"pck","Outdoor","pck",' in csv


def test_the_truth_is_the_universal_pose(tmp_path):
    write_mat(tmp_path / 'MPIINF3DHP' / 'raw', FEW, [2, 5])
    _, arrays = result(train(tmp_path, '--data', 'mpi_inf_3dhp'))
    order = [14, 8, 9, 10, 11, 12, 13, 15, 1, 16, 0, 5, 6, 7, 2, 3, 4]
    truth = []
    for number in (2, 5):
        _, _, universal, valid = scene(f'TS{number}', FRAMES + number)
        truth.append((universal - universal[:, 14:15])[valid == 1][:, order])
    expected = np.concatenate(truth)
    np.testing.assert_allclose(arrays['joints'], expected, atol=1e-2)


def test_validation_subject_and_keypoints(tmp_path):
    write_pstmo(tmp_path / 'MPIINF3DHP' / 'raw', FEW)
    protocol = get_protocol('3dhp-official')

    def load(split, **options):
        config = replace(ClipsConfig(), **options)
        return data.load_clips(
            'mpi_inf_3dhp', tmp_path, split, config, protocol
        )

    assert {clip.subject for clip in load('train')} == {'S1', 'S2', 'S8'}
    assert {clip.subject for clip in load('val')} == {'S8'}
    given = load('test', keypoints='annotation')[0].x
    assert 0 < (load('test')[0].x - given).abs().max() < 1e-4
    with pytest.raises(ValueError, match="'keypoints'.*'annotation'"):
        load('train', keypoints='noisy')
    assert (
        resolve('auto', tmp_path, data.SOURCES) == 'synthetic'
    )  # not unasked
    split = ['--evaluate.split', 'val']
    metrics, _ = result(train(tmp_path, '--data', 'mpi_inf_3dhp', *split))
    assert list(metrics['per_subject']) == ['S8']
    assert list(metrics['pck']) == ['All']  # there are no scenes
    with pytest.raises(ValueError, match=r'MPIINF3DHP/raw.*README'):
        data.load_clips('mpi_inf_3dhp', tmp_path / 'x', 'test', ClipsConfig())


class Perfect(torch.nn.Module):
    """A network that knows the answer."""

    skeleton = H36M17

    def __init__(self, clips, frames):
        super().__init__()
        self.weight = torch.nn.Parameter(torch.zeros(1))
        batches = ClipLoader(clips, 64, frames)
        self.answers = [batch.y for batch in batches]

    def folded(self):
        return lambda x: self.answers.pop(0)


@pytest.mark.parametrize('name', ['openmocap', 'lcn', 'srnet', 'vp3d'])
@pytest.mark.parametrize('frames', [1, 3])
def test_a_perfect_network_has_no_error(tmp_path, name, frames):
    """Whatever it was trained under; scaled depths are consistent."""
    write_mat(tmp_path / 'MPIINF3DHP' / 'raw', {}, [1, 6])
    protocol = get_protocol(name).scored_as(get_protocol('3dhp-official'))
    options = replace(ClipsConfig(), keypoints='annotation')
    clips = data.load_clips(
        'mpi_inf_3dhp', tmp_path, 'test', options, protocol
    )
    evaluator = Evaluator(clips, protocol, frames, 64, flip=False)
    out = evaluator.predict(Perfect(evaluator.clips, frames))
    scores = evaluator.score(out, H36M17.joints)
    assert scores['mpjpe'] < 0.01
    assert scores['pck']['All']['pck'] == 100
    assert scores['pck']['Outdoor']['auc'] == pytest.approx(100 * 30 / 31)
    if protocol.residual_xy:  # the input is where the truth is seen
        for clip in clips:
            difference = clip.x - clip.y[..., :2]
            if name != 'srnet':  # which has another screen
                assert difference.abs().max() < 1e-4


def test_valid_frames_that_are_far_apart(tmp_path):
    """Their velocity is unknown, all else is not."""
    write_mat(tmp_path / 'MPIINF3DHP' / 'raw', {}, [1])
    protocol = get_protocol('3dhp-official')
    clips = data.load_clips(
        'mpi_inf_3dhp', tmp_path, 'test', ClipsConfig(), protocol
    )
    evaluator = Evaluator(clips, protocol, 1, 64, flip=False)
    evaluator.valid[1::2] = False
    out = evaluator.predict(Perfect(evaluator.clips, 1))
    scores = evaluator.score(out, H36M17.joints)
    assert np.isnan(scores['mpjve']) and scores['mpjpe'] < 0.01


def test_across_data_sets(tmp_path, capsys):
    write_mat(tmp_path / 'MPIINF3DHP' / 'raw', {})
    args = ['--data', 'synthetic', '--test_data', 'mpi_inf_3dhp']
    path = train(tmp_path, *args, '--seed', '0', '1')
    assert path.parent.name == 'default-smoke-on-mpi_inf_3dhp'
    out = capsys.readouterr().out
    name = 'mpi_inf_3dhp (trained on SyntheticMotion)'
    protocol = '3dhp-official, network: openmocap'
    for text in (path.read_text(), ' '.join(out.split())):
        assert f'Data: {name}; a cross-data-set test. These are not H' in text
        assert protocol in text and 'PCK GS (%)' in text
    assert '* trained on: SyntheticMotion' in path.read_text()
    metrics, arrays = result(path)
    assert metrics['data'] == name and metrics['keypoints'] == 'annotation'
    assert metrics['trained_on'] == 'SyntheticMotion'
    assert len(arrays['error']) == sum(VALID)
    runs = load_runs(path.parent)
    assert len(runs) == 2
    table = pck_table(runs)
    assert list(table) == [
        *('PCK GS (%)', 'PCK noGS (%)', 'PCK Outdoor (%)', 'PCK All (%)'),
        *('AUC All (%)', 'MPJPE (mm)'),
    ]
    assert '±' in table['PCK All (%)'].iloc[0]

    # Neither is done again, and another way to score lies beside it.
    trained = tmp_path / 'runs/pose/default-smoke/hcsf/0/checkpoint.pt'
    stamps = trained.stat().st_mtime_ns, path.stat().st_mtime_ns
    assert train(tmp_path, *args, '--seed', '0', '1') == path
    out = capsys.readouterr().out
    assert out.count('finished before') == 4
    assert trained.stat().st_mtime_ns == stamps[0]
    other = train(tmp_path, *args, '--test_protocol', '3dhp-graphmlp')
    assert other.parent.name == path.parent.name + '-3dhp-graphmlp'
    found, _ = result(other)
    assert found['mpjpe'] == metrics['mpjpe']
    assert found['pck']['All']['auc'] != metrics['pck']['All']['auc']
    assert found['protocol'] == '3dhp-graphmlp, network: openmocap'


def test_the_papers_figures(tmp_path, capsys):
    """Those of the test on another data set stand in its table only."""
    write_mat(tmp_path / 'MPIINF3DHP' / 'raw', {}, [5])
    values = '{"mpjpe": 7777, "pck_outdoor": 8888, "auc": 9999}'
    args = ['--data', 'synthetic', '--paper', values]
    text = train(tmp_path, *args).read_text().split('### Models')[1]
    assert '7777' in text and '8888' not in text and '9999' not in text
    text = train(tmp_path, *args, '--test_data', 'mpi_inf_3dhp').read_text()
    text = text.split('### Models')[1]
    assert '7777' not in text
    table = text.split('### PCK and AUC')[1].split('###')[0]
    assert 'paper: PCK Outdoor (%)' in table and '8888' in table
    assert 'paper: AUC All (%)' in table and '9999' in table
    out = capsys.readouterr().out
    assert 'finished before' in out
    shown = out.split('Data: mpi_inf')[1].split('\nTables')[0]
    assert max(map(len, shown.splitlines())) <= 120


def test_own_data_scored_another_way(tmp_path):
    write_pstmo(tmp_path / 'MPIINF3DHP' / 'raw', FEW)
    args = ['--data', 'mpi_inf_3dhp', '--test_data', 'mpi_inf_3dhp']
    path = train(tmp_path, *args, '--test_protocol', '3dhp-srnet')
    metrics, _ = result(path)
    assert metrics['data'] == 'mpi_inf_3dhp' and 'trained_on' not in metrics
    assert metrics['protocol'] == '3dhp-srnet, network: 3dhp-official'


def test_where_to_test_is_checked_before_training(tmp_path):
    for words, reason in (
        (['--test_data', 'mpi_inf_3dhp'], 'MPIINF3DHP/raw.*--test_root'),
        (['--test_data', 'auto'], "'--test_data'.*'human36m'"),
        (
            ['--test_data', 'synthetic', '--test_protocol', '3dhp'],
            "'3dhp-official'.*got '3dhp'",
        ),
    ):
        with pytest.raises(ValueError, match=reason):
            train(tmp_path, '--data', 'synthetic', *words)
    assert not (tmp_path / 'runs').exists()


def test_a_finished_run_whose_data_are_not_here(tmp_path, capsys):
    """As where the folder of the run was copied to this machine."""
    raw = tmp_path / 'MPIINF3DHP' / 'raw'
    write_mat(raw, {'S1 Seq1': 12, 'S8 Seq1': 12}, [4])
    own = ['--data', 'mpi_inf_3dhp']
    path = train(tmp_path, *own).parent / 'hcsf' / '0' / 'checkpoint.pt'
    stamp = path.stat().st_mtime_ns
    raw.parent.rename(tmp_path / 'gone')
    other = [*own, '--test_data', 'synthetic']
    metrics, _ = result(train(tmp_path, *other))
    assert metrics['data'] == 'SyntheticMotion (trained on mpi_inf_3dhp)'
    assert metrics['protocol'] == 'openmocap, network: 3dhp-official'
    assert 'pck' not in metrics and path.stat().st_mtime_ns == stamp
    assert f'finished, in {path.parent}' in capsys.readouterr().out
    for words in (['--train.lr', '0.5'], ['--seed', '7']):
        with pytest.raises(ValueError, match='files of MPI-INF-3DHP'):
            train(tmp_path, *other, *words)


def test_another_home_and_a_damaged_network(tmp_path, monkeypatch):
    monkeypatch.setattr(sources, 'HOME', tmp_path / 'own')
    home = tmp_path / 'home'  # the files are right in it
    write_pstmo(home, {'S1 Seq1': 12}, [3])
    args = ['--data', 'synthetic', '--test_data', 'mpi_inf_3dhp']
    args += ['--test_root', str(home), '--test_keypoints', 'gt']
    path = train(tmp_path, *args)
    assert path.parent.name == 'default-smoke-on-mpi_inf_3dhp-gt'
    metrics, _ = result(path)
    assert list((tmp_path / 'own/MPIINF3DHP/processed').glob('*.clips'))
    assert metrics['keypoints'] == 'gt'
    assert list(metrics['pck']) == ['noGS', 'All']
    trained = tmp_path / 'runs/pose/default-smoke/hcsf/0/checkpoint.pt'
    trained.write_bytes(trained.read_bytes()[:1000])
    (path.parent / 'hcsf' / '0' / 'metrics.json').unlink()
    with pytest.raises(RuntimeError, match='checkpoint.pt.*delete the folder'):
        train(tmp_path, *args)
