"""What a split lacks, before hours of training are spent on it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from torch.utils.data import ConcatDataset

from experiments.sweep.session import say
from pyg_hcsf.data.clip_store import ClipStore
from pyg_hcsf.safe_io.shown import shown


def column(clips: Any, key: str) -> list[str]:
    """A string attribute of every clip; none if they do not have it.

    Args:
        clips: A list of clips, a store, or a data set of either.
        key: The attribute.
    """
    if isinstance(clips, ConcatDataset):
        return [
            value for part in clips.datasets for value in column(part, key)
        ]
    if not isinstance(clips, ClipStore):  # a subset of one has a store, too
        clips = getattr(clips, 'store', clips)
    if not isinstance(clips, ClipStore):
        items = (clips[i] for i in range(len(clips)))
        return [str(clip[key]) for clip in items if key in clip]
    return [str(value) for value in clips.column(key) or ()]


def check_split(
    clips: Any,
    name: str,
    expected: dict[str, Sequence[str]],
    partial: bool = False,
) -> None:
    """Refuses a split that is empty, or lacks what its numbers are of.

    Args:
        clips: Its clips, see :func:`column`.
        name: Its name and that of its data, for messages.
        expected: The values that each attribute must have, by attribute.
        partial: Say what is missing, and go on.

    Raises:
        ValueError: If there are no clips, or some values are missing.
    """
    if not len(clips):
        raise ValueError(
            f'Expected clips in the {name} split (got none): see that all of '
            'its files are there'
        )
    for key, values in expected.items():
        found = column(clips, key)
        missing = [value for value in values if value not in found]
        if not found or not missing:
            continue
        text = f'The {name} split has no clips of {key} {shown(missing)}'
        if not partial:
            raise ValueError(
                f'{text}: its numbers would be of something else. See that '
                'all of its files are there, or add --partial to run on the '
                'others'
            )
        say(f'{text}: numbers are of the others')
