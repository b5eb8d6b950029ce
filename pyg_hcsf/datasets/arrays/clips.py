r"""From arrays to clips of 2D keypoints and 3D joints in camera axes."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
import torch
from torch import Tensor

from pyg_hcsf.datasets.arrays.checks import (
    check_axes,
    check_bones,
    check_rotation,
    check_sequence,
    check_unit,
    check_upright,
)
from pyg_hcsf.geometry.camera import Camera
from pyg_hcsf.geometry.clip_camera import camera_attributes
from pyg_hcsf.geometry.root_ray import FOCAL_PER_SIDE
from pyg_hcsf.skeleton import Skeleton

UNITS = {'mm': 1.0, 'm': 1000.0}
ASSUMED_SIZE = (1000, 1000)  # pixels, of an image of which nothing is known
MIN_PIXELS = 8.0  # no image with all keypoints of a clip is so small
FILL = 0.6  # share of that image which a body without a position fills


class Notes(dict[str, list[str]]):
    r"""Warnings, each with the clips that it is about."""

    def add(self, text: str, clip: str) -> None:
        r"""Adds a warning, unless it is empty."""
        if text:
            self.setdefault(text, []).append(clip)

    def texts(self) -> list[str]:
        r"""Each warning once, with the first clip and the number of others."""
        return [
            clips[0]
            + f' and {len(clips) - 1} more clips' * (len(clips) > 1)
            + f': {text}'
            for text, clips in self.items()
        ]


class Body(NamedTuple):
    r"""The joints :obj:`[T, N, 3]` of a clip in camera axes and millimetres,
    and whether they are at their place in front of the camera.
    """

    joints: np.ndarray
    placed: bool


def make_clip(
    where: str,
    values: dict[str, Any],
    skeleton: Skeleton,
    unit: str,
    notes: Notes,
) -> dict[str, Any]:
    r"""Makes a clip of :class:`~pyg_hcsf.datasets.ArrayPoses`.

    Args:
        where (str): The name of the clip and its file, for errors.
        values (dict): The values of the clip by key.
        skeleton (Skeleton): The joints.
        unit (str): That of the joints, :obj:`'mm'` or :obj:`'m'`.
        notes (Notes): Collects warnings.

    Raises:
        ValueError: If an array is missing or not credible; names it.
    """
    if missing := {'joints', 'subject'} - values.keys():
        raise ValueError(
            f'Expected {sorted(missing)} of {where} (got '
            f'{sorted(values)}): 3D joints [T, N, 3], and the name of the '
            'subject (or of the folder of the file) by which data are split'
        )
    body = _body(where, values, skeleton, unit)
    notes.add(check_unit(f"'joints' of {where}", body.joints, skeleton), where)
    notes.add(check_bones(body.joints, skeleton), where)
    xy, confidence = _keypoints(where, values, skeleton, len(body.joints))
    if xy is None:
        notes.add(check_upright(body.joints, skeleton), where)
        camera, body = _camera_to_project(where, values, body, notes)
        xy = camera.project(torch.from_numpy(body.joints)).numpy()
    else:
        check_axes(where, body.joints, xy, skeleton.root)
        camera = _camera_of_keypoints(where, values, notes)
    return {
        'x': _floats(xy),
        'y': _floats(body.joints),
        'confidence': _floats(confidence),
        'edge_index': skeleton.with_graph('tree').edge_index,
        'num_nodes': skeleton.num_joints,
        'subject': values['subject'],
        'action': values.get('action', 'all'),
        'camera': values.get('camera', 'camera'),
        'fps': float(values['fps']),
        **camera_attributes(camera),
    }


def _floats(x: np.ndarray) -> Tensor:
    return torch.from_numpy(x).float().contiguous()


def _body(
    where: str, values: dict[str, Any], skeleton: Skeleton, unit: str
) -> Body:
    what = f"'joints' of {where}"
    joints = values['joints']
    check_sequence(what, joints, skeleton, (3,))
    joints = joints * UNITS[unit]
    if ('rotation' in values) != ('translation' in values):
        raise ValueError(
            f"Expected both 'rotation' and 'translation' of {where}, or none "
            '(got one of them): joints in the world are x, in the camera R x '
            '+ t'
        )
    if 'rotation' in values:
        check_rotation(where, values['rotation'])
        shift = values['translation'] * UNITS[unit]
        joints = joints @ values['rotation'].T + shift
    depth = joints[..., 2]
    if (joints[:, skeleton.root, 2] < -np.ptp(joints, axis=1).max()).all():
        raise ValueError(
            f'Expected {what} in front of the camera (got depths of '
            f'{depth.min():.0f} to {depth.max():.0f} mm): axes are x to the '
            'right, y down, z forward; multiply joints with y up by '
            '[1, -1, -1]'
        )
    return Body(joints, bool((depth > 0).all()))


def _keypoints(
    where: str, values: dict[str, Any], skeleton: Skeleton, frames: int
) -> tuple[np.ndarray | None, np.ndarray]:
    r"""The keypoints :obj:`[T, N, 2]` in pixels, if given, and their
    confidences :obj:`[T, N]`, one if not given.
    """
    confidence = values.get('confidence')
    if (xy := values.get('keypoints')) is None:
        if confidence is not None:
            raise ValueError(
                f"Expected 'keypoints' of {where} with their 'confidence' "
                "(got none): add them, or leave 'confidence' out"
            )
        return None, np.ones((frames, skeleton.num_joints))
    check_sequence(f"'keypoints' of {where}", xy, skeleton, (2, 3))
    if xy.shape[2] == 3:
        xy, confidence = xy[..., :2], xy[..., 2]
    if confidence is None:
        confidence = np.ones(xy.shape[:2])
    for key, array in (('keypoints', xy[..., 0]), ('confidence', confidence)):
        if array.shape != (frames, skeleton.num_joints):
            raise ValueError(
                f"Expected '{key}' of {where} for each of the {frames} frames "
                f"and {skeleton.num_joints} joints of 'joints' (got "
                f'{list(array.shape)}): cut both to the same frames'
            )
    if (largest := float(np.abs(xy).max())) < MIN_PIXELS:
        raise ValueError(
            f"Expected 'keypoints' of {where} in pixels (got values up to "
            f'{largest:.3g}): multiply fractions by the size of the image'
        )
    low, high = float(confidence.min()), float(confidence.max())
    if not (low >= 0 and high <= 1):
        raise ValueError(
            f"Expected 'confidence' of {where} from 0 to 1 (got {low:.3g} to "
            f'{high:.3g}): scale it'
        )
    return xy, confidence


def _camera(values: dict[str, Any], size: tuple[int, int]) -> Camera:
    r"""The camera, of which unknown values are assumed."""
    focal = values.get('focal', [FOCAL_PER_SIDE * max(size)] * 2)
    center = values.get('center', [size[0] / 2, size[1] / 2])
    return Camera(
        name=values.get('camera', 'camera'),
        width=size[0],
        height=size[1],
        focal=(float(focal[0]), float(focal[1])),
        center=(float(center[0]), float(center[1])),
    )


def _image_size(where: str, values: dict[str, Any]) -> tuple[int, int] | None:
    size = values.get('image_size')
    if size is None and 'center' in values:
        size = 2 * values['center']
    if size is None:
        return None
    if min(size) < 1:
        raise ValueError(
            f"Expected 'image_size' of {where} to be one or more pixels (got "
            f'{size.tolist()}, where it is twice the center if it is not '
            'given): state width and height'
        )
    return round(size[0]), round(size[1])


def _camera_of_keypoints(
    where: str, values: dict[str, Any], notes: Notes
) -> Camera:
    size = _image_size(where, values)
    if size is None:
        raise ValueError(
            f"Expected 'image_size' of {where}, width and height in pixels "
            '(got none): keypoints are normalised by the size of their image'
        )
    _note_missing(values, size, notes, where)
    return _camera(values, size)


def _note_missing(
    values: dict[str, Any], size: tuple[int, int], notes: Notes, where: str
) -> None:
    if 'image_size' not in values and 'center' in values:
        notes.add(
            f"no 'image_size': taken as {size[0]} x {size[1]} pixels, twice "
            "the 'center'",
            where,
        )
    if 'focal' not in values:
        notes.add(
            "no 'focal': the focal length is taken as "
            f'{FOCAL_PER_SIDE * max(size):.0f} pixels, {FOCAL_PER_SIDE:g} '
            'times the longer side of the image, and is only used by '
            'protocols that need a camera, and to project',
            where,
        )


def _camera_to_project(
    where: str, values: dict[str, Any], body: Body, notes: Notes
) -> tuple[Camera, Body]:
    r"""The camera that joints without keypoints are projected to, and the
    joints in front of it.
    """
    given = _image_size(where, values)
    size = given or ASSUMED_SIZE
    camera = _camera(values, size)
    if given is None or 'focal' not in values:
        notes.add(
            "no 'keypoints' and no whole camera ('focal' with 'image_size'): "
            f'joints are projected to an image of {size[0]} x {size[1]} '
            'pixels by an assumed camera with a focal length of '
            f'{camera.focal[0]:.0f} pixels'
            + ', after they are moved in front of it'
            * (not body.placed),
            where,
        )
        if body.placed:
            return camera, body
        extent = float(np.ptp(body.joints, axis=1).max())
        away = camera.focal[0] * extent / (FILL * min(size)) + extent
        return camera, Body(body.joints + [0.0, 0.0, away], True)
    if not body.placed:
        low = float(body.joints[..., 2].min())
        raise ValueError(
            f"Expected 'joints' of {where} in front of its camera (got a "
            f'depth of {low:.0f} mm), as there are no keypoints and joints '
            'are projected: pass joints in the axes of the camera, not '
            "relative to the root, or 'rotation' and 'translation' of the "
            'camera, or leave out the camera, to assume one'
        )
    _note_missing(values, size, notes, where)
    return camera, body
