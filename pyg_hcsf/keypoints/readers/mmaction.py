r"""Reads a clip of keypoints for MMAction2 and PySKL.

``keypoint`` has the shape ``[P, T, N, 2]``, ``keypoint_score`` ``[P, T, N]``,
``img_shape`` is the height and width. A file may have several clips in a list
called ``annotations``, of which only one can be read.
"""

from typing import Any

import numpy as np

from pyg_hcsf.keypoints.detections import ParsedFile
from pyg_hcsf.keypoints.messages import file_error, unexpected
from pyg_hcsf.keypoints.readers import arrays
from pyg_hcsf.keypoints.readers.frame_numbers import several_videos
from pyg_hcsf.keypoints.readers.json_frames import nesting
from pyg_hcsf.keypoints.readers.json_header import find_size
from pyg_hcsf.safe_io.shown import shown


def matches(data: Any) -> bool:
    r"""Whether data are a clip, or a list of clips."""
    clips = _clips(data)
    return (
        bool(clips)
        and isinstance(clips[0], dict)
        and (nesting(clips[0].get('keypoint')) == 4)
    )


def read(data: Any) -> ParsedFile:
    r"""Reads the people of a clip."""
    clips = _clips(data)
    if len(clips) > 1:
        raise several_videos(
            shown(c.get('frame_dir') if isinstance(c, dict) else c, 40)
            for c in clips[:1000]
        )
    clip = clips[0]
    joints = _to_array(clip, 'keypoint')
    if joints.shape[-1] != 2:
        raise unexpected(
            'x and y',
            joints,
            "array 'keypoint'",
            'if these are 3D poses, read the 2D keypoints instead',
        )
    found = {'keypoints': joints.swapaxes(0, 1)}
    if clip.get('keypoint_score') is not None:
        scores = _to_array(clip, 'keypoint_score')
        if scores.shape not in (joints.shape[:3], (*joints.shape[:3], 1)):
            expected = f'shape {list(joints.shape[:3])}'
            raise unexpected(expected, scores, "array 'keypoint_score'")
        found['scores'] = scores.reshape(joints.shape[:3]).swapaxes(0, 1)
    if (size := find_size(clip)) is not None:
        found['image_size'] = np.array(size)
    return arrays.read(found)


def _clips(data: Any) -> list[Any]:
    if isinstance(data, dict) and 'keypoint' in data:
        return [data]
    clips = data.get('annotations') if isinstance(data, dict) else data
    return clips if isinstance(clips, list) else []


def _to_array(clip: dict[str, Any], key: str) -> np.ndarray:
    try:
        return np.array(clip[key], dtype=np.float64)
    except (ValueError, TypeError, OverflowError) as e:
        where = f"array '{key}'"
        raise file_error('expected lists that are equally long', where) from e
