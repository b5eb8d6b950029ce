r"""The check of an argument that has to be one of several values."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

from pyg_hcsf.safe_io.shown import shown


def check_choice(name: str, value: Any, choices: Collection[Any]) -> None:
    r"""Checks that an argument is one of the allowed values.

    Args:
        name (str): The name of the argument.
        value (any): Its value.
        choices (collection): The allowed values.

    Raises:
        ValueError: If it is not; lists the allowed values.

    Example:
        >>> check_choice('fuse', 'cat', ('cat', 'add', 'mul'))
    """
    if value not in choices:
        raise ValueError(
            f"Expected '{name}' to be one of {choices} (got {shown(value)})"
        )
