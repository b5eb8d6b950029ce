r"""Texts in tables that spreadsheets do not run as formulas.

As `OWASP advises <https://owasp.org/www-community/attacks/CSV_Injection>`_, a
cell that begins like a formula gets a leading apostrophe.
"""

from __future__ import annotations

import re

# The full-width forms are taken for the plain ones in some languages.
FORMULA = re.compile(r"'*[=+\-@\t\r\n＝＋－＠]")


def escape_formula(text: str) -> str:
    r"""Returns a text as a cell that no spreadsheet runs.

    Args:
        text (str): The text, such as the name of a person in a file.

    Example:
        >>> escape_formula('=1+1')
        "'=1+1"
    """
    return f"'{text}" if FORMULA.match(text) else text


def unescape_formula(cell: str) -> str:
    r"""Returns the text of a cell of :func:`escape_formula`."""
    return cell[1:] if cell[:1] == "'" and FORMULA.match(cell) else cell
