r"""Makes people of rows of joints with names."""

import re
from collections.abc import Sequence

import numpy as np

from pyg_hcsf.keypoints.detections import JOINT_COUNTS, Detection, ParsedFile
from pyg_hcsf.keypoints.joint_names import match_names
from pyg_hcsf.keypoints.messages import listed, warn


def to_parsed_file(
    points: np.ndarray,
    frames: Sequence[int],
    people: Sequence[str | None],
    joints: list[str],
    source: str = 'csv',
) -> ParsedFile:
    r"""People of joints ``[R, N, 3]``, which are put into the order of a
    layout, if they have its names, or of the numbers in their names.
    """
    if np.isnan(points[..., 2]).all():  # an empty column
        points[..., 2] = np.isfinite(points[..., 0])
    order = match_names(joints)
    if order is not None:
        order.warn()
        points = order.pick(points)
    elif len(joints) == points.shape[1]:
        found = [re.findall('[0-9]+', joint) for joint in joints]
        numbers = [int(n[0]) for n in found if len(n) == 1]
        if len(set(numbers)) == len(joints):  # such as L0_x or x10
            points = points[:, np.argsort(numbers)]
        elif len(joints) in JOINT_COUNTS:
            warn(
                'the names of its joints are of no layout that is known, so '
                f'their order is taken as that of one: {listed(joints, 4)}'
            )
    return ParsedFile(
        source,
        list(map(Detection, frames, people, points)),
        None if order is None else order.layout,
    )
