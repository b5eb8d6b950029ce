r"""How the commands of this project end: with one line and an exit code."""

from __future__ import annotations

import argparse
import os
import sys
import warnings
from collections.abc import Callable
from contextlib import suppress
from typing import Any, NoReturn

USAGE, STOPPED = 2, 130  # exit codes, as of other Unix commands


class UsageError(ValueError):
    r"""A command line that asks for what there is not: exit code 2."""


class CommandParser(argparse.ArgumentParser):
    r"""Explains a wrong command line in one line, with exit code 2."""

    def error(self, message: str) -> NoReturn:
        """Ends the command."""
        self.exit(USAGE, f'error: {_one_line(message)} (see --help)\n')


def run_command(main: Callable[[], Any], stopped: str = 'stopped') -> NoReturn:
    r"""Runs a command and ends the process.

    The exit code is what :obj:`main` returns if that is an integer, else 0.
    An error that is not one of the program is one line on standard error and
    exit code 1, a wrong command line 2, and an interrupt by Ctrl-C 130.
    Warnings are one line each. An error of the program keeps its traceback.

    Args:
        main (callable): Reads the command line and does the work.
        stopped (str, optional): What is said after an interrupt.
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
    except BrokenPipeError:  # the reader, such as head, has left
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


def _fail(text: str, code: int) -> int:
    print(_one_line(text), file=sys.stderr)
    return code


def _one_line(text: str) -> str:
    return ' '.join(text.split())


def _show_warning(message: Warning | str, *args: Any) -> None:
    print(f'warning: {_one_line(str(message))}', file=sys.stderr)
