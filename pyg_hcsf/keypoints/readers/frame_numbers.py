r"""Numbers frames by the names of images and files."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from pyg_hcsf.keypoints.people import refuse, to_number, warn
from pyg_hcsf.safe_io.shown import shown

# The end of names, such as of img_0001.jpg.predictions.json or x.0012.json.
_SUFFIX = re.compile(r'(\.[A-Za-z]\w{0,15})+$')


def number_frames(values: Sequence[Any], path: str | Path) -> list[int]:
    r"""The numbers of frames that a file calls by numbers or names.

    Args:
        values (sequence): Numbers, or names of images such as
            ``'a/000012.jpg'``; several may be the same.
        path (str or pathlib.Path): The file, for errors and warnings.

    Returns:
        The numbers; names without numbers are counted in their order, with a
        warning.

    Raises:
        ValueError: If they are of several videos, or no numbers or names.

    Example:
        >>> number_frames(['a_9.jpg', 'a_10.jpg', 'a_10.jpg'], 'a.json')
        [9, 10, 10]
    """
    if not all(isinstance(value, str) for value in values):
        return [
            to_number(value, path, f'entry {number}')
            for number, value in enumerate(values)
        ]
    names = list(dict.fromkeys(values))
    groups = group_names(names)
    if len(groups) == 1:
        ((_, numbers),) = groups.items()
        if len(set(numbers.values())) == len(names):
            return [numbers[value] for value in values]
    elif min(map(len, groups.values())) > 1:
        refuse_several(groups, path)
    warn(
        path,
        'the names of its images do not number them, so they are taken as '
        f'successive frames (such as {shown(names[0], 60)})',
    )
    order = {name: number for number, name in enumerate(names)}
    return [order[value] for value in values]


def number_times(
    times: Sequence[float], path: str | Path
) -> tuple[list[int], float | None]:
    r"""The numbers of frames by their time stamps, so that a gap is a gap.

    The usual step between two stamps is one frame. Stamps are seconds where
    that is one at most, else milli-, micro- or nanoseconds, whichever comes
    first with at most one second; whole numbers with a step of 1, 2 or 3 are
    numbers of frames.

    Args:
        times (sequence of float): Time stamps; several may be the same.
        path (str or pathlib.Path): The file, for errors.

    Returns:
        The numbers, and the frames per second or :obj:`None` if unknown.

    Raises:
        ValueError: If a time stamp is missing.

    Example:
        >>> number_times([0.0, 0.04, 0.04, 0.16], 'a.csv')
        ([0, 1, 1, 4], 25.0)
    """
    values = np.asarray(times, np.float64)
    if not np.isfinite(values).all():
        refuse(path, '', 'expected a time stamp of each frame')
    known, inverse = np.unique(values, return_inverse=True)
    if len(known) < 2:
        return [0] * len(values), None
    steps = np.diff(known)
    step = float(np.median(steps))
    if step in (1, 2, 3) and (known % 1 == 0).all() and known[0] >= 0:
        return [
            to_number(value, path, 'a time stamp') for value in times
        ], None
    for _ in range(2):  # stamps are rounded: the mean is a better step
        count = np.maximum(np.rint(steps / step), 1)
        usual = count <= 2
        step = float(steps[usual].sum() / count[usual].sum())
    units = (unit for unit in (1, 1e3, 1e6, 1e9) if step <= unit)
    rate = round(next(units, np.inf) / step, 3)
    numbers = np.concatenate([[0], np.cumsum(count)]).astype(np.int64)
    return numbers[inverse].tolist(), rate if 1 <= rate <= 1000 else None


def refuse_several(groups: dict[str, Any], path: str | Path) -> None:
    r"""Refuses frames of several videos, and names those."""
    several = ', '.join(shown(name, 60) for name in list(groups)[:4])
    refuse(
        path,
        '',
        f'expected the frames of one video (got {len(groups)}: {several}'
        f'{", ..." if len(groups) > 4 else ""}): read each on its own, from '
        'a file or folder with nothing else in it',
    )


def group_names(names: Sequence[str]) -> dict[str, dict[str, int]]:
    r"""Groups names by all but the number that counts the frames: the last
    one that is not the same in all names with the same text.

    Args:
        names (sequence of str): Different names of files or images.

    Returns:
        For each group, called by its names with ``*`` instead of the number,
        the numbers by name; 0 where a name has none.

    Example:
        >>> group_names(['a_9.json', 'a_10.json', 'b_9.json'])
        {'a_*': {'a_9.json': 9, 'a_10.json': 10}, 'b_*': {'b_9.json': 9}}
    """
    alike: dict[tuple[str, ...], list[tuple[str, list[str]]]] = {}
    for name in names:
        parts = re.split(r'([0-9]{1,15})', _stem(name))
        alike.setdefault(tuple(parts[::2]), []).append((name, parts))
    groups: dict[str, dict[str, int]] = {}
    for text, members in alike.items():
        place = _counter([parts[1::2] for _, parts in members], len(text) - 1)
        for name, parts in members:
            number = 0
            if place is not None:
                number = int(parts[2 * place + 1])
                parts[2 * place + 1] = '*'
            groups.setdefault(''.join(parts), {})[name] = number
    return groups


def _counter(numbers: list[list[str]], count: int) -> int | None:
    r"""Which of the numbers in names counts the frames."""
    for place in reversed(range(count)):
        if len({int(row[place]) for row in numbers}) > 1:
            return place
    return count - 1 if count else None


def _stem(name: str) -> str:
    folder, slash, file = name[-400:].replace('\\', '/').rpartition('/')
    return folder + slash + (_SUFFIX.sub('', file) or file)
