r"""Reads a clip of 3D joints from any supported file format."""

import zipfile
from pathlib import Path
from typing import NamedTuple

import numpy as np

from pyg_hcsf.choices import wrong
from pyg_hcsf.datasets.mocap.bvh_motion import read_bvh_clip
from pyg_hcsf.datasets.ntu.body_selection import select_bodies
from pyg_hcsf.datasets.ntu.skeleton_parser import parse_skeleton
from pyg_hcsf.datasets.utd_mhad.skeleton_mat import read_utd_mhad
from pyg_hcsf.poses import PoseSequence, read_poses
from pyg_hcsf.safe_io.npy import load_npz
from pyg_hcsf.safe_io.shown import explained
from pyg_hcsf.skeleton import H36M17
from pyg_hcsf.streaming.live import LAST_FRAME

SUFFIXES = ('.skeleton', '.mat', '.npz')
MAX_BYTES = 2**28  # of a file


class JointClip(NamedTuple):
    r"""The joints of people through a clip.

    Args:
        joints (numpy.ndarray): In the unit and axes of the file, zero where a
            body is absent: ``[T, M, N, 3]``, float64.
        frames (numpy.ndarray): The numbers of the frames, ascending: ``[T]``.
    """

    joints: np.ndarray
    frames: np.ndarray


def read_joint_clip(path: str | Path) -> JointClip:
    r"""Reads a clip.

    * ``.skeleton``: NTU RGB+D, metres, the bodies that 2s-AGCN takes, see
      :func:`~pyg_hcsf.datasets.ntu.body_selection.select_bodies`;
    * ``.mat``: UTD-MHAD, metres;
    * ``.npz``: an array :obj:`joints` ``[T, N, 3]`` or ``[T, M, N, 3]`` and,
      if frames are missing, the frame numbers :obj:`frames` ``[T]``. For
      poses see :func:`read_people`.

    Args:
        path (str or pathlib.Path): The file.

    Raises:
        ValueError: If it is of another format, damaged, empty or not finite;
            names the file.

    Example:
        >>> read_joint_clip('S001C001P001R001A001.skeleton').joints.shape
        (103, 1, 25, 3)
    """
    path = Path(path).expanduser()
    kind = path.suffix.lower()
    if kind not in SUFFIXES:
        raise wrong('path', f'a clip as one of {SUFFIXES}', path)
    problem = f"Could not read the clip '{path}'"
    with explained(problem, 'check the path', (OSError,)):
        if (size := path.stat().st_size) > MAX_BYTES:
            raise wrong(str(path), f'of at most {MAX_BYTES} bytes', size)
        content = path.read_bytes()
    frames: np.ndarray | None = None
    if kind == '.skeleton':
        joints = select_bodies(parse_skeleton(content, str(path)), 'agcn')
    elif kind == '.mat':
        joints = read_utd_mhad(content, path.name, str(path)).joints
    else:
        joints, frames = _read_npz(content, str(path))
    return _checked(joints, frames, str(path))


def _read_npz(
    content: bytes, name: str
) -> tuple[np.ndarray, np.ndarray | None]:
    arrays = load_npz(content, name)
    if 'meta' in arrays:
        raise ValueError(
            f"'{name}' has poses in millimetres, which are classified by a "
            "network of such poses, as 'cmu' is"
        )
    if 'joints' not in arrays:
        raise wrong(name, "a file with an array 'joints'", sorted(arrays))
    return arrays['joints'], arrays.get('frames')


def read_people(path: str | Path) -> list[PoseSequence]:
    r"""Reads the poses of people in millimetres: a file that
    :func:`~pyg_hcsf.poses.read_poses` reads, a :obj:`.bvh` of one person, or
    arrays of :func:`read_joint_clip` with z up.

    Args:
        path (str or pathlib.Path): The file.

    Raises:
        ValueError: If it is of another format, or damaged; names the file.

    Example:
        >>> read_people('walk.bvh')[0].axes
        'world'
    """
    path = Path(path).expanduser()
    if path.suffix.lower() == '.bvh':
        clip = read_bvh_clip(path, path.parent)
        frames = np.arange(len(clip.joints))
        return [_person('1', frames, clip.joints, clip.fps)]
    if path.suffix.lower() != '.npz' or _has_poses(path):
        return read_poses(path)
    joints, frames = read_joint_clip(path)
    here = np.any(joints, axis=(2, 3)).T  # [M, T]
    return [
        _person(str(m + 1), frames[seen], joints[seen, m], None)
        for m, seen in enumerate(here)
        if seen.any()
    ]


def _has_poses(path: Path) -> bool:
    if not zipfile.is_zipfile(path):
        return True  # for the error of read_poses
    with zipfile.ZipFile(path) as archive:
        return 'meta.npy' in archive.namelist()


def _person(
    name: str, frames: np.ndarray, joints: np.ndarray, fps: float | None
) -> PoseSequence:
    root = joints[:, 0]
    pose = joints - root[:, None]
    return PoseSequence(name, H36M17, frames, pose, 'world', fps, None, root)


def _checked(
    joints: np.ndarray, frames: np.ndarray | None, name: str
) -> JointClip:
    given = joints
    if joints.ndim == 3:
        joints = joints[:, None]
    if joints.ndim != 4 or joints.shape[-1] != 3 or joints.dtype.kind != 'f':
        expected = "'joints' as numbers [T, N, 3] or [T, M, N, 3]"
        raise wrong(name, f'a clip with {expected}', given)
    if joints.size == 0:
        raise wrong(name, 'a clip with at least one frame', given)
    if not np.isfinite(joints).all():
        raise ValueError(f"Expected finite joints in '{name}'")
    if frames is None:
        frames = np.arange(len(joints))
    if (
        frames.shape != joints.shape[:1]
        or frames.dtype.kind not in 'iu'
        or frames.min() < 0
        or frames.max() > LAST_FRAME
        or (frames[1:] <= frames[:-1]).any()
    ):
        raise ValueError(
            f"Expected 'frames' of '{name}' as ascending numbers, one for "
            f'each of {len(joints)} frames'
        )
    return JointClip(joints.astype(np.float64), frames.astype(np.int64))
