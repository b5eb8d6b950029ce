from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from pathlib import Path

from pyg_hcsf.datasets.formats import Format, files_named
from pyg_hcsf.datasets.motion import MotionClip, MotionDataset
from pyg_hcsf.io.bvh import DAZ_JOINTS, read_bvh
from pyg_hcsf.io.mocap import JointMap, to_h36m17

BVH_FILE = re.compile(r'.*\.bvh', re.IGNORECASE)


def bvh_files(raw: Path) -> list[Path]:
    r"""The BVH files below a folder, in a fixed order."""
    return files_named(raw, BVH_FILE)


def read_bvh_clips(
    raw: Path,
    joint_map: JointMap = DAZ_JOINTS,
    scale: float = 10.0,
    up: str = 'y',
    source_fps: float | None = None,
    subject: str | None = None,
    action: str | None = None,
) -> Iterator[MotionClip]:
    r"""Reads the clips that :func:`bvh_files` lists, see
    :class:`BVHMotion`.
    """
    folder = raw.parent if raw.is_file() else raw
    for path in bvh_files(raw):
        bvh = read_bvh(path)
        joints = bvh.joint_positions(scale, up)
        yield MotionClip(
            joints=to_h36m17(joints, bvh.joints, joint_map),
            fps=bvh.fps if source_fps is None else float(source_fps),
            subject=path.parent.name if subject is None else subject,
            action=path.parent.name if action is None else action,
            name=path.relative_to(folder).with_suffix('').as_posix(),
        )


class BVHMotion(MotionDataset):
    r"""Any motion in Biovision hierarchy files as the 17 joints of
    Human3.6M.

    Positions are world millimetres, z up. The default is for the DAZ-friendly
    release of CMU's motion capture, whose spine, thorax, neck and head are
    not the same anatomical points as Human3.6M's. Frames in which a joint
    moves faster than 12 m/s relative to the hip are dropped and the clip is
    cut there; this also removes the rest pose with which files of that
    release begin.

    Raw files: :obj:`*.bvh`, anywhere below :obj:`raw`.

    Args:
        root (str or pathlib.Path): Where :obj:`processed/` is written.
        raw (str or pathlib.Path, optional): Where the raw files lie, not
            written to. (default: :obj:`root/raw`)
        joint_map (Mapping, optional): For each of the 17 joints the name of
            one joint of the files, or a tuple of names for the point midway
            between them; :obj:`'<joint>_end'` is an end site.
            (default: :obj:`pyg_hcsf.io.bvh.DAZ_JOINTS`)
        scale (float, optional): Millimetres per unit of the files.
            (default: :obj:`10.0`, for centimetres)
        up (str, optional): The axis that points up in the files,
            :obj:`'y'` or :obj:`'z'`. (default: :obj:`'y'`)
        source_fps (float, optional): The frame rate of the files, where
            their headers are wrong. (default: :obj:`None`)
        subject (str, optional): The subject of all clips. :obj:`None` takes
            the name of a file's folder. (default: :obj:`None`)
        action (str, optional): The action of all clips. :obj:`None` takes
            the name of a file's folder. (default: :obj:`None`)
        fps (float, optional): The frame rate to resample to, by picking the
            nearest frame, which keeps bone lengths. (default: :obj:`25.0`)
        transform, pre_transform, pre_filter, log, force_reload: See
            :class:`~torch_geometric.data.InMemoryDataset`.

    Raises:
        RuntimeError: If there are no raw files, or the processed file is
            damaged or cannot be written.
        ValueError: If a raw file is damaged, which it names, or
            :obj:`joint_map` does not fit the files.

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
        joint_map: JointMap = DAZ_JOINTS,
        scale: float = 10.0,
        up: str = 'y',
        source_fps: float | None = None,
        subject: str | None = None,
        action: str | None = None,
        fps: float = 25.0,
        transform: Callable | None = None,
        pre_transform: Callable | None = None,
        pre_filter: Callable | None = None,
        log: bool = True,
        force_reload: bool = False,
    ) -> None:
        self.options = {
            'joint_map': dict(joint_map),
            'scale': scale,
            'up': up,
            'source_fps': source_fps,
            'subject': subject,
            'action': action,
        }
        super().__init__(
            root,
            raw,
            fps,
            transform,
            pre_transform,
            pre_filter,
            log,
            force_reload,
        )

    def raw_files(self) -> list[Path]:
        return bvh_files(self.raw)

    def read_clips(self) -> Iterator[MotionClip]:
        return read_bvh_clips(self.raw, **self.options)
