r"""Checks of arguments, with errors of one form."""

from __future__ import annotations

import math
from collections.abc import Collection, Iterable
from difflib import get_close_matches
from typing import TYPE_CHECKING, Any

from pyg_hcsf.safe_io.shown import shown

if TYPE_CHECKING:  # processes that parse text files start without PyTorch
    from torch import Tensor


def check_choice(
    name: str, value: Any, choices: Collection[Any], remedy: str = ''
) -> None:
    r"""Checks that an argument is one of the allowed values.

    Args:
        name (str): The name of the argument.
        value (any): Its value.
        choices (collection): The allowed values.
        remedy (str, optional): What else may be done, to end the message
            if no allowed value is similar. (default: :obj:`''`)

    Raises:
        ValueError: If it is not; lists the allowed values, and names the
            nearest one.

    Example:
        >>> check_choice('fuse', 'cat', ('cat', 'add', 'mul'))
    """
    choices = tuple(choices)  # a dictionary would look up unhashable values
    if value not in choices:
        nearest = did_you_mean(value, choices)
        error = wrong(name, f'one of {choices}', value, remedy * (not nearest))
        raise ValueError(f'{error}{nearest}')


def check_range(
    name: str,
    value: float,
    least: float,
    most: float = math.inf,
    remedy: str = '',
) -> None:
    r"""Checks that an argument is a number from :obj:`least` to :obj:`most`.

    Args:
        name (str): The name of the argument.
        value (float): Its value.
        least (float): The smallest allowed value.
        most (float, optional): The largest allowed value.
            (default: no limit)
        remedy (str, optional): What else may be done, to end the message.
            (default: :obj:`''`)

    Raises:
        ValueError: If it is not.

    Example:
        >>> check_range('fps', 25.0, 1, 1000)
    """
    if not least <= value <= most:  # nor NaN
        expected = f'>= {least:g}'
        if most < math.inf:
            expected = f'from {least:g} to {most:g}'
        raise wrong(name, expected, value, remedy)


def wrong(
    name: str, expected: str, value: Any, remedy: str = ''
) -> ValueError:
    r"""Returns the error for an argument or an entry of a file that is not as
    expected.

    Example:
        >>> raise wrong('fps', 'a positive number', -1)
    """
    return ValueError(
        f"Expected '{name}' to be {expected} (got {shown(value)})"
        + (remedy and f'; {remedy}')
    )


def check_finite(what: str, x: Tensor, remedy: str = '') -> None:
    r"""Checks that all values of a tensor are finite.

    Args:
        what (str): The name of the tensor.
        x (torch.Tensor): The tensor, with three or more dimensions if it
            holds the coordinates of joints, ``[*, N, C]``.
        remedy (str, optional): What to do about it, to end the message.
            (default: :obj:`''`)

    Raises:
        ValueError: If some are not; has their number and the place of one.

    Example:
        >>> check_finite("'pred'", torch.zeros(8, 17, 3))
    """
    bad, kind = ~x.isfinite(), 'values'
    if x.dim() > 2:
        bad, kind = bad.any(dim=-1), 'joints'
    if bool(bad.any()):
        raise ValueError(
            f'Expected {what} to be finite (got {int(bad.sum())} of '
            f'{bad.numel()} {kind} that are not, the first at '
            f'{bad.nonzero()[0].tolist()})' + (remedy and f'; {remedy}')
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
