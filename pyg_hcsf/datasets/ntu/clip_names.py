from __future__ import annotations

import re
from collections.abc import Iterable
from functools import lru_cache
from importlib import resources
from pathlib import Path
from typing import NamedTuple

import numpy as np

from pyg_hcsf.safe_io.shown import cause, shown

# The training subjects of X-Sub; those up to 40 are the ones of NTU RGB+D 60.
# Source: the data set's authors, github.com/shahroudy/NTURGB-D.
TRAIN_SUBJECTS = frozenset(
    (
        *(1, 2, 4, 5, 8, 9, 13, 14, 15, 16, 17, 18, 19, 25, 27, 28, 31, 34),
        *(35, 38, 45, 46, 47, 49, 50, 52, 53, 54, 55, 56, 57, 58, 59, 70, 74),
        *(78, 80, 81, 82, 83, 84, 85, 86, 89, 91, 92, 93, 94, 95, 97, 98),
        *(100, 103),
    )
)
TRAIN_CAMERAS = frozenset((2, 3))
NUM_JOINTS = 25
NTU_FPS = 30.0
NUM_BODIES = 2  # that are kept
NUM_CLASSES = {'ntu60': 60, 'ntu120': 120}

LIST_LIMIT = 2**23  # bytes of a list of names; 114,480 take 2.4 MB
NAME = re.compile(r'S(\d{3})C(\d{3})P(\d{3})R(\d{3})A(\d{3})')
_LARGEST = (32, 3, 106, 2, 120)
_FIELDS = ('setup', 'camera', 'subject', 'replication', 'action')


class ClipName(NamedTuple):
    r"""The parts of a name such as :obj:`'S001C002P003R002A060'`, each
    counted from 1.
    """

    setup: int
    camera: int
    subject: int
    replication: int
    action: int

    @property
    def label(self) -> int:
        r"""The class, counted from 0."""
        return self.action - 1

    def __str__(self) -> str:
        return 'S{:03}C{:03}P{:03}R{:03}A{:03}'.format(*self)


class ActionClip(NamedTuple):
    r"""A clip as the files of NTU RGB+D hold it.

    Args:
        name (str): As in :class:`ClipName`, or :obj:`'train_00001'` where a
            file holds no names.
        label (int): The class, counted from 0.
        joints (numpy.ndarray): One or two bodies in metres in the camera's
            frame, of shape :obj:`[T, M, 25, 3]`; zero where there is none.
    """

    name: str
    label: int
    joints: np.ndarray


@lru_cache(maxsize=2**17)  # all clips; each is asked for many times
def parse_name(text: str) -> ClipName:
    r"""Takes the name of a clip apart.

    Args:
        text (str): Such as :obj:`'S001C002P003R002A060'`; folders before and
            :obj:`.skeleton` after it are ignored.

    Raises:
        ValueError: If it is no such name, or a part is out of range.

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
    for field, value, largest in zip(_FIELDS, name, _LARGEST, strict=True):
        if not 1 <= value <= largest:
            raise ValueError(
                f"Expected '{field}' from 1 to {largest} in the name of a "
                f"clip (got {value} in '{stem}')"
            )
    return name


def read_names(path: str | Path) -> list[str]:
    r"""Reads a list of names of clips, such as CTR-GCN's
    :obj:`skes_available_name.txt`.

    Args:
        path (str or pathlib.Path): The file, a name a line.

    Raises:
        ValueError: If it cannot be read, or holds something else or a name
            twice; names it and the line.

    Example:
        >>> len(read_names('skes_available_name.txt'))
        56578
    """
    try:
        if Path(path).stat().st_size > LIST_LIMIT:
            raise ValueError('it is too large for a list of names')
        content = Path(path).read_bytes()
        names: dict[str, int] = {}
        for line, word in enumerate(content.splitlines(), 1):
            if text := word.decode('ascii', 'replace').strip():
                try:
                    name = str(parse_name(text))
                except ValueError as e:
                    raise ValueError(f'line {line}: {cause(e)}') from e
                if (other := names.setdefault(name, line)) != line:
                    raise ValueError(
                        f"lines {other} and {line} are both '{name}'"
                    )
    except (OSError, ValueError) as e:
        raise ValueError(
            f"'{path}' is no list of names of clips, one a line ({cause(e)}): "
            'get it again or remove it'
        ) from e
    return list(names)


@lru_cache(maxsize=1)
def missing_skeletons() -> frozenset[str]:
    r"""The 535 clips that the data set's authors list as having no or
    incomplete skeletons, 302 of them of NTU RGB+D 60.

    Source: :obj:`NTU_RGBD120_samples_with_missing_skeletons.txt` of
    `NTURGB-D <https://github.com/shahroudy/NTURGB-D>`_.
    """
    file = resources.files('pyg_hcsf.datasets.ntu') / 'missing_skeletons.txt'
    return frozenset(file.read_text().split())


class Benchmark(NamedTuple):
    r"""An evaluation protocol of NTU RGB+D.

    Args:
        data (str): :obj:`'ntu60'` or :obj:`'ntu120'`.
        protocol (str): :obj:`'xsub'`, :obj:`'xview'` or :obj:`'xset'`.
        train, test (int): The published numbers of clips without those of
            :func:`missing_skeletons`.
        group (str): The part of a name that decides.
    """

    data: str
    protocol: str
    train: int
    test: int
    group: str

    @property
    def num_classes(self) -> int:
        return NUM_CLASSES[self.data]

    def is_train(self, name: ClipName) -> bool:
        r"""Whether a clip is for training rather than testing."""
        if self.group == 'subject':
            return name.subject in TRAIN_SUBJECTS
        if self.group == 'camera':
            return name.camera in TRAIN_CAMERAS
        return name.setup % 2 == 0

    def contains(self, name: ClipName) -> bool:
        r"""Whether a clip belongs to the benchmark's data."""
        return name.action <= self.num_classes


# Some papers print 50,922 and 54,471 for tests of NTU RGB+D 120: they leave
# out 532 clips, not 535.
BENCHMARKS = {
    'ntu60-xsub': Benchmark('ntu60', 'xsub', 40091, 16487, 'subject'),
    'ntu60-xview': Benchmark('ntu60', 'xview', 37646, 18932, 'camera'),
    'ntu120-xsub': Benchmark('ntu120', 'xsub', 63026, 50919, 'subject'),
    'ntu120-xset': Benchmark('ntu120', 'xset', 54468, 59477, 'setup'),
}


def get_benchmark(name: str) -> Benchmark:
    r"""Returns one of :obj:`BENCHMARKS`.

    Raises:
        ValueError: If there is none of that name.
    """
    if name not in BENCHMARKS:
        raise ValueError(
            f"Expected 'benchmark' to be one of {list(BENCHMARKS)} (got "
            f'{shown(name)})'
        )
    return BENCHMARKS[name]


def split_names(
    names: Iterable[str],
    benchmark: str,
) -> dict[str, list[str]]:
    r"""Splits names of clips as a benchmark does, in sorted order.

    Args:
        names (iterable): The names; those of :func:`missing_skeletons` and
            of classes outside of the benchmark are left out.
        benchmark (str): One of :obj:`BENCHMARKS`.

    Returns:
        The names of :obj:`'train'` and :obj:`'test'`.

    Example:
        >>> split_names(['S001C001P001R001A001'], 'ntu60-xsub')['train']
        ['S001C001P001R001A001']
    """
    rule = get_benchmark(benchmark)
    missing = missing_skeletons()
    out: dict[str, list[str]] = {'train': [], 'test': []}
    for text in sorted(names):
        name = parse_name(text)
        if rule.contains(name) and text not in missing:
            out['train' if rule.is_train(name) else 'test'].append(text)
    return out
