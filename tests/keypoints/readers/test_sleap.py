import gzip
import json

import h5py
import numpy as np
import pytest

from pyg_hcsf.keypoints import read_keypoints
from tests.keypoints.keypoint_files import POINTS, SNAKE, check_people

ORDER = np.random.default_rng(1).permutation(17)
NODES = [SNAKE[j] for j in ORDER]


def analysis(path, order, dims=None, names=('ann', 'bob')):
    """An analysis with axes in this order of frame, track, node and xy."""
    points = POINTS[:, :, ORDER].copy()
    points[2, 1] = np.nan
    with h5py.File(path, 'w') as file:
        file['tracks'] = points[..., :2].transpose(order)
        scores = [axis for axis in order if axis != 3]
        file['point_scores'] = points[..., 2].transpose(scores)
        file['node_names'] = np.array(NODES, 'S')
        file['track_names'] = np.array(names, 'S')
        file['track_occupancy'] = np.ones((8, 2), 'u1')
        file['video_path'] = 'walk.mp4'
        if dims:
            file['tracks'].attrs['dims'] = json.dumps(dims)


@pytest.mark.parametrize(
    ('order', 'dims'),
    [
        ((1, 3, 2, 0), None),
        ((0, 2, 3, 1), None),
        ((0, 1, 2, 3), ['frame', 'track', 'node', 'xy']),
        ((3, 2, 1, 0), ['xy', 'node', 'track', 'frame']),
    ],
    ids=str,
)
def test_analysis(tmp_path, order, dims):
    path = tmp_path / 'a.analysis.h5'
    analysis(path, order, dims)
    k = read_keypoints(path)
    assert (k.source, k.layout) == ('sleap', 'coco17')
    assert [track.name for track in k.tracks] == ['ann', 'bob']
    ann, bob = k.tracks
    assert bob.frames.tolist() == [0, 1, 3, 4, 5, 6, 7]
    np.testing.assert_allclose(ann.xy, POINTS[:, 0, :, :2])
    np.testing.assert_allclose(bob.score, POINTS[bob.frames, 1, :, 2])


def test_other_sizes(tmp_path):
    analysis(tmp_path / 'a.h5', (1, 3, 2, 0))
    with h5py.File(tmp_path / 'a.h5', 'a') as file:
        del file['node_names']
        file['node_names'] = np.array(NODES[1:], 'S')
    with pytest.raises(ValueError, match=r'\[P, 2, 16, T\]'):
        read_keypoints(tmp_path / 'a.h5')


def project(path, version=1.2, videos=(0,) * 8):
    """A project: one person predicted in 8 frames and corrected in one."""
    nodes = [{'name': n} for n in SNAKE]
    graph = {'nodes': [{'id': int(j)} for j in ORDER]}
    point = [('x', 'f8'), ('y', 'f8'), ('visible', '?'), ('complete', '?')]
    found = np.zeros(8 * 17, [*point, ('score', 'f8')])
    corrected = np.zeros(17, point)
    flat = POINTS[:, 0, ORDER].reshape(-1, 3)
    found['x'], found['y'], found['score'] = flat.T
    found['visible'] = True
    found['visible'][5] = False
    corrected['x'], corrected['y'] = POINTS[3, 1, ORDER, :2].T
    corrected['visible'] = True
    frames = np.zeros(
        8, [('frame_id', 'u8'), ('video', 'u4'), ('frame_idx', 'u8')]
    )
    frames['frame_id'], frames['video'] = range(10, 18), videos
    frames['frame_idx'] = 2 * np.arange(8)
    rows = [(t, 1, 10 + t, 0, 0, -1, 17 * t, 17 * t + 17) for t in range(8)]
    rows.append((8, 0, 13, 0, 0, 3, 0, 17))
    instance = [
        ('instance_id', 'i8'),
        ('instance_type', 'u1'),
        ('frame_id', 'u8'),
        ('skeleton', 'u4'),
        ('track', 'i4'),
        ('from_predicted', 'i8'),
        ('point_id_start', 'u8'),
        ('point_id_end', 'u8'),
    ]
    with h5py.File(path, 'w') as file:
        file['frames'], file['pred_points'] = frames, found
        file['points'] = corrected
        file['instances'] = np.array(rows, instance)
        file['tracks_json'] = ['[0, "ann"]']
        file['video0/video'] = np.zeros((2, 9), 'i1')
        metadata = file.create_group('metadata').attrs
        metadata['format_id'] = version
        metadata['json'] = np.bytes_(
            json.dumps({'skeletons': [{'nx_graph': graph}], 'nodes': nodes})
        )


@pytest.mark.parametrize(('version', 'shift'), [(1.2, 0), (1.0, 0.5)])
def test_project(tmp_path, version, shift):
    project(tmp_path / 'a.slp', version)
    k = read_keypoints(tmp_path / 'a.slp')
    (track,) = k.tracks
    assert (k.layout, track.name) == ('coco17', 'ann')
    assert track.frames.tolist() == list(range(0, 16, 2))
    expected = POINTS[:, 0].copy()
    expected[3] = np.c_[POINTS[3, 1, :, :2], np.ones(17)]
    expected[..., :2] -= shift
    expected[0, ORDER[5]] = np.nan, np.nan, 0
    np.testing.assert_allclose(track.xy, expected[..., :2])
    np.testing.assert_allclose(track.score, expected[..., 2])


def test_a_project_of_several_videos(tmp_path):
    project(tmp_path / 'a.slp', videos=[0] * 4 + [1] * 4)
    with pytest.raises(ValueError, match="'video 0', 'video 1'"):
        read_keypoints(tmp_path / 'a.slp')


def test_points_that_are_not_there(tmp_path):
    project(tmp_path / 'a.slp')
    with h5py.File(tmp_path / 'a.slp', 'a') as file:
        instances = file['instances'][:]
        instances['point_id_start'] += 2**60
        instances['point_id_end'] += 2**60
        file['instances'][:] = instances
    with pytest.raises(ValueError, match='17 points of each person'):
        read_keypoints(tmp_path / 'a.slp')


def test_unknown_arrays_are_named(tmp_path):
    with h5py.File(tmp_path / 'a.h5', 'w') as file:
        file['hands/left'] = np.zeros((4, 21, 2))
    with pytest.raises(ValueError, match=r'left \[4, 21, 2\] of float64'):
        read_keypoints(tmp_path / 'a.h5')


def test_arrays_in_a_group(tmp_path):
    with h5py.File(tmp_path / 'a.h5', 'w') as file:
        file['pose/keypoints'] = POINTS[..., :2]
        file['pose/scores'] = POINTS[..., 2]
    check_people(read_keypoints(tmp_path / 'a.h5', 'coco17'), POINTS)


def test_compressed_by_gzip(tmp_path):
    path = tmp_path / 'analysis.h5'
    analysis(path, (1, 3, 2, 0))
    plain = read_keypoints(path)
    packed = tmp_path / 'analysis.h5.gz'
    packed.write_bytes(gzip.compress(path.read_bytes()))
    found = read_keypoints(packed)
    for track, other in zip(found.tracks, plain.tracks, strict=True):
        np.testing.assert_array_equal(track.xy, other.xy)
    np.testing.assert_allclose(found.tracks[0].xy, POINTS[:, 0, :, :2])
