r"""Reads the keypoints of one video that VideoPose3D's
``prepare_data_2d_custom.py`` saves.

``positions_2d`` maps the video to ``'custom'`` and a list with an array
``[T, 17, 2]``; ``metadata`` has the size of the image.
"""

from typing import Any

import numpy as np

from pyg_hcsf.keypoints.checks.body import misfit
from pyg_hcsf.keypoints.detections import Detection, ParsedFile, parse_size
from pyg_hcsf.keypoints.layouts import common_names
from pyg_hcsf.keypoints.messages import file_error, warn
from pyg_hcsf.keypoints.pixels import is_normalised, scale
from pyg_hcsf.keypoints.readers.detectron import single_mapping
from pyg_hcsf.keypoints.track import Track
from pyg_hcsf.safe_io.shown import shown

#: By how much the misfit of people increases at least if they are squashed to
#: the shape of a landscape image (0.22 to 0.93 for ten people of five
#: detectors). Stretching changes it by up to 0.2 in either direction.
MIN_SQUASHED = 0.2
LAYOUTS = {'coco': 'coco17', 'h36m': 'h36m17'}


def matches(arrays: dict[str, np.ndarray]) -> bool:
    r"""Whether there is an array ``positions_2d``."""
    return 'positions_2d' in arrays


def read(arrays: dict[str, np.ndarray]) -> ParsedFile:
    r"""Reads the person of a video."""
    videos = single_mapping(arrays['positions_2d'])
    if len(videos) != 1:
        raise file_error(
            f'expected one video (got {shown(list(videos)[:5])}): save the '
            "array of one as 'keypoints' with numpy.savez",
            "array 'positions_2d'",
        )
    ((video, cameras),) = videos.items()
    where = f'video {shown(video, 40)}'
    found: Any = list(cameras.values()) if isinstance(cameras, dict) else []
    for _ in range(2):
        if isinstance(found, (list, tuple)) and len(found) == 1:
            (found,) = found
    if (
        not isinstance(found, np.ndarray)
        or found.dtype.kind != 'f'
        or found.ndim != 3
        or found.shape[2] != 2
    ):
        raise file_error('expected one array [T, N, 2]', where)
    metadata = single_mapping(arrays.get('metadata'))
    sizes, name = metadata.get('video_metadata'), metadata.get('layout_name')
    value = sizes.get(video) if isinstance(sizes, dict) else None
    known = value if isinstance(value, dict) else {}
    size = parse_size(known.get('w'), known.get('h'))
    seen = np.isfinite(found).all(axis=-1) & (found != 0).any(axis=-1)
    joints = np.concatenate(
        [found.astype(np.float64), seen[..., None]], axis=-1
    )
    parsed = ParsedFile(
        source='videopose3d',
        detections=[
            Detection(frame, '1', row, where=where)
            for frame, row in enumerate(joints)
        ],
        layout=LAYOUTS.get(name) if isinstance(name, str) else None,
        image_size=size,
        default_layout='coco17',
    )
    if size is not None and is_normalised(parsed):
        return _to_pixels(parsed, size)
    return parsed


def _to_pixels(parsed: ParsedFile, size: tuple[float, float]) -> ParsedFile:
    r"""Converts normalised coordinates to pixels. VideoPose3D divides x and y
    by the width, others y by the height: the lengths of limbs decide.
    """
    people, layout = parsed.detections, parsed.layout or 'coco17'
    if len(people[0].joints) != len(common_names(layout)):
        return parsed
    costs = []
    for height in sorted(size):
        xy = np.stack([d.joints[:, :2] * (size[0], height) for d in people])
        track = Track('1', np.arange(len(xy)), xy, np.ones(xy.shape[:2]))
        costs.append(misfit([track], layout))
    width, height = size[0], sorted(size)[costs[0] - costs[1] > MIN_SQUASHED]
    warn(
        'its coordinates are fractions of the image size and are multiplied '
        f'by {width:g} and {height:g} pixels, after which limbs have most '
        'nearly the proportions of people'
    )
    return scale(parsed, (width, height))
