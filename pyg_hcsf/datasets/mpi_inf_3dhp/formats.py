r"""The forms in which people hold MPI-INF-3DHP, and the takes in them."""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Collection, Iterator
from pathlib import Path
from typing import NamedTuple

import numpy as np
import torch

from pyg_hcsf.data.formats import Format, read_whole
from pyg_hcsf.data.projection import Projections, camera_attributes
from pyg_hcsf.datasets.human36m.reader import MAX_MM, MIN_DEPTH
from pyg_hcsf.datasets.mpi_inf_3dhp.annot_mat import (
    read_annotations,
    read_calibration,
)
from pyg_hcsf.datasets.mpi_inf_3dhp.annotation import (
    JOINTS28,
    PELVIS_OF_17,
    PELVIS_OF_28,
    RELEVANT17_OF_28,
    TEST_SEQUENCES,
    TRAIN_SEQUENCES,
    Annotation,
)
from pyg_hcsf.datasets.mpi_inf_3dhp.hdf5_test_set import read_test_annotations
from pyg_hcsf.datasets.mpi_inf_3dhp.pstmo_npz import (
    PSTMOTake,
    read_pstmo_test,
    read_pstmo_train,
)
from pyg_hcsf.geometry.calibrate import (
    fit_pinhole,
    fit_scale,
    refine_pinhole,
)
from pyg_hcsf.geometry.camera import Camera
from pyg_hcsf.safe_io.hdf5 import HDF5Process
from pyg_hcsf.safe_io.shown import cause, shown
from pyg_hcsf.skeleton import get_skeleton

TRAIN_FILE = re.compile(
    r'(?:.*/)?(S[1-8])/(Seq[12])/(annot\.mat|camera\.calibration)'
)
TEST_FILE = re.compile(r'(?:.*/)?(TS[1-6])/annot_data\.(?i:mat)')
SUFFIXES = ('.mat', '.calibration', '.npz')
IMAGES = ('imageSequence', 'FGmasks', 'ChairMasks')  # a million files
FILE_LIMIT = 2**33  # bytes; P-STMO's training archive has about 0.5 GB
#: Joints and keypoints are of each other if they are as near, on average.
MAX_PIXELS = 50.0
#: In the second release of TS6 they are not those of the metric pose.
LEGS = ('knee', 'ankle', 'foot', 'toe')


class MPIINF3DHPTake(NamedTuple):
    r"""One camera's view of a sequence.

    Args:
        name (str): The sequence: :obj:`'S1 Seq1'` or :obj:`'TS1'`.
        camera (Camera): The camera.
        keypoints (numpy.ndarray): The annotation in pixels, float32:
            :obj:`[T, N, 2]`.
        metric (numpy.ndarray): The person in the camera's frame in
            millimetres, float32: :obj:`[T, N, 3]`.
        universal (numpy.ndarray): The same, with the person and the way to it
            scaled to the universal skeleton: :obj:`[T, N, 3]`.
        valid (numpy.ndarray): Which frames are to be evaluated: :obj:`[T]`.
    """

    name: str
    camera: Camera
    keypoints: np.ndarray
    metric: np.ndarray
    universal: np.ndarray
    valid: np.ndarray

    @property
    def subject(self) -> str:
        r"""Who moves; test sequences are called by it."""
        return self.name.split()[0]


def find_mat(path: Path) -> list[Path]:
    r"""The official annotations and calibrations."""
    return [
        file
        for file in _walk(path)
        if TRAIN_FILE.fullmatch(file.absolute().as_posix())
        or TEST_FILE.fullmatch(file.absolute().as_posix())
    ]


def find_pstmo(path: Path) -> list[Path]:
    r"""P-STMO's archives."""
    return [
        file
        for file in _walk(path)
        if re.fullmatch(r'data_(train|test)_3dhp\.(?i:npz)', file.name)
    ]


def _walk(path: Path) -> list[Path]:
    if path.is_file():
        return [path]
    files = []
    for folder, folders, names in os.walk(path):
        folders[:] = [f for f in folders if f not in IMAGES]
        files += [
            Path(folder, n) for n in names if n.lower().endswith(SUFFIXES)
        ]
    return sorted(files)


MPI_INF_3DHP_FORMATS = (
    Format(
        'mat',
        'the official S*/Seq*/annot.mat with camera.calibration, and '
        'TS*/annot_data.mat',
        find_mat,
    ),
    Format(
        'pstmo',
        "P-STMO's data_train_3dhp.npz and data_test_3dhp.npz",
        find_pstmo,
    ),
)


def split_of(file: Path) -> str:
    r"""Whether a raw file is of the :obj:`'train'` or :obj:`'test'` side."""
    is_test = file.stem in ('annot_data', 'data_test_3dhp')
    return 'test' if is_test else 'train'


def read_takes(
    form: str, files: list[Path], side: str, cameras: Collection[int]
) -> Iterator[MPIINF3DHPTake]:
    r"""Reads the takes of one side of the split out of raw files, a file at a
    time, in the order of sequences and cameras.

    Args:
        form (str): The name of the format.
        files (list[pathlib.Path]): What its :obj:`find` found.
        side (str): :obj:`'train'` or :obj:`'test'`.
        cameras (collection of int): The training cameras to read.

    Returns:
        The takes, with 28 joints where the format has them, else 17.

    Raises:
        ValueError: If a file is missing or damaged; names it.
    """
    readers: dict[tuple[str, str], Callable[..., Iterator[MPIINF3DHPTake]]] = {
        ('mat', 'train'): _read_mat_train,
        ('mat', 'test'): _read_mat_test,
        ('pstmo', 'train'): _read_pstmo,
        ('pstmo', 'test'): _read_pstmo,
    }
    chosen = [file for file in files if split_of(file) == side]
    return readers[form, side](chosen, cameras)


def _read_mat_train(
    files: list[Path], cameras: Collection[int]
) -> Iterator[MPIINF3DHPTake]:
    found: dict[str, Path] = {}
    for file in files:
        match = TRAIN_FILE.fullmatch(file.absolute().as_posix())
        if match is not None and match[3] == 'annot.mat':
            _add(found, f'{match[1]} {match[2]}', file)
    for name in sorted(found):
        file = found[name]
        beside = file.with_name('camera.calibration')
        known = read_calibration(read_whole(beside, FILE_LIMIT), str(beside))
        if lacking := sorted(set(cameras) - set(known)):
            raise ValueError(
                f"Expected the cameras {shown(sorted(cameras))} in '{beside}' "
                f'(got none called {lacking}): get it again'
            )
        length, _ = TRAIN_SEQUENCES[name]
        content = read_whole(file, FILE_LIMIT)
        views = read_annotations(content, str(file), cameras, length)
        for number, seen in views:
            yield _join(seen, name, known[number], file)


def _read_mat_test(
    files: list[Path], cameras: Collection[int]
) -> Iterator[MPIINF3DHPTake]:
    found: dict[str, Path] = {}
    for file in files:
        match = TEST_FILE.fullmatch(file.absolute().as_posix())
        assert match is not None
        _add(found, match[1], file)
    with HDF5Process() as process:
        for name in sorted(found):
            seen = _hold(read_test_annotations(found[name], process))
            joints, pixels = (
                torch.from_numpy(array[seen.valid].astype(np.float64))
                for array in (seen.metric, seen.keypoints)
            )
            camera = refine_pinhole(
                TEST_SEQUENCES[name].camera,
                joints.flatten(0, 1),
                pixels.flatten(0, 1),
                f"{name} in '{found[name]}'",
            )
            yield _join(seen, name, camera, found[name])


def _add(found: dict[str, Path], name: str, file: Path) -> None:
    if name in found:
        raise ValueError(
            f"Expected one file of {name} (got '{found[name]}' and '{file}'): "
            'remove the copy'
        )
    found[name] = file


def _read_pstmo(
    files: list[Path], cameras: Collection[int]
) -> Iterator[MPIINF3DHPTake]:
    seen: dict[str, Path] = {}
    for file in files:
        _add(seen, file.name, file)
        content = read_whole(file, FILE_LIMIT)
        is_test = split_of(file) == 'test'
        read = read_pstmo_test if is_test else read_pstmo_train
        for take in read(content, str(file)):
            if is_test or take.camera in cameras:
                where = take.name if is_test else f'{take.name} {take.camera}'
                try:
                    yield _rebuild(take, is_test)
                except ValueError as e:
                    raise ValueError(
                        f"Expected {where} in '{file}' as P-STMO makes it, "
                        "univ_annot3 in the camera's frame with its keypoints "
                        f'({cause(e)}): get it again'
                    ) from e


def _join(
    seen: Annotation, name: str, camera: Camera, file: Path
) -> MPIINF3DHPTake:
    r"""Scales the way to the person as the person was scaled, so that the
    universal pose is seen where the metric one is.
    """
    whole = seen.metric.shape[1] == len(JOINTS28)
    root = PELVIS_OF_28 if whole else PELVIS_OF_17
    order = range(len(JOINTS28)) if whole else RELEVANT17_OF_28
    stiff = [
        i
        for i, joint in enumerate(order)
        if not JOINTS28[joint].endswith(LEGS)
    ]
    origin = seen.metric[:, root : root + 1]
    relative = seen.universal - seen.universal[:, root : root + 1]
    a = (seen.metric - origin)[seen.valid][:, stiff].astype(np.float64)
    b = relative[seen.valid][:, stiff].astype(np.float64)
    scale = float((a * b).sum() / max((a * a).sum(), 1e-9))
    take = MPIINF3DHPTake(
        name,
        camera,
        seen.keypoints,
        seen.metric,
        (relative + scale * origin.astype(np.float64)).astype(np.float32),
        seen.valid,
    )
    try:
        _check(take, scale)
    except ValueError as e:
        raise ValueError(
            f"Expected '{file}' to hold what camera {camera.name} of {name} "
            f'saw ({cause(e)}): get it and camera.calibration again'
        ) from e
    return take


def _rebuild(take: PSTMOTake, is_test: bool) -> MPIINF3DHPTake:
    r"""Finds the size of the person, and the camera if need be: the universal
    pose is scaled about a pelvis that is where it was.
    """
    empty = np.zeros_like(take.universal)
    seen = _hold(Annotation(take.keypoints, take.universal, empty, take.valid))
    pixels, joints = (
        torch.from_numpy(array.astype(np.float64))
        for array in (seen.keypoints, seen.metric)
    )
    origin = joints[:, PELVIS_OF_17, None]
    relative = joints - origin
    if not (origin[seen.valid][..., 2] > MIN_DEPTH).all():
        raise ValueError('its pelvis is not in front of the camera')
    of = torch.from_numpy(seen.valid)
    pelvis, seen_at = origin[:, 0], pixels[:, PELVIS_OF_17]
    if is_test:
        camera = refine_pinhole(
            TEST_SEQUENCES[take.name].camera,
            *(pelvis[of], seen_at[of], take.name),
        )
        focal, center = (
            torch.tensor(value, dtype=torch.float64)
            for value in (camera.focal, camera.center)
        )
    else:
        focal, center = fit_pinhole(pelvis, seen_at)
    size = float(
        fit_scale(origin[of], relative[of], pixels[of], focal, center)
    )
    metric = origin + size * relative
    if not is_test:  # with all joints
        focal, center = fit_pinhole(metric.flatten(0, 1), pixels.flatten(0, 1))
        (fx, fy), (cx, cy) = focal.tolist(), center.tolist()
        if not 100 < min(fx, fy) <= max(fx, fy) < 1e5:
            raise ValueError(f'its focal length would be {fx:.0f}, {fy:.0f}')
        camera = Camera(str(take.camera), 2048, 2048, (fx, fy), (cx, cy))
    out = MPIINF3DHPTake(
        take.name,
        camera,
        seen.keypoints,
        metric.float().numpy(),
        (origin / size + relative).float().numpy(),
        seen.valid,
    )
    _check(out, 1 / size if size else 0.0)
    return out


def _hold(seen: Annotation) -> Annotation:
    r"""Gives frames that are not evaluated, and hold no pose in front of the
    camera, the nearest one.
    """
    good = (seen.metric[..., 2] > MIN_DEPTH).all(axis=1)
    for array in seen[:3]:
        with np.errstate(invalid='ignore'):
            good &= (np.abs(array) <= MAX_MM).all(axis=(1, 2))
    good |= seen.valid
    if good.all():
        return seen
    frames = np.flatnonzero(good)
    number = np.arange(len(good))
    left = (np.searchsorted(frames, number, 'right') - 1).clip(min=0)
    right = (left + 1).clip(max=len(frames) - 1)
    far_left = np.abs(number - frames[left])
    nearest = frames[
        np.where(far_left <= np.abs(frames[right] - number), left, right)
    ]
    keypoints, metric, universal = (array[nearest] for array in seen[:3])
    return Annotation(keypoints, metric, universal, seen.valid)


def _check(take: MPIINF3DHPTake, scale: float) -> None:
    if not 0.2 < scale < 5:
        raise ValueError(f'the universal pose is {scale:.3g} times its size')
    metric, universal, pixels = (
        torch.from_numpy(array[take.valid].astype(np.float64))
        for array in (take.metric, take.universal, take.keypoints)
    )
    for joints in (metric, universal):
        if not (joints[..., 2] > MIN_DEPTH).all():
            raise ValueError('joints lie behind the camera')
    error = (take.camera.project(metric) - pixels).norm(dim=-1).mean()
    if not error < MAX_PIXELS:
        names = f'mpi_inf_3dhp{metric.shape[1]}'
        projections = Projections(get_skeleton(names))
        camera = take.camera
        projections.add(
            {
                'x': pixels,
                'y': metric,
                'subject': take.subject,
                'camera': camera.name,
                **camera_attributes(camera),
            }
        )
        raise ValueError(
            f'its joints are seen {float(error):.0f} pixels from its '
            f'keypoints; {projections.compare().problem}'
        )
