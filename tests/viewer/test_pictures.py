import shutil
import subprocess
from dataclasses import replace

import numpy as np
import pytest
from PIL import Image

from pyg_hcsf.poses import PoseSequence
from pyg_hcsf.skeleton import H36M17
from pyg_hcsf.viewer import pictures
from pyg_hcsf.viewer.pictures import write_gif, write_mp4, write_png
from pyg_hcsf.viewer.pose_figure import LEFT, RIGHT, TRUTH, PoseFigure
from pyg_hcsf.viewer.timelines import align_timelines

pytestmark = pytest.mark.pictures


def standing(offset=0.0, axes='world', frames=4, fps=25.0):
    """Someone with the left at x > 0 who rises by 100 mm a frame."""
    pose = np.zeros((frames, 17, 3))
    for j, name in enumerate(H36M17.joints):
        pose[:, j, 0] = 200 * (name[0] == 'L') - 200 * (name[0] == 'R')
        pose[:, j, 2] = -800 * ('Foot' in name) + 600 * ('Head' in name)
    pose[:, 10, 2] += 100 * np.arange(frames)
    pose[:, 1:] += offset
    return PoseSequence('1', 'h36m17', np.arange(frames), pose, axes, fps)


def colours(path):
    image = np.asarray(Image.open(path).convert('RGB')).astype(int)

    def where(colour):
        rgb = [int(colour[k : k + 2], 16) for k in (1, 3, 5)]
        panels = image[60:]  # below the titles
        return np.argwhere(np.abs(panels - rgb).max(-1) < 12)

    return where, image


def test_png(tmp_path):
    path = tmp_path / 'frame.png'
    write_png(path, {'ours': [standing()]}, frame=2)
    where, image = colours(path)
    assert image.shape == (540, 400, 3)
    left, right = where(LEFT), where(RIGHT)
    # In the front view, the left joints are on the right.
    assert left[:, 1].mean() > 200 > right[:, 1].mean()
    assert len(where(TRUTH)) == 0
    write_png(path, {'a': [standing()], 'b': [standing()]}, [standing(60.0)])
    where, image = colours(path)
    assert image.shape == (540, 800, 3)
    assert len(where(TRUTH)) > 50
    with pytest.raises(ValueError, match='4 between 0 and 3 .got 9'):
        write_png(path, {'ours': [standing()]}, frame=9)


def test_error_in_the_title():
    ours, truth = standing(), standing(30.0)
    figure = PoseFigure(align_timelines({'$x_': [ours]}, [truth]))
    texts = [t.get_text() for t in figure.draw(0).axes[0].texts]
    error = 16 / 17 * np.sqrt(3) * 30
    assert texts == ['$x_', f'{error:.1f} mm']
    again = [t.get_text() for t in figure.draw(1).axes[0].texts]
    assert again == texts  # those of the last frame are gone


def test_truth_on_another_skeleton(tmp_path):
    ours = standing()
    pose = np.ones((4, 25, 3))
    truth = PoseSequence('1', 'ntu25', ours.frames, pose, 'world')
    figure = PoseFigure(align_timelines({'ours': [ours]}, [truth]))
    texts = [t.get_text() for t in figure.draw(0).axes[0].texts]
    assert texts == ['ours', '']  # drawn, not compared


def test_camera_as_in_the_page():
    pose = standing().pose
    camera = np.stack([pose[..., 0], -pose[..., 2], pose[..., 1]], axis=-1)
    seen = [
        PoseFigure(align_timelines({'ours': [one]})).camera
        for one in (
            standing(),
            replace(standing(), pose=camera, axes='camera'),
        )
    ]
    x = pose[0] + [0, 50, 0]
    first, second = (c.project(x) for c in seen)
    np.testing.assert_allclose(first, second, atol=1e-3)
    turned = replace(standing(), pose=pose * [-1, -1, 1])
    yaw = PoseFigure(align_timelines({'ours': [turned]})).camera.yaw
    assert abs(abs(yaw) - np.pi) < 1e-6


def test_gif(tmp_path):
    path = tmp_path / 'walk.gif'
    write_gif(path, {'ours': [standing(frames=6)]})
    with Image.open(path) as image:
        assert (image.n_frames, image.info['duration']) == (6, 40)
        assert image.size == (400, 540)
        first = np.asarray(image.convert('RGB')).astype(int)
        assert (first[60, 5] == 255).all()  # paper stays white
        image.seek(5)
        assert (np.asarray(image.convert('RGB')) != first).any()
    write_gif(path, {'ours': [standing(frames=6, fps=50.0)]})
    with Image.open(path) as image:  # every other frame, as fast
        assert (image.n_frames, image.info['duration']) == (3, 40)


def test_no_ffmpeg(tmp_path, monkeypatch):
    monkeypatch.setattr(pictures.shutil, 'which', lambda name: None)
    with pytest.raises(RuntimeError, match='write a GIF.*--gif'):
        write_mp4(tmp_path / 'walk.mp4', {'ours': [standing()]})
    assert list(tmp_path.iterdir()) == []


def test_ffmpeg_fails(tmp_path, monkeypatch):
    program = tmp_path / 'ffmpeg'
    program.write_text('#!/bin/sh\necho "no such codec" >&2\nexit 3\n')
    program.chmod(0o755)
    monkeypatch.setattr(pictures.shutil, 'which', lambda name: str(program))
    with pytest.raises(RuntimeError, match='walk.mp4.*no such codec'):
        write_mp4(tmp_path / 'walk.mp4', {'ours': [standing()]})
    assert list(tmp_path.iterdir()) == [program]


@pytest.mark.skipif(
    not (shutil.which('ffmpeg') and shutil.which('ffprobe')),
    reason='there is no ffmpeg',
)
def test_mp4(tmp_path):
    path = tmp_path / 'walk.mp4'
    write_mp4(path, {'ours': [standing(frames=5)]})
    options = (
        'ffprobe -v error -count_frames -of csv=p=0 '
        '-show_entries stream=width,height,nb_read_frames'
    )
    probe = subprocess.run(
        [*options.split(), str(path)],
        capture_output=True,
        text=True,
        check=True,
    )
    assert probe.stdout.strip() == '400,540,5'
