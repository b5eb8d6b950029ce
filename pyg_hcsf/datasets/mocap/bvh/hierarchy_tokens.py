"""Splits the hierarchy section of a BVH file into tokens."""

from __future__ import annotations

import re
from typing import NoReturn

from ..text_file import TextFile

_TOKEN = re.compile(r'[{}\n]|[^ \t\n\v\f{}]+')


class Tokens:
    r"""Iterates over words and braces, and counts lines, which end in LF."""

    def __init__(self, text: str, file: TextFile) -> None:
        self.file = file
        self.line = 1
        self._matches = _TOKEN.finditer(text)
        self._step()

    def _step(self) -> None:
        match = next(self._matches, None)
        self.token = match[0] if match else ''  # empty at the end

    def next(self) -> str:
        r"""Consumes a token of this or a later line; empty at the end."""
        while self.token == '\n':
            self.line += 1
            self._step()
        token = self.token
        self._step()
        return token

    def name(self) -> str:
        r"""Consumes the words before the end of the line or a brace."""
        words = []
        while self.token not in ('', '\n', '{', '}'):
            words.append(self.token)
            self._step()
        return ' '.join(words)

    def fail(self, message: str) -> NoReturn:
        r"""Raises a :class:`ValueError` with the file and the line."""
        self.file.fail(self.line, message)
