import numpy as np
import pytest

from pyg_hcsf.datasets.human36m.constants import (
    H36M16_OF_17,
    H36M17_OF_32,
)
from pyg_hcsf.datasets.human36m.videopose3d_npz import (
    read_positions_2d,
    read_positions_3d,
)
from tests.datasets.human36m.human36m_files import (
    COCO,
    H36M16,
    H36M17_OF_MPII,
    MPII,
    data_2d,
    data_3d,
    motion,
    npz,
    views,
    world,
)

ONE = motion(['S9'], [('Photo', ' 1')])
JOINTS = ONE['S9']['Photo 1']


def test_positions_3d():
    out = read_positions_3d(data_3d(ONE), '3d.npz')
    expected = (JOINTS / 1000).astype('f4')[:, H36M17_OF_32]
    np.testing.assert_array_equal(out['S9']['Photo 1'], expected)
    again = {'S9': {'Photo 1': expected}}  # 17 joints already
    content = npz(positions_3d=np.array(again, dtype=object))
    out = read_positions_3d(content, '3d.npz')
    np.testing.assert_array_equal(out['S9']['Photo 1'], expected)


def test_positions_2d():
    out = read_positions_2d(data_2d(ONE, 'vp3d', extra=3), '2d.npz')
    assert len(out['S9']['Photo 1']) == 4
    for got, (_, _, x) in zip(
        out['S9']['Photo 1'], views('S9', JOINTS, 'vp3d'), strict=True
    ):
        assert got.shape == (len(JOINTS) + 3, 17, 2)
        np.testing.assert_array_equal(got[:-3], x.astype('f4'))
    content = data_2d(
        ONE, joints=list(H36M16_OF_17), keypoints_symmetry=H36M16
    )
    out = read_positions_2d(content, '2d.npz')
    assert out['S9']['Photo 1'][3].shape[1:] == (16, 2)


def test_coco():
    content = data_2d(ONE, keypoints_symmetry=COCO, layout_name='coco')
    got = read_positions_2d(content, '2d.npz')['S9']['Photo 1'][0]
    coco = read_positions_2d(data_2d(ONE), '2d.npz')['S9']['Photo 1'][0]
    np.testing.assert_array_equal(got[:, 3], coco[:, 16])  # right ankle
    np.testing.assert_array_equal(got[:, 13], coco[:, 9])  # left wrist
    np.testing.assert_array_equal(got[:, 9], coco[:, 0])  # nose
    hip = (coco[:, 11] + coco[:, 12]) / 2
    np.testing.assert_allclose(got[:, 0], hip, rtol=1e-6)


def test_stacked_hourglass_in_the_order_of_mpii():
    """VideoPose3D's, and SemGCN's, which are Human3.6M's without Neck."""
    ours = data_2d(
        ONE,
        joints=list(H36M16_OF_17),
        keypoints_symmetry=H36M16,
        num_joints=16,
    )
    # In the order of its lists, SemGCN pairs left and right ones.
    paired = [MPII[0], [2, 1, 0, 12, 11, 10]]
    for sides in (MPII, paired, tuple(map(np.array, MPII)), np.array(MPII)):
        theirs = data_2d(ONE, joints=H36M17_OF_MPII, keypoints_symmetry=sides)
        for a, b in zip(
            *(
                read_positions_2d(content, '2d.npz')['S9']['Photo 1']
                for content in (ours, theirs)
            ),
            strict=True,
        ):
            np.testing.assert_array_equal(a, b)
    named = data_2d(
        ONE, joints=H36M17_OF_MPII, keypoints_symmetry=None, layout_name='mpii'
    )
    assert read_positions_2d(named, '2d.npz').keys() == {'S9'}


LOOP: list = []
LOOP += [LOOP, LOOP]


@pytest.mark.parametrize(
    'meta, got',
    [
        ({'keypoints_symmetry': [[4], [1]]}, r"'keypoints_symmetry' \[\[4\]"),
        ({'keypoints_symmetry': MPII[::-1]}, r"'keypoints_symmetry' \[\[0, "),
        ({'keypoints_symmetry': None}, "'keypoints_symmetry' None"),
        ({'keypoints_symmetry': 3}, "'keypoints_symmetry' 3"),
        ({'layout_name': 'coco'}, "'layout_name' 'coco'"),
        ({'layout_name': [1]}, r"'layout_name' \[1\]"),
        ({'num_joints': 16}, "'num_joints' 16"),
        (
            {'keypoints_symmetry': None, 'layout_name': 'h36m'},
            "'num_joints' None",
        ),
    ],
)
def test_unknown_orders_are_refused(meta, got):
    with pytest.raises(ValueError, match=f"'2d.npz'.*'metadata'.*{got}"):
        read_positions_2d(data_2d(ONE, **meta), '2d.npz')


def test_metadata_that_contains_itself_is_refused():
    with pytest.raises(ValueError, match="'2d.npz/metadata.npy'.*itself"):
        read_positions_2d(data_2d(ONE, keypoints_symmetry=LOOP), '2d.npz')


def test_numbers_of_joints_are_those_of_the_order():
    content = data_2d(ONE, joints=list(H36M16_OF_17))
    with pytest.raises(ValueError, match='frames of 17 joints.*16, 2'):
        read_positions_2d(content, '2d.npz')


META = {'layout_name': 'h36m', 'num_joints': 17}


def array(value):
    return np.array(value, dtype=object)


@pytest.mark.parametrize(
    'value, reason',
    [
        ({'S9': {'Photo 1': JOINTS}}, 'metres'),
        ({'S9': {'Photo 1': np.ones((5, 18, 3))}}, r'\[5, 18, 3\]'),
        ({'S9': {'Photo 1': np.ones((0, 32, 3))}}, r'\[0, 32, 3\]'),
        ({'S9': {'Photo 1': np.ones((5, 32, 3), int)}}, 'int64'),
        ({'S9': {'Photo 1': np.full((5, 32, 3), np.nan)}}, 'NaN'),
        ({'S9': {'Photo 1': [1]}}, r'got \[1\]'),
        ({'S9': {'Juggling': np.ones((5, 32, 3))}}, "'Juggling'"),
        ({'S9': [1]}, 'subjects and their takes'),
        ({}, 'subjects and their takes'),
        ([1], 'subjects and their takes|positions_3d'),
    ],
)
def test_refuses_positions_3d(value, reason):
    content = npz(positions_3d=array(value))
    with pytest.raises(ValueError, match=rf"'3d\.npz'.*({reason})"):
        read_positions_3d(content, '3d.npz')


def test_passes_over_detections_without_positions():
    views = [np.ones((5, 17, 2), 'f4')] * 4
    found = {'S9': {'Photo 1': views, '_ALL': views}, 'S4': {'Photo': [1]}}
    content = npz(positions_2d=array(found), metadata=array(META))
    out = read_positions_2d(content, '2d.npz')
    assert list(out) == ['S9'] and 'Photo 1' in out['S9']


def test_refuses_positions_2d():
    three = {'S9': {'Photo 1': [np.ones((5, 17, 2))] * 3}}
    with pytest.raises(ValueError, match='2d.npz.*4 cameras.*ndarray'):
        read_positions_2d(
            npz(positions_2d=array(three), metadata=array(META)), '2d.npz'
        )
    with pytest.raises(ValueError, match=r"'2d.npz'.*'positions_2d'"):
        read_positions_2d(data_3d(ONE), '2d.npz')


SHORT = {'S9': {'Photo 1': world('S9', 'Photo', 3)}}


@pytest.mark.parametrize(
    'read, content, name',
    [
        (read_positions_3d, data_3d(SHORT), '3d.npz'),
        (read_positions_2d, data_2d(SHORT), '2d.npz'),
    ],
)
def test_damaged_files(fuzz, read, content, name):
    def check(subjects):
        for takes in subjects.values():
            for value in takes.values():
                for part in value if isinstance(value, list) else [value]:
                    assert np.isfinite(part).all()

    fuzz(lambda bad: read(bad, name), content, check, f"'{name}")
