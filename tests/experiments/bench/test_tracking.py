import numpy as np
import pytest

from experiments.bench import people_scenes
from experiments.bench import tracking as bench
from experiments.bench.walkers import KINDS, people_in
from pyg_hcsf.datasets.synthetic.dataset import motion_clip
from pyg_hcsf.keypoints.tracking import DetectionArray

CLIPS = [motion_clip('S11', 'Walking', take, 60) for take in (1, 2)]
CROSSING = 'two or three cross'


@pytest.fixture(scope='module')
def scene():
    return people_scenes.make_scene(CROSSING, CLIPS, 0)


def true_tracks(scene):
    order = np.argsort([d.frame for d in scene.found], kind='stable')
    array = DetectionArray([scene.found[i] for i in order])
    truth = bench.split_people(scene)[order]
    rows = [np.flatnonzero(truth == p) for p in range(truth.max() + 1)]
    return array, rows


def test_scene(scene):
    assert 2 <= scene.people <= 3
    assert set(range(scene.people)) <= set(scene.truth.tolist())
    seconds = max(d.frame for d in scene.found) / scene.fps
    assert 9 < seconds < 30
    real = scene.truth >= 0
    assert real.sum() / (seconds * scene.fps * scene.people) > 0.5
    assert 0 < (~real).mean() < 0.1
    sizes = DetectionArray(scene.found).size[real]
    assert 50 < np.median(sizes) < 1000


def test_score(scene):
    array, rows = true_tracks(scene)
    values = bench.score(scene, [array.track('', r) for r in rows])
    real = (scene.truth >= 0).sum()
    assert values['right'] == values['detections'] == real
    assert values['switches'] == values['lost'] == values['ghosts kept'] == 0
    # The last tracks exchange their ends.
    a, b = sorted(rows, key=len)[-2:]
    half = np.median(array.frames)
    early, late = array.frames[a] < half, array.frames[b] < half
    mixed = [
        np.concatenate([a[early], b[~late]]),
        np.concatenate([b[late], a[~early]]),
    ]
    values = bench.score(scene, [array.track('', r) for r in mixed])
    assert values['switches'] == 2 and values['right'] < 0.8 * real


def test_people_are_followed(scene):
    table = bench.summary(bench.measure([scene]))
    assert table.loc['all', 'right %'] > 95
    assert table.loc[CROSSING, 'files'] == 1


@pytest.mark.parametrize('kind', ['crowd crosses', 'stop and turn', 'stroll'])
def test_numbers_of_people(kind):
    least, most = KINDS[kind].people
    for seed in range(3):
        rng = np.random.default_rng(seed)
        joints, radius = people_in(kind, CLIPS, 25.0, rng)
        assert least <= len(joints) <= most
        assert np.isfinite(joints).all()
        far = np.linalg.norm(joints[:, :, 0, :2], axis=-1)
        assert np.quantile(far, 0.95) < 1.6 * radius
        height = np.ptp(joints[..., 2], axis=2)
        assert 1200 < np.median(height) < 1900
