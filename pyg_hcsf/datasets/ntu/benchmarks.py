"""Evaluation protocols (train and test splits) of NTU RGB+D 60 and 120."""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

from pyg_hcsf.choices import check_choice
from pyg_hcsf.datasets.ntu.clip_names import (
    ClipName,
    missing_skeletons,
    parse_name,
)

# The training subjects of X-Sub; those up to 40 are the ones of NTU RGB+D 60.
# Source: the data set's authors, github.com/shahroudy/NTURGB-D.
TRAIN_SUBJECTS = frozenset((
    1, 2, 4, 5, 8, 9, 13, 14, 15, 16, 17, 18, 19, 25, 27, 28, 31, 34, 35, 38,
    45, 46, 47, 49, 50, 52, 53, 54, 55, 56, 57, 58, 59, 70, 74, 78, 80, 81,
    82, 83, 84, 85, 86, 89, 91, 92, 93, 94, 95, 97, 98, 100, 103,
))  # fmt: skip
TRAIN_CAMERAS = frozenset((2, 3))
NUM_CLASSES = {'ntu60': 60, 'ntu120': 120}


class Benchmark(NamedTuple):
    r"""An evaluation protocol of NTU RGB+D.

    Args:
        data (str): :obj:`'ntu60'` or :obj:`'ntu120'`.
        protocol (str): :obj:`'xsub'`, :obj:`'xview'` or :obj:`'xset'`.
        train, test (int): The published numbers of clips, without those of
            :func:`~pyg_hcsf.datasets.ntu.clip_names.missing_skeletons`.
        group (str): The field of a clip name that decides on the split.
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
        r"""Whether a clip belongs to the training split."""
        if self.group == 'subject':
            return name.subject in TRAIN_SUBJECTS
        if self.group == 'camera':
            return name.camera in TRAIN_CAMERAS
        return name.setup % 2 == 0

    def contains(self, name: ClipName) -> bool:
        r"""Whether a clip has one of the action classes of the benchmark."""
        return name.action <= self.num_classes


# Some papers report 50,922 and 54,471 test clips of NTU RGB+D 120: they
# exclude 532 clips, not 535.
BENCHMARKS = {
    'ntu60-xsub': Benchmark('ntu60', 'xsub', 40091, 16487, 'subject'),
    'ntu60-xview': Benchmark('ntu60', 'xview', 37646, 18932, 'camera'),
    'ntu120-xsub': Benchmark('ntu120', 'xsub', 63026, 50919, 'subject'),
    'ntu120-xset': Benchmark('ntu120', 'xset', 54468, 59477, 'setup'),
}


def get_benchmark(name: str) -> Benchmark:
    r"""Returns one of :obj:`BENCHMARKS`, or raises a :class:`ValueError`."""
    check_choice('benchmark', name, BENCHMARKS)
    return BENCHMARKS[name]


def split_names(names: Iterable[str], benchmark: str) -> dict[str, list[str]]:
    r"""Splits clip names into :obj:`'train'` and :obj:`'test'`, each sorted.

    Clips of
    :func:`~pyg_hcsf.datasets.ntu.clip_names.missing_skeletons` and of action
    classes outside of the benchmark are left out.

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
