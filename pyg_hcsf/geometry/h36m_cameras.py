r"""The calibrated cameras of Human3.6M.

The values in ``h36m_cameras.yaml`` are those of VideoPose3D
(``common/h36m_dataset.py:19-207``). It lists image heights of 1000 or 1002
pixels by camera, whereas the official ``metadata.xml`` has 1002 for all four
cameras of S4 and S7.
"""

from functools import lru_cache
from importlib import resources
from typing import Any

import yaml

from pyg_hcsf.choices import check_choice
from pyg_hcsf.geometry.camera import Camera


def human36m_cameras(subject: str = 'S1') -> tuple[Camera, ...]:
    r"""Returns the four cameras of a Human3.6M subject, in the order of the
    data set: 54138969, 55011271, 58860488 and 60457274.

    The intrinsics are the same for all subjects, the extrinsics are not.

    Args:
        subject (str, optional): S1, S5, S6, S7, S8, S9 or S11; the
            extrinsics of S2, S3 and S4 are not published.
            (default: :obj:`'S1'`)

    Raises:
        ValueError: If there are no extrinsics for :obj:`subject`.

    Example:
        >>> cameras = human36m_cameras('S9')
        >>> cameras[0].name  # '54138969'
    """
    cameras = _all_cameras()
    check_choice('subject', subject, cameras, 'others are not published')
    return cameras[subject]


@lru_cache(maxsize=1)
def _all_cameras() -> dict[str, tuple[Camera, ...]]:
    file = resources.files('pyg_hcsf') / 'geometry' / 'h36m_cameras.yaml'
    table = yaml.safe_load(file.read_text())
    return {
        subject: tuple(
            _camera({**own, **pose})
            for own, pose in zip(table['intrinsics'], poses, strict=True)
        )
        for subject, poses in table['extrinsics'].items()
    }


def _camera(options: dict[str, Any]) -> Camera:
    for name, value in options.items():
        if isinstance(value, list):  # tuples make a camera hashable
            options[name] = tuple(value)
    return Camera(**options)
