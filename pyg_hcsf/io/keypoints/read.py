from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any, Optional

from pyg_hcsf.io.keypoints.arrays import read_arrays
from pyg_hcsf.io.keypoints.body import fit_layout
from pyg_hcsf.io.keypoints.coco import read_annotations, read_results
from pyg_hcsf.io.keypoints.convert import LAYOUTS
from pyg_hcsf.io.keypoints.ghosts import drop_brief, drop_weak
from pyg_hcsf.io.keypoints.mediapipe import KEYS, read_mediapipe
from pyg_hcsf.io.keypoints.mmpose import read_mmpose
from pyg_hcsf.io.keypoints.names import candidates
from pyg_hcsf.io.keypoints.openpose import read_openpose
from pyg_hcsf.io.keypoints.people import (
    People,
    frame_numbers,
    make_tracks,
    parse_json,
    read_bytes,
    refuse,
)
from pyg_hcsf.io.keypoints.table import read_table
from pyg_hcsf.io.keypoints.track import Keypoints, Track
from pyg_hcsf.io.keypoints.ultralytics import read_ultralytics
from pyg_hcsf.skeleton import get_skeleton

Size = Optional[tuple[float, float]]
MAX_FILES = 10**6
# Detectors of the whole body have a known layout first: of so many joints.
WHOLE_BODY = {133: 'coco17', 136: 'halpe26'}


def read_keypoints(
    path: str | Path,
    layout: str | None = None,
    image_size: Size = None,
    fps: float | None = None,
) -> Keypoints:
    r"""Reads the 2D keypoints of a video, whatever detector they are of.

    The format is recognised by what the file holds, not by its name:

    * a folder of OpenPose's ``*_keypoints.json``, or one of them, or a
      folder with one JSON file of another kind for each image;
    * AlphaPose's ``alphapose-results.json``;
    * predictions of MMPose, of a video or an image;
    * results or annotations in COCO's format;
    * Ultralytics' ``Results.to_json()``, of an image or in a list of them;
    * MediaPipe's landmarks as JSON (needs :obj:`image_size`);
    * Detectron2's as VideoPose3D saves them;
    * an ``.npz`` file or a table (``.csv``).

    The page of each reader in this package says more. The layout is what the
    file says, else the one with that many joints. For 16 and 17 joints there
    are several: the one whose limbs are a body's, if it is clear.

    Args:
        path (str or pathlib.Path): The file or folder.
        layout (str, optional): The layout of the joints, such as
            ``'coco17'``, which is believed. :obj:`None` recognises it.
            (default: :obj:`None`)
        image_size (tuple, optional): Width and height of the image in
            pixels. :obj:`None` takes what the file says.
            (default: :obj:`None`)
        fps (float, optional): Frames per second. :obj:`None` takes what the
            file says. (default: :obj:`None`)

    Returns:
        Keypoints: One track for each person, by its id or, if there are
        none, by distance; see :func:`check_keypoints` for what may be wrong
        with them.

    Raises:
        ValueError: If the file is damaged, holds something else or nobody,
            or the layout is not clear; names the file, the entry and the
            remedy.

    Example:
        >>> keypoints = read_keypoints('alphapose-results.json', fps=30)
        >>> keypoints.layout, keypoints.tracks[0].xy.shape
        ('halpe26', (912, 26, 2))
    """
    path = Path(path).expanduser()
    if layout is not None and layout not in LAYOUTS:
        raise ValueError(
            f"Expected 'layout' to be one of {LAYOUTS} (got {layout!r})"
        )
    if image_size is not None:
        image_size = _checked_size(image_size)
    if fps is not None and not 0 < fps <= 10_000:
        raise ValueError(
            f"Expected 'fps' to be positive and up to 10,000 (got {fps})"
        )
    if path.is_dir():
        found = read_folder(path, image_size)
    else:
        found = read_people(read_bytes(path), path, image_size)
    people = drop_weak(found.people, path)
    tracks = drop_brief(make_tracks(people, path), path)
    body = WHOLE_BODY.get(tracks[0].score.shape[1])
    if body is not None and layout in (None, body):
        layout = body
        tracks = _first(tracks, get_skeleton(body).num_joints)
    return Keypoints(
        layout=_layout(layout, found.layout, tracks, path),
        tracks=tracks,
        source=found.source,
        image_size=image_size or found.image_size,
        fps=fps or found.fps,
    )


def read_folder(folder: Path, image_size: Size) -> People:
    r"""Reads a folder of JSON files, one for each frame, which are numbered by
    the last number in their names.

    Args:
        folder (pathlib.Path): The folder.
        image_size (tuple, optional): Width and height in pixels.

    Raises:
        ValueError: If it holds no such file, or one that is damaged or of
            more than a frame; names it.
    """
    files = sorted(folder.glob('*.json'))
    frames = frame_numbers([file.name for file in files])
    if not files or len(files) > MAX_FILES or frames is None:
        refuse(
            folder,
            '',
            f'expected 1 to {MAX_FILES:,} JSON files of one video, with the '
            f'number of the frame in their names (got {len(files)})',
        )
    parts = []
    for file, frame in zip(files, frames, strict=True):
        part = read_people(read_bytes(file), file, image_size)
        if len({person.frame for person in part.people}) > 1:
            refuse(file, '', 'expected one frame in each file of a folder')
        people = [person._replace(frame=frame) for person in part.people]
        parts.append(replace(part, people=people))
    return replace(
        max(parts, key=lambda part: part.layout is not None),
        people=[person for part in parts for person in part.people],
    )


def read_people(content: bytes, path: Path, image_size: Size) -> People:
    r"""Recognises the format of a file and reads it.

    Args:
        content (bytes): The file.
        path (pathlib.Path): What errors call it.
        image_size (tuple, optional): Width and height in pixels.

    Raises:
        ValueError: If it is damaged or holds something else; names it.
    """
    if content.startswith(b'PK'):
        return read_arrays(content, path)
    start = content.lstrip(b'\xef\xbb\xbf \t\r\n')[:1]
    if start in (b'[', b'{'):
        data = parse_json(content, path)
        return _reader(data, path)(data, path, image_size)
    if b'\0' not in content[:4096] and b',' in content[:4096]:
        return read_table(content, path)
    refuse(
        path,
        '',
        'it is none of the formats of keypoints that are read: JSON, .npz or '
        'a table with commas. Read .npy, pickles and others with the code '
        "that wrote them, and save an array 'keypoints' [T, N, 3] with "
        'numpy.savez',
    )


def _reader(data: Any, path: Path) -> Callable[[Any, Path, Size], People]:
    def plain(function: Callable) -> Callable[[Any, Path, Size], People]:
        return lambda data, path, size: function(data, path)

    if isinstance(data, dict):
        if 'people' in data:
            return plain(read_openpose)
        if 'annotations' in data:
            return plain(read_annotations)
        if 'instance_info' in data:
            return plain(read_mmpose)
        if 'keypoints' in data:
            return plain(lambda data, path: read_results([data], path))
        for key in KEYS:
            if key in data:
                return lambda data, path, size: read_mediapipe(
                    data[key], path, size
                )
    first = data
    while isinstance(
        first, list
    ):  # a list of frames may begin with empty ones
        first = next((value for value in first if value), None)
    if isinstance(first, dict):
        keys = set(first)
        if 'instances' in keys or 'keypoint_scores' in keys:
            return plain(read_mmpose)
        if 'image_id' in keys:
            return plain(read_results)
        if isinstance(first.get('keypoints'), dict):
            return plain(read_ultralytics)
        if {'x', 'y'} <= keys or keys & set(KEYS):
            return read_mediapipe
        if 'keypoints' in keys:
            return plain(read_results)
    refuse(
        path,
        '',
        'it is JSON, but not as OpenPose, AlphaPose, MMPose, COCO, '
        'Ultralytics or MediaPipe write it: save an array '
        "'keypoints' [T, N, 3] with numpy.savez instead",
    )


def _layout(
    wanted: str | None, told: str | None, tracks: tuple[Track, ...], path: Path
) -> str:
    number = tracks[0].score.shape[1]
    known = candidates(number)
    name = wanted or (told if told in LAYOUTS else None)
    if name is not None:
        if name not in known:
            refuse(
                path,
                '',
                f'expected {get_skeleton(name).num_joints} joints of layout '
                f"'{name}' (got {number})",
            )
        return name
    if not known:
        sizes = {n: get_skeleton(n).num_joints for n in LAYOUTS}
        refuse(
            path,
            '',
            f'no layout that is read has {number} joints (known: {sizes}): '
            'convert them to one of these',
        )
    if len(known) == 1:
        return known[0]
    best = fit_layout(tracks, known)
    if best is None:
        refuse(
            path,
            '',
            f'{number} joints may be any of {known}, and the limbs do not '
            "tell which: pass 'layout'",
        )
    return best


def _first(tracks: tuple[Track, ...], number: int) -> tuple[Track, ...]:
    return tuple(
        Track(t.name, t.frames, t.xy[:, :number], t.score[:, :number])
        for t in tracks
    )


def _checked_size(size: tuple[float, float]) -> tuple[float, float]:
    if len(size) != 2 or not all(0 < side <= 1e5 for side in size):
        raise ValueError(
            "Expected 'image_size' to be a width and a height in pixels (got "
            f'{size})'
        )
    return float(size[0]), float(size[1])
