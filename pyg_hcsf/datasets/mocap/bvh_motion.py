r"""Any motion in Biovision hierarchy files as clips of joints."""

from __future__ import annotations

import json
import re
import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from pyg_hcsf.data.formats import Format, files_named
from pyg_hcsf.safe_io.shown import cause

from .bvh.conventions import infer_conventions
from .bvh.reader import read_bvh
from .joint_positions import JointMap, to_h36m17
from .motion import MotionClip, MotionDataset

SHOWN = 20  # file names in a message, at most
BVH_FILE = re.compile(r'.*\.bvh', re.IGNORECASE)


def bvh_files(raw: Path) -> list[Path]:
    r"""The BVH files below a folder, in a fixed order."""
    return files_named(raw, BVH_FILE)


def read_bvh_clip(
    path: Path,
    folder: Path,
    joint_map: JointMap | None = None,
    scale: float | None = None,
    up: str | None = None,
    source_fps: float | None = None,
    subject: str | None = None,
    action: str | None = None,
) -> MotionClip:
    r"""Reads one file of :obj:`folder`, see :class:`BVHMotion`.

    Raises:
        ValueError: If the file is damaged or cannot be read without more
            options. The message names the file.
    """
    bvh = read_bvh(path)
    try:
        plan = infer_conventions(bvh, joint_map, scale, up)
    except ValueError as e:
        raise ValueError(f'{path}: {cause(e)}') from e
    notes = list(plan.warnings)
    if plan.rig.guessed:
        joints_text = json.dumps(plan.rig.joint_map, ensure_ascii=False)
        notes.append(
            'the rig is not known, and its joints were guessed: check them '
            f'and pass them as joint_map: {joints_text}'
        )
    for text in notes:
        warnings.warn(f'{path}: {text}', stacklevel=2)
    joints = bvh.joint_positions(plan.scale, plan.up)
    return MotionClip(
        joints=to_h36m17(joints, bvh.joints, plan.rig.joint_map),
        fps=bvh.fps if source_fps is None else float(source_fps),
        subject=path.parent.name if subject is None else subject,
        action=path.parent.name if action is None else action,
        name=path.relative_to(folder).with_suffix('').as_posix(),
    )


def read_bvh_clips(
    raw: Path, min_fps: float = 0.0, **options: Any
) -> Iterator[MotionClip]:
    r"""Reads the clips that :func:`bvh_files` lists, see
    :class:`BVHMotion`. Files that cannot be read are skipped with a warning
    that names them.

    Raises:
        ValueError: If not one can be read.
    """
    folder = raw.parent if raw.is_file() else raw
    failed: list[str] = []
    names: set[str] = set()
    for path in bvh_files(raw):
        try:
            clip = read_bvh_clip(path, folder, **options)
            if clip.fps < min_fps:
                raise ValueError(
                    f'{path}: expected at least {min_fps:g} frames per second '
                    f'(got {clip.fps:g}): pass fps={clip.fps:g}, or the true '
                    "rate as 'source_fps'"
                )
        except ValueError as e:
            failed.append(str(e))
            continue
        if clip.name in names:  # a.bvh and a.BVH
            clip = clip._replace(name=path.relative_to(folder).as_posix())
        names.add(clip.name)
        yield clip
    more = len(failed) - SHOWN
    lines = failed[:SHOWN] + [f'and {more} more files'] * (more > 0)
    if failed and not names:
        raise ValueError('\n'.join(lines))
    if failed:
        warnings.warn('skipped: ' + '\nskipped: '.join(lines), stacklevel=2)


class BVHMotion(MotionDataset):
    r"""Any motion in Biovision hierarchy files as the 17 joints of
    Human3.6M.

    The joints are found by the names of widespread rigs (Mixamo,
    MotionBuilder, LAFAN1, Bandai-Namco, Rokoko, Xsens, MMD, mocopi, SMPL,
    Unreal, Biped, DAZ and others), or else guessed from pairs of equal bones,
    with a warning. Files that cannot be read are named in a warning and
    skipped. For the clips see
    :class:`~pyg_hcsf.datasets.mocap.motion.MotionDataset`; its limit of 12 m/s
    also removes the rest pose with which some files begin.

    Raw files: :obj:`*.bvh`, anywhere below :obj:`raw`.

    Args:
        joint_map (Mapping, optional): For each of the 17 joints the name of
            one joint of the files, or a tuple of names for the point midway
            between them; :obj:`'<joint>_end'` is an end site. :obj:`None`
            finds them in each file. (default: :obj:`None`)
        scale (float, optional): Millimetres per unit of the files.
            :obj:`None` takes the unit in which the person of a file is
            between 1.05 and 2.25 m tall: millimetres, centimetres, inches,
            CMU's unit, feet or metres. (default: :obj:`None`)
        up (str, optional): The axis that points up in the files,
            :obj:`'y'` or :obj:`'z'`. :obj:`None` takes the one along which
            the person of a file stands, with a warning if it is another one
            at rest. (default: :obj:`None`)
        source_fps (float, optional): The frame rate of the files, where
            their headers are wrong. (default: :obj:`None`)
        subject (str, optional): The subject of all clips. :obj:`None` takes
            the name of a file's folder. (default: :obj:`None`)
        action (str, optional): The action of all clips. :obj:`None` takes
            the name of a file's folder. (default: :obj:`None`)
        root, raw: See
            :class:`~pyg_hcsf.datasets.mocap.motion.MotionDataset`.
        **kwargs (optional): Other arguments of that class.

    Raises:
        ValueError: If no raw file can be read; names the first.

    Example:
        >>> dataset = BVHMotion('datasets/BVHMotion', raw='cmu/bvh/indian')
        >>> dataset[0].pos  # [17, T, 3]
    """

    formats = (Format('bvh', 'Biovision hierarchy files, *.bvh', bvh_files),)
    how_to_get = (
        'Put .bvh files there, or pass the folder that holds yours as '
        "'raw'; CMU's motion as BVH is at http://mocap.cs.cmu.edu and "
        'www.cgspeed.com'
    )

    def __init__(
        self,
        root: str | Path,
        raw: str | Path | None = None,
        joint_map: JointMap | None = None,
        scale: float | None = None,
        up: str | None = None,
        source_fps: float | None = None,
        subject: str | None = None,
        action: str | None = None,
        **kwargs: Any,
    ) -> None:
        self.options = {
            'joint_map': None if joint_map is None else dict(joint_map),
            'scale': scale,
            'up': up,
            'source_fps': source_fps,
            'subject': subject,
            'action': action,
        }
        super().__init__(root, raw, **kwargs)

    def read_clips(self) -> Iterator[MotionClip]:
        return read_bvh_clips(self.raw, self.fps, **self.options)
