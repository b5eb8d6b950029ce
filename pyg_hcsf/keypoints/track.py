r"""The 2D keypoints of the people in a video."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import numpy as np


@dataclass(frozen=True, eq=False)
class Track:
    r"""The 2D keypoints of one person in a video.

    Args:
        name (str): The id of the person.
        frames (numpy.ndarray): The numbers of the frames in which the person
            was detected, ascending: ``[T]``.
        xy (numpy.ndarray): Pixels, x to the right and y down, NaN where a
            joint is missing: ``[T, N, 2]``.
        score (numpy.ndarray): Confidence between 0 and 1, 0 where a joint is
            missing, 1 where the format has none: ``[T, N]``.
    """

    name: str
    frames: np.ndarray
    xy: np.ndarray
    score: np.ndarray

    def select(self, rows: Any) -> 'Track':
        r"""The same person in some of the frames, by their indices."""
        xy, score = self.xy[rows], self.score[rows]
        return Track(self.name, self.frames[rows], xy, score)

    def at(self, frames: np.ndarray) -> 'Track':
        r"""The same person in some frames, by their numbers; in others than
        those of the track, all joints are missing.
        """
        joints = self.score.shape[1]
        xy = np.full((len(frames), joints, 2), np.nan)
        score = np.zeros((len(frames), joints))
        known = np.isin(frames, self.frames)
        rows = np.searchsorted(self.frames, frames[known])
        xy[known], score[known] = self.xy[rows], self.score[rows]
        return Track(self.name, frames, xy, score)

    def pick_joints(self, joints: Any) -> 'Track':
        r"""Some of the joints, or all in another order, by their indices."""
        xy, score = self.xy[:, joints], self.score[:, joints]
        return replace(self, xy=xy, score=score)


@dataclass(frozen=True, eq=False)
class Keypoints:
    r"""The 2D keypoints of a video, as returned by :func:`read_keypoints`.

    Args:
        layout (str): The skeleton that names the joints, see
            :func:`~pyg_hcsf.available_skeletons`.
        tracks (tuple[Track, ...]): The people.
        source (str): The format of the file, such as ``'openpose'``.
        image_size (tuple[float, float], optional): Width and height of the
            image in pixels, if known. (default: :obj:`None`)
        fps (float, optional): Frames per second, if known.
            (default: :obj:`None`)
    """

    layout: str
    tracks: tuple[Track, ...]
    source: str
    image_size: tuple[float, float] | None = None
    fps: float | None = None


def map_tracks(
    keypoints: Keypoints, function: Callable[[Track], Track]
) -> Keypoints:
    r"""Applies a function to each track."""
    return replace(keypoints, tracks=tuple(map(function, keypoints.tracks)))
