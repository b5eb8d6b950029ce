from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple


class Format(NamedTuple):
    r"""A form in which people hold a data set.

    Args:
        name (str): A short name, such as :obj:`'vp3d'`.
        description (str): What it is, who made it and what it holds.
        find (callable): From a file or folder to those files at or below it
            that are in this format, sorted; reads no more than headers.
    """

    name: str
    description: str
    find: Callable[[Path], list[Path]]
