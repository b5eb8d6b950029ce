r"""Compares 2D keypoints of clips with the projections of their joints."""

from __future__ import annotations

import warnings
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, NamedTuple

import numpy as np
import torch
from torch_geometric.data import Data

from pyg_hcsf.axes import to_frames
from pyg_hcsf.geometry.camera import Distortion
from pyg_hcsf.geometry.clip_camera import clip_camera
from pyg_hcsf.skeleton import Skeleton

FRAMES = 64  # frames of each clip that are compared
# Limits as shares of the size of a person, the diagonal of the box around the
# joints. Detectors with an error of 20 pixels at a size of 300 stay below the
# first two; the spine is a seventh of the size from the thorax.
MAX_ERROR = 0.12  # median error of a joint,
UNUSUAL = 2.0  # if it also exceeds this multiple of the median joint's
LOST = 0.3  # median error of a joint, in any case
MAX_SHIFT = 0.025  # median shift of all joints in x or y
MAX_SCALE = 0.08  # deviation of the common scale from one
# Keypoints belong to another joint if its distance is less than this share of
# that of their own joint, NEARER_OF_SOME if other joints are exchanged, too.
NEARER, NEARER_OF_SOME = 0.6, 0.9
FAR = 0.3  # least distance of joints that the scale is measured by
FEW, NEARER_OF_FEW = 8, 0.2  # with fewer frames, only clear errors count
# Errors above both limits indicate a wrong camera or image size, if a shift
# and a scale in x and y explain all but this share of them. Errors of
# detectors are not explained so.
EXACT_PIXELS, EXACT = 2.0, 0.004
SYSTEMATIC = 0.4
ENOUGH = 50  # keypoints, for a fit of four parameters
# Standard errors of a median, each 1.25 * 1.48 times the median deviation,
# divided by the root of the number of values.
CHANCE = 4 * 1.25 * 1.48


class Observation(NamedTuple):
    r"""Frames of one subject by one camera."""

    keypoints: np.ndarray  #: [F, N, 2] in pixels
    projected: np.ndarray  #: the joints by each of L lens models [L, F, N, 2]


class Comparison(NamedTuple):
    r"""The result of :class:`Projections`."""

    #: The median distance of keypoints from the projections of their joints,
    #: in pixels.
    error: float
    worst: str  #: the joint with the largest median distance, and that
    problem: str  #: what is wrong and where, or an empty string


class Projections:
    r"""Collects clips and compares their keypoints with the projections of
    their joints, for each subject and camera.

    It detects joints in another order, exchanged left and right, keypoints of
    other points of the body, and keypoints that are all shifted or scaled, as
    by another camera or image size. Medians over frames are compared, so that
    errors of detectors and of some recordings do not matter. For a camera
    with a distorting lens, the better of pinhole and lens model is used.

    Args:
        skeleton (Skeleton): The joints.
        unlike (Mapping, optional): By subject, the endings of the names of
            joints whose 3D positions are known not to be those of the
            keypoints. (default: none)

    .. code-block:: python

        projections = Projections(dataset.skeleton)
        for clip in dataset:
            projections.add(clip)
        projections.compare().problem  # '' if there is none
    """

    def __init__(
        self,
        skeleton: Skeleton,
        unlike: Mapping[str, tuple[str, ...]] | None = None,
    ) -> None:
        self.skeleton = skeleton
        self.unlike = unlike or {}
        self.seen: dict[tuple[str, str], list[Observation]] = {}

    def add(self, clip: Data | dict[str, Any]) -> None:
        r"""Adds some frames of a clip, unless it has no keypoints :obj:`x`,
        joints :obj:`y` in the camera's frame, or camera.

        Args:
            clip (torch_geometric.data.Data or dict): The clip; in a
                dictionary, sequences have frames first.
        """
        keys = ('x', 'y', 'focal', 'center', 'image_size')
        if not all(key in clip for key in keys) or clip['y'].dim() != 3:
            return
        if isinstance(clip, Data):
            clip = to_frames(clip, ('x', 'y', 'valid'))
        frames = torch.arange(len(clip['y']))
        if 'valid' in clip:
            frames = frames[clip['valid'].flatten()]
        # Evenly spaced, at most FRAMES of them.
        frames = frames[:: max(1, -(-len(frames) // FRAMES))]
        joints = clip['y'][frames].double()
        good = (joints[..., 2] > 0).all(dim=1) & joints.isfinite().all(-1).all(
            dim=1
        )
        frames, joints = frames[good], joints[good]
        if len(frames) == 0:
            return
        camera = clip_camera(clip)
        # Published keypoints follow one of three lens models.
        lenses: tuple[Distortion | None, ...] = (None,)
        if any(camera.radial):
            lenses = (None, 'vp3d', 'm17')
        projected = [camera.project(joints, lens) for lens in lenses]
        key = (str(clip.get('subject', '')), camera.name)
        self.seen.setdefault(key, []).append(
            Observation(
                clip['x'][frames].float().numpy(),
                torch.stack(projected).float().numpy(),
            )
        )

    def compare(self) -> Comparison:
        r"""Compares all clips that were added."""
        errors, found = [], dict[str, list[str]]()
        for (subject, camera), parts in self.seen.items():
            keypoints = np.concatenate([p.keypoints for p in parts])
            projected = np.concatenate([p.projected for p in parts], axis=1)
            # Detectors return zeros or NaN for missing keypoints.
            there = np.isfinite(keypoints).all(-1) & keypoints.any(-1)
            keypoints = np.where(there[..., None], keypoints, np.nan)
            keypoints[:, self._left_out(subject)] = np.nan
            if not np.isfinite(keypoints).any():
                continue
            # [L, F, N]; the lens model with the smallest median error is used.
            gap = np.linalg.norm(keypoints - projected, axis=-1)
            best = int(np.nanmedian(gap, axis=(1, 2)).argmin())
            errors.append(_median(gap[best]))
            what, how = self._problem(keypoints, projected[best], errors[-1])
            if what:
                place = f'{how} (subject {subject}, camera {camera})'
                found.setdefault(what, []).append(place)
        if not errors:
            return Comparison(np.nan, 'no keypoints', '')
        by_joint = _median(np.stack(errors))
        joint = int(np.nanargmax(by_joint))
        worst = f'{by_joint[joint]:.1f} px at {self.skeleton.joints[joint]}'
        problem = '; '.join(
            f'{what}: {places[0]}'
            + f' and {len(places) - 1} more' * (len(places) > 1)
            for what, places in found.items()
        )
        return Comparison(float(np.nanmedian(by_joint)), worst, problem)

    def _left_out(self, subject: str) -> list[int]:
        ends = self.unlike.get(subject, ())
        names = self.skeleton.joints
        return [i for i, n in enumerate(names) if ends and n.endswith(ends)]

    def _problem(
        self, keypoints: np.ndarray, projected: np.ndarray, own: np.ndarray
    ) -> tuple[str, str]:
        names = self.skeleton.joints
        # The diagonal of the box around the joints, in pixels.
        box = np.ptp(projected, axis=1)
        size = float(np.median(np.linalg.norm(box, axis=-1)))
        away = np.stack(
            [
                _median(np.linalg.norm(keypoints - at[:, None], axis=-1))
                for at in projected.swapaxes(0, 1)
            ],
            axis=1,
        )  # [N, N], of the keypoints of one joint from another
        few = len(keypoints) < FEW
        nearer = NEARER_OF_FEW if few else NEARER
        known = np.flatnonzero(np.isfinite(own)).tolist()
        # The joint whose projection is nearest to the keypoints of each joint.
        nearest = {i: int(np.argmin(away[i])) for i in known}
        moved = {}
        for share in (nearer, NEARER_OF_SOME):  # if some, then others too
            moved = {
                i: j
                for i, j in nearest.items()
                if i != j and away[i, j] < share * own[i]
            }
            # A detector may confuse two points; here joints are exchanged.
            while any(j not in moved for j in moved.values()):
                moved = {i: j for i, j in moved.items() if j in moved}
            if not moved:
                break
        if moved:
            pairs = [f'{names[i]} is at {names[j]}' for i, j in moved.items()]
            return 'joints are in another order', ', '.join(pairs)
        if whole := _misfit(keypoints, projected, size):
            return 'all keypoints are shifted or scaled', whole
        # A joint is wrong if its error is large for a person of this size and
        # larger than usual, or large in any case.
        usual = float(np.median(own[known]))
        limit = min(max(MAX_ERROR * size, UNUSUAL * usual), LOST * size)
        if few:
            limit = np.inf if usual < LOST * size else 0.0
        far = [
            f'{names[i]} by {own[i]:.0f} px'
            + f', nearer to {names[nearest[i]]}' * (nearest[i] != i)
            for i in known
            if own[i] > limit
        ]
        return 'keypoints of other points' * bool(far), ', '.join(far)


def _misfit(keypoints: np.ndarray, projected: np.ndarray, size: float) -> str:
    r"""Describes a shift or scale of all keypoints, or returns ''."""
    there = np.isfinite(keypoints).all(-1)
    flat, seen = keypoints[there], projected[there]
    shift = np.median(flat - seen, axis=0)
    error = float(np.median(np.linalg.norm(flat - seen, axis=-1)))
    # Least squares of a shift and a scale, for x and y on their own.
    fitted = np.empty_like(seen)
    for axis in (0, 1):
        middle = seen[:, axis].mean(), flat[:, axis].mean()
        a, b = seen[:, axis] - middle[0], flat[:, axis] - middle[1]
        scale = (a * b).sum() / max(float((a * a).sum()), 1e-9)
        fitted[:, axis] = scale * a + middle[1]
    left = float(np.median(np.linalg.norm(flat - fitted, axis=-1)))
    # The scale of each frame, from distances between joints.
    i, j = np.triu_indices(keypoints.shape[1], 1)
    a, b = (points[:, i] - points[:, j] for points in (projected, keypoints))
    square = (a * a).sum(axis=-1)
    square[square < (FAR * size) ** 2] = np.nan
    share = _median(((a * b).sum(axis=-1) / square).T)
    share = share[np.isfinite(share)]
    ratio = float(np.median(share)) if len(share) else 1.0
    systematic = error > max(EXACT_PIXELS, EXACT * size)
    sure = _chance(flat - seen).max(), _chance(share)
    if (
        (systematic and left < SYSTEMATIC * error and len(flat) > ENOUGH)
        or np.abs(shift).max() > MAX_SHIFT * size + sure[0]
        or (len(share) >= FEW and abs(ratio - 1) > MAX_SCALE + sure[1])
    ):
        return (
            f'{error:.1f} px away, by ({shift[0]:.1f}, {shift[1]:.1f}) px and '
            f'{ratio:.3f} times as large'
        )
    return ''


def _chance(values: np.ndarray) -> np.ndarray:
    r"""The largest deviation of the median of random values by chance."""
    spread = np.median(np.abs(values - np.median(values, axis=0)), axis=0)
    return CHANCE * spread / np.sqrt(max(len(values), 1))


def _median(values: np.ndarray) -> np.ndarray:
    with warnings.catch_warnings():  # joints without keypoints
        warnings.simplefilter('ignore', RuntimeWarning)
        return np.nanmedian(values, axis=0)


def warn_if_unlike(
    clips: Iterable[dict[str, Any]], projections: Projections, where: str
) -> Iterator[dict[str, Any]]:
    r"""Passes clips on, and warns after the last one if their keypoints are
    not the projections of their joints.

    Args:
        clips (iterable): The clips, see :meth:`Projections.add`.
        projections (Projections): Compares them.
        where (str): The name of their source in the warning.
    """
    for clip in clips:
        projections.add(clip)
        yield clip
    if problem := projections.compare().problem:
        warnings.warn(
            f"The keypoints of '{where}' are not the projections of its 3D "
            f'joints: {problem}. Get files of one release, or correct the '
            "order of joints that the file states ('keypoints_symmetry')",
            stacklevel=2,
        )
