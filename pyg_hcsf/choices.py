r"""The check of an argument that has to be one of several values."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from difflib import get_close_matches
from typing import Any

from pyg_hcsf.safe_io.shown import shown


def check_choice(name: str, value: Any, choices: Collection[Any]) -> None:
    r"""Checks that an argument is one of the allowed values.

    Args:
        name (str): The name of the argument.
        value (any): Its value.
        choices (collection): The allowed values.

    Raises:
        ValueError: If it is not; lists the allowed values, and names the
            nearest one.

    Example:
        >>> check_choice('fuse', 'cat', ('cat', 'add', 'mul'))
    """
    if value not in choices:
        raise ValueError(
            f"Expected '{name}' to be one of {choices} (got {shown(value)})"
            + did_you_mean(value, choices)
        )


def did_you_mean(value: Any, choices: Iterable[Any]) -> str:
    r"""Returns the end of an error message that names the allowed value most
    like a misspelt one, or an empty text if none is like it.

    Args:
        value (any): The value that was given.
        choices (iterable): The allowed values.

    Example:
        >>> did_you_mean('hscf', ['hcsf', 'lcn'])
        ": did you mean 'hcsf'?"
    """
    texts = [choice for choice in choices if isinstance(choice, str)]
    if not isinstance(value, str) or len(value) > 100:
        return ''
    lower = {text.lower(): text for text in texts}
    found = get_close_matches(value.lower(), lower, n=1)
    return f": did you mean '{lower[found[0]]}'?" if found else ''
