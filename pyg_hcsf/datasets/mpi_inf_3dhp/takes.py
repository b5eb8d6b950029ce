r"""Recordings of MPI-INF-3DHP with cameras and scaled poses."""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor

from pyg_hcsf.data.projection import Projections
from pyg_hcsf.datasets.pose_checks import MIN_DEPTH
from pyg_hcsf.geometry.calibrate import fit_pinhole, fit_scale, refine_pinhole
from pyg_hcsf.geometry.camera import Camera
from pyg_hcsf.geometry.clip_camera import camera_attributes
from pyg_hcsf.poses.sequence import MAX_MM
from pyg_hcsf.safe_io.shown import cause
from pyg_hcsf.skeleton import get_skeleton

from . import constants
from .annotation import Annotation
from .constants import JOINTS28

#: Mean distance of keypoints from projected joints above which they do not
#: belong together.
MAX_PIXELS = 50.0
#: In the second release of TS6, keypoints of these joints are not those of
#: the metric pose.
LEGS = ('knee', 'ankle', 'foot', 'toe')


class MPIINF3DHPTake(NamedTuple):
    r"""A sequence as recorded by one camera."""

    name: str  #: the sequence: :obj:`'S1 Seq1'` or :obj:`'TS1'`
    camera: Camera
    #: Of universal poses, the distance from the camera is scaled, too.
    seen: Annotation

    @property
    def subject(self) -> str:
        r"""The subject; test sequences have its name."""
        return self.name.split()[0]


def take_of_annotation(
    seen: Annotation, name: str, camera: Camera, file: Path
) -> MPIINF3DHPTake:
    r"""Makes a recording of annotations. The distance of the person is scaled
    like the person, so that the projection of the universal pose is that of
    the metric one.
    """
    has_all = seen.metric.shape[1] == len(JOINTS28)
    root = constants.PELVIS_OF_28 if has_all else constants.PELVIS_OF_17
    order = range(len(JOINTS28)) if has_all else constants.RELEVANT17_OF_28
    # Legs are left out of the fit, as they differ in TS6.
    stiff = [
        i
        for i, joint in enumerate(order)
        if not JOINTS28[joint].endswith(LEGS)
    ]
    origin = seen.metric[:, root : root + 1]  # [T, 1, 3]
    relative = seen.universal - seen.universal[:, root : root + 1]
    a = (seen.metric - origin)[seen.valid][:, stiff].astype(np.float64)
    b = relative[seen.valid][:, stiff].astype(np.float64)
    # The factor between metric and universal pose, by least squares.
    scale = float((a * b).sum() / max((a * a).sum(), 1e-9))
    universal = relative + scale * origin.astype(np.float64)
    seen = seen._replace(universal=universal.astype(np.float32))
    take = MPIINF3DHPTake(name, camera, seen)
    try:
        _check(take, scale)
    except ValueError as e:
        raise ValueError(
            f"Expected '{file}' to hold what camera {camera.name} of {name} "
            f'saw ({cause(e)}): get it and camera.calibration again'
        ) from e
    return take


def take_of_pstmo(
    seen: Annotation, name: str, number: int, is_test: bool
) -> MPIINF3DHPTake:
    r"""Makes a recording of P-STMO's arrays. It estimates the size of the
    person and, for training files, the camera: the universal pose was scaled
    about a pelvis that was not moved.
    """
    seen = fill_invalid_frames(seen)
    pixels, joints = map(_to_double, (seen.keypoints, seen.universal))
    origin = joints[
        :, constants.PELVIS_OF_17, None
    ]  # [T, 1, 3], in millimetres
    relative = joints - origin  # of the universal size
    if not (origin[seen.valid][..., 2] > MIN_DEPTH).all():
        raise ValueError(
            'the pelvis is not in front of the camera in a valid frame'
        )
    of = torch.from_numpy(seen.valid)
    pelvis, seen_at = origin[:, 0], pixels[:, constants.PELVIS_OF_17]
    if is_test:
        known = constants.TEST_SEQUENCES[name].camera
        camera = refine_pinhole(known, pelvis[of], seen_at[of], name)
        focal, center = map(pelvis.new_tensor, (camera.focal, camera.center))
    else:
        focal, center = fit_pinhole(pelvis, seen_at)
    size = float(
        fit_scale(origin[of], relative[of], pixels[of], focal, center)
    )
    metric = origin + size * relative
    if not is_test:  # fit again, to all joints
        focal, center = fit_pinhole(metric.flatten(0, 1), pixels.flatten(0, 1))
        (fx, fy), (cx, cy) = focal.tolist(), center.tolist()
        if not 100 < min(fx, fy) <= max(fx, fy) < 1e5:
            raise ValueError(f'its focal length would be {fx:.0f}, {fy:.0f}')
        camera = Camera(str(number), 2048, 2048, (fx, fy), (cx, cy))
    seen = seen._replace(
        metric=metric.float().numpy(),
        universal=(origin / size + relative).float().numpy(),
    )
    take = MPIINF3DHPTake(name, camera, seen)
    _check(take, 1 / size if size else 0.0)
    return take


def fill_invalid_frames(seen: Annotation) -> Annotation:
    r"""Replaces frames that are not evaluated and have no pose in front of the
    camera by the nearest frame that has one.
    """
    # [T]: whether a frame has a credible pose, evaluated or not.
    good = (seen.metric[..., 2] > MIN_DEPTH).all(axis=1)
    for array in seen[:3]:
        with np.errstate(invalid='ignore'):
            good &= (np.abs(array) <= MAX_MM).all(axis=(1, 2))
    good |= seen.valid
    if good.all():
        return seen
    frames = np.flatnonzero(good)
    number = np.arange(len(good))
    # The nearest good frame on either side; of two equally near, the first.
    left = (np.searchsorted(frames, number, 'right') - 1).clip(min=0)
    right = (left + 1).clip(max=len(frames) - 1)
    far_left = np.abs(number - frames[left])
    nearest = frames[
        np.where(far_left <= np.abs(frames[right] - number), left, right)
    ]
    keypoints, metric, universal = (array[nearest] for array in seen[:3])
    return Annotation(keypoints, metric, universal, seen.valid)


def _to_double(array: np.ndarray) -> Tensor:
    return torch.from_numpy(array.astype(np.float64))


def _check(take: MPIINF3DHPTake, scale: float) -> None:
    if not 0.2 < scale < 5:
        raise ValueError(f'the universal pose is {scale:.3g} times its size')
    pixels, metric, universal = (
        _to_double(array[take.seen.valid]) for array in take.seen[:3]
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
