import re
from dataclasses import replace

import numpy as np
import pytest

from experiments.bench.keypoint_checks import make_file
from experiments.fitting.keypoint_mistakes import MISTAKES
from pyg_hcsf.datasets.synthetic.dataset import motion_clip
from pyg_hcsf.geometry.virtual_cameras import project_views
from pyg_hcsf.keypoints import (
    LAYOUTS,
    check_keypoints,
    common_names,
    raise_for_issues,
    read_keypoints,
)
from pyg_hcsf.keypoints.checks import left_right
from pyg_hcsf.keypoints.checks.left_right import (
    MIRROR,
    SIGNS,
    SideEvidence,
    pose_features,
    side_logits,
)
from pyg_hcsf.keypoints.track import map_tracks

# Motion that the checks were not fitted on.
CLIP = motion_clip('S9', 'Walking', 1, 100)
VIEW = project_views(CLIP.pos.transpose(0, 1), CLIP.clip)[0]
FILES = {name: make_file(VIEW, CLIP.clip, name, 25.0) for name in LAYOUTS}
KINDS = {
    'x and y exchanged': 'lying',
    'y up, from below': 'upside down',
    'y negative': 'outside',
    'fractions of the size': 'not pixels',
    'between -1 and 1': 'not pixels',
    'relative to the hip': 'outside',
    'joint indices off by one': 'layout',
    'all left and right': 'sides',
    'legs': 'some sides',
    'arms': 'some sides',
    'knees and ankles': 'some sides',
    'elbows and wrists': 'some sides',
    'ankles': 'some sides',
    'wrists': 'some sides',
    'some frames': 'sides change',
    'frozen': 'frozen',
    'uncertain': 'unsure',
}


@pytest.mark.parametrize('layout', LAYOUTS)
def test_nothing_is_wrong(layout):
    assert check_keypoints(FILES[layout]) == []
    raise_for_issues(FILES[layout])


@pytest.mark.parametrize('layout', LAYOUTS)
@pytest.mark.parametrize('mistake', KINDS)
def test_mistakes(mistake, layout):
    wrong = MISTAKES[mistake](FILES[layout], np.random.default_rng(0))
    issues = check_keypoints(wrong)
    assert KINDS[mistake] in [issue.kind for issue in issues], issues
    if mistake == 'all left and right':  # a hint
        assert issues[0].level == 'warning'
        raise_for_issues(wrong)
    else:
        match = f'look wrong: .*{re.escape(issues[0].remedy)}'
        with pytest.raises(ValueError, match=match):
            raise_for_issues(wrong)


@pytest.mark.parametrize('frame', range(0, 100, 7))
def test_people_who_stand_still(frame):
    # Limbs that point to the camera in one frame do so in all.
    for number, layout in enumerate(LAYOUTS):
        noise = np.random.default_rng(number).normal(0, 1, (80, 1, 2))

        def hold(track, noise=noise):
            xy = np.repeat(track.xy[frame][None], 80, axis=0) + noise
            score = np.repeat(track.score[frame][None], 80, axis=0)
            return replace(track, frames=np.arange(80), xy=xy, score=score)

        still = map_tracks(FILES[layout], hold)
        assert [d for d in check_keypoints(still) if d.level == 'error'] == []


def test_advice_for_coordinates_that_are_no_pixels():
    k = FILES['coco17']
    size = np.array(k.image_size)
    wrong = map_tracks(k, lambda t: replace(t, xy=2 * t.xy / size - 1))
    (issue,) = check_keypoints(replace(wrong, image_size=None))
    assert '(x + 1) * width / 2' in issue.remedy
    wrong = map_tracks(k, lambda t: replace(t, xy=t.xy * [1, -1]))
    (issue,) = check_keypoints(wrong)
    assert issue.remedy == 'change the sign of y, which points up'


@pytest.mark.parametrize('layout', LAYOUTS)
def test_shuffled_joints(layout):
    rng = np.random.default_rng(0)
    for _ in range(5):
        assert check_keypoints(MISTAKES['joints shuffled'](FILES[layout], rng))


@pytest.mark.parametrize('layout', ['coco17', 'body25', 'mediapipe33'])
def test_face(layout):
    wrong = MISTAKES['body, not face'](FILES[layout], None)
    (issue,) = check_keypoints(wrong)
    assert issue.kind == 'some sides' and 'face' in issue.text


@pytest.mark.parametrize(
    'layout, wrong',
    [('coco17', 'h36m17'), ('h36m17', 'coco17'), ('mpii16', 'h36m16')],
)
def test_another_layout(tmp_path, layout, wrong):
    (issue,) = check_keypoints(replace(FILES[layout], layout=wrong))
    assert issue.kind == 'layout'
    assert f"pass layout='{layout}'" in issue.remedy


@pytest.mark.parametrize('layout', LAYOUTS)
def test_layout_is_recognised(tmp_path, layout):
    (track,) = FILES[layout].tracks
    path = tmp_path / 'a.npz'
    np.savez(path, keypoints=np.nan_to_num(track.xy))
    assert read_keypoints(path).layout == layout


def test_layout_is_not_clear(tmp_path):
    rng = np.random.default_rng(0)
    path = tmp_path / 'a.npz'
    np.savez(path, keypoints=rng.uniform(1, 900, (9, 17, 2)))
    with pytest.raises(ValueError, match="any of .*: pass 'layout'"):
        read_keypoints(path)


def test_outside_of_the_image():
    k = replace(FILES['coco17'], image_size=(200.0, 200.0))
    (issue,) = check_keypoints(k)
    assert issue.kind == 'outside' and '200 x 200' in issue.text
    assert issue.value > 0.5
    assert check_keypoints(replace(k, image_size=None)) == []


@pytest.mark.parametrize('seen', [1, 2, 100])
def test_upper_bodies(seen):
    names = common_names('coco17')
    gone = [i for i, n in enumerate(names) if n[1:] in ('Knee', 'Ankle')]

    def hide(track):
        xy, score = track.xy[:seen].copy(), track.score[:seen].copy()
        xy[:, gone], score[:, gone] = np.nan, 0
        frames = track.frames[:seen]
        return replace(track, xy=xy, score=score, frames=frames)

    assert check_keypoints(map_tracks(FILES['coco17'], hide)) == []


def test_the_network_knows_symmetry():
    (track,) = FILES['coco17'].tracks
    poses = pose_features(track, 'coco17', 25.0)
    assert poses.shape[1:] == (14, 2)
    logits = side_logits(poses)
    exchanged = side_logits(poses[:, MIRROR])
    np.testing.assert_allclose(exchanged[:, 0], -logits[:, 0])
    np.testing.assert_allclose(exchanged[:, 1:], logits[:, 1:])
    image = side_logits(poses[:, MIRROR] * SIGNS)
    np.testing.assert_allclose(image, logits)


def test_features_do_not_depend_on_the_rate():
    (track,) = FILES['coco17'].tracks
    whole = replace(track, xy=np.nan_to_num(track.xy))
    fast = pose_features(whole, 'coco17', 25.0)
    half = replace(whole, xy=whole.xy[::2], frames=track.frames[::2] // 2)
    slow = pose_features(half, 'coco17', 12.5)
    # 0.24 s are 6 frames of the one and 3 of the other.
    np.testing.assert_allclose(slow[3:-3], fast[::2][3:-3])


@pytest.mark.parametrize(
    'frames, gain, level',
    [(24, 1.4, 'warning'), (24, 1.6, 'error'), (25, 0.4, 'error')],
)
def test_small_gains_in_few_frames_are_hints(monkeypatch, frames, gain, level):
    found = SideEvidence(2.0, ('Ankle',), gain, 0.9, frames)
    monkeypatch.setattr(left_right, 'side_evidence', lambda _: found)
    (issue,) = left_right.check_left_right(FILES['coco17'])
    assert (issue.kind, issue.level) == ('some sides', level)
