r"""Reads 3D markers of track row column files (``.trc``) as poses."""

import warnings
from typing import NoReturn

import numpy as np

from pyg_hcsf.poses.marker_skeleton import marker_skeleton
from pyg_hcsf.poses.sequence import PoseSequence
from pyg_hcsf.safe_io.shown import cause, shortened, shown
from pyg_hcsf.safe_io.trc import TRC, parse_trc

MM = {
    'mm': 1.0, 'millimeters': 1.0, 'cm': 10.0, 'centimeters': 10.0,
    'm': 1000.0, 'meters': 1000.0,
}  # fmt: skip
#: A marker that is missing in more of the frames is left out.
MAX_MISSING = 0.1
# From y up, z to the right, to z up.
FROM_Y_UP = np.array([[1.0, 0, 0], [0, 0, -1], [0, 1, 0]])
_LOW, _HIGH = ('hip', 'pelvis', 'asi', 'psi'), ('shoulder', 'neck', 'head')


def read_trc(content: bytes, name: str) -> list[PoseSequence]:
    r"""Reads the markers of one person, as Pose2Sim, Sports2D and OpenSim
    write them: y up, in metres or millimetres.

    The skeleton is that of :func:`marker_skeleton`, the axes are
    :obj:`'world'`. Markers that are missing in more than a tenth of the
    frames, and frames in which others are missing, are left out with a
    warning.

    Args:
        content (bytes): The file.
        name (str): Its name, for messages.

    Raises:
        ValueError: If the file is damaged, has pixels, or no frame with
            markers.
    """
    try:
        trc = parse_trc(content.decode('utf-8-sig', 'replace'))
    except ValueError as e:
        _fail(name, f'{cause(e)}: get it again')
    if trc.is_image:
        _fail(name, 'it has 2D keypoints in pixels: pyg-hcsf lift reads them')
    if trc.unit not in MM:
        _fail(name, f'its unit is {shown(trc.unit, 40)}, none of {list(MM)}')
    if trc.num_frames and trc.num_frames > len(trc.frames):
        _warn(name, f'it has {len(trc.frames)} of {trc.num_frames} frames')
    trc = _drop_missing(trc, name)
    if trc.is_planar:
        _warn(name, 'its markers lie in a plane, as those of Sports2D do')
    position = MM[trc.unit] * trc.position
    try:
        skeleton = marker_skeleton(trc.markers, position)
        position = _to_z_up(position, trc.markers, name)
        root = position[:, skeleton.root]
        return [
            PoseSequence(
                name='1',
                skeleton=skeleton,
                frames=trc.frames,
                pose=position - root[:, None],
                axes='world',
                fps=trc.fps,
                root=root,
            )
        ]
    except ValueError as e:
        _fail(name, cause(e))


def _drop_missing(trc: TRC, name: str) -> TRC:
    r"""Leaves out markers that are often missing, then frames with missing
    markers. A marker is missing at the origin, unless it is always there.
    """
    origin = (trc.position == 0).all(axis=-1)
    missing = ~np.isfinite(trc.position).all(axis=-1)
    missing |= origin & ~origin.all(axis=0)
    nobody = missing.all(axis=1)
    if nobody.all():
        _fail(name, 'it has no markers')
    often = missing[~nobody].mean(axis=0) > MAX_MISSING
    if often.all():
        _fail(name, 'each of its markers is often missing')
    if often.any():
        names = [m for m, drop in zip(trc.markers, often, strict=True) if drop]
        _warn(
            name,
            f'markers that are often missing are left out: {shown(names)}',
        )
    bad = missing[:, ~often].any(axis=1)
    if bad.all():
        _fail(name, 'markers are missing in each of its frames')
    if bad.any():
        _warn(name, f'{bad.sum()} frames with missing markers are left out')
    return trc._replace(
        markers=[
            m for m, drop in zip(trc.markers, often, strict=True) if not drop
        ],
        frames=trc.frames[~bad],
        position=trc.position[~bad][:, ~often],
    )


def _to_z_up(
    position: np.ndarray, markers: list[str], name: str
) -> np.ndarray:
    r"""Positions with z up. The file has y up, unless people lie then and
    would stand with z up, as in exports of other programs.
    """
    low, high = (
        [
            i
            for i, m in enumerate(markers)
            if any(w in m.lower() for w in words)
        ]
        for words in (_LOW, _HIGH)
    )
    if low and high:
        trunk = position[:, high].mean(axis=1) - position[:, low].mean(axis=1)
        up = np.median(trunk, axis=0)
        if up[2] > 2 * max(abs(up[0]), abs(up[1])):
            _warn(name, 'its z points up, where y is usual')
            return position
    return position @ FROM_Y_UP.T


def _warn(name: str, message: str) -> None:
    warnings.warn(f"'{name}': {message}", UserWarning, stacklevel=4)


def _fail(name: str, reason: str) -> NoReturn:
    raise ValueError(
        shortened(f"Could not read the poses of '{name}': {reason}")
    )
