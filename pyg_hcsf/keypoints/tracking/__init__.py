r"""Follows people through the frames of a file.

``make_tracks.py`` decides whether ids are used. People without ids are
followed from frame to frame (``steps.py``), then fragments of tracks are
joined over gaps (``joining.py``), and false detections are left out
(``ghosts.py``).
"""

from pyg_hcsf.keypoints.tracking.detection_array import DetectionArray
from pyg_hcsf.keypoints.tracking.ghosts import drop_low_scores
from pyg_hcsf.keypoints.tracking.make_tracks import make_tracks

__all__ = ['DetectionArray', 'drop_low_scores', 'make_tracks']
