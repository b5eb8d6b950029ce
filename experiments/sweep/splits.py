"""Checks that a split is complete before it is trained on."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from torch.utils.data import ConcatDataset

from experiments.sweep.processes import print_once
from pyg_hcsf.data.clip_store import ClipStore
from pyg_hcsf.safe_io.shown import shown


def column(clips: Any, key: str) -> list[str]:
    """A string attribute of every clip; empty if clips do not have it.

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
    expected: Mapping[str, Sequence[str]],
    partial: bool = False,
) -> None:
    """Checks that a split has clips of all expected subjects and actions.

    Args:
        clips: The clips, see :func:`column`.
        name: The names of the split and the data, for messages.
        expected: The expected values by attribute.
        partial: Print which values are missing instead of an error.

    Raises:
        ValueError: If there are no clips, or some values are missing.
    """
    if not len(clips):
        raise ValueError(
            f'Expected clips in the {name} split (got none): check that all '
            'of its files are there'
        )
    for key, values in expected.items():
        found = column(clips, key)
        missing = [value for value in values if value not in found]
        if not found or not missing:
            continue
        text = f'The {name} split has no clips of {key} {shown(missing)}'
        if not partial:
            raise ValueError(
                f'{text}: results would not be comparable. Check that all of '
                'its files are there, or add --partial to use the others only'
            )
        print_once(f'{text}: results are of the others only')
