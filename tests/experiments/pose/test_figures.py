import matplotlib
import numpy as np
import pytest
from matplotlib.image import imread

from experiments.pose import figures
from experiments.pose.hard_poses import overlaps
from experiments.pose.skeletons import (
    BEHIND,
    example_poses,
    hardest_frames,
    hardest_poses,
)
from experiments.reporting.drawing import (
    BLUE,
    COLOURS,
    RED,
    read_log,
    row_styles,
)
from experiments.reporting.runs import load_runs
from tests.experiments.fake_runs import make_runs

ROWS = (('fcn', 'FCN', 45.0), ('lcn', 'LCN', 38.0), ('hcsf', 'HCSF', 31.0))


@pytest.fixture(scope='module')
def runs(tmp_path_factory):
    root = tmp_path_factory.mktemp('runs')
    make_runs(root, rows=ROWS, seeds=(0, 1), length=12)
    return load_runs(root)


def drawn(path, colour):
    """How many pixels of a PNG have a colour."""
    pixels = np.round(255 * imread(path)[..., :3]).astype(int)
    wanted = np.round(255 * np.array(matplotlib.colors.to_rgb(colour)))
    return int((np.abs(pixels - wanted).max(-1) <= 2).sum())


@pytest.mark.parametrize(
    'draw',
    [
        figures.error_distribution,
        figures.worst_poses,
        figures.hard_pose_curves,
        figures.joint_errors,
        figures.learning_curves,
    ],
)
def test_pictures_show_every_row_in_its_colour(runs, tmp_path, draw):
    path = draw(runs, tmp_path / 'new' / 'picture.png')
    picture = imread(path)
    assert picture.shape[1] >= 1000 and picture[..., :3].std() > 0.03
    for style in row_styles(runs).values():
        assert drawn(path, style['color']) > 100
    assert drawn(path, COLOURS[5]) == 0
    assert [p.name for p in path.parent.iterdir()] == ['picture.png']


def test_hardest_poses(runs, tmp_path):
    path = hardest_poses(runs, tmp_path / 'all.png', count=3)
    for colour in (BLUE, RED, BEHIND):
        assert drawn(path, colour) > 300
    one = hardest_poses(runs, tmp_path / 'one.png', ['hcsf'], count=1)
    assert imread(one).shape[0] < imread(path).shape[0]
    assert imread(one).shape[1] < imread(path).shape[1]


def test_hardest_frames_come_from_different_clips(runs):
    frames = hardest_frames(runs, 'hcsf', 5)
    error = np.mean([r.error for r in runs[4:]], axis=0)
    assert frames[0] == error.argmax()
    clips = runs[0].clip[frames]
    assert len(set(clips)) == 5
    assert all(np.diff(error[frames]) <= 0)
    for frame, clip in zip(frames, clips, strict=True):
        assert error[frame] == error[runs[0].clip == clip].max()
    with pytest.raises(ValueError, match=r"\['fcn', 'lcn', 'hcsf'\].*'x'"):
        hardest_frames(runs, 'x')


def test_hardest_frames_of_different_actions(runs):
    frames = hardest_frames(runs, 'hcsf', 6, by_action=True)
    actions = runs[0].action[runs[0].clip[frames]]
    assert len(set(actions)) == 6
    assert frames[0] == hardest_frames(runs, 'hcsf', 1)[0]


def test_example_poses(runs, tmp_path, monkeypatch):
    lengths = []

    def barh(self, place, width, *args, **kwargs):
        lengths.append(width)
        return original(self, place, width, *args, **kwargs)

    original = matplotlib.axes.Axes.barh
    monkeypatch.setattr(matplotlib.axes.Axes, 'barh', barh)
    path = example_poses(runs, tmp_path / 'a.png')
    for style in row_styles(runs).values():
        assert drawn(path, style['color']) > 100
    means = np.array(lengths).mean(axis=1)  # of the models, by pose
    assert len(means) == 7
    assert max(means[:2]) < means[2] < min(means[3:])
    error = np.mean([run.error for run in runs], axis=0)
    assert means[3] == pytest.approx(error.max())


def test_runs_without_poses_show_what_they_can(tmp_path):
    make_runs(tmp_path, rows=ROWS, seeds=(0,), actions=('a', 'b'))
    for run in load_runs(tmp_path):
        path = run.folder / 'frames.npz'
        with np.load(path) as file:
            kept = {k: file[k] for k in file if file[k].ndim < 2}
        np.savez(path, **kept)
    pictures = figures.draw_all(load_runs(tmp_path), tmp_path / 'figures')
    assert 'Hardest poses' not in pictures
    assert 'Easy and hard poses' not in pictures
    assert len(pictures) == 6


def test_overlap_of_hard_poses(runs, tmp_path):
    rows = {'a': runs[:2], 'b': runs[4:]}
    shares = overlaps(rows)
    assert shares[0, 1] == pytest.approx(shares[1, 0])
    count = -(-len(runs[0].error) // 10)
    top = [set(np.argsort(-r.error)[:count]) for r in runs]
    same = 100 * len(top[0] & top[1]) / count
    assert shares[0, 0] == pytest.approx(same)
    pairs = [len(top[i] & top[j]) for i in (0, 1) for j in (4, 5)]
    assert shares[0, 1] == pytest.approx(100 * np.mean(pairs) / count)
    assert np.isnan(overlaps({'a': runs[:1]})).all()
    path = figures.hard_pose_overlap(runs, tmp_path / 'a.png')
    assert imread(path)[..., :3].std() > 0.03
    assert figures.hard_pose_overlap(runs[:2], tmp_path / 'b.png') is None


def test_cameras_of_one_clip_count_as_one_clip(tmp_path):
    make_runs(tmp_path, seeds=(0,), actions=('a', 'b'), subjects='S')
    runs = load_runs(tmp_path)
    for run in runs:
        run.clip_names[:] = ['walk_cam1', 'walk_cam2']
        run.camera[:] = ['cam1', 'cam2']
    assert len(hardest_frames(runs)) == 1


def test_a_row_keeps_its_colour(runs):
    styles = row_styles(runs)
    assert len({s['color'] for s in styles.values()}) == 3
    fewer = [r for r in runs if r.metrics['row'] != 'hcsf']
    assert row_styles(fewer)['lcn'] == styles['lcn']


def test_bars_have_the_height_of_the_mean(runs, tmp_path, monkeypatch):
    heights = []

    def bar(self, place, height, *args, **kwargs):
        heights.append(height)
        return original(self, place, height, *args, **kwargs)

    original = matplotlib.axes.Axes.bar
    monkeypatch.setattr(matplotlib.axes.Axes, 'bar', bar)
    figures.error_distribution(runs, tmp_path / 'a.png')
    share = 100 * np.mean([np.mean(r.error < 30) for r in runs[:2]])
    assert heights[0][0] == pytest.approx(share)
    heights.clear()
    figures.joint_errors(runs, tmp_path / 'b.png')
    knee = np.mean([r.metrics['per_joint']['RKnee'] for r in runs[:2]])
    assert len(heights[0]) == 16  # not the root, whose error is zero
    assert heights[0][1] == pytest.approx(knee)


def test_log_of_a_killed_and_resumed_run(tmp_path):
    lines = ['{"step": 1, "loss": 3.0}', '{"step": 2, "loss": 2.0}']
    again = ['{"step": 2, "loss": 1.5}', '{"step": 2, "val_mpjpe": 50}']
    text = '\n'.join([*lines, *again, '{"step": 3, "lo'])
    (tmp_path / 'log.jsonl').write_text(text)
    log = read_log(tmp_path, ['loss', 'val_mpjpe'])
    assert log['loss'].tolist() == [[1, 3], [2, 1.5]]
    assert log['val_mpjpe'].tolist() == [[2, 50]]
    assert read_log(tmp_path / 'none', ['loss']) == {}


def test_small_and_odd_runs_are_drawn(tmp_path):
    make_runs(tmp_path, rows=ROWS[:1], seeds=(0,), actions=('a',), length=3)
    runs = load_runs(tmp_path)
    (runs[0].folder / 'log.jsonl').unlink()
    pictures = figures.draw_all(runs, tmp_path / 'figures')
    assert len(pictures) == 6 and 'Learning curves' not in pictures
    runs[0].error[:] = np.nan
    assert figures.draw_all(runs, tmp_path / 'none') == {}


def test_a_diverged_row_is_left_out(tmp_path):
    make_runs(tmp_path, rows=ROWS, seeds=(0,), actions=('a', 'b'))
    runs = load_runs(tmp_path)
    runs[2].error[:] = np.nan
    path = figures.error_distribution(runs, tmp_path / 'a.png')
    lcn, hcsf = [row_styles(runs)[k] for k in ('lcn', 'hcsf')]
    assert drawn(path, lcn['color']) > 100
    assert drawn(path, hcsf['color']) == 0
