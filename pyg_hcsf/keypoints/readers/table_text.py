r"""Splits the text of a table into cells."""

import re
from collections.abc import Callable
from itertools import islice

import pandas as pd

from pyg_hcsf.keypoints.detections import MAX_JOINTS
from pyg_hcsf.keypoints.messages import file_error, unexpected, warn
from pyg_hcsf.safe_io.csv_cells import read_cells
from pyg_hcsf.safe_io.shown import shown

MAX_COLUMNS = 16 * MAX_JOINTS
MANY_LINES = 250_000  # a file with more needs MIN_LINE characters a line
MIN_LINE = 8  # as '0,0,1,2' has
MAX_PREFACE = 50  # lines above the headers
HEAD = 2**18  # characters in which they are
SEPARATORS = ',;\t|'
MIN_WORDS = 6  # of a line with spaces between its cells
_LINE = re.compile(r'([^\r\n]*)(?:\r\n|\r|\n|\Z)')
_COMMENT = re.compile(r'\s*(#|%|//)\s*')
_QUOTED = re.compile(r'"[^"]*"')
NUMBER = re.compile(r'"?([-+]?[0-9.]+(e[-+]?[0-9]+)?|nan)?"?', re.I)


def find_separator(line: str) -> str:
    r"""The character between the cells of a line, empty if it has one."""
    best = max(SEPARATORS, key=line.count)
    if best in line:
        return best
    return ' ' if len(line.split()) >= MIN_WORDS else ''


def skip_preface(text: str) -> tuple[str, int]:
    r"""A table without comments and titles above it, and the number of its
    first line. A comment with as many cells as the next line has the headers,
    as :func:`numpy.savetxt` writes them.
    """
    lines = list(islice(_LINE.finditer(text[:HEAD]), MAX_PREFACE))
    skipped = []
    for number, line in enumerate(lines, start=1):
        rest = (m[1] for m in lines[number:] if m[1].strip())
        first, following = line[1], next(rest, '')
        separator = find_separator(following or first)
        cells = _count_cells(first, separator)
        after = _count_cells(following, separator)
        comment = _COMMENT.match(first)
        if comment is not None:
            if not _COMMENT.match(following) and 1 < cells == after:
                return text[line.start() + comment.end() :], number
        elif first.strip() and (
            not separator
            or first.lower().startswith('sep=')
            or 2 * cells >= after
        ):
            break
        skipped += [first] * bool(first.strip() and comment is None)
    else:
        return text, 1
    if skipped:
        warn(
            f'lines above its headers are not read: {len(skipped)}, such as '
            f'{shown(skipped[0], 60)}'
        )
    return text[line.start() :], number


def _count_cells(line: str, separator: str) -> int:
    if separator == ' ':
        return len(line.split())
    line = _QUOTED.sub('', line)
    return line.count(separator) + 1 if separator else 1


def has_headers(text: str) -> bool:
    r"""Whether the first line of a table has a cell that is no number."""
    line = text[:65536].split('\n', 1)[0]
    cells = re.split(f'[{SEPARATORS}]', line)
    if len(cells) == 1:
        cells = line.split()
    return not all(NUMBER.fullmatch(cell.strip()) for cell in cells)


def split_table(
    text: str,
    headers: int,
    is_text: Callable[[list[str]], bool],
    start: int = 1,
) -> tuple[list[list[str]], pd.DataFrame]:
    r"""Splits a table of comma-separated values, also with semicolons, tabs,
    bars or spaces, see :func:`~pyg_hcsf.safe_io.csv_cells.read_cells`. If the
    file ends within the last line, this line is left out with a warning.
    """
    text = text.lstrip('\n')
    if text[:4].lower() == 'sep=':  # which names the separator for Excel
        text, start = text.split('\n', 1)[-1], start + 1
    first = text[:65536].split('\n', 1)[0]
    separator = find_separator(first) or ','
    # Each field and each line takes memory, however short it is.
    if (count := text[: text.find('\n')].count(separator)) > MAX_COLUMNS:
        expected = f'up to {MAX_COLUMNS:,} columns'
        raise unexpected(expected, count + 1, f'line {start}')
    if (count := text.count('\n')) > max(MANY_LINES, len(text) // MIN_LINE):
        raise file_error(
            f'it has {count:,} lines in {len(text):,} characters, most of '
            'them empty: get it again'
        )
    if separator == ' ' and first != (even := ' '.join(first.split())):
        first = even  # cells are aligned by spaces
        text = '\n'.join(' '.join(x.split()) for x in text.split('\n'))
    head, _, last = text.rpartition('\n')
    cut = last and last.count(separator) < first.count(separator)
    if cut and head.count('\n') >= headers:
        warn(f'line {start + count} is incomplete and left out')
        text = head
    if separator == ';':  # of countries with decimal commas
        text = text.replace(',', '.')
    try:
        return read_cells(text, separator, headers, is_text, start)
    except ValueError as e:
        raise file_error(str(e)) from e
