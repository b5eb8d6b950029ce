r"""Cells of CSV files: tables from strangers, and text that spreadsheets would
run as a formula.

As `OWASP advises <https://owasp.org/www-community/attacks/CSV_Injection>`_, a
cell that starts like a formula gets a leading apostrophe.
"""

from __future__ import annotations

import io
import re
import warnings
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
    width, empty = _check_widths(text, separator, start)
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
        kinds = list(map(is_text, names.T.tolist()))  # of the columns
        texts: Any = {i: str for i, kind in enumerate(kinds) if kind}
        missing: Any = dict.fromkeys(range(width), ['', 'nan', 'NaN'])
        with warnings.catch_warnings():  # about numbers and text in a column
            warnings.simplefilter('ignore', pd.errors.DtypeWarning)
            cells: Any = pd.read_csv(
                io.StringIO(text),
                skiprows=headers,
                converters=texts,
                na_values={i: missing[i] for i in missing.keys() - texts},
                keep_default_na=False,
                **options,
            )
    except (ValueError, OverflowError) as e:
        raise ValueError(f'it is not a table of text ({cause(e)})') from e
    cells.index += start + headers
    return names.tolist(), cells.drop(index=empty, errors='ignore')


def _check_widths(
    text: str, separator: str, start: int
) -> tuple[int, list[int]]:
    r"""The number of cells that all lines have (pandas fills shorter ones
    without a word), and the numbers of empty lines.
    """
    if '"' in text:  # a quoted cell may contain separators and ends of lines
        quoted = rf'(?<![^{separator}\n])"[^"]*(?:""[^"]*)*"'
        text = re.sub(quoted, lambda m: 'q' * (m[0] != '""'), text)
    lines = text.split('\n')
    width = lines[0].count(separator) + 1
    for number, line in enumerate(lines, start):
        if line and (count := line.count(separator) + 1) != width:
            raise ValueError(
                f'line {number}: expected {width} fields as in the first line '
                f'(got {count})'
            )
    blank = f'{separator} '
    empty = [n for n, x in enumerate(lines, start) if not x.strip(blank)]
    return width, empty
