"""Parses the command lines of run.py with errors in plain words."""

from __future__ import annotations

import argparse
import re
from collections.abc import Callable, Sequence
from typing import Any, Literal, get_args

from jsonargparse import ArgumentParser, Namespace

from pyg_hcsf.choices import did_you_mean
from pyg_hcsf.cli.command import UsageError, check_options
from pyg_hcsf.safe_io.shown import shown

KINDS = {
    'bool': 'true or false',
    'int': 'a whole number',
    'float': 'a number',
    'dict': 'a mapping such as {squeeze: 0.5}',
}


def literals(hint: Any) -> tuple[Any, ...]:
    """The values of a Literal, also of an optional one."""
    return tuple(
        value
        for part in (hint, *get_args(hint))
        if getattr(part, '__origin__', None) is Literal
        for value in get_args(part)
    )


def parse_plain(
    parser: ArgumentParser,
    argv: Sequence[str],
    choices: Callable[[str], Sequence[Any]] = lambda name: (),
) -> Namespace:
    """Parses a command line with errors in plain words.

    Args:
        parser: The parser, with ``exit_on_error=False``.
        argv: The command line.
        choices: The values that an option can have, if they are listed.

    Raises:
        UsageError: If an option or its value is wrong.
    """
    known = set(parser._option_string_actions)
    # --model.layer_options.squeeze sets one key of --model.layer_options.
    nested = [
        word
        for word in argv
        if word.partition('=')[0].rpartition('.')[0] in known
    ]
    check_options(argv, known | {word.partition('=')[0] for word in nested})
    try:
        return parser.parse_args(list(argv))
    except argparse.ArgumentError as e:
        raise UsageError(_in_plain_words(str(e), choices)) from e


def _in_plain_words(
    message: str, choices: Callable[[str], Sequence[Any]]
) -> str:
    """Rewords an error of jsonargparse about the value of an option."""
    name = re.match(r'Parser key "([\w.]+)"', message)
    got = re.search(r'(?:Got|Given) value: (.*)', message, re.DOTALL)
    kind = re.search(r"Expected a <class '(\w+)'>", message)
    if name is None or got is None:
        return message
    values = choices(name[1])
    wanted = f'one of {", ".join(map(str, values))}'
    if not values:
        wanted = KINDS.get(kind[1] if kind else '', 'of another type')
    return (
        f"Expected '--{name[1]}' to be {wanted} (got {shown(got[1])})"
        + did_you_mean(got[1], values)
    )


def refuse_class_paths(argv: Sequence[str]) -> None:
    """Raises an error for options that jsonargparse would import."""
    for word in argv:
        if 'class_path' in word:
            raise UsageError(
                "Expected settings to be plain values, without 'class_path' "
                f'(got {shown(word)})'
            )
