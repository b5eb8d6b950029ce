r"""HDM05 motion capture as clips of joints."""

from __future__ import annotations

import re
from collections.abc import Container, Iterator
from pathlib import Path

from pyg_hcsf.data.formats import Format, files_named

from .asf_amc import ASF, ASF_JOINTS, read_amc, read_asf
from .joint_positions import to_h36m17
from .motion import MotionClip, MotionDataset

CUT = re.compile(r'HDM_([a-z]+)_([A-Za-z0-9]+)_(\d+)_(\d+)\.amc')
FILE = re.compile(rf'{CUT.pattern}|HDM_[a-z]+\.asf')


def hdm05_files(raw: Path) -> list[Path]:
    r"""The cut clips and skeletons below a folder, sorted."""
    return files_named(raw, FILE)


def read_hdm05(
    raw: Path, clips: Container[str] | None = None
) -> Iterator[MotionClip]:
    r"""Reads the clips that :func:`hdm05_files` lists; if :obj:`clips` is
    given, those with these names.
    """
    files = hdm05_files(raw)
    skeletons = {path.stem: path for path in files if path.suffix == '.asf'}
    read: dict[str, ASF] = {}
    for path in files:
        match = CUT.match(path.name)
        if match is None or (clips is not None and path.stem not in clips):
            continue
        actor, action, _, fps = match.groups()
        if f'HDM_{actor}' not in skeletons:
            raise ValueError(
                f"No skeleton 'HDM_{actor}.asf' below '{raw}' for '{path}'"
            )
        if actor not in read:
            read[actor] = read_asf(skeletons[f'HDM_{actor}'], path)
        asf = read[actor]
        joints = asf.joint_positions(read_amc(path, asf))
        yield MotionClip(
            joints=to_h36m17(joints, asf.joints, ASF_JOINTS),
            fps=float(fps),
            subject=f'HDM05-{actor}',
            action=action,
            name=path.stem,
        )


class HDM05(MotionDataset):
    r"""The cut clips of HDM05 from the `"Documentation Mocap Database HDM05"
    <https://resources.mpi-inf.mpg.de/HDM05/>`_ technical report (CG-2007-2,
    Universität Bonn), as the 17 joints of Human3.6M.

    Actions are the motion classes, subjects :obj:`'HDM05-bd'`, ...,
    :obj:`'HDM05-tr'`. For the clips see
    :class:`~pyg_hcsf.datasets.mocap.motion.MotionDataset`.

    Raw files: :obj:`HDM_<actor>_<class>_<number>_120.amc` and
    :obj:`HDM_<actor>.asf`, anywhere below :obj:`raw`.

    Args:
        root, raw, fps: See
            :class:`~pyg_hcsf.datasets.mocap.motion.MotionDataset`.
        **kwargs (optional): Other arguments of that class.

    Example:
        >>> dataset = HDM05('datasets/HDM05')
        >>> dataset[0].pos  # [17, T, 3]
    """

    formats = (
        Format(
            'asf_amc',
            'the cut HDM_<actor>_<class>_<number>_120.amc with the skeletons '
            'HDM_<actor>.asf',
            hdm05_files,
        ),
    )
    how_to_get = (
        'Get the cut AMC files and the ASF skeletons of HDM05 (CC BY-SA 3.0) '
        'from https://resources.mpi-inf.mpg.de/HDM05/ and unpack them there, '
        "or pass 'raw'"
    )

    def read_clips(self) -> Iterator[MotionClip]:
        return read_hdm05(self.raw)
