r"""Reads the recordings of Human3.6M from raw files."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import torch

from pyg_hcsf.data.formats import read_whole
from pyg_hcsf.datasets.pose_checks import MIN_DEPTH
from pyg_hcsf.geometry.h36m_cameras import human36m_cameras

from .constants import (
    TEST_SUBJECTS,
    TRAIN_SUBJECTS,
    Human36MTake,
    action_of,
    select_joints,
)
from .formats import FILE_LIMIT, RawFiles
from .lcn_motionbert_pickle import (
    read_lcn,
    read_lcn_detections,
    read_motionbert,
)
from .position_files import read_world_positions
from .videopose3d_npz import read_positions_2d, read_positions_3d

_SUBJECTS = {'train': TRAIN_SUBJECTS, 'test': TEST_SUBJECTS}


def read_takes(raw: RawFiles, split: str) -> Iterator[Human36MTake]:
    r"""Reads the recordings of a split from raw files.

    Args:
        raw (RawFiles): The files.
        split (str): :obj:`'train'` or :obj:`'test'`.

    Raises:
        ValueError: If a file is missing or damaged; names it.
    """
    readers = {
        'vp3d': _read_vp3d,
        'lcn': _read_lcn,
        'motionbert': _read_motionbert,
    }
    return readers.get(raw.form, _read_positions)(raw, split)


def _read_vp3d(raw: RawFiles, split: str) -> Iterator[Human36MTake]:
    world = read_positions_3d(*_read(_one(raw.poses, 'data_3d_h36m.npz')))
    found = None
    if raw.keypoints is not None:
        found = read_positions_2d(*_read(raw.keypoints))
    for subject in sorted(world.keys() & set(_SUBJECTS[split])):
        for take, joints in world[subject].items():
            views = None
            if found is not None:
                views = found.get(subject, {}).get(take)
                if views is None:
                    raise ValueError(
                        f'Expected keypoints of {subject} {take} in '
                        f"'{raw.keypoints}', whose positions are there (got "
                        'none)'
                    )
            metres = joints.astype(np.float64)
            yield from _project(subject, take, metres * 1000, views)


def _read_positions(raw: RawFiles, split: str) -> Iterator[Human36MTake]:
    found = read_world_positions(raw.poses, _SUBJECTS[split])
    for subject, take, pose in found:
        yield from _project(subject, take, select_joints(pose), None)


def _read_lcn(raw: RawFiles, split: str) -> Iterator[Human36MTake]:
    files = [f for f in raw.poses if f.stem.endswith(split)]
    file = _one(files, f'h36m_{split}.pkl')
    takes = read_lcn(*_read(file))
    if raw.keypoints is None:
        yield from takes
        return
    found = read_lcn_detections(*_read(raw.keypoints))[split]
    start = 0
    for take in takes:
        stop = start + len(take.joints)
        yield take._replace(keypoints=found[start:stop])
        start = stop
    if start != len(found):
        raise ValueError(
            f"Expected the {start} frames of '{file}' in '{raw.keypoints}' "
            f'(got {len(found)}): they are not of one release'
        )


def _read_motionbert(raw: RawFiles, split: str) -> Iterator[Human36MTake]:
    for take in read_motionbert(*_read(raw.poses[0]), split):
        yield take if raw.keypoints else take._replace(keypoints=None)


def _project(
    subject: str,
    take: str,
    world: np.ndarray,
    views: list[np.ndarray] | None,
) -> Iterator[Human36MTake]:
    # [T, 17, 3] in the world frame in millimetres, z up.
    pos = torch.from_numpy(np.asarray(world, np.float64))
    for number, camera in enumerate(human36m_cameras(subject)):
        joints = camera.world_to_camera(pos).float().numpy()
        if not (joints[..., 2] > MIN_DEPTH).all():
            raise ValueError(
                f'Expected {subject} {take} in front of camera {camera.name} '
                '(got joints behind it): positions are in the world, with z '
                'up, in metres in .npz and millimetres in .cdf'
            )
        keypoints = None if views is None else views[number]
        name = f'{subject} {take}'
        action = action_of(take)
        yield Human36MTake(subject, action, name, camera, joints, keypoints)


def _read(file: Path) -> tuple[bytes, str]:
    return read_whole(file, FILE_LIMIT), str(file)


def _one(files: list[Path], name: str) -> Path:
    if len(files) != 1:
        raise ValueError(
            f"Expected one '{name}' (got {[str(f) for f in files]}): "
            + ('remove the others' if files else 'put it beside the others')
        )
    return files[0]
