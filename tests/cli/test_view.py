import numpy as np
import pytest

from pyg_hcsf.cli.view import main
from pyg_hcsf.poses import PoseSequence, write_poses
from pyg_hcsf.viewer import EdgeGroup, LearnedGraph, write_graph


@pytest.fixture
def files(tmp_path):
    rng = np.random.default_rng(0)
    for name in ('a/poses.npz', 'b/poses.json', 'truth.npz'):
        pose = 300 * rng.normal(size=(3, 17, 3))
        path = tmp_path / name
        path.parent.mkdir(exist_ok=True)
        write_poses(path, [PoseSequence('1', 'h36m17', np.arange(3), pose)])
    edges = np.array([[0, 1]], np.int32)
    group = EdgeGroup('M', 1, edges, np.ones(1, np.float32))
    write_graph(tmp_path / 'graph.json', LearnedGraph('h36m17', (group,)))
    return tmp_path


def test_command(files, capsys):
    words = [str(files / 'a/poses.npz'), str(files / 'b/poses.json')]
    words += ['--truth', str(files / 'truth.npz')]
    words += ['--graph', str(files / 'graph.json')]
    outs = [files / name for name in ('out.html', 'out.png', 'out.gif')]
    words += ['--out', str(outs[0]), '--png', str(outs[1]), '--frame', '2']
    assert main([*words, '--gif', str(outs[2])]) == outs
    assert [
        line.split(':')[0] for line in capsys.readouterr().out.split('\n')
    ][:3] == [str(path) for path in outs]
    text = outs[0].read_text(encoding='utf-8')
    assert '<title>a/poses, b/poses</title>' in text
    assert '"name":"b/poses"' in text and '"ground truth"' in text
    assert outs[1].read_bytes().startswith(b'\x89PNG')
    assert outs[2].read_bytes().startswith(b'GIF89a')


def test_refused(files):
    path = str(files / 'a/poses.npz')
    with pytest.raises(ValueError, match="one of '--out', '--png'"):
        main([path])
    with pytest.raises(ValueError, match='different files'):
        main([path, path, '--out', str(files / 'out.html')])
    with pytest.raises(ValueError, match='graph'):
        main([path, '--graph', path, '--out', str(files / 'out.html')])
    with pytest.raises(ValueError, match="'--frame' together with '--png'"):
        main([path, '--frame', '0', '--out', str(files / 'out.html')])
    keypoints = files / 'keypoints.json'
    keypoints.write_text('[{"image_id": 1, "keypoints": [1, 2, 1]}]')
    with pytest.raises(ValueError, match='lifted by pyg-hcsf lift'):
        main([str(keypoints), '--out', str(files / 'out.html')])
    np.savez(files / 'arrays.npz', joints=np.ones((5, 17, 3)))
    with pytest.raises(ValueError, match='view --skeleton'):
        main([str(files / 'arrays.npz'), '--out', str(files / 'out.html')])
    assert not (files / 'out.html').exists()
