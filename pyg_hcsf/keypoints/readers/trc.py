r"""Reads 2D keypoints in track row column files (``.trc``), which Sports2D
writes for each person (``*_px_person00.trc``).
"""

from dataclasses import replace

import numpy as np

from pyg_hcsf.keypoints.detections import ParsedFile
from pyg_hcsf.keypoints.messages import file_error, warn
from pyg_hcsf.keypoints.readers.point_rows import to_parsed_file
from pyg_hcsf.safe_io.shown import cause
from pyg_hcsf.safe_io.trc import START, parse_trc

#: y points up if so many are negative.
MIN_NEGATIVE = 0.9


def matches(text: str) -> bool:
    r"""Whether a text begins like the headers of such a file."""
    return text.startswith(START)


def read(text: str) -> ParsedFile:
    r"""Reads the person of a file."""
    try:
        trc = parse_trc(text)
    except ValueError as e:
        raise file_error(f'{cause(e)}: get it again') from e
    if not trc.is_image:
        kind = '2D' if trc.is_planar else '3D'
        raise file_error(
            f'it has {kind} positions in {trc.unit or "an unknown unit"}, and '
            'no pixels: pyg-hcsf view plays them; to lift a person, give '
            'the file in pixels (of Sports2D, *_px_*.trc)'
        )
    xy = trc.position[..., :2].copy()
    xy[(xy == 0).all(axis=-1)] = np.nan
    seen = np.isfinite(xy).all(axis=-1)
    if seen.any() and (xy[seen][:, 1] < 0).mean() > MIN_NEGATIVE:
        warn('its y points up: y is negated')
        xy[..., 1] *= -1
    points = np.concatenate([xy, seen[..., None]], axis=-1)
    frames = trc.frames.tolist()
    if trc.num_frames and trc.num_frames > len(frames):
        warn(f'it has {len(frames)} of {trc.num_frames} frames: it is cut off')
    parsed = to_parsed_file(
        points, frames, ['1'] * len(frames), trc.markers, 'trc'
    )
    return replace(parsed, fps=trc.fps)
