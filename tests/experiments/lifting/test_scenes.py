import numpy as np
import pytest
import torch
from torch import Generator

from experiments.fitting.smoother import train
from experiments.lifting.motion_scores import measure, score_motion, summarize
from experiments.lifting.scenes import (
    NOISES,
    Noise,
    detect,
    film,
    make_scenes,
)
from pyg_hcsf.datasets.synthetic.dataset import motion_clip
from pyg_hcsf.lifting import Lifter


def scene(layout='coco17', frames=60, seed=0):
    clip = motion_clip('S9', 'Walking', 1, frames)
    generator = Generator().manual_seed(seed)
    pos = clip.pos.transpose(0, 1).float()
    return film('S9', 'walk', pos, 25.0, generator, layout=layout)


@pytest.mark.parametrize('layout', ['coco17', 'h36m17'])
def test_projections_are_of_the_joints(layout):
    seen = scene(layout)
    knees = [['LKnee', 'RKnee'].index(n) for n in ('LKnee', 'RKnee')]
    assert knees == [0, 1]
    there = seen.keypoints(exact=True).tracks[0].xy
    ours = {'coco17': (13, 14), 'h36m17': (5, 2)}[layout]
    truth = seen.truth[:, [5, 2]]
    projected = seen.focal * truth[..., :2] / truth[..., 2:]
    projected = projected + np.array([960.0, 540.0])
    # COCO's knees are some millimetres from those of the rig.
    limit = 20 * seen.focal / truth[..., 2:].min() * (layout == 'coco17')
    np.testing.assert_allclose(there[:, ours], projected, atol=1e-2 + limit)


def test_errors_have_the_size_of_the_detector():
    seen, rng = scene(frames=400), np.random.default_rng(0)
    for noise in NOISES:
        found = detect(seen, noise, rng)
        off = (found.xy - seen.exact)[found.score > 0]
        if not noise.pixels:
            off = (found.xy - seen.exact) * seen.millimetres[:, None, None]
            off = off[found.score > 0]
        spread = np.sqrt(np.square(off).mean())
        # Not all joints are detected equally well, some errors are outliers.
        assert 0.8 * noise.size < spread < 1.4 * noise.size
        assert (found.score == 0).any() == (noise.lost > 0)
        assert np.isnan(found.xy[found.score == 0]).all()


def test_the_truth_has_no_error():
    seen = scene()
    lifter = Lifter('single', height=seen.height, focal=seen.focal)
    (person,) = lifter.lift(seen.keypoints(exact=True))
    from dataclasses import replace

    perfect = replace(person, pose=seen.pose, root=seen.root)
    values = measure(seen, perfect)
    assert values['mpjpe'] == 0 and values['worst'] == 0
    assert values['acceleration'] == values['true acceleration']
    assert values['sliding'] < 50
    import pandas as pd

    row = summarize(pd.DataFrame([{'subject': 'S9', **values}]))
    assert row['acceleration'] == 1 and row['root acceleration'] == 1


def test_smoothing_is_scored_beside_frames_alone():
    clips = [motion_clip('S9', 'Walking', take, 60) for take in (1, 2)]
    scores = score_motion('single_coco17', clips, 'coco17', 'synthetic')
    off, on = scores['off'], scores['on']
    assert off['acceleration'] > 2 > on['acceleration'] > 0.5
    assert on['sliding'] < off['sliding'] / 3
    assert on['bone spread'] < 1e-6 < off['bone spread']


def test_smoother_learns():
    torch.manual_seed(0)
    rng = np.random.default_rng(0)
    scenes = [detect(scene(seed=s), Noise.draw(rng), rng) for s in (0, 1)]
    networks = train(scenes, steps=2)
    motion = np.random.default_rng(0).standard_normal((30, 17, 3))
    smooth = networks.pose.smooth(motion, np.ones((30, 17)), 25.0)
    assert np.isfinite(smooth).all()
    start = train(scenes, steps=1)
    changed = [
        not torch.equal(a, b)
        for a, b in zip(networks.parameters(), start.parameters(), strict=True)
    ]
    assert all(changed)


def test_missing_people(monkeypatch, tmp_path):
    monkeypatch.setattr(
        'experiments.lifting.scenes.recorded', lambda root, fps: {'CMU01': []}
    )
    with pytest.raises(ValueError, match='Expected motion of CMU02'):
        next(make_scenes(tmp_path, ['CMU02'], NOISES, 1))
