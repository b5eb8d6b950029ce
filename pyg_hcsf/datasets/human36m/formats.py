r"""The forms in which people hold Human3.6M, and the takes in them."""

from __future__ import annotations

import contextlib
import mmap
import re
import zipfile
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import NamedTuple

import numpy as np
import torch

from pyg_hcsf.data.formats import Format, files_named, read_whole
from pyg_hcsf.datasets.human36m.constants import (
    TEST_SUBJECTS,
    TRAIN_SUBJECTS,
    Human36MTake,
    action_of,
    select_joints,
)
from pyg_hcsf.datasets.human36m.lcn_motionbert_pickle import (
    read_lcn,
    read_lcn_detections,
    read_motionbert,
)
from pyg_hcsf.datasets.human36m.position_files import (
    find_cdf,
    find_h5,
    read_world_positions,
)
from pyg_hcsf.datasets.human36m.videopose3d_npz import (
    read_positions_2d,
    read_positions_3d,
)
from pyg_hcsf.datasets.pose_checks import MIN_DEPTH
from pyg_hcsf.geometry.h36m_cameras import human36m_cameras

_SIDES = {'train': TRAIN_SUBJECTS, 'test': TEST_SUBJECTS}
FILE_LIMIT = 2**33  # bytes; LCN's largest has about 2 GB
NPZ, PKL = (
    re.compile(pattern, re.IGNORECASE)
    for pattern in (r'.*h36m.*\.npz', r'.*h36m.*\.pkl')
)
POSITIONS = ('cdf', 'h5')  # formats with a file a take
PREFIXES = ('data_2d_h36m_', 'h36m_')  # of files of detectors


def find_vp3d(path: Path) -> list[Path]:
    r"""VideoPose3D's archives."""

    def matches(file: Path) -> bool:
        with zipfile.ZipFile(file) as archive:
            names = archive.namelist()
        return bool({'positions_3d.npy', 'positions_2d.npy'} & set(names))

    return _matching(files_named(path, NPZ), matches)


def find_lcn(path: Path) -> list[Path]:
    r"""LCN's pickles."""

    def matches(file: Path) -> bool:
        if _contains(file, b'joint_2d'):
            return False
        is_frames = _contains(file, b'joint_3d_camera', b'camera_param')
        return is_frames or _contains(file, b'joint3d_image', b'confidence')

    return _matching(files_named(path, PKL), matches)


def find_motionbert(path: Path) -> list[Path]:
    r"""MotionBERT's pickles."""

    def matches(file: Path) -> bool:
        return _contains(file, b'joint_2d', b'joint3d_image', b'source')

    return _matching(files_named(path, PKL), matches)


HUMAN36M_FORMATS = (
    Format(
        'vp3d',
        "VideoPose3D's data_3d_h36m.npz, and data_2d_h36m_*.npz for "
        'keypoints of detectors',
        find_vp3d,
    ),
    Format(
        'cdf',
        'the official D3_Positions: S*/MyPoseFeatures/D3_Positions/*.cdf, or '
        'Poses_D3_Positions_S*.tgz as they are downloaded, or *.cdf.mat made '
        "of them with MATLAB's cdfread",
        find_cdf,
    ),
    Format(
        'h5',
        "3d-pose-baseline's S*/MyPoses/3D_positions/*.h5, the same positions",
        find_h5,
    ),
    Format(
        'lcn',
        "LCN's h36m_train.pkl and h36m_test.pkl, and h36m_sh_dt_ft.pkl for "
        'keypoints of a detector',
        find_lcn,
    ),
    Format(
        'motionbert',
        "MotionBERT's h36m_sh_conf_cam_source_final.pkl and the like",
        find_motionbert,
    ),
)


class RawFiles(NamedTuple):
    r"""The files that clips are made of.

    Args:
        form (str): The name of their format.
        poses (list[pathlib.Path]): Those with positions in 3D.
        keypoints (pathlib.Path or None): That of the detector.
    """

    form: str
    poses: list[Path]
    keypoints: Path | None


def choose_files(form: str, files: list[Path], keypoints: str) -> RawFiles:
    r"""Tells files with poses from those of detectors.

    Args:
        form (str): The name of the format.
        files (list[pathlib.Path]): What its :obj:`find` found.
        keypoints (str): :obj:`'gt'`, or the detector whose file to choose.

    Raises:
        ValueError: If there is no file of the detector; names those that are
            there.
    """
    if form in POSITIONS:
        if keypoints != 'gt':
            raise ValueError(
                "Expected 'keypoints' to be 'gt' for raw positions, which hold"
                f" no others (got '{keypoints}'): put data_3d_h36m.npz and "
                f'data_2d_h36m_{keypoints}.npz of VideoPose3D there instead'
            )
        return RawFiles(form, files, None)
    poses = _with_poses(form, files)
    if keypoints == 'gt':
        return RawFiles(
            form, poses[:1] if form == 'motionbert' else poses, None
        )
    found = detectors(form, files)
    file = found.get(keypoints)
    for other in found.values():
        if keypoints == other.stem:
            file = other
    if file is None:
        some = f' or one of {list(found)}' if found else ''
        raise ValueError(
            f"Expected 'keypoints' to be 'gt'{some} for the files in format "
            f"'{form}' that are there (got '{keypoints}'): put the detector's "
            'file beside them'
        )
    return RawFiles(form, [file] if form == 'motionbert' else poses, file)


def detectors(form: str, files: list[Path]) -> dict[str, Path]:
    r"""The files of detectors, by what to pass as :obj:`keypoints`.

    Args:
        form (str): The name of the format.
        files (list[pathlib.Path]): What its :obj:`find` found.

    Example:
        >>> detectors('vp3d', find_vp3d(Path('data'))).keys()
        dict_keys(['cpn_ft_h36m_dbb', 'data_2d_h36m_gt'])
    """
    out: dict[str, Path] = {}
    if form in POSITIONS:
        return out
    poses = [] if form == 'motionbert' else _with_poses(form, files)
    for file in (f for f in files if f not in poses):
        name = file.stem
        for prefix in PREFIXES:
            if name.startswith(prefix) and name != f'{prefix}gt':
                name = name.removeprefix(prefix)
                break
        if name in out:
            raise ValueError(
                f"Expected one file of the detector '{name}' (got "
                f"'{out[name]}' and '{file}'): remove the copy"
            )
        out[name] = file
    return out


def _with_poses(form: str, files: list[Path]) -> list[Path]:
    if form == 'vp3d':
        return [f for f in files if _has_member(f, 'positions_3d.npy')]
    if form == 'lcn':
        return [f for f in files if _contains(f, b'joint_3d_camera')]
    return files


def read_takes(raw: RawFiles, side: str) -> Iterator[Human36MTake]:
    r"""Reads the takes of one side of the split out of raw files.

    Args:
        raw (RawFiles): The files.
        side (str): :obj:`'train'` or :obj:`'test'`.

    Raises:
        ValueError: If a file is missing or damaged; names it.
    """
    reader = {
        'vp3d': _read_vp3d,
        'cdf': _read_positions,
        'h5': _read_positions,
        'lcn': _read_lcn,
        'motionbert': _read_motionbert,
    }[raw.form]
    return reader(raw, side)


def _read_vp3d(raw: RawFiles, side: str) -> Iterator[Human36MTake]:
    world = read_positions_3d(*_read(_one(raw.poses, 'data_3d_h36m.npz')))
    found = None
    if raw.keypoints is not None:
        found = read_positions_2d(*_read(raw.keypoints))
    for subject in sorted(world.keys() & set(_SIDES[side])):
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
            yield from _film(subject, take, metres * 1000, views)


def _read_positions(raw: RawFiles, side: str) -> Iterator[Human36MTake]:
    for subject, take, pose in read_world_positions(raw.poses, _SIDES[side]):
        yield from _film(subject, take, select_joints(pose), None)


def _read_lcn(raw: RawFiles, side: str) -> Iterator[Human36MTake]:
    files = [f for f in raw.poses if f.stem.endswith(side)]
    file = _one(files, f'h36m_{side}.pkl')
    takes = read_lcn(*_read(file))
    if raw.keypoints is None:
        yield from takes
        return
    found = read_lcn_detections(*_read(raw.keypoints))[side]
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


def _read_motionbert(raw: RawFiles, side: str) -> Iterator[Human36MTake]:
    for take in read_motionbert(*_read(raw.poses[0]), side):
        yield take if raw.keypoints else take._replace(keypoints=None)


def _film(
    subject: str,
    take: str,
    world: np.ndarray,
    views: list[np.ndarray] | None,
) -> Iterator[Human36MTake]:
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
        yield Human36MTake(
            subject, action_of(take), name, camera, joints, keypoints
        )


def _read(file: Path) -> tuple[bytes, str]:
    return read_whole(file, FILE_LIMIT), str(file)


def _one(files: list[Path], name: str) -> Path:
    if len(files) != 1:
        raise ValueError(
            f"Expected one '{name}' (got {[str(f) for f in files]}): "
            + ('remove the others' if files else 'put it beside the others')
        )
    return files[0]


def _matching(
    files: Iterable[Path], matches: Callable[[Path], bool]
) -> list[Path]:
    found = []
    for file in files:
        with contextlib.suppress(OSError, ValueError, zipfile.BadZipFile):
            if matches(file):
                found.append(file)
    return found


def _has_member(file: Path, name: str) -> bool:
    with zipfile.ZipFile(file) as archive:
        return name in archive.namelist()


def _contains(file: Path, *words: bytes) -> bool:
    # Keys of a pickle stand between its arrays.
    with (
        file.open('rb') as stream,
        mmap.mmap(stream.fileno(), 0, access=mmap.ACCESS_READ) as view,
    ):
        return all(view.find(word) >= 0 for word in words)
