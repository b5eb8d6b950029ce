import numpy as np
import pytest

from pyg_hcsf.cli.view import main
from pyg_hcsf.poses import read_poses
from tests.keypoints.trc_files import trc

# Metres, x to the front, y up, z to the right.
BODY = {
    'Hip': (0, 1, 0), 'RHip': (0, 1, 0.1), 'RKnee': (0, 0.5, 0.1),
    'RAnkle': (0, 0.05, 0.1), 'LHip': (0, 1, -0.1), 'LKnee': (0, 0.5, -0.1),
    'LAnkle': (0, 0.05, -0.1), 'Neck': (0, 1.5, 0), 'Head': (0, 1.7, 0),
    'RShoulder': (0, 1.45, 0.2), 'RElbow': (0, 1.2, 0.22),
    'RWrist': (0, 0.95, 0.25), 'LShoulder': (0, 1.45, -0.2),
    'LElbow': (0, 1.2, -0.22), 'LWrist': (0, 0.95, -0.25),
    'R.Patella': (0.1, 0.5, 0.12), 'L.Patella': (0.1, 0.5, -0.12),
}  # fmt: skip
NAMES = list(BODY)
STEPS = np.arange(30)[:, None, None] * [0.02, 0, 0]
POSITION = np.array(list(BODY.values())) + STEPS


def read(tmp_path, text):
    (tmp_path / 'walk.trc').write_text(text)
    (sequence,) = read_poses(tmp_path / 'walk.trc')
    return sequence


@pytest.mark.parametrize(('unit', 'scale'), [('m', 1), ('mm', 1e3)])
def test_positions(tmp_path, unit, scale):
    s = read(tmp_path, trc(NAMES, POSITION * scale, unit, 60, first=5))
    assert (s.axes, s.fps, s.frames[0]) == ('world', 60, 5)
    x, y, z = np.moveaxis(1000 * POSITION, 2, 0)
    np.testing.assert_allclose(
        s.position, np.stack([x, -z, y], axis=-1), atol=1e-6
    )
    assert (s.pose[:, s.skeleton.root] == 0).all()


def test_skeleton(tmp_path):
    skeleton = read(tmp_path, trc(NAMES, POSITION)).skeleton
    assert skeleton.joints == tuple(NAMES)
    parents = {
        NAMES[j]: NAMES[parent]
        for j, parent in enumerate(skeleton.parents)
        if parent >= 0
    }
    assert parents == {
        'RHip': 'Hip', 'LHip': 'Hip', 'Neck': 'Hip', 'Head': 'Neck',
        'RKnee': 'RHip', 'LKnee': 'LHip', 'RAnkle': 'RKnee',
        'LAnkle': 'LKnee', 'RShoulder': 'Neck', 'LShoulder': 'Neck',
        'RElbow': 'RShoulder', 'LElbow': 'LShoulder', 'RWrist': 'RElbow',
        'LWrist': 'LElbow', 'R.Patella': 'RKnee', 'L.Patella': 'LKnee',
    }  # fmt: skip
    left = {NAMES[j] for j in skeleton.left}
    assert left == {n for n in NAMES if n[0] == 'L'}


def test_unknown_markers_are_connected_to_near_ones(tmp_path):
    chain = np.zeros((9, 4, 3))
    chain[..., 1] = [30, 10, 0, 60]
    chain[:, 3, 2] = 0.1 * np.arange(9)
    skeleton = read(tmp_path, trc(['a', 'b', 'c', 'd'], chain, 'mm')).skeleton
    edges = {frozenset(pair) for pair in skeleton.edges}
    assert edges == {frozenset(p) for p in ((0, 1), (1, 2), (0, 3))}


def test_missing_markers(tmp_path):
    position = POSITION.copy()
    position[::2, 15] = np.nan
    position[3, 4] = 0
    with pytest.warns(UserWarning) as caught:
        s = read(tmp_path, trc(NAMES, position))
    texts = ' '.join(str(warning.message) for warning in caught)
    assert "left out: ['R.Patella']" in texts
    assert '1 frames with missing markers' in texts
    assert s.skeleton.joints == tuple(n for n in NAMES if n != 'R.Patella')
    assert s.frames.tolist() == [t for t in range(30) if t != 3]


def test_z_up(tmp_path):
    with pytest.warns(UserWarning, match='z points up'):
        s = read(tmp_path, trc(NAMES, POSITION[..., [0, 2, 1]]))
    assert s.pose[0, NAMES.index('Head'), 2] == pytest.approx(700)


def test_a_plane(tmp_path):
    with pytest.warns(UserWarning, match='lie in a plane'):
        read(tmp_path, trc(NAMES, POSITION * [1, 1, 0]))


@pytest.mark.parametrize(
    ('text', 'error'),
    [
        (trc(NAMES, 400 * POSITION * [1, 1, 0]), 'pixels: pyg-hcsf lift'),
        (trc(NAMES, POSITION, 'ft'), "its unit is 'ft'"),
        (trc(NAMES, POSITION * np.nan), 'it has no markers'),
        ('PathFileType\t4\n', 'no five lines of headers'),
        (trc(['m' * 2**18], POSITION[:, :1]), 'headers has over 262,144'),
    ],
    ids=['pixels', 'unit', 'empty', 'cut', 'long'],
)
def test_refused(tmp_path, text, error):
    with pytest.raises(ValueError, match=rf"walk\.trc': .*{error}"):
        read(tmp_path, text)


def test_view(tmp_path):
    (tmp_path / 'a.trc').write_text(trc(NAMES, POSITION))
    page = tmp_path / 'a.html'
    files = ['a.trc', '--truth', 'a.trc']
    args = [str(tmp_path / f) if f[0] == 'a' else f for f in files]
    main([*args, '--out', str(page)])
    assert page.stat().st_size > 10_000
