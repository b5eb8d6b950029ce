r"""Keypoints of any layout and camera to poses in 3D."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import NamedTuple, Optional, Union

import numpy as np
import torch
from torch import Tensor

from pyg_hcsf.geometry.root_ray import (
    SIZE_PER_HEIGHT,
    RootRay,
    decode_pose,
    locate_root,
    look_at_root,
    window_input,
)
from pyg_hcsf.keypoints import Keypoints, Track, convert_joints
from pyg_hcsf.keypoints.checks.check import warn_of_issues
from pyg_hcsf.lifting.assumed_camera import (
    Assumed,
    Focal,
    assume_camera,
    guess_family,
    guess_image_size,
)
from pyg_hcsf.lifting.ground import to_world
from pyg_hcsf.lifting.lifter_ensemble import LifterEnsemble
from pyg_hcsf.lifting.lifter_weights import SKELETON, available_weights
from pyg_hcsf.lifting.windows import (
    frame_stride_of,
    max_gap_of,
    offsets_of,
    starts,
    windows,
)
from pyg_hcsf.poses import PoseSequence
from pyg_hcsf.safe_io.shown import shown

Weights = Union[str, Path, Sequence[Union[str, Path]]]

#: Frames with fewer joints than this are not lifted.
FEWEST_JOINTS = 6

#: Joints of which the detector is less certain than this are missing.
LEAST_SCORE = 0.1

#: Persons of less than this size, seen as an angle from the camera, are
#: points: 1 pixel at a focal length of 1000.
SMALLEST = 1e-3


class Lifted(NamedTuple):
    r"""Poses in the axes of the camera, in millimetres.

    Args:
        pose (torch.Tensor): Joints relative to the root: ``[B, 17, 3]``.
        root (torch.Tensor): Where the root is: ``[B, 3]``.
        uncertainty (torch.Tensor): The expected error of each joint:
            ``[B, 17]``.
    """

    pose: Tensor
    root: Tensor
    uncertainty: Tensor


class Lifter:
    r"""Lifts the 2D keypoints of people to 3D poses.

    Keypoints of any layout are brought to the joints of Human3.6M
    (:func:`~pyg_hcsf.keypoints.convert_joints`), seen along the ray of
    the root (:func:`~pyg_hcsf.geometry.look_at_root`), lifted together with
    their mirror image, and turned back. An image tells no sizes: poses are
    as large as those of a person of :obj:`height`.

    A joint of little confidence is missing, and filled in by the network.
    Its :obj:`uncertainty` is the expected error, from how far an image and
    its mirror image, and several networks if there are, disagree. Frames
    without hips, or with fewer than 6 joints, are left out.

    Networks of several frames see every n-th frame, which makes the frame
    rate they were trained at, to the nearest, or, of a slower video, the
    frames nearest in time, some more than once; a frame that is missing is
    taken by the one before, up to 0.4 s, after which, and after a jump of
    the person, they start anew.

    Args:
        weights (str, pathlib.Path or sequence, optional): :obj:`"single"`
            for frame by frame, :obj:`"temporal"` for several frames at once,
            or a file of :func:`save_lifter`, or several to be averaged.
            (default: :obj:`"single"`)
        height (float, optional): The height of the people in millimetres.
            (default: :obj:`1700.0`)
        focal (float or tuple, optional): The focal length in pixels, or
            those of both axes. :obj:`None` takes 1.1 times the longer side of
            the image. (default: :obj:`None`)
        center (tuple[float, float], optional): The principal point in
            pixels. :obj:`None` takes the middle of the image.
            (default: :obj:`None`)
        image_size (tuple[float, float], optional): Width and height in
            pixels, where keypoints do not say it. (default: :obj:`None`)
        fps (float, optional): Frames per second, likewise. :obj:`None` takes
            the frame rate of the training. (default: :obj:`None`)
        batch_size (int, optional): The frames that a network is shown at
            once, in one window or several. (default: :obj:`512`)
        distortion (sequence of float, optional): That of the lens, as
            OpenCV's calibration gives it: :math:`k_1, k_2, p_1, p_2` and
            perhaps :math:`k_3`, with the :obj:`focal` and :obj:`center` of
            the same calibration. Keypoints that the lens cannot have shown
            are missing. (default: :obj:`None`, none)

    Raises:
        ValueError: If a value is out of range, or there are no such weights.

    Example:
        >>> keypoints = read_keypoints('walk_coco17.json')
        >>> people = Lifter('single', height=1750.0).lift(keypoints)
        >>> people[0].pose.shape, people[0].uncertainty.shape
    """

    def __init__(
        self,
        weights: Weights = 'single',
        height: float = 1700.0,
        focal: Optional[Focal] = None,
        center: Optional[tuple[float, float]] = None,
        image_size: Optional[tuple[float, float]] = None,
        fps: Optional[float] = None,
        batch_size: int = 512,
        distortion: Optional[Sequence[float]] = None,
    ) -> None:
        for name, value, least, most in (
            ('height', height, 300.0, 3000.0),
            ('fps', 25.0 if fps is None else fps, 1.0, 1000.0),
            ('batch_size', batch_size, 1, 65536),
        ):
            if not least <= value <= most:
                raise ValueError(
                    f"Expected '{name}' to be between {least:g} and {most:g} "
                    f'(got {value})'
                )
        self.weights = weights
        self.height = height
        self.focal = focal
        self.center = center
        self.image_size = image_size
        self.fps = fps
        self.batch_size = batch_size
        self.distortion = distortion
        self._size = torch.tensor(SIZE_PER_HEIGHT * height).double()
        self._networks: dict[str, LifterEnsemble] = {}
        if _names(weights, 'coco17') != _names(weights, 'h36m17'):
            return  # which of the two is read is for the keypoints to say
        self.network('coco17')

    def network(self, layout: str) -> LifterEnsemble:
        r"""The networks for keypoints of a layout, read once."""
        names = _names(self.weights, guess_family(layout))
        key = ' '.join(map(str, names))
        if key not in self._networks:
            self._networks[key] = LifterEnsemble(names)
        return self._networks[key]

    def camera(self, image_size: Optional[tuple[float, float]]) -> Assumed:
        r"""The camera of a video: what is known of it, and else a guess."""
        return assume_camera(
            image_size, self.focal, self.center, self.distortion
        )

    def lift(
        self, keypoints: Keypoints, axes: str = 'camera'
    ) -> list[PoseSequence]:
        r"""Lifts the people of a video, with a warning where
        :func:`~pyg_hcsf.keypoints.check_keypoints` is certain of a doubt.

        Args:
            keypoints (Keypoints): As
                :func:`~pyg_hcsf.keypoints.read_keypoints` gives them.
            axes (str, optional): :obj:`"camera"`, or :obj:`"world"` for z up
                as :func:`~pyg_hcsf.lifting.find_ground` finds it, and the
                ground at zero. (default: :obj:`"camera"`)

        Returns:
            list: The poses of each person of whom at least one frame could
            be lifted; :obj:`note` says what was assumed.

        Raises:
            ValueError: If :obj:`axes` or the layout is none of those that
                are known.
        """
        if axes not in ('camera', 'world'):
            raise ValueError(
                f"Expected 'axes' to be 'camera' or 'world' (got "
                f'{shown(axes)})'
            )
        warn_of_issues(keypoints)
        network = self.network(keypoints.layout)
        camera, fps, notes = self._assume(keypoints, network)
        out = []
        for track in keypoints.tracks:
            sequence = self._lift(
                track, keypoints.layout, network, camera, fps
            )
            if sequence is not None:
                out.append(
                    replace(
                        sequence,
                        fps=keypoints.fps or self.fps,
                        image_size=camera.image_size,
                        note=' '.join(notes),
                    )
                )
        return to_world(out) if axes == 'world' else out

    @torch.no_grad()
    def see(
        self, xy: np.ndarray, score: np.ndarray, layout: str, camera: Assumed
    ) -> tuple[RootRay, Tensor]:
        r"""Looks at the keypoints of frames: what is seen of them, and which
        can be lifted.

        Args:
            xy (numpy.ndarray): Pixels: ``[T, N, 2]``.
            score (numpy.ndarray): Confidence: ``[T, N]``.
            layout (str): What they are.
            camera (Assumed): Who saw them.
        """
        if camera.lens is not None:
            bent = torch.from_numpy(np.array(xy, np.float64))
            xy = camera.lens.undistort(bent).numpy()
        xy, score = convert_joints(xy, score, layout, SKELETON)
        uv = torch.from_numpy(np.array(xy, np.float64))
        weight = torch.from_numpy(np.array(score, np.float64))
        weight[weight < LEAST_SCORE] = 0.0
        seen = look_at_root(uv, weight, camera.focal, camera.center)
        count = (seen.score > 0).sum(dim=-1)
        size = seen.plane.square().sum(dim=(-1, -2)) / count.clamp(min=1)
        enough = (count >= FEWEST_JOINTS) & (size > SMALLEST**2)
        return seen, seen.liftable & enough

    @torch.no_grad()
    def lift_windows(self, window: RootRay, network: LifterEnsemble) -> Lifted:
        r"""Lifts windows of what was seen: ``[B, T, ...]``."""
        x = window_input(window.plane, window.score)
        y, spread = network(x)
        target = network.info.target
        seen = RootRay(*(value[:, target] for value in window))
        floor, slope = network.info.calibration or (0.0, 1.0)
        pose = decode_pose(y.double(), seen.rotation, self._size)
        return Lifted(
            pose,
            _in_front(locate_root(pose, seen), pose, seen),
            self._size * (floor + slope * spread.double()),
        )

    def _lift(
        self,
        track: Track,
        layout: str,
        network: LifterEnsemble,
        camera: Assumed,
        fps: float,
    ) -> Optional[PoseSequence]:
        seen, good = self.see(track.xy, track.score, layout, camera)
        rows = good.nonzero().flatten()
        if not len(rows):
            return None
        seen = RootRay(*(value[rows] for value in seen))
        frames = torch.from_numpy(np.array(track.frames, np.int64))[rows]
        info = network.info
        offsets = offsets_of(
            info.frames, info.target or 0, frame_stride_of(fps, info.fps)
        )
        begin = starts(frames, seen, max_gap_of(fps))
        rows_of = windows(frames, begin, offsets)
        parts = [
            self.lift_windows(RootRay(*(v[part] for v in seen)), network)
            for part in rows_of.split(max(1, self.batch_size // info.frames))
        ]
        lifted = Lifted(*(torch.cat(v) for v in zip(*parts, strict=True)))
        at = rows.numpy()
        source = Track(
            track.name, track.frames[at], track.xy[at], track.score[at]
        )
        return PoseSequence(
            track.name,
            SKELETON,
            source.frames,
            lifted.pose.numpy(),
            uncertainty=lifted.uncertainty.numpy(),
            root=lifted.root.numpy(),
            keypoints=source,
            layout=layout,
        )

    def _assume(
        self, keypoints: Keypoints, network: LifterEnsemble
    ) -> tuple[Assumed, float, list[str]]:
        notes = [f'Height taken as {self.height:g} mm.']
        image_size = keypoints.image_size or self.image_size
        if image_size is None and (self.focal is None or self.center is None):
            image_size = guess_image_size(keypoints)
            wide, high = image_size
            notes.append(f'Image taken as {wide:g} x {high:g} pixels.')
        camera = self.camera(image_size)
        notes += camera.notes
        info = network.info
        fps = keypoints.fps or self.fps
        if info.frames > 1:
            if fps is None:
                notes.append(f'Frame rate taken as {info.fps:g} Hz.')
            frame_stride = frame_stride_of(fps or info.fps, info.fps)
            offsets = offsets_of(info.frames, info.target or 0, frame_stride)
            notes.append(
                f'{info.frames} frames at once, {frame_stride:.3g} apart, '
                f'{offsets[-1]} ahead.'
            )
        if info.calibration is None:
            notes.append('Uncertainty is disagreement, not calibrated.')
        return camera, fps or info.fps, notes


def _names(weights: Weights, family: str) -> list[Union[str, Path]]:
    r"""The weights to read: ``single`` is ``single_coco17`` for keypoints of
    that family, if the package has it.
    """
    if not isinstance(weights, (str, Path)):
        return list(weights)
    own = f'{weights}_{family}'
    return [own if own in available_weights() else weights]


def _in_front(root: Tensor, pose: Tensor, seen: RootRay) -> Tensor:
    r"""Where keypoints that fit no pose put the root behind the camera, or
    nowhere, it is on its ray as far as its size tells.
    """
    wide = (pose @ seen.rotation.mT)[..., :2].square().sum(dim=(-1, -2))
    count = (seen.score > 0).sum(dim=-1) / pose.size(-2)
    square = seen.plane.square().sum(dim=(-1, -2)) / count
    depth = (wide / square).sqrt()[..., None]
    ray = seen.rotation[..., 2, :]
    along = (root * ray).sum(dim=-1, keepdim=True)
    good = (along > depth / 4) & (along < 4 * depth)
    return torch.where(good, root, depth * ray)
