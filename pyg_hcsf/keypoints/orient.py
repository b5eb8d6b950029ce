r"""Rotates and mirrors the keypoints of a video, or exchanges left
and right joints.
"""

from collections.abc import Callable
from dataclasses import replace

import numpy as np

from pyg_hcsf.choices import check_choice
from pyg_hcsf.keypoints.track import Keypoints, Track, map_tracks
from pyg_hcsf.skeleton import get_skeleton


def rotate_keypoints(keypoints: Keypoints, degrees: int) -> Keypoints:
    r"""Rotates the image clockwise, for videos of a rotated camera.

    Args:
        keypoints (Keypoints): The keypoints of a video.
        degrees (int): 90, 180 or 270, clockwise as seen in the image.

    Returns:
        Keypoints: Width and height of the image are exchanged if it was
        rotated by 90 or 270 degrees. If :obj:`image_size` is unknown, the
        largest coordinates are used instead, and it stays unknown.

    Raises:
        ValueError: If :obj:`degrees` is another number.

    Example:
        >>> upright = rotate_keypoints(keypoints, 90)
        >>> check_keypoints(upright)
        []
    """
    check_choice('degrees', degrees, (90, 180, 270))
    size = keypoints.image_size
    width, height = size or _extent(keypoints)

    def rotate(x: np.ndarray, y: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        if degrees == 180:
            return width - x, height - y
        return (height - y, x) if degrees == 90 else (y, width - x)

    if size is not None and degrees != 180:
        size = height, width
    return replace(_map_xy(keypoints, rotate), image_size=size)


def mirror_keypoints(keypoints: Keypoints) -> Keypoints:
    r"""Mirrors a video, for cameras that mirror it, as many do for selfies.

    x is measured from the other edge of the image, and left and right joints
    are exchanged, as a detector takes a mirrored left hand for a right one.

    Args:
        keypoints (Keypoints): The keypoints of a mirrored video.

    Example:
        >>> people = Lifter('single').lift(mirror_keypoints(keypoints))
    """
    width, _ = keypoints.image_size or _extent(keypoints)
    return swap_sides(_map_xy(keypoints, lambda x, y: (width - x, y)))


def swap_sides(keypoints: Keypoints) -> Keypoints:
    r"""Exchanges the left and right joints of all people in all frames.

    Args:
        keypoints (Keypoints): Keypoints whose left joints are named right.

    Example:
        >>> swap_sides(keypoints).tracks[0].xy.shape
        (120, 17, 2)
    """
    order = list(get_skeleton(keypoints.layout).mirrored)
    return map_tracks(keypoints, lambda track: track.pick_joints(order))


def _map_xy(keypoints: Keypoints, change: Callable) -> Keypoints:
    def move(track: Track) -> Track:
        x, y = change(track.xy[..., 0], track.xy[..., 1])
        return replace(track, xy=np.stack([x, y], axis=-1))

    return map_tracks(keypoints, move)


def _extent(keypoints: Keypoints) -> tuple[float, float]:
    r"""The largest x and y."""
    points = np.concatenate([t.xy[t.score > 0] for t in keypoints.tracks])
    width, height = points.max(axis=0) if len(points) else (0.0, 0.0)
    return float(width), float(height)
