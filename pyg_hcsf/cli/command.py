r"""The command line parser, errors and exit codes that all commands share."""

from __future__ import annotations

import argparse
import os
import sys
import warnings
from collections.abc import Callable, Collection, Sequence
from contextlib import suppress
from typing import Any, NoReturn

from pyg_hcsf.choices import did_you_mean

USAGE, STOPPED = 2, 130  # exit codes, by the convention of Unix
# The modules that each extra of the package installs.
EXTRAS = {
    'plot': ('matplotlib', 'PIL'),
    'export': ('onnx', 'onnxscript', 'onnxruntime'),
    'train': ('filelock', 'jsonargparse', 'tabulate', 'tensorboard'),
    'video': ('mediapipe',),
}


class UsageError(ValueError):
    r"""An invalid command line: exit code 2."""


class CommandParser(argparse.ArgumentParser):
    r"""An argument parser whose errors are one line, with exit code 2.

    Options are not abbreviated. An error that is about an unknown option or
    choice names the nearest one.

    Args:
        **options (optional): The arguments of
            :class:`argparse.ArgumentParser`.

    Example:
        >>> CommandParser(prog='lift').parse_args(['--hlep'])
        error: unknown option '--hlep': did you mean '--help'? (see lift
        --help)
    """

    def __init__(self, **options: Any) -> None:
        options.setdefault(
            'formatter_class', argparse.RawDescriptionHelpFormatter
        )
        super().__init__(allow_abbrev=False, **options)

    def parse_args(self, args: Any = None, namespace: Any = None) -> Any:
        """Parses the command line, or exits with an error."""
        words = sys.argv[1:] if args is None else list(args)
        try:
            check_options(words, self._option_string_actions)
        except UsageError as e:
            self.error(str(e))
        return super().parse_args(words, namespace)

    def error(self, message: str) -> NoReturn:
        """Prints the error and exits."""
        text = f'error: {one_line(message)} (see {self.prog} --help)\n'
        self.exit(USAGE, text)

    def _check_value(self, action: argparse.Action, value: Any) -> None:
        if action.choices is not None and value not in action.choices:
            names = ', '.join(map(str, action.choices))
            raise argparse.ArgumentError(
                action,
                f"expected one of {names} (got '{value}')"
                + did_you_mean(value, action.choices),
            )


def check_options(words: Sequence[str], known: Collection[str]) -> None:
    r"""Checks the names of the options on a command line.

    Args:
        words (sequence of str): The command line.
        known (collection of str): The names of all options, such as
            :obj:`"--out"`.

    Raises:
        UsageError: If one is not known; names the nearest option.
    """
    for word in words:
        name = word.partition('=')[0]
        if name == '--':
            return
        if len(name) < 2 or name[0] != '-' or name in known:
            continue
        if name[1].isdigit() or name[1] in '. ':  # a negative number
            continue
        nearest = did_you_mean(f'--{name.lstrip("-")}', known)
        raise UsageError(f"unknown option '{one_line(name)[:80]}'{nearest}")


def run_command(main: Callable[[], Any], stopped: str = 'stopped') -> NoReturn:
    r"""Runs a command and exits.

    The exit code is the result of :obj:`main` if that is an integer, and
    otherwise 0. Expected errors (such as :class:`ValueError`) print one line
    to standard error and exit with 1, an invalid command line with 2, and an
    interrupt by Ctrl-C with 130. Warnings are one line each; deprecations
    of other packages are not shown. Other errors keep their traceback.

    Args:
        main (callable): Parses the command line and does the work.
        stopped (str, optional): The message after an interrupt.
            (default: :obj:`'stopped'`)

    Example:
        >>> if __name__ == '__main__':
        ...     run_command(main)
    """
    warnings.showwarning = _show_warning  # type: ignore[assignment]
    try:
        result = main()
        if sys.stdout is not None:  # as where it is closed
            sys.stdout.flush()
        code = result if type(result) is int else 0
    except KeyboardInterrupt:
        code = _fail(stopped, STOPPED)
    except BrokenPipeError:  # the reader, such as head, has exited
        with suppress(OSError, ValueError):
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        code = 0
    except (UsageError, argparse.ArgumentError) as e:
        code = _fail(f'error: {e}', USAGE)
    except MemoryError as e:
        code = _fail(f'error: out of memory {e}', 1)
    except ModuleNotFoundError as e:
        code = _fail(f'error: {_missing(e)}', 1)
    except (OSError, ValueError, RuntimeError, ImportError) as e:
        code = _fail(f'error: {e}', 1)
    sys.exit(code)


def log(text: str) -> None:
    r"""Prints a message to standard error, as standard output is for data."""
    print(text, file=sys.stderr, flush=True)


def one_line(text: str) -> str:
    r"""Replaces line breaks and runs of spaces by single spaces."""
    return ' '.join(text.split())


def require(*modules: str) -> None:
    r"""Checks that modules of an optional extra are installed, before a
    command starts to work.

    Raises:
        ModuleNotFoundError: If one is not.
    """
    from importlib.util import find_spec

    for name in modules:
        if find_spec(name) is None:
            raise ModuleNotFoundError(f"No module named '{name}'", name=name)


def _missing(error: ModuleNotFoundError) -> str:
    """Says which extra installs a module that is missing."""
    name = (error.name or '').partition('.')[0]
    for extra, modules in EXTRAS.items():
        if name in modules:
            return (
                f"'{name}' is not installed: pip install 'pyg_hcsf[{extra}]'"
            )
    return str(error)


def _fail(text: str, code: int) -> int:
    print(one_line(text), file=sys.stderr)
    return code


def _show_warning(
    message: Warning | str, category: type[Warning], *args: Any
) -> None:
    # Deprecations are those of other packages, for their developers.
    if not issubclass(category, (DeprecationWarning, FutureWarning)):
        print(f'warning: {one_line(str(message))}', file=sys.stderr)
