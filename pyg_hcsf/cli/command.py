r"""Errors, exit codes and messages that all commands share."""

from __future__ import annotations

import argparse
import os
import sys
import warnings
from collections.abc import Callable
from contextlib import suppress
from typing import Any, NoReturn

USAGE, STOPPED = 2, 130  # exit codes, by the convention of Unix


class UsageError(ValueError):
    r"""An invalid command line: exit code 2."""


class CommandParser(argparse.ArgumentParser):
    r"""An argument parser whose errors are one line, with exit code 2."""

    def error(self, message: str) -> NoReturn:
        """Prints the error and exits."""
        self.exit(USAGE, f'error: {_one_line(message)} (see --help)\n')


def run_command(main: Callable[[], Any], stopped: str = 'stopped') -> NoReturn:
    r"""Runs a command and exits.

    The exit code is the result of :obj:`main` if that is an integer, and
    otherwise 0. Expected errors (such as :class:`ValueError`) print one line
    to standard error and exit with 1, an invalid command line with 2, and an
    interrupt by Ctrl-C with 130. Warnings are one line each. Other errors
    keep their traceback.

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
    except (OSError, ValueError, RuntimeError, ImportError) as e:
        code = _fail(f'error: {e}', 1)
    sys.exit(code)


def log(text: str) -> None:
    r"""Prints a message to standard error, as standard output is for data."""
    print(text, file=sys.stderr, flush=True)


def _fail(text: str, code: int) -> int:
    print(_one_line(text), file=sys.stderr)
    return code


def _one_line(text: str) -> str:
    return ' '.join(text.split())


def _show_warning(message: Warning | str, *args: Any) -> None:
    print(f'warning: {_one_line(str(message))}', file=sys.stderr)
