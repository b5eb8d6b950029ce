import numpy as np
import pytest

from pyg_hcsf.keypoints import (
    LAYOUTS,
    Keypoints,
    Track,
    common_names,
    convert_joints,
    to_layout,
)
from pyg_hcsf.keypoints.layouts import TARGETS
from pyg_hcsf.skeleton import get_skeleton


def some(layout, frames=3):
    rng = np.random.default_rng(0)
    number = get_skeleton(layout).num_joints
    xy = rng.uniform(0, 1000, (frames, number, 2))
    return xy, rng.uniform(0.1, 1, (frames, number))


def test_coco_to_human36m():
    # pose.md, section 5: MMPose's inference_3d.py.
    xy, score = some('coco17')
    out, certain = convert_joints(xy, score, 'coco17')
    expected = [
        xy[:, [11, 12]].mean(1),
        *(xy[:, j] for j in (12, 14, 16, 11, 13, 15)),
        (xy[:, [11, 12]].mean(1) + xy[:, [5, 6]].mean(1)) / 2,
        xy[:, [5, 6]].mean(1),
        xy[:, 0],
        xy[:, [1, 2]].mean(1),
        *(xy[:, j] for j in (5, 7, 9, 6, 8, 10)),
    ]
    np.testing.assert_allclose(out, np.stack(expected, axis=1))
    np.testing.assert_array_equal(certain[:, 0], score[:, [11, 12]].min(1))
    np.testing.assert_array_equal(
        certain[:, 7], score[:, [5, 6, 11, 12]].min(1)
    )


def test_halpe_to_human36m():
    # MotionBERT's dataset_wild.py.
    xy, score = some('halpe26')
    out, _ = convert_joints(xy, score, 'halpe26')
    order = [19, 12, 14, 16, 11, 13, 15, None, 18, 0, 17, 5, 7, 9, 6, 8, 10]
    for j, source in enumerate(order):
        if source is None:
            expected = (xy[:, 18] + xy[:, 19]) / 2
        else:
            expected = xy[:, source]
        np.testing.assert_allclose(out[:, j], expected)


@pytest.mark.parametrize(
    'layout, names',
    [
        ('mpii16', {'Hip': 'Pelvis', 'Neck': 'UpperNeck', 'Head': 'HeadTop'}),
        ('body25', {'Hip': 'MidHip', 'Thorax': 'Neck', 'Neck': 'Nose'}),
        ('mpi_inf_3dhp17', {'Thorax': 'Neck', 'Neck': 'Head'}),
    ],
)
def test_named_joints(layout, names):
    xy, score = some(layout)
    out, _ = convert_joints(xy, score, layout)
    source = get_skeleton(layout).joints
    target = get_skeleton('h36m17').joints
    for ours, theirs in names.items():
        np.testing.assert_array_equal(
            out[:, target.index(ours)], xy[:, source.index(theirs)]
        )


@pytest.mark.parametrize('target', TARGETS)
@pytest.mark.parametrize('layout', LAYOUTS)
def test_all_layouts(layout, target):
    xy, score = some(layout)
    out, certain = convert_joints(xy, score, layout, target)
    names = common_names(target)
    assert out.shape == (3, len(names), 2)
    # Limbs are in all layouts, and the sides are kept.
    source = common_names(layout)
    for joint in ('Shoulder', 'Elbow', 'Wrist', 'Hip', 'Knee', 'Ankle'):
        for side in 'LR':
            np.testing.assert_array_equal(
                out[:, names.index(side + joint)],
                xy[:, source.index(side + joint)],
            )
    assert np.array_equal(np.isnan(out).any(-1), certain == 0)
    if target in ('h36m17', 'h36m16') and layout != 'h36m16':
        assert (certain > 0).all()


@pytest.mark.parametrize('layout', LAYOUTS)
def test_joints_of_networks_for_images(layout):
    xy, score = some(layout)
    out, certain = convert_joints(xy, score, layout, 'h36m23')
    names = get_skeleton('h36m23').joints
    source = get_skeleton(layout).joints
    assert names[:17] == get_skeleton('h36m17').joints
    found = {
        'Neck': ['Nose'],
        'Head': ['LEye', 'REye'],  # also of Halpe, which has a head
        **{name: [name] for name in names[17:]},
    }
    if layout == 'mediapipe33':
        found |= {'LBigToe': ['LFootIndex'], 'RBigToe': ['RFootIndex']}
    for name, parts in found.items():
        joint = names.index(name)
        if not set(parts) <= set(source):
            assert np.isnan(out[:, joint]).all(), name
            assert not certain[:, joint].any(), name
            continue
        rows = [source.index(part) for part in parts]
        np.testing.assert_allclose(out[:, joint], xy[:, rows].mean(axis=1))
        np.testing.assert_array_equal(
            certain[:, joint], score[:, rows].min(axis=1)
        )
    body = [i for i, n in enumerate(names[:17]) if n not in ('Neck', 'Head')]
    expected, weight = convert_joints(xy, score, layout, 'h36m17')
    np.testing.assert_array_equal(out[:, body], expected[:, body])
    np.testing.assert_array_equal(certain[:, body], weight[:, body])


@pytest.mark.parametrize(
    ('layout', 'missing'),
    [
        ('halpe26', set()),
        ('body25', set()),
        ('mediapipe33', set()),
        ('coco17', {'LBigToe', 'RBigToe', 'LHeel', 'RHeel'}),
        ('coco18', {'LBigToe', 'RBigToe', 'LHeel', 'RHeel'}),
    ],
)
def test_feet_that_a_detector_does_not_find_are_missing(layout, missing):
    _, certain = convert_joints(*some(layout), layout, 'h36m23')
    names = get_skeleton('h36m23').joints
    gone = {n for n, c in zip(names, certain.T, strict=True) if not c.any()}
    assert gone == missing


def test_no_counterpart():
    xy, score = some('h36m17')
    out, certain = convert_joints(xy, score, 'h36m17', 'coco17')
    assert np.isnan(out[:, :5]).all() and (certain[:, :5] == 0).all()
    assert np.isfinite(out[:, 5:]).all() and (certain[:, 5:] > 0).all()


def test_a_mean_of_what_is_missing_is_missing():
    xy, score = some('coco17')
    xy[1, 11], score[1, 11] = np.nan, 0
    out, certain = convert_joints(xy, score, 'coco17')
    missing = np.zeros((3, 17), dtype=bool)
    missing[1, [0, 4, 7]] = True  # hip, left hip, spine
    np.testing.assert_array_equal(certain == 0, missing)
    np.testing.assert_array_equal(np.isnan(out).any(-1), missing)


def test_keypoints():
    xy, score = some('body25')
    track = Track('7', np.arange(3), xy, score)
    k = to_layout(Keypoints('body25', (track,), 'npz', (9, 8), 30.0))
    assert (k.layout, k.image_size, k.fps) == ('h36m17', (9, 8), 30.0)
    expected, _ = convert_joints(xy, score, 'body25')
    np.testing.assert_array_equal(k.tracks[0].xy, expected)
    assert k.tracks[0].name == '7'


def test_errors():
    xy, score = some('coco17')
    with pytest.raises(ValueError, match="'target'.*got 'body25'"):
        convert_joints(xy, score, 'coco17', 'body25')
    with pytest.raises(ValueError, match="'layout'.*got 'ntu25'"):
        convert_joints(xy, score, 'ntu25')
    with pytest.raises(ValueError, match=r'\[3, 17, 2\] and \[3, 17\]'):
        convert_joints(xy, score, 'body25')
