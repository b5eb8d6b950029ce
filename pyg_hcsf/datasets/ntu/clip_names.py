"""Clip names of NTU RGB+D, such as ``S001C002P003R002A060``, and clips."""

from __future__ import annotations

import re
from functools import lru_cache
from importlib import resources
from pathlib import Path
from typing import NamedTuple

import numpy as np

from pyg_hcsf.safe_io.shown import cause, explained, shown

NUM_JOINTS = 25
NTU_FPS = 30.0
NUM_BODIES = 2  # the largest number of bodies kept in a clip

LIST_LIMIT = 2**23  # bytes of a list of names; 114,480 names take 2.4 MB
NAME = re.compile(r'S(\d{3})C(\d{3})P(\d{3})R(\d{3})A(\d{3})')


class ClipName(NamedTuple):
    r"""The fields of a clip name, each counted from 1."""

    setup: int
    camera: int
    subject: int
    replication: int
    action: int

    @property
    def label(self) -> int:
        r"""The action class, counted from 0."""
        return self.action - 1

    def __str__(self) -> str:
        return 'S{:03}C{:03}P{:03}R{:03}A{:03}'.format(*self)


#: The largest published value of each field.
_LARGEST = ClipName(32, 3, 106, 2, 120)


class ActionClip(NamedTuple):
    r"""A labelled skeleton clip as the readers of this package yield it.

    Args:
        name (str): A clip name (see :class:`ClipName`), or a number such as
            :obj:`'train_00001'` if the file stores no names.
        label (int): The action class, counted from 0.
        joints (numpy.ndarray): One or two bodies in metres in camera
            coordinates, of shape :obj:`[T, M, 25, 3]`. Joints of an absent
            body are zero.
    """

    name: str
    label: int
    joints: np.ndarray


@lru_cache(maxsize=2**17)  # holds all clips; each is parsed many times
def parse_name(text: str) -> ClipName:
    r"""Parses a clip name.

    Args:
        text (str): A name, with or without folders before it and
            :obj:`.skeleton` after it.

    Raises:
        ValueError: If the text is not a clip name, or a field of it is out
            of range.

    Example:
        >>> parse_name('nturgb+d_skeletons/S001C002P003R002A060.skeleton')
        ClipName(setup=1, camera=2, subject=3, replication=2, action=60)
    """
    stem = re.split(r'[/\\]', text)[-1].removesuffix('.skeleton')
    match = NAME.fullmatch(stem)
    if match is None:
        raise ValueError(
            "Expected a name such as 'S001C002P003R002A060' "
            f'(got {shown(text[:200])})'
        )
    name = ClipName(*map(int, match.groups()))
    for field, value, largest in zip(
        name._fields, name, _LARGEST, strict=True
    ):
        if not 1 <= value <= largest:
            raise ValueError(
                f"Expected '{field}' from 1 to {largest} in the name of a "
                f"clip (got {value} in '{stem}')"
            )
    return name


def read_names(path: str | Path) -> list[str]:
    r"""Reads a list of clip names, such as CTR-GCN's
    :obj:`skes_available_name.txt`.

    Args:
        path (str or pathlib.Path): The file, with one name per line.

    Raises:
        ValueError: If the file cannot be read, or a line is not a clip name
            or repeats one. The message names the file and the line.

    Example:
        >>> len(read_names('skes_available_name.txt'))
        56578
    """
    problem = f"'{path}' is not a list of clip names, one per line"
    remedy = 'download it again or remove it'
    names: dict[str, int] = {}
    with explained(problem, remedy, (OSError, ValueError)):
        if Path(path).stat().st_size > LIST_LIMIT:
            raise ValueError('it is too large for a list of names')
        lines = Path(path).read_bytes().splitlines()
        for line, word in enumerate(lines, 1):
            if text := word.decode('ascii', 'replace').strip():
                try:
                    name = str(parse_name(text))
                except ValueError as e:
                    raise ValueError(f'line {line}: {cause(e)}') from e
                if (other := names.setdefault(name, line)) != line:
                    raise ValueError(
                        f"lines {other} and {line} are both '{name}'"
                    )
    return list(names)


@lru_cache(maxsize=1)
def missing_skeletons() -> frozenset[str]:
    r"""The 535 clips (302 of NTU RGB+D 60) without complete skeletons.

    Source: :obj:`NTU_RGBD120_samples_with_missing_skeletons.txt` of
    `NTURGB-D <https://github.com/shahroudy/NTURGB-D>`_.
    """
    file = resources.files('pyg_hcsf.datasets.ntu') / 'missing_skeletons.txt'
    return frozenset(file.read_text().split())
