r"""Cells of CSV files: tables from strangers, and text that spreadsheets would
run as a formula.

As `OWASP advises <https://owasp.org/www-community/attacks/CSV_Injection>`_, a
cell that starts like a formula gets a leading apostrophe.
"""

from __future__ import annotations

import io
import re
from collections.abc import Callable
from typing import Any

import pandas as pd

from pyg_hcsf.safe_io.shown import cause

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


def read_cells(
    text: str,
    separator: str = ',',
    headers: int = 1,
    is_text: Callable[[list[str]], bool] = lambda _: False,
    start: int = 1,
) -> tuple[list[list[str]], pd.DataFrame]:
    r"""Splits a table, all lines of which must have as many cells.

    Args:
        text (str): The table. Cells may be quoted.
        separator (str, optional): The character between two cells.
            (default: :obj:`','`)
        headers (int, optional): The number of header lines.
            (default: :obj:`1`)
        is_text (callable, optional): Whether a column is of text, given its
            headers. By default, columns are of numbers where possible.
        start (int, optional): The number of the first line.
            (default: :obj:`1`)

    Returns:
        tuple: The cells of the headers, and the other lines that are not
        empty. Columns are numbers, NaN where a cell is empty, or text where a
        cell is no number. The index has the numbers of the lines.

    Raises:
        ValueError: If there is no line below the headers, a line has another
            number of cells than the first, or a quotation mark is missing.

    Example:
        >>> headers, cells = read_cells('x,y\n\n1,"2"\n')
        >>> cells.loc[3].tolist()
        [1.0, 2.0]
    """
    text = text.replace('\r\n', '\n').replace('\r', '\n').rstrip('\n')
    if text.count('\n') < headers:
        raise ValueError('it has no lines below its headers')
    width = _check_widths(text, separator, start)
    options: dict[str, Any] = {'sep': separator, 'names': range(width)}
    options |= {'header': None, 'skip_blank_lines': False}  # rows are lines
    try:
        head = pd.read_csv(
            io.StringIO(text),
            nrows=headers,
            dtype=object,
            na_filter=False,
            **options,
        )
        names = head.to_numpy()
        kinds = [is_text(column) for column in names.T.tolist()]
        texts = [i for i, text in enumerate(kinds) if text]
        numbers = [i for i, text in enumerate(kinds) if not text]
        cells = pd.read_csv(
            io.StringIO(text),
            skiprows=headers,
            converters=dict.fromkeys(texts, str),
            na_values=dict.fromkeys(numbers, ['', 'nan', 'NaN']),
            keep_default_na=False,
            low_memory=False,  # one type for all lines of a column
            **options,
        )
    except (ValueError, OverflowError) as e:
        raise ValueError(f'it is not a table of text ({cause(e)})') from e
    cells.index += start + headers
    return names.tolist(), cells[~(cells.isna() | (cells == '')).all(axis=1)]


def _check_widths(text: str, separator: str, start: int) -> int:
    r"""The number of cells that all lines have; pandas fills shorter lines
    without a word.
    """
    if '"' in text:  # a quoted cell may contain separators and ends of lines
        quoted = rf'(?<![^{separator}\n])"[^"]*(?:""[^"]*)*"'
        text = re.sub(quoted, 'q', text)
    lines = text.split('\n')
    width = lines[0].count(separator) + 1
    for number, line in enumerate(lines, start):
        if line and (count := line.count(separator) + 1) != width:
            raise ValueError(
                f'line {number}: expected {width} fields as in the first line '
                f'(got {count})'
            )
    return width
