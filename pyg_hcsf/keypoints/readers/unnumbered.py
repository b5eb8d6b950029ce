r"""Numbers people in files without frame numbers."""

import numpy as np

from pyg_hcsf.keypoints.detections import Detection
from pyg_hcsf.keypoints.messages import warn
from pyg_hcsf.keypoints.tracking import DetectionArray

MAX_STEP = 0.2  # of a person's size, from frame to frame


def number_unnumbered(
    found: list[Detection], is_frame: bool = False
) -> list[Detection]:
    r"""Numbers detections without frame numbers, which have -1.

    They are people in one image, unless each is close to the one before and
    the file is not one of a frame: then they are one person in successive
    frames.
    """
    if not found or found[0].frame >= 0:
        return found
    seen = [d for d in found if d.joints[:, 2].any()]
    moving = False
    same = len({len(d.joints) for d in seen}) == 1
    if same and len(seen) > 1 and not is_frame:
        array, rows = DetectionArray(seen), np.arange(len(seen))
        steps = array.distance(rows[:-1], rows[1:])
        moving = bool(np.median(steps) < MAX_STEP)
    if moving:
        warn(
            'its entries have no frame numbers and are taken as one person '
            'in successive frames'
        )
    return [d._replace(frame=n * moving) for n, d in enumerate(found)]
