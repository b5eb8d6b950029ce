r"""Escapes text in CSV files that spreadsheets would run as a formula.

As `OWASP advises <https://owasp.org/www-community/attacks/CSV_Injection>`_, a
cell that starts like a formula gets a leading apostrophe.
"""

from __future__ import annotations

import re

# In some languages, spreadsheets accept the full-width characters too.
FORMULA = re.compile(r"'*[=+\-@\t\r\n＝＋－＠]")


def escape_formula(text: str) -> str:
    r"""Escapes a text, so that spreadsheets do not run it as a formula.

    Example:
        >>> escape_formula('=1+1')
        "'=1+1"
    """
    return f"'{text}" if FORMULA.match(text) else text


def unescape_formula(cell: str) -> str:
    r"""Reverts :func:`escape_formula`."""
    return cell[1:] if cell[:1] == "'" and FORMULA.match(cell) else cell
