r"""Checks of the paths on a command line, before any work starts."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path

from pyg_hcsf.choices import did_you_mean
from pyg_hcsf.cli.command import UsageError

MAX_LISTED = 10_000  # files of a folder to look for a similar name in


def check_input(name: str, path: Path) -> None:
    r"""Checks that a file or folder exists.

    Args:
        name (str): The name of the argument.
        path (pathlib.Path): Its value.

    Raises:
        ValueError: If it does not; names the most similar file beside it.

    Example:
        >>> check_input('input', Path('wlak.json'))
        ValueError: Expected 'input' to exist (got 'wlak.json'): did you mean
        'walk.json'?
    """
    path = path.expanduser()
    if path.exists():
        return
    beside: list[str] = []
    if path.parent.is_dir():
        with os.scandir(path.parent) as entries:
            pairs = zip(range(MAX_LISTED), entries, strict=False)
            beside = [entry.name for _, entry in pairs]
    raise ValueError(
        f"Expected '{name}' to exist (got '{path}')"
        + did_you_mean(path.name, beside)
    )


def check_output(name: str, path: Path, suffixes: Sequence[str] = ()) -> None:
    r"""Checks that a file can be written.

    Args:
        name (str): The name of the option.
        path (pathlib.Path): Its value.
        suffixes (sequence of str, optional): The allowed suffixes, such as
            :obj:`".html"`. (default: :obj:`()`)

    Raises:
        UsageError: If the suffix is another one.
        ValueError: If the path is a folder, or its folder can neither be
            created nor written to.

    Example:
        >>> check_output('--out', Path('walk.htm'), ('.html', '.json'))
        UsageError: Expected '--out' to end in .html or .json (got
        'walk.htm'): did you mean '.html'?
    """
    suffix = path.suffix.lower()
    if suffixes and suffix not in suffixes:
        raise UsageError(
            f"Expected '{name}' to end in {_any_of(suffixes)} (got '{path}')"
            + did_you_mean(suffix, suffixes)
        )
    if path.is_dir():
        raise ValueError(f"Expected '{name}' to be a file (got '{path}')")
    check_folder(name, path.parent)


def check_folder(name: str, path: Path) -> None:
    r"""Checks that a folder exists or can be created, and can be written to.

    Args:
        name (str): The name of the option.
        path (pathlib.Path): The folder.

    Raises:
        ValueError: If not; says which folder is the cause.

    Example:
        >>> check_folder('--out', Path('/proc/runs'))
    """
    there = path.expanduser().absolute()
    while not there.exists() and there != there.parent:
        there = there.parent
    if not there.is_dir():
        reason = 'is no folder'
    elif not os.access(there, os.W_OK | os.X_OK):
        reason = 'cannot be written to'
    else:
        return
    raise ValueError(
        f"Expected '{name}' in a folder that can be written to (got '{path}', "
        f"but '{there}' {reason}): choose another folder"
    )


def _any_of(texts: Sequence[str]) -> str:
    if len(texts) == 1:
        return texts[0]
    return f'{", ".join(texts[:-1])} or {texts[-1]}'
