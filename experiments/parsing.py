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
        match = re.match(
            r'Parser key "([\w.]+)": (.*)\. Got value: (.*)', str(e), re.DOTALL
        )
        if match is None:
            raise UsageError(str(e)) from e
        name, wanted, got = match.groups()
        if values := choices(name):
            wanted = f'one of {", ".join(map(str, values))}'
        else:
            wanted = re.sub(
                r".*<class '(\w+)'>", r'a value of type \1', wanted
            )
        raise UsageError(
            f"Expected '--{name}' to be {wanted} (got {shown(got)})"
            + did_you_mean(got, values)
        ) from e


def refuse_class_paths(argv: Sequence[str]) -> None:
    """Raises an error for options that jsonargparse would import."""
    for word in argv:
        if 'class_path' in word:
            raise UsageError(
                "Expected settings to be plain values, without 'class_path' "
                f'(got {shown(word)})'
            )
