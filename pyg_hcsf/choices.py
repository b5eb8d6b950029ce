r"""Checks of arguments, with errors of one form."""

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
        raise wrong(name, f'one of {choices}', value)


def check_range(name: str, value: float, least: float, most: float) -> None:
    r"""Checks that an argument is a number from :obj:`least` to :obj:`most`.

    Args:
        name (str): The name of the argument.
        value (float): Its value.
        least (float): The smallest allowed value.
        most (float): The largest allowed value.

    Raises:
        ValueError: If it is not.

    Example:
        >>> check_range('fps', 25.0, 1, 1000)
    """
    if not least <= value <= most:  # nor NaN
        raise wrong(name, f'from {least:g} to {most:g}', value)


def wrong(name: str, expected: str, value: Any) -> ValueError:
    r"""Returns the error for an argument or an entry of a file that is not as
    expected.

    Example:
        >>> raise wrong('fps', 'a positive number', -1)
    """
    return ValueError(
        f"Expected '{name}' to be {expected} (got {shown(value)})"
    )
