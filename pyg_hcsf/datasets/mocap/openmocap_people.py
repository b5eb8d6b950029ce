r"""The people of the open pose benchmark, version 2, and its splits."""

from __future__ import annotations

# The two dancers of CMU60+61 are in one split.
TRAIN_SUBJECTS = (
    'CMU01', 'CMU02', 'CMU06', 'CMU07', 'CMU08', 'CMU10', 'CMU11', 'CMU14',
    'CMU32', 'CMU35', 'CMU38', 'CMU43', 'CMU49', 'CMU60+61', 'CMU94',
    'HDM05-bd', 'HDM05-bk', 'HDM05-dg', 'HDM05-tr',
)  # fmt: skip
VAL_SUBJECTS = ('CMU03', 'CMU16', 'CMU86', 'HDM05-mm')
TEST_SUBJECTS = (
    'CMU05', 'CMU09', 'CMU12', 'CMU17', 'CMU29', 'CMU39', 'CMU55',
    'CMU127', 'CMU135',
)  # fmt: skip
SPLITS = ('train', 'val', 'test')
HELD_OUT = ('subjects', 'rig')
DAZ_SUBJECTS = ('CMU60+61', 'CMU94')


def rig_of(subject: str) -> str:
    r"""The rig of a subject: :obj:`'HDM05'`, :obj:`'DAZ'` or :obj:`'CMU'`,
    each subject of CMU on a skeleton of their own.

    Example:
        >>> rig_of('CMU94')
        'DAZ'
    """
    if subject in DAZ_SUBJECTS:
        return 'DAZ'
    return 'HDM05' if subject.startswith('HDM05') else 'CMU'


def split_of(subject: str, held_out: str = 'subjects') -> str | None:
    r"""The split of a subject, :obj:`'train'`, :obj:`'val'` or
    :obj:`'test'`; :obj:`None` if it is in none.

    Args:
        subject (str): Such as :obj:`'CMU05'` or :obj:`'HDM05-mm'`.
        held_out (str, optional): With :obj:`'rig'` all subjects of HDM05 and
            on the DAZ rig are the test split, and the test subjects of
            :obj:`'subjects'` are in none. (default: :obj:`'subjects'`)

    Example:
        >>> split_of('CMU94'), split_of('CMU94', 'rig')
        ('train', 'test')
    """
    other_rig = held_out == 'rig' and rig_of(subject) != 'CMU'
    if other_rig and subject in TRAIN_SUBJECTS + VAL_SUBJECTS:
        return 'test'
    if subject in TEST_SUBJECTS:
        return 'test' if held_out == 'subjects' else None
    if subject in VAL_SUBJECTS:
        return 'val'
    return 'train' if subject in TRAIN_SUBJECTS else None


def subjects_of(split: str, held_out: str = 'subjects') -> tuple[str, ...]:
    r"""The subjects of a split, see :func:`split_of`.

    Example:
        >>> subjects_of('val')
        ('CMU03', 'CMU16', 'CMU86', 'HDM05-mm')
    """
    everyone = TRAIN_SUBJECTS + VAL_SUBJECTS + TEST_SUBJECTS
    return tuple(s for s in everyone if split_of(s, held_out) == split)
