r"""Turns and mirrors the keypoints of a whole video."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np

from pyg_hcsf.keypoints.convert import map_tracks
from pyg_hcsf.keypoints.track import Keypoints, Track
from pyg_hcsf.skeleton import get_skeleton

Size = tuple[float, float]


def rotate_keypoints(keypoints: Keypoints, degrees: int) -> Keypoints:
    r"""Turns the image clockwise, as needed where the camera was turned.

    Args:
        keypoints (Keypoints): Those of a video.
        degrees (int): 90, 180 or 270, clockwise as seen in the image.

    Returns:
        Keypoints: In an image whose width and height are exchanged if it was
        turned by 90 or 270 degrees. Where :obj:`image_size` is not known,
        the largest coordinates are taken for it, and it stays unknown.

    Raises:
        ValueError: If :obj:`degrees` is another number.

    Example:
        >>> upright = rotate_keypoints(keypoints, 90)
        >>> check_keypoints(upright)
        []
    """
    if degrees not in (90, 180, 270):
        raise ValueError(
            f"Expected 'degrees' to be 90, 180 or 270 (got {degrees})"
        )
    size = keypoints.image_size
    wide, high = size or _extent(keypoints)

    def turn(x: np.ndarray, y: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        if degrees == 180:
            return wide - x, high - y
        return (high - y, x) if degrees == 90 else (y, wide - x)

    if size is not None and degrees != 180:
        size = high, wide
    return replace(_move(keypoints, turn), image_size=size)


def mirror_keypoints(keypoints: Keypoints) -> Keypoints:
    r"""Mirrors a video, as needed where the camera mirrored it, as that for
    selfies does: x is counted from the other edge, and left and right are
    exchanged, since a detector took the mirrored left hand for a right one.

    Args:
        keypoints (Keypoints): Those of a mirrored video.

    Example:
        >>> people = Lifter('single').lift(mirror_keypoints(keypoints))
    """
    wide, _ = keypoints.image_size or _extent(keypoints)
    return swap_sides(_move(keypoints, lambda x, y: (wide - x, y)))


def swap_sides(keypoints: Keypoints) -> Keypoints:
    r"""Exchanges the left and right joints of everybody in all frames.

    Args:
        keypoints (Keypoints): Those whose names are exchanged.

    Example:
        >>> swap_sides(keypoints).tracks[0].xy.shape
        (120, 17, 2)
    """
    order = list(get_skeleton(keypoints.layout).mirrored)
    return map_tracks(
        keypoints,
        lambda t: replace(t, xy=t.xy[:, order], score=t.score[:, order]),
    )


def _move(keypoints: Keypoints, change: Callable) -> Keypoints:
    def move(track: Track) -> Track:
        x, y = change(track.xy[..., 0], track.xy[..., 1])
        return replace(track, xy=np.stack([x, y], axis=-1))

    return map_tracks(keypoints, move)


def _extent(keypoints: Keypoints) -> Size:
    r"""The largest x and y."""
    points = np.concatenate([t.xy[t.score > 0] for t in keypoints.tracks])
    wide, high = points.max(axis=0) if len(points) else (0.0, 0.0)
    return float(wide), float(high)
