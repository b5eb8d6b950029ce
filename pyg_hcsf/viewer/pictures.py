r"""Writes poses as PNG pictures, GIF animations and MP4 videos."""

from __future__ import annotations

import contextlib
import shutil
import subprocess
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Optional

import numpy as np

from pyg_hcsf.poses import PoseSequence
from pyg_hcsf.safe_io.atomic_write import atomic_write
from pyg_hcsf.viewer.pose_figure import PoseFigure
from pyg_hcsf.viewer.timelines import Results, Scene, align_timelines

try:
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from PIL import Image
except ImportError as e:
    raise ImportError(
        "Pictures need matplotlib: pip install 'pyg_hcsf[plot]'"
    ) from e

GIF_RATE = 25  # maximum frames per second; browsers slow down above 50


def write_png(
    path: str | Path,
    results: Results,
    truth: Optional[Sequence[PoseSequence]] = None,
    frame: Optional[int] = None,
) -> None:
    r"""Writes one frame as PNG: 2D keypoints, and each result in front of the
    ground truth.

    Args:
        path (str or pathlib.Path): The file.
        results (mapping from str to sequence of PoseSequence): As in
            :func:`~pyg_hcsf.viewer.write_page`.
        truth (sequence of PoseSequence, optional): The ground truth.
            (default: :obj:`None`)
        frame (int, optional): The number of the frame. :obj:`None` draws the
            first. (default: :obj:`None`)

    Raises:
        ValueError: If there is no such frame, or poses do not match.

    Example:
        >>> write_png('first.png', {'ours': read_poses('poses.npz')})
    """
    scene = align_timelines(results, truth)
    t = 0 if frame is None else int(np.searchsorted(scene.frames, frame))
    if frame is not None and frame not in scene.frames:
        raise ValueError(
            f"Expected 'frame' to be one of {len(scene.frames)} between "
            f'{scene.frames[0]} and {scene.frames[-1]} (got {frame})'
        )
    figure = PoseFigure(scene).draw(t)
    with atomic_write(path) as part:
        figure.savefig(part, format='png')


def write_gif(
    path: str | Path,
    results: Results,
    truth: Optional[Sequence[PoseSequence]] = None,
) -> None:
    r"""Writes all frames as an animated GIF in real time, of at most about 25
    frames per second. Arguments and errors are those of :func:`write_png`.

    Example:
        >>> write_gif('walk.gif', {'ours': read_poses('poses.npz')})
    """
    scene = align_timelines(results, truth)
    step = max(1, round(_rate(scene) / GIF_RATE))
    images = (Image.fromarray(x) for x in _pictures(scene, step))
    first = next(images).quantize(64, Image.Quantize.MAXCOVERAGE)
    with atomic_write(path) as part:
        first.save(
            part,
            format='GIF',
            save_all=True,
            append_images=(
                x.quantize(palette=first, dither=Image.Dither.NONE)
                for x in images
            ),
            duration=max(20, 10 * round(100 * step / _rate(scene))),
            loop=0,
        )


def write_mp4(
    path: str | Path,
    results: Results,
    truth: Optional[Sequence[PoseSequence]] = None,
) -> None:
    r"""Writes all frames as MP4 with the program ffmpeg. Arguments and errors
    are those of :func:`write_png`.

    Raises:
        RuntimeError: If ffmpeg is not installed or fails.

    Example:
        >>> write_mp4('walk.mp4', {'ours': read_poses('poses.npz')})
    """
    program = shutil.which('ffmpeg')
    if program is None:
        raise RuntimeError(
            "Expected the program 'ffmpeg' for MP4 (found none); install it, "
            'or write a GIF, which needs no other program (--gif)'
        )
    scene = align_timelines(results, truth)
    first = next(_pictures(scene, 1))
    height, width, _ = first.shape
    options = (
        '-loglevel error -y -f rawvideo -pix_fmt rgb24 '
        f'-s {width}x{height} -r {_rate(scene):g} -i - '
        '-pix_fmt yuv420p -f mp4'
    )
    with atomic_write(path) as part, tempfile.TemporaryFile() as log:
        process = subprocess.Popen(
            [program, *options.split(), str(part)],
            stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            stderr=log,
        )
        assert process.stdin is not None
        # If ffmpeg exits early, its exit status is checked below.
        with contextlib.suppress(BrokenPipeError), process.stdin as pipe:
            for picture in _pictures(scene, 1):
                pipe.write(picture.tobytes())
        status = process.wait()
        if status:
            log.seek(0)
            reason = log.read().decode(errors='replace').strip()
            raise RuntimeError(f"ffmpeg could not write '{path}': {reason}")


def _pictures(scene: Scene, step: int) -> Iterator[np.ndarray]:
    """Every :obj:`step`-th frame as RGB: ``[H, W, 3]``."""
    figure = PoseFigure(scene)
    canvas = FigureCanvasAgg(figure.figure)
    for t in range(0, len(scene.frames), step):
        figure.draw(t)
        canvas.draw()
        yield np.asarray(canvas.buffer_rgba())[..., :3].copy()


def _rate(scene: Scene) -> float:
    """Frames per second on the timeline, fewer than of a subsampled video."""
    gaps = np.diff(scene.frames)
    return (scene.fps or 25.0) / float(np.median(gaps) if len(gaps) else 1)
