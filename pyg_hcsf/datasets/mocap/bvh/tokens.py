"""Words of a Biovision hierarchy file."""

from __future__ import annotations

import re
from typing import NoReturn

from pyg_hcsf.datasets.mocap.text import MotionFile, fail

_WORD = re.compile(r'[{}\n]|[^ \t\n\v\f{}]+')


class Words:
    r"""Reads a text word by word; braces are words of their own.

    Args:
        text (str): The text, whose lines end in :obj:`\\n`.
        source (str or pathlib.Path): The file that it is from.
    """

    def __init__(self, text: str, source: MotionFile) -> None:
        self.source = source
        self.line = 1
        self._matches = _WORD.finditer(text)
        self._step()

    def _step(self) -> None:
        match = next(self._matches, None)
        self.word = match[0] if match else ''  # empty at the end

    def next(self) -> str:
        r"""Takes a word, on this line or a later one; empty at the end."""
        while self.word == '\n':
            self.line += 1
            self._step()
        word = self.word
        self._step()
        return word

    def name(self) -> str:
        r"""Takes the words up to the end of the line or a brace."""
        words = []
        while self.word not in ('', '\n', '{', '}'):
            words.append(self.word)
            self._step()
        return ' '.join(words)

    def fail(self, message: str) -> NoReturn:
        r"""Raises a :class:`ValueError` with the file and the line."""
        fail(self.source, self.line, message)
