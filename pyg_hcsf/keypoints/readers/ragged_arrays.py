r"""Reads ``.npz`` files of frames with different numbers of people.

``keypoints`` is an array of objects ``[T]``, each ``[P, N, 2 or 3]`` or
``[N, 2 or 3]``; ``frames`` may have the frame numbers.
"""

import numpy as np

from pyg_hcsf.keypoints.detections import (
    Detection,
    ParsedFile,
    mark_missing,
    parse_frame_number,
    parse_joints,
)
from pyg_hcsf.keypoints.messages import warn_unread
from pyg_hcsf.keypoints.readers.arrays import check_numbers, rename_arrays


def matches(arrays: dict[str, np.ndarray]) -> bool:
    r"""Whether keypoints are an array of the arrays of frames."""
    frames = arrays.get('keypoints')
    return (
        frames is not None
        and frames.dtype == object
        and frames.ndim == 1
        and all(
            isinstance(f, np.ndarray)
            and f.dtype.kind in 'iuf'
            and f.ndim in (2, 3)
            for f in frames
        )
    )


def read(arrays: dict[str, np.ndarray]) -> ParsedFile:
    r"""Reads the people of a video."""
    arrays = rename_arrays(arrays)
    rows = arrays['keypoints']
    frames = check_numbers(arrays.get('frames'), 'frames', rows.shape)
    people = []
    for number, found in enumerate(rows):
        frame = number if frames is None else frames[number].item()
        where = f'frame {number}'
        frame = parse_frame_number(frame, where)
        for values in found if found.ndim == 3 else found[None]:
            joints = mark_missing(parse_joints(values, where), where)
            people.append(Detection(frame, None, joints))
    warn_unread('arrays', arrays.keys() - {'keypoints', 'frames'})
    return ParsedFile('npz', people)
