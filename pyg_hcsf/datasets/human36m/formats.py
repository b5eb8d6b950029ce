r"""File formats of Human3.6M, and their readers."""

from __future__ import annotations

import contextlib
import mmap
import re
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

from pyg_hcsf.data.formats import Format, files_named

from .position_files import find_cdf, find_h5

FILE_LIMIT = 2**33  # bytes; LCN's largest has about 2 GB
NPZ, PKL = (
    re.compile(pattern, re.IGNORECASE)
    for pattern in (r'.*h36m.*\.npz', r'.*h36m.*\.pkl')
)
POSITIONS = ('cdf', 'h5')  # formats with one file per recording
PREFIXES = ('data_2d_h36m_', 'h36m_')  # of files of detected keypoints


def find_vp3d(path: Path) -> list[Path]:
    r"""VideoPose3D's archives."""
    known = {'positions_3d.npy', 'positions_2d.npy'}
    return _matching(path, NPZ, lambda file: bool(known & _members(file)))


def find_lcn(path: Path) -> list[Path]:
    r"""LCN's pickles."""

    def matches(file: Path) -> bool:
        if _contains(file, b'joint_2d'):
            return False
        is_frames = _contains(file, b'joint_3d_camera', b'camera_param')
        return is_frames or _contains(file, b'joint3d_image', b'confidence')

    return _matching(path, PKL, matches)


def find_motionbert(path: Path) -> list[Path]:
    r"""MotionBERT's pickles."""
    keys = b'joint_2d', b'joint3d_image', b'source'
    return _matching(path, PKL, lambda file: _contains(file, *keys))


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
    r"""The files that clips are read from."""

    form: str  #: the name of their format
    poses: list[Path]  #: with 3D positions
    keypoints: Path | None  #: with detected keypoints


def choose_files(form: str, files: list[Path], keypoints: str) -> RawFiles:
    r"""Separates files with 3D poses from those with detected keypoints.

    Args:
        form (str): The name of the format.
        files (list[pathlib.Path]): The files in that format.
        keypoints (str): :obj:`'gt'`, or the name of the detector.

    Raises:
        ValueError: If there is no file of the detector; names those that
            exist.
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
        # Each file of MotionBERT has all poses, with other keypoints.
        poses = poses[:1] if form == 'motionbert' else poses
        return RawFiles(form, poses, None)
    found = detectors(form, files)
    by_stem = {file.stem: file for file in found.values()}
    file = (found | by_stem).get(keypoints)
    if file is None:
        some = f' or one of {list(found)}' if found else ''
        raise ValueError(
            f"Expected 'keypoints' to be 'gt'{some} for the files in format "
            f"'{form}' that are there (got '{keypoints}'): put the detector's "
            'file beside them'
        )
    return RawFiles(form, [file] if form == 'motionbert' else poses, file)


def detectors(form: str, files: list[Path]) -> dict[str, Path]:
    r"""The files of detected keypoints, by the value of :obj:`keypoints`.

    Args:
        form (str): The name of the format.
        files (list[pathlib.Path]): The files in that format.

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
        prefix = next(filter(name.startswith, PREFIXES), '')
        if name != f'{prefix}gt':  # not another value 'gt' of 'keypoints'
            name = name.removeprefix(prefix)
        if name in out:
            raise ValueError(
                f"Expected one file of the detector '{name}' (got "
                f"'{out[name]}' and '{file}'): remove the copy"
            )
        out[name] = file
    return out


def _with_poses(form: str, files: list[Path]) -> list[Path]:
    if form == 'vp3d':
        return [f for f in files if 'positions_3d.npy' in _members(f)]
    if form == 'lcn':
        return [f for f in files if _contains(f, b'joint_3d_camera')]
    return files


def _matching(
    path: Path, pattern: re.Pattern[str], matches: Callable[[Path], bool]
) -> list[Path]:
    found = []
    for file in files_named(path, pattern):
        with contextlib.suppress(OSError, ValueError, zipfile.BadZipFile):
            if matches(file):
                found.append(file)
    return found


def _members(file: Path) -> set[str]:
    with zipfile.ZipFile(file) as archive:
        return set(archive.namelist())


def _contains(file: Path, *words: bytes) -> bool:
    # The keys of a pickle are in its file as text.
    with (
        file.open('rb') as stream,
        mmap.mmap(stream.fileno(), 0, access=mmap.ACCESS_READ) as view,
    ):
        return all(view.find(word) >= 0 for word in words)
