import io
import zipfile

import numpy as np
import pytest
import torch

from pyg_hcsf.cli.fuse import main
from pyg_hcsf.metrics.action import top_k_accuracy
from pyg_hcsf.metrics.stream_fusion import WEIGHTS, fuse_scores, read_scores

NAMES = [f'S001C001P{i:03}R001A001' for i in range(1, 41)]


def write(folder, seed, order=None, **changes):
    rng = np.random.default_rng(seed)
    label = np.arange(40) % 5
    scores = rng.normal(size=(40, 5)) + 1.5 * np.eye(5)[label]
    order = np.arange(40) if order is None else order
    content = {
        'names': np.array(NAMES)[order],
        'label': label[order],
        'scores': scores[order].astype(np.float32),
        **changes,
    }
    folder.mkdir(parents=True)
    np.savez(folder / 'scores.npz', **content)
    return folder


@pytest.fixture
def runs(tmp_path):
    order = np.random.default_rng(9).permutation(40)
    return [
        write(tmp_path / f'{seed}', seed, order if seed % 2 else None)
        for seed in range(4)
    ]


@pytest.mark.parametrize('name', WEIGHTS)
def test_named_weights(runs, name):
    weights, scale = WEIGHTS[name]
    runs = runs[: len(weights)]
    streams = [read_scores(run) for run in runs]
    expected = torch.zeros(40, 5, dtype=torch.double)
    for stream, weight in zip(streams, weights, strict=True):
        rows = [stream.names.index(clip) for clip in NAMES]  # by name
        scores = stream.scores[rows]
        scores = scores.softmax(1) if scale == 'softmax' else scores
        expected += weight * scores
    fused = fuse_scores(streams, name)
    assert fused.names == NAMES
    torch.testing.assert_close(fused.scores, expected)
    out = main([str(run) for run in runs] + ['--weights', name])
    assert out['fused'] == top_k_accuracy(expected, streams[0].label)


def test_command(runs, tmp_path, capsys):
    args = [str(run) for run in runs[:2]]
    out = tmp_path / 'fused.npz'
    words = ['--weights', '1', '0.5', '--scale', 'logits', '--out', str(out)]
    main([*args, *words])
    text = capsys.readouterr().out
    assert text.startswith('40 clips') and 'fused' in text
    fused = read_scores(out)
    assert fused.names == NAMES
    one, two = map(read_scores, runs[:2])
    rows = [two.names.index(clip) for clip in NAMES]
    torch.testing.assert_close(
        fused.scores, one.scores + 0.5 * two.scores[rows]
    )
    assert main([args[0]])['fused'] == main([args[0]])[f'{runs[0]}/scores.npz']


def test_runs_that_do_not_fit(runs, tmp_path):
    def fuse(folder, weights='paper'):
        return main([str(runs[0]), str(folder), '--weights', weights])

    other = [*NAMES[:-1], 'S001C001P099R001A001']
    folder = write(tmp_path / 'a', 7, names=np.array(other))
    with pytest.raises(ValueError, match='2 in one of them.*S001C001P0'):
        fuse(folder)
    fewer = write(tmp_path / 'b', 7, np.arange(30))
    with pytest.raises(ValueError, match='got 10 in one of them only.*, ...'):
        fuse(fewer)
    twice = write(tmp_path / 'c', 7, names=np.array([*NAMES[:-1], NAMES[0]]))
    with pytest.raises(ValueError, match='each clip once.*got 40 of 39'):
        fuse(twice)
    labels = write(tmp_path / 'd', 7, label=(np.arange(40) + 1) % 5)
    with pytest.raises(ValueError, match=f"another for '{NAMES[0]}'"):
        fuse(labels)
    wide = write(tmp_path / 'e', 7, scores=np.zeros((40, 6)))
    with pytest.raises(ValueError, match='Expected 5 classes.*got 6'):
        fuse(wide)
    with pytest.raises(ValueError, match="one of .*'ctrgcn'.*got .'mean'"):
        fuse(runs[1], 'mean')
    with pytest.raises(ValueError, match="as many 'weights' as streams, 2"):
        main([*map(str, runs[:2]), '--weights', '1', '1', '1'])
    with pytest.raises(ValueError, match="at most 2 streams.*'agcn' .got 3"):
        main([*map(str, runs[:3]), '--weights', 'agcn'])


def test_damaged_files(tmp_path):
    with pytest.raises(ValueError, match='nothing.*runs/action'):
        read_scores(tmp_path / 'nothing')
    bad = write(tmp_path / 'bad', 0, names=np.arange(40))
    with pytest.raises(ValueError, match="'names' .K."):
        read_scores(bad)
    pickled = write(tmp_path / 'pickled', 0, names=np.array(NAMES, object))
    with pytest.raises(ValueError, match=r"'names' .K.*of object"):
        read_scores(pickled)
    for size in (10**6, 5 * 10**11):  # its header promises more than is there
        file = io.BytesIO()
        np.save(file, np.zeros(()))
        lie = file.getvalue().replace(b'()', f'({size},)'.encode())
        lie = lie.replace(b' ' * (len(str(size)) + 1) + b'\n', b'\n')
        with zipfile.ZipFile(bad / 'scores.npz', 'w') as archive:
            for key in ('names', 'scores', 'label'):
                archive.writestr(f'{key}.npy', lie)
        with pytest.raises(ValueError, match=r'bad/scores\.npz.*length 8'):
            read_scores(bad)
    (bad / 'scores.npz').write_bytes(b'PK half of it')
    with pytest.raises(ValueError, match='Could not read the scores'):
        read_scores(bad)
    with pytest.raises(ValueError, match='at least one stream'):
        fuse_scores([])
