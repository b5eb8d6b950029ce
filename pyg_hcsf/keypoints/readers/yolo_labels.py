r"""Reads the labels of Ultralytics' pose models, a text file a frame."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np

from pyg_hcsf.keypoints.people import (
    KNOWN_SIZES,
    People,
    Person,
    clean,
    refuse,
)

_LINE = re.compile(r'\d{1,4}( [-+.\deE]+){20,600}')


def matches(text: str) -> bool:
    r"""Whether text is of lines of a class and many numbers."""
    return _LINE.fullmatch(text[:65536].split('\n', 1)[0].strip()) is not None


def read(text: str, path: Path) -> People:
    r"""Reads one frame of ``save_txt=True`` of Ultralytics, or a label of its
    data sets: a line for each person, with the class, the box, x and y of
    each joint in parts of the image's width and height, maybe with a
    confidence or visibility, and maybe the confidence of the box
    (``save_conf``) and the number of the track. Only class 0 is read.

    Args:
        text (str): The file.
        path (pathlib.Path): What errors call it.

    Raises:
        ValueError: If a line is damaged; names it.

    Example:
        >>> read(path.read_text(), path).source
        'ultralytics labels'
    """
    people = []
    for number, line in enumerate(text.splitlines(), start=1):
        where = f'line {number}'
        try:
            values = np.array(line.split(), dtype=np.float64)
        except ValueError:
            refuse(path, where, 'expected numbers with spaces between them')
        if not len(values) or values[0] != 0:
            continue
        points, rest = _joints(values[5:], path, where)
        # A track is the last number; the confidence of a box is below 1.
        whole = len(rest) and rest[-1] >= 1 and rest[-1] == int(rest[-1])
        name = f'{rest[-1]:.0f}' if whole else None
        people.append(Person(0, name, clean(points, path, where)))
    return People('ultralytics labels', people, usual='coco17')


def _joints(
    values: np.ndarray, path: Path, where: str
) -> tuple[np.ndarray, np.ndarray]:
    r"""The joints ``[N, 3]``, and what comes after them."""
    found = [
        (size != 17, len(values) - size * width, -width, size)
        for size in KNOWN_SIZES
        for width in (2, 3)
        if 0 <= len(values) - size * width <= 2
    ]
    if found:  # the usual model, else without anything after the joints
        _, rest, width, size = min(found)
        points = values[: len(values) - rest].reshape(size, -width)
        if width == -2:
            there = (points != 0).any(axis=1)
            points = np.column_stack([points, there])
        return points, values[len(values) - rest :]
    refuse(
        path,
        where,
        f'expected x and y of {", ".join(map(str, KNOWN_SIZES))} joints, '
        f'maybe with a confidence (got {len(values)} numbers after the box)',
    )
