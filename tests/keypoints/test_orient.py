import re
from dataclasses import replace

import numpy as np
import pytest

from experiments.bench.keypoint_checks import make_file
from experiments.fitting.keypoint_mistakes import MISTAKES
from pyg_hcsf.datasets.synthetic.dataset import motion_clip
from pyg_hcsf.geometry.virtual_cameras import project_views
from pyg_hcsf.keypoints import (
    check_keypoints,
    mirror_keypoints,
    raise_for_issues,
    rotate_keypoints,
    swap_sides,
)

CLIP = motion_clip('S9', 'Walking', 1, 100)
VIEWS = project_views(CLIP.pos.transpose(0, 1), CLIP.clip)
LAYOUTS = ('coco17', 'body25', 'h36m17')


def make(layout, view=0):
    return make_file(VIEWS[view], CLIP.clip, layout, 25.0)


def assert_same(found, expected, moved=0.0):
    assert found.image_size == expected.image_size
    for a, b in zip(found.tracks, expected.tracks, strict=True):
        gap = a.xy - b.xy - moved
        np.testing.assert_allclose(gap[b.score > 0], 0, atol=1e-6)
        np.testing.assert_array_equal(a.score, b.score)


@pytest.mark.parametrize('known', [True, False])
@pytest.mark.parametrize('view', range(4))
@pytest.mark.parametrize('layout', LAYOUTS)
@pytest.mark.parametrize('degrees', [90, 180, 270])
def test_advice_for_a_rotated_camera(degrees, layout, view, known):
    right = make(layout, view)
    if not known:
        right = replace(right, image_size=None)
    wrong = rotate_keypoints(right, degrees)
    (issue,) = check_keypoints(wrong)
    assert issue.level == 'error'
    (advice,) = re.findall(
        r'rotate_keypoints\(keypoints, (\d+)\)', issue.remedy
    )
    assert issue.remedy.startswith('rotate')  # before any other advice
    upright = rotate_keypoints(wrong, int(advice))
    if not known:  # the image is as large as the joints say
        moved = np.nanmean(upright.tracks[0].xy - right.tracks[0].xy, (0, 1))
        assert_same(upright, right, moved)
    else:
        assert_same(upright, right)
    raise_for_issues(upright)


@pytest.mark.parametrize('layout', LAYOUTS)
@pytest.mark.parametrize(
    'mistake, advice, change',
    [
        (
            'y up, from below',
            'subtract y from the height of the image',
            lambda xy, high: np.stack([xy[..., 0], high - xy[..., 1]], -1),
        ),
        (
            'x and y exchanged',
            'exchange them back',
            lambda xy, high: xy[..., ::-1],
        ),
    ],
)
def test_advice_for_another_axis(mistake, advice, change, layout):
    right = make(layout)
    wrong = MISTAKES[mistake](right, None)
    (issue,) = check_keypoints(replace(wrong, image_size=None))
    assert advice in issue.remedy
    (track,) = wrong.tracks
    xy = change(track.xy, right.image_size[1])
    assert_same(replace(wrong, tracks=(replace(track, xy=xy),)), right)


@pytest.mark.parametrize('layout', LAYOUTS)
def test_turns_keep_what_is_left_of_what(layout):
    right = make(layout)
    for degrees in (90, 180, 270):
        turned = rotate_keypoints(right, degrees)
        before, after = (
            np.nan_to_num(k.tracks[0].xy[:, 1:3] - k.tracks[0].xy[:, :1])
            for k in (right, turned)
        )
        np.testing.assert_allclose(
            np.linalg.det(after), np.linalg.det(before), atol=1e-6
        )


@pytest.mark.parametrize('layout', LAYOUTS)
def test_a_mirrored_video_is_another_person(layout):
    right = make(layout)
    mirrored = mirror_keypoints(right)
    assert check_keypoints(mirrored) == check_keypoints(right) == []
    assert_same(mirror_keypoints(mirrored), right)


def test_exchanged_sides_can_be_two_mistakes():
    right = make('coco17')
    names = swap_sides(right)
    coordinates = swap_sides(mirror_keypoints(right))
    for wrong in (names, coordinates):
        (issue,) = check_keypoints(wrong)
        assert issue.kind == 'sides' and issue.level == 'warning'
        assert 'swap_sides(keypoints)' in issue.remedy
        assert 'subtract x from the width' in issue.remedy
    assert_same(swap_sides(names), right)
    (track,) = coordinates.tracks
    xy = track.xy * (-1, 1) + (right.image_size[0], 0)
    assert_same(replace(right, tracks=(replace(track, xy=xy),)), right)


def test_another_angle():
    with pytest.raises(ValueError, match="'degrees'.*90, .*got 45"):
        rotate_keypoints(make('coco17'), 45)
