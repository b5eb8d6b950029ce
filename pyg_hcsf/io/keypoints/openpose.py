from __future__ import annotations

import re
from pathlib import Path
from typing import Any

from pyg_hcsf.io.keypoints.people import (
    People,
    Person,
    parse_json,
    read_bytes,
    refuse,
    to_points,
)

FILE = re.compile(r'(.*?)_?(\d{1,15})_keypoints\.json')
LAYOUTS = {25: 'body25', 18: 'coco18'}
MAX_FILES = 10**6


def read_openpose(folder: Path) -> People:
    r"""Reads a folder of OpenPose's ``--write_json``: one file a frame, called
    ``<video>_<frame>_keypoints.json``, with ``people``, each with
    ``pose_keypoints_2d`` (``pose_keypoints`` in old versions): x, y and
    confidence of BODY_25 or of the 18 of its COCO model. ``person_id`` is
    used where there is tracking (not -1). Files of hands and faces are not
    read, nor are 3D ones.

    Args:
        folder (pathlib.Path): The folder.

    Raises:
        ValueError: If it holds no such file, files of two videos, or one that
            is damaged; names it.

    Example:
        >>> read_openpose(Path('output_json')).layout
        'body25'
    """
    files = {}
    videos = set()
    for path in sorted(folder.iterdir()):
        if (match := FILE.fullmatch(path.name)) is not None:
            videos.add(match[1])
            files[int(match[2])] = path
    if not files or len(files) > MAX_FILES:
        refuse(
            folder,
            '',
            f'expected 1 to {MAX_FILES:,} files called '
            f"'*_keypoints.json' (got {len(files)})",
        )
    if len(videos) > 1:
        refuse(
            folder,
            '',
            f'expected one video (got {sorted(videos)[:5]}): give each a '
            'folder',
        )
    people = [
        person
        for frame in sorted(files)
        for person in read_openpose_frame(
            read_bytes(files[frame]), files[frame], frame
        )
    ]
    sizes = {len(person.points) for person in people}
    size = sizes.pop() if len(sizes) == 1 else 0
    return People('openpose', people, LAYOUTS.get(size))


def read_openpose_frame(
    content: bytes, path: Path, frame: int
) -> list[Person]:
    r"""Reads one file of :func:`read_openpose`.

    Args:
        content (bytes): The file.
        path (pathlib.Path): What errors call it.
        frame (int): Its number.

    Raises:
        ValueError: If it is damaged; names it.
    """
    data = parse_json(content, path)
    people = data.get('people') if isinstance(data, dict) else None
    if not isinstance(people, list):
        refuse(path, '', "expected a list called 'people' as of OpenPose")
    return [
        _person(person, path, f'person {number}', frame)
        for number, person in enumerate(people)
    ]


def _person(value: Any, path: Path, entry: str, frame: int) -> Person:
    value = value if isinstance(value, dict) else {}
    flat = value.get('pose_keypoints_2d', value.get('pose_keypoints'))
    if not isinstance(flat, list):
        refuse(path, entry, "expected a list called 'pose_keypoints_2d'")
    name = value.get('person_id')
    name = name[0] if isinstance(name, list) and name else name
    known = isinstance(name, int) and name >= 0
    points = to_points(flat, path, entry)
    return Person(frame, str(name) if known else None, points)
