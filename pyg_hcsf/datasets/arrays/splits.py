r"""Splits of one's own data by subjects."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable, Sequence
from typing import NamedTuple

from pyg_hcsf.safe_io.shown import shown

SHARE = 5  # one of so many subjects is tested on by default


def _fold(name: str) -> str:
    r"""A name without what may differ between files: case, spaces around it,
    and how Unicode writes accents.
    """
    return unicodedata.normalize('NFC', name.strip().casefold())


class SubjectSplits(NamedTuple):
    r"""The subjects of each split.

    Args:
        train (tuple[str, ...]): The subjects to train on.
        val (tuple[str, ...]): The subjects to validate on.
        test (tuple[str, ...]): The subjects to test on.
        note (str): The choices that were made, in a sentence; empty if all
            were given.
    """

    train: tuple[str, ...]
    val: tuple[str, ...]
    test: tuple[str, ...]
    note: str


def split_subjects(
    subjects: Iterable[str],
    train: Sequence[str] = (),
    val: Sequence[str] = (),
    test: Sequence[str] = (),
) -> SubjectSplits:
    r"""Splits subjects into those to train, validate and test on.

    A split that is not given is chosen in alphabetical order: the last fifth
    of all subjects, at least one, is tested on, the fifth before is validated
    on, and all others are trained on. Of only two subjects, the one that is
    trained on is also validated on.

    Args:
        subjects (iterable of str): All subjects.
        train (sequence of str, optional): The subjects to train on.
            (default: all others)
        val (sequence of str, optional): The subjects to validate on.
            (default: a fifth)
        test (sequence of str, optional): The subjects to test on.
            (default: a fifth)

    Raises:
        ValueError: If there is no such subject, a subject is in two splits,
            none is left to train or test on, or two names differ only in
            case, in spaces around them or in the code points of accents.

    Example:
        >>> split_subjects(['ann', 'ben', 'eva'], test=['ben']).train
        ('ann',)
    """
    known = sorted(set(subjects))
    spelt: dict[str, str] = {}
    for name in known:
        if (other := spelt.setdefault(_fold(name), name)) != name:
            raise ValueError(
                f"Expected each 'subject' to be written in one way (got "
                f'{ascii(other)} and {ascii(name)}): one person must not be '
                'both trained and tested on; rename one'
            )
    given = {'train': train, 'val': val, 'test': test}
    owner: dict[str, str] = {}
    for split, names in given.items():
        for name in names:
            if name not in known:
                raise ValueError(
                    f"Expected '{split}_subjects' to be some of "
                    f'{shown(known)} (got {shown(name)}, who has no clip)'
                )
            if owner.setdefault(name, split) != split:
                raise ValueError(
                    f"Expected '{split}_subjects' without those of "
                    f"'{owner[name]}_subjects' (got {shown(name)} in both): "
                    'results on a person who was trained on say nothing of '
                    'others'
                )
    left = [name for name in known if name not in owner]
    count = max(1, len(known) // SHARE)
    chosen = {split: sorted(set(names)) for split, names in given.items()}
    if not test:
        chosen['test'], left = left[-count:], left[:-count]
    if not val:
        count = min(count, len(left) - (not train))
        if count > 0:
            chosen['val'], left = left[-count:], left[:-count]
    if not train:
        chosen['train'], left = left, []
    for split in ('train', 'test'):
        if not chosen[split]:
            raise ValueError(
                f'Expected clips of two or more subjects, of which one is to '
                f'{split} on (got {shown(known)}): state who is who in '
                "'subject', and choose by 'train_subjects' and "
                "'test_subjects'"
            )
    texts = [f'{split} on {", ".join(chosen[split])}' for split in given]
    if not chosen['val']:
        chosen['val'] = chosen['train']
        texts[1] = 'validate on those, too'
    if left:
        texts.append(f'leave out {", ".join(left)}')
    note = ''
    if not all(given.values()):
        note = (
            f'Split by subjects: {", ".join(texts)}. To choose, pass '
            "'train_subjects', 'val_subjects' and 'test_subjects'"
        )
    train, val, test = (tuple(chosen[split]) for split in given)
    return SubjectSplits(train, val, test, note)
