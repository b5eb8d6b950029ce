r"""Arrays of poses as sequences, to be viewed and exported."""

from __future__ import annotations

import warnings
from pathlib import Path
from typing import Any, Literal

import numpy as np

from pyg_hcsf.datasets.arrays.clips import Notes, make_clip
from pyg_hcsf.datasets.arrays.files import read_clips
from pyg_hcsf.keypoints import Track
from pyg_hcsf.poses import PoseSequence
from pyg_hcsf.skeleton import Skeleton, as_skeleton


def read_array_poses(
    path: str | Path,
    skeleton: Skeleton | str | Path,
    unit: Literal['mm', 'm'] = 'mm',
    fps: float = 25.0,
) -> list[PoseSequence]:
    r"""Reads a file of :class:`~pyg_hcsf.datasets.ArrayPoses` as poses with
    their keypoints, for :func:`~pyg_hcsf.viewer.write_page` and
    :func:`~pyg_hcsf.poses.write_poses`. Each clip is one person.

    Args:
        path (str or pathlib.Path): The :obj:`.npz` file. It needs no
            :obj:`subject`.
        skeleton (Skeleton, str or pathlib.Path): The joints, see
            :func:`~pyg_hcsf.as_skeleton`.
        unit (str, optional): That of :obj:`joints`, :obj:`'mm'` or
            :obj:`'m'`. (default: :obj:`'mm'`)
        fps (float, optional): The frame rate of clips that state none.
            (default: :obj:`25.0`)

    Raises:
        ValueError: As :class:`~pyg_hcsf.datasets.ArrayPoses`.

    Example:
        >>> people = read_array_poses('ann.npz', 'hand21.yaml', unit='m')
        >>> write_page('ann.html', {'ann': people})
    """
    path, skeleton = Path(path), as_skeleton(skeleton)
    notes, out = Notes(), []
    for name, values in read_clips(path, path.parent):
        values = {'subject': '', 'fps': fps, **values}
        where = f"'{name}' in '{path}'"
        clip = make_clip(where, values, skeleton, unit, notes)
        out.append(_sequence(name, clip, skeleton))
    for text in notes.texts():
        warnings.warn(text, stacklevel=2)
    return out


def _sequence(
    name: str, clip: dict[str, Any], skeleton: Skeleton
) -> PoseSequence:
    joints = clip['y'].numpy()
    root = joints[:, skeleton.root]
    frames = np.arange(len(joints))
    width, height = clip['image_size'][0].tolist()
    return PoseSequence(
        name=name,
        skeleton=skeleton,
        frames=frames,
        pose=joints - root[:, None],
        fps=clip['fps'],
        root=root if root.any() else None,
        keypoints=Track(
            name, frames, clip['x'].numpy(), clip['confidence'].numpy()
        ),
        layout=skeleton,
        image_size=(width, height),
    )
