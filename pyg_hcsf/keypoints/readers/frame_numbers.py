r"""Numbers frames by the names of images and files, or by time stamps."""

import re
from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np

from pyg_hcsf.keypoints.detections import parse_frame_number
from pyg_hcsf.keypoints.messages import file_error, listed, warn
from pyg_hcsf.safe_io.shown import shown

# Suffixes of names such as img_0001.jpg.predictions.json or x.0012.json.
_TIME = re.compile(r'[0-9]{1,9}\.[0-9]{1,9}')
_SUFFIXES = re.compile(r'(\.[A-Za-z]\w{0,15})+$')


def number_frames(values: Sequence[Any]) -> list[int]:
    r"""The frame numbers for the numbers, or the image names such as
    ``'a/000012.jpg'``, in a file; several may be the same. Names without
    numbers are counted in their order, with a warning.

    Example:
        >>> number_frames(['a_9.jpg', 'a_10.jpg', 'a_10.jpg'])
        [9, 10, 10]
    """
    if not all(isinstance(value, str) for value in values):
        return [
            parse_frame_number(value, f'entry {number}')
            for number, value in enumerate(values)
        ]
    if (times := times_of_names(values)) is not None:
        return number_times(times)[0]
    names = list(dict.fromkeys(values))
    groups = group_names(names)
    if len(groups) == 1:
        ((_, numbers),) = groups.items()
        if len(set(numbers.values())) == len(names):
            return [numbers[value] for value in values]
    elif min(map(len, groups.values())) > 1:
        raise several_videos(groups)
    warn(
        'the names of its images have no frame numbers, so the images are '
        f'taken as successive frames (such as {shown(names[0], 60)})'
    )
    order = {name: number for number, name in enumerate(names)}
    return [order[value] for value in values]


def times_of_names(names: Sequence[str]) -> list[float] | None:
    r"""Time stamps in seconds, such as ``'0.04'``, if all names are some."""
    found = len(names) > 1 and all(map(_TIME.fullmatch, names))
    return list(map(float, names)) if found else None


def number_times(times: Sequence[float]) -> tuple[list[int], float | None]:
    r"""The frame numbers for time stamps, so that a gap stays a gap, and the
    frames per second or :obj:`None`.

    The usual step between two time stamps is one frame. They are in seconds
    if this step is one second at most, else in milli-, micro- or nanoseconds,
    whichever comes first with a step of one second at most. Whole numbers
    with a usual step of 1, 2 or 3 are frame numbers.

    Example:
        >>> number_times([0.0, 0.04, 0.04, 0.16])
        ([0, 1, 1, 4], 25.0)
    """
    values = np.asarray(times, np.float64)
    if not np.isfinite(values).all():
        raise file_error('expected a time stamp of each frame')
    known, inverse = np.unique(values, return_inverse=True)
    if len(known) < 2:
        return [0] * len(values), None
    steps = np.diff(known)
    step = float(np.median(steps))
    if step in (1, 2, 3) and (known % 1 == 0).all() and known[0] >= 0:
        return [parse_frame_number(t, 'a time stamp') for t in times], None
    for _ in range(2):  # time stamps are rounded: the mean is a better step
        count = np.maximum(np.rint(steps / step), 1)
        usual = count <= 2
        step = float(steps[usual].sum() / count[usual].sum())
    units = (unit for unit in (1, 1e3, 1e6, 1e9) if step <= unit)
    rate = round(next(units, np.inf) / step, 3)
    numbers = np.concatenate([[0], np.cumsum(count)]).astype(np.int64)
    return numbers[inverse].tolist(), rate if 1 <= rate <= 1000 else None


def several_videos(videos: Iterable[str]) -> ValueError:
    r"""The error for a file or folder with frames of several videos."""
    names = list(videos)
    got = f'{len(names)}: {listed(names, 4)}'
    return file_error(
        f'expected the frames of one video (got {got}): '
        'read each on its own, from a file or folder with nothing else in it'
    )


def group_names(names: Sequence[str]) -> dict[str, dict[str, int]]:
    r"""The frame numbers of names (0 where there is none), grouped by the rest
    of the name, with ``*`` for the frame number.

    The frame number is the last number that differs between names with
    otherwise the same text.

    Example:
        >>> group_names(['a_9.json', 'a_10.json', 'b_9.json'])
        {'a_*': {'a_9.json': 9, 'a_10.json': 10}, 'b_*': {'b_9.json': 9}}
    """
    alike: dict[tuple[str, ...], dict[str, list[str]]] = {}
    for name in names:
        # Text at even, numbers at odd places: 'a_09' becomes 'a_', '09', ''.
        parts = re.split(r'([0-9]{1,15})', _stem(name))
        alike.setdefault(tuple(parts[::2]), {})[name] = parts
    groups: dict[str, dict[str, int]] = {}
    for members in alike.values():
        numbers = zip(
            *(parts[1::2] for parts in members.values()), strict=True
        )
        counts = [len(set(map(int, column))) for column in numbers]
        changing = [i for i, count in enumerate(counts) if count > 1]
        last = (changing or range(len(counts)))[-1] if counts else None
        for name, parts in members.items():
            number = 0
            if last is not None:
                number = int(parts[2 * last + 1])
                parts[2 * last + 1] = '*'
            groups.setdefault(''.join(parts), {})[name] = number
    return groups


def _stem(name: str) -> str:
    folder, slash, file = name[-400:].replace('\\', '/').rpartition('/')
    return folder + slash + (_SUFFIXES.sub('', file) or file)
