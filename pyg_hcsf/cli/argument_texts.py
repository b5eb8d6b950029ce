r"""Help texts of options, from the docstrings of the classes that they set."""

from __future__ import annotations

import inspect
import re
from typing import Any

ARGUMENT = re.compile(r'(\w+)(?: \([^)]*\))?: (.*)')
# A role of Sphinx or literal text, and the default, which --help adds.
ROLE = re.compile(r'(?::[\w:]+:)?`+~?([^`]*?)`+')
DEFAULT = re.compile(r' *\(default: (?:[^()]|\([^()]*\))*\)$')


def argument_texts(cls: Any) -> dict[str, str]:
    r"""Returns the texts of the arguments in the docstring of a class, as
    plain text.

    Args:
        cls (type): A class whose docstring has a section :obj:`Args:`.

    Example:
        >>> argument_texts(UTDMHAD)['split']
        "'train', 'val' or 'test'."
    """
    section = inspect.getdoc(cls) or ''
    section = section.partition('\nArgs:\n')[2]
    section = re.split(r'\n(?=\S)', section)[0]
    texts: dict[str, str] = {}
    for entry in re.split(r'\n {4}(?=\S)', '\n' + section):
        match = ARGUMENT.match(' '.join(entry.split()))
        if match is not None:
            text = DEFAULT.sub('', match[2])
            texts[match[1]] = ROLE.sub(r'\1', text)
    return texts
