import numpy as np

from examples import make_walk
from pyg_hcsf.keypoints import read_keypoints
from tests.paths import REPO


def test_walk_is_reproducible(tmp_path):
    make_walk.main(tmp_path / 'walk.json')
    new = read_keypoints(tmp_path / 'walk.json')
    old = read_keypoints(REPO / 'examples' / 'walk_coco17.json')
    assert new.layout == old.layout == 'coco17'
    (new,), (old,) = new.tracks, old.tracks
    assert len(old.frames) == 200
    np.testing.assert_allclose(new.xy, old.xy, atol=1.0)
    np.testing.assert_allclose(new.score, old.score, atol=0.1)
