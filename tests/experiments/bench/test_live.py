import json

import pytest
import torch

from experiments.bench import live
from pyg_hcsf.lifting import LifterInfo, save_lifter


@pytest.fixture(params=[8, 4])
def weights(request, tmp_path):
    path = tmp_path / 'small.safetensors'
    torch.manual_seed(0)
    options = {'in_channels': 3, 'hidden_channels': 4, 'frames': 9}
    info = LifterInfo(
        'coco17', {**options, 'output_scale': 0.01}, target=request.param
    )
    save_lifter(path, info.build(), info)
    return str(path)


@pytest.mark.parametrize('fps', [10, 30])
def test_poses_are_assigned_to_the_right_person(weights, fps, capsys):
    threads = torch.get_num_threads()
    try:
        out = live.main(
            [
                f'--hours={400 / 3600 / fps}',
                f'--fps={fps}',
                f'--weights={weights}',
            ]
        )
    finally:
        torch.set_num_threads(threads)
    assert json.loads(capsys.readouterr().out) == json.loads(json.dumps(out))
    assert out['frames'] == 400
    assert out['largest_gap_mm'] < 0.01
    counts, stats = out['counts'], out['stats']
    assert counts['wrong person'] == 0
    assert counts['compared'] > 100
    assert counts['compared by root'] > counts['compared']
    faults = ('late', 'duplicate', 'garbage', 'incomplete')
    assert all(stats[fault] > 0 for fault in faults)
    done = sum(stats[key] for key in ('lifted', 'crowded', *faults))
    waiting = counts['pushed'] - done
    assert 0 <= waiting <= stats['tracks'] * stats['delay']


def test_smooth_poses_are_of_the_right_person(weights):
    lifter = live.Lifter(
        weights, focal=live.FOCAL, image_size=live.SIZE, fps=30.0
    )
    run = live.Bench(lifter, lifter.fps, smooth=True)
    for _ in range(300):
        run.step()
    assert run.counts['wrong person'] == run.counts['compared'] == 0
    assert run.counts['compared by root'] > 100


def test_mixed_tracks_are_counted(weights, monkeypatch):
    lifter = live.Lifter(
        weights, focal=live.FOCAL, image_size=live.SIZE, fps=30.0
    )
    run = live.Bench(lifter, lifter.fps)
    push = run.live.push

    def mixed(frame, xy, score, track):
        return push(frame, xy, score, '1' if track == '0' else '0')

    monkeypatch.setattr(run.live, 'push', mixed)
    for _ in range(100):
        run.step()
    assert run.counts['wrong person'] > 50
    assert run.worst > 1
