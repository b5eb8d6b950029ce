r"""The subjects of the splits of a data set."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Any

from pyg_hcsf.choices import check_choice


def subjects_of_split(
    split: str,
    val_subjects: Sequence[Any],
    train: Collection[Any],
    test: Collection[Any],
    name: str,
) -> set[Any]:
    r"""The subjects of a split of a data set that has no official validation
    split.

    Args:
        split (str): :obj:`'train'`, :obj:`'val'` or :obj:`'test'`.
        val_subjects (sequence): The training subjects to use for validation.
        train (collection): The official training subjects.
        test (collection): The official test subjects.
        name (str): The name of the data set, for error messages.

    Raises:
        ValueError: If :obj:`split` is unknown, or :obj:`val_subjects` are not
            training subjects, leave none for training, or are needed and
            empty.

    Example:
        >>> subjects_of_split('train', [7], (1, 3, 5, 7), (2, 4), 'UTD-MHAD')
        {1, 3, 5}
    """
    check_choice('split', split, ('train', 'val', 'test'))
    left = set(train) - set(val_subjects)
    if len(left) + len(val_subjects) != len(train) or not left:
        raise ValueError(
            f"Expected 'val_subjects' to be some of {tuple(train)}, not all, "
            f'each once (got {tuple(val_subjects)})'
        )
    if split == 'val' and not val_subjects:
        raise ValueError(
            f"Expected 'val_subjects' with split='val': {name} has no official"
            ' validation split (got none)'
        )
    return {'train': left, 'val': set(val_subjects), 'test': set(test)}[split]
