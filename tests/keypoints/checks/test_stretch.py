import re
from dataclasses import replace

import numpy as np
import pytest

from experiments.bench.keypoint_checks import make_file, random_cameras
from experiments.fitting.keypoint_mistakes import MISTAKES, size_exchanged
from experiments.fitting.postures import POSTURES, in_postures
from pyg_hcsf.datasets.synthetic.dataset import motion_clip
from pyg_hcsf.geometry.virtual_cameras import project_views
from pyg_hcsf.keypoints import check_keypoints, common_names
from pyg_hcsf.keypoints.checks.check import warn_of_issues
from pyg_hcsf.keypoints.checks.stretch import extents, log_stretch
from pyg_hcsf.keypoints.track import map_tracks

# Motion that the checks were not fitted on.
CLIPS = [motion_clip('S9', a, 1, 100) for a in ('Walking', 'Greeting')]


def make(clip, layout, number=0):
    cameras = random_cameras(clip.clip, 2)
    view = project_views(clip.pos.transpose(0, 1), clip.clip, 0, cameras)[
        number
    ]
    return make_file(view, clip.clip, layout, 25.0)


@pytest.mark.parametrize('number', range(2))
@pytest.mark.parametrize('layout', ['coco17', 'body25', 'h36m17'])
def test_a_portrait_video_given_as_landscape(layout, number):
    right = make(CLIPS[0], layout, number)
    assert check_keypoints(right) == []
    assert check_keypoints(replace(right, image_size=None)) == []
    wide, high = right.image_size
    # As parts of a portrait image that were multiplied by the other sides.
    portrait = replace(right, image_size=(high, wide))
    wrong = map_tracks(
        replace(portrait, image_size=(wide, high)),
        lambda t: replace(t, xy=t.xy / (high, wide) * (wide, high)),
    )
    (issue,) = check_keypoints(wrong)
    assert issue.kind == 'stretched' and issue.level == 'error'
    assert f'image_size=({high:g}, {wide:g})' in issue.remedy
    assert f'--image_size {high:g} {wide:g}' in issue.remedy
    with pytest.warns(UserWarning, match='look wrong: stretched'):
        warn_of_issues(wrong)


@pytest.mark.parametrize('way', [-1, 1])
def test_crops_of_another_shape(way):
    right = make(CLIPS[0], 'coco17')
    factor = (4 / 3) ** (3 * way)
    wrong = map_tracks(right, lambda t: replace(t, xy=t.xy * (factor, 1)))
    wrong = replace(wrong, image_size=None)
    (issue,) = check_keypoints(wrong)
    assert issue.kind == 'stretched'
    (factor_of_x,) = map(
        float, re.findall(r'multiply x by ([\d.]+)', issue.remedy)
    )
    assert 0.7 < float(factor_of_x) * factor < 1.4
    by = np.array([float(factor_of_x), 1])
    even = map_tracks(wrong, lambda t: replace(t, xy=t.xy * by))
    assert check_keypoints(even) == []


def test_pixels_of_a_portrait_video():
    right = make(CLIPS[0], 'coco17')
    x = right.tracks[0].xy[..., :1]
    shift = (1500 - np.nanmean(x), 0)  # to the right half of the image
    right = map_tracks(right, lambda t: replace(t, xy=t.xy + shift))
    assert check_keypoints(right) == []
    (issue,) = check_keypoints(size_exchanged(right, None))
    assert issue.kind == 'size' and issue.level == 'error'
    assert 'image_size=(1920, 1080)' in issue.remedy


def test_upper_bodies_tell_the_stretch_too():
    right = make(CLIPS[1], 'coco17')
    names = common_names('coco17')
    gone = [i for i, n in enumerate(names) if n[1:] in ('Knee', 'Ankle')]

    def hide(track):
        xy, score = track.xy.copy(), track.score.copy()
        xy[:, gone], score[:, gone] = np.nan, 0
        return replace(track, xy=xy, score=score)

    half = map_tracks(right, hide)
    assert np.isnan(extents(half.tracks, 'coco17')).any()
    assert abs(log_stretch(half.tracks, 'coco17')) < 0.5
    wide = map_tracks(half, lambda t: replace(t, xy=t.xy * (3, 1)))
    assert log_stretch(wide.tracks, 'coco17') > 0.7
    few = map_tracks(
        wide, lambda t: replace(t, xy=t.xy[:9], frames=t.frames[:9])
    )
    assert log_stretch(few.tracks, 'coco17') == 0


def test_extents_do_not_depend_on_size_and_place():
    right = make(CLIPS[0], 'coco17')
    moved = map_tracks(right, lambda t: replace(t, xy=t.xy * 3 + 500))
    np.testing.assert_allclose(
        extents(moved.tracks, 'coco17'), extents(right.tracks, 'coco17')
    )


def test_single_images():
    right = make(CLIPS[0], 'coco17')
    rng = np.random.default_rng(0)
    wrong = MISTAKES['single images'](right, rng)
    issues = check_keypoints(replace(wrong, image_size=None))
    assert 'single images' in [issue.kind for issue in issues]
    # Nobody is followed at all.
    (track,) = right.tracks
    alone = tuple(
        replace(
            track,
            name=str(t),
            frames=track.frames[t : t + 1],
            xy=track.xy[t : t + 1],
            score=track.score[t : t + 1],
        )
        for t in range(0, 100, 10)
    )
    (issue,) = check_keypoints(replace(right, tracks=alone))
    assert issue.kind == 'single images' and issue.level == 'warning'
    assert check_keypoints(replace(right, tracks=alone[:1])) == []


@pytest.mark.parametrize('posture', [p for p in POSTURES if p != 'lying'])
def test_postures_have_no_errors(posture):
    for seed, name in enumerate(POSTURES):
        if name == posture:
            clips = in_postures(CLIPS[:1], seed)
    assert clips[0].posture == posture
    before, after = CLIPS[0].pos, clips[0].pos
    assert after.shape == before.shape
    for number in range(2):
        found = check_keypoints(make(clips[0], 'coco17', number))
        assert not [issue for issue in found if issue.level == 'error']


def test_confused_legs_are_not_exchanged_legs():
    # From the side, a detector takes one leg for the other at times.
    rng = np.random.default_rng(0)
    right = make(in_postures(CLIPS[:1], 0)[0], 'coco17')
    legs = [common_names('coco17').index(f'{s}{n}')
            for n in ('Knee', 'Ankle') for s in 'LR']  # fmt: skip
    swap = [legs[i] for i in (1, 0, 3, 2)]

    def confuse(track):
        xy = track.xy.copy()
        for start in rng.choice(90, 12, replace=False):
            part = slice(start, start + 4)
            xy[part, legs] = xy[part][:, swap]
        return replace(track, xy=xy)

    found = check_keypoints(map_tracks(right, confuse))
    assert 'some sides' not in [issue.kind for issue in found]
