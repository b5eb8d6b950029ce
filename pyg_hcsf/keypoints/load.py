from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any, Optional

from pyg_hcsf.keypoints.checks.body import FITS, fit_layout, misfit
from pyg_hcsf.keypoints.convert import LAYOUTS
from pyg_hcsf.keypoints.joint_names import candidates
from pyg_hcsf.keypoints.json_line import parse
from pyg_hcsf.keypoints.people import (
    People,
    read_bytes,
    refuse,
    warn,
    warn_unread,
)
from pyg_hcsf.keypoints.pixels import to_pixels
from pyg_hcsf.keypoints.readers import (
    alphapose,
    coco,
    deeplabcut,
    easy_vitpose,
    mediapipe,
    mmpose,
    openpifpaf,
    openpose,
    records,
    table,
    tfjs,
    ultralytics,
    yolo_labels,
)
from pyg_hcsf.keypoints.readers.arrays import read_arrays
from pyg_hcsf.keypoints.readers.folder import read_folder
from pyg_hcsf.keypoints.readers.frame_numbers import number_times
from pyg_hcsf.keypoints.readers.json_entries import (
    first_of,
    key_of,
    size_of,
    times_of,
)
from pyg_hcsf.keypoints.track import Keypoints, Track
from pyg_hcsf.keypoints.tracking import make_tracks
from pyg_hcsf.keypoints.weak_people import drop_weak
from pyg_hcsf.safe_io.shown import shown
from pyg_hcsf.skeleton import get_skeleton

Size = Optional[tuple[float, float]]
#: Modules of readers in the order in which they are asked whether a file is
#: theirs, by ``matches``; ``read`` then reads it.
JSON_READERS: tuple[Any, ...] = (
    *(openpose, alphapose, coco, mmpose, easy_vitpose, ultralytics, tfjs),
    *(mediapipe, openpifpaf, records),
)
TEXT_READERS: tuple[Any, ...] = (yolo_labels, deeplabcut, table)
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
      folder with one file of another kind for each frame;
    * AlphaPose's ``alphapose-results.json``, also in its forms ``cmu`` and
      ``open``, and what PoseFlow makes of it;
    * predictions of MMPose, of a video or an image;
    * results or annotations in COCO's format, and PoseTrack's;
    * Ultralytics' ``Results.to_json()``, of an image or in a list of them,
      and a folder of its labels (``save_txt``; needs :obj:`image_size`);
    * MediaPipe's landmarks as JSON (needs :obj:`image_size`);
    * poses of TensorFlow.js, and OpenPifPaf's;
    * Detectron2's as VideoPose3D saves them;
    * DeepLabCut's and SLEAP's tables;
    * an ``.npz`` file, a table (``.csv``), or JSON with ``frame`` and
      ``keypoints`` for each person.

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
            f"Expected 'layout' to be one of {LAYOUTS} (got {shown(layout)})"
        )
    if image_size is not None:
        image_size = _checked_size(image_size)
    if fps is not None and not 0 < fps <= 10_000:
        raise ValueError(
            f"Expected 'fps' to be positive and up to 10,000 (got {fps})"
        )
    if path.is_dir():
        found = read_folder(path, read_people)
    else:
        found = read_people(read_bytes(path), path)
    if fps and found.fps and not 0.8 < fps / found.fps < 1.25:
        warn(path, f"'fps' is {fps:g}, but the file says {found.fps:g}")
    found = to_pixels(found, image_size or found.image_size, path)
    people = drop_weak(found.people, path)
    tracks = make_tracks(people, path)
    body = WHOLE_BODY.get(tracks[0].score.shape[1])
    if body is not None and layout in (None, body):
        layout = body
        tracks = _first(tracks, get_skeleton(body).num_joints)
    return Keypoints(
        layout=_layout(layout, found, tracks, path),
        tracks=tracks,
        source=found.source,
        image_size=image_size or found.image_size,
        fps=fps or found.fps,
    )


def read_people(content: bytes, path: Path) -> People:
    r"""Recognises the format of a file and reads it.

    Args:
        content (bytes): The file.
        path (pathlib.Path): What errors call it.

    Raises:
        ValueError: If it is damaged or holds something else; names it.
    """
    if content.startswith(b'PK'):
        return read_arrays(content, path)
    if content.startswith(b'\x89HDF'):
        refuse(
            path,
            '',
            'HDF5 files are not read: export the table as .csv, which SLEAP '
            '(analysis CSV) and DeepLabCut (save_as_csv=True) write, too',
        )
    content = _utf8(content)
    if content.lstrip().startswith((b'[', b'{', b'"[', b'"{')):
        data, told = _unwrap(parse(content, path), path)
        for reader in JSON_READERS:
            if reader.matches(data):
                found = replace(reader.read(data, path), **told)
                times = times_of(data) if found.fps is None else None
                if times is not None:
                    rate = number_times(times, path)[1]
                    found = replace(found, fps=rate)
                return found
        refuse(
            path,
            '',
            'it is JSON, but not as OpenPose, AlphaPose, MMPose, COCO, '
            'Ultralytics, MediaPipe and others write it: save an array '
            "'keypoints' [T, N, 3] with numpy.savez instead",
        )
    if b'\0' not in content[:4096]:
        try:
            text = content.decode()
        except UnicodeDecodeError:
            text = content.decode('cp1252', 'replace')
        for kind in TEXT_READERS:
            if kind.matches(text):
                return kind.read(text, path)
    refuse(
        path,
        '',
        'it is none of the formats of keypoints that are read: JSON, .npz or '
        'a table with commas. Read .npy, pickles and others with the code '
        "that wrote them, and save an array 'keypoints' [T, N, 3] with "
        'numpy.savez',
    )


def _utf8(content: bytes) -> bytes:
    r"""Text as UTF-8 without a byte-order mark; Windows writes UTF-16."""
    if content[:2] in (b'\xff\xfe', b'\xfe\xff'):
        return content.decode('utf-16', 'replace').encode()
    return content.removeprefix(b'\xef\xbb\xbf')


def _unwrap(data: Any, path: Path) -> tuple[Any, dict[str, Any]]:
    r"""Frames that a mapping holds with the rate and size of the video."""
    key = key_of(data, ('frames', 'data', 'results', 'frame_data'))
    if key is None or not isinstance(first_of(data[key]), (dict, list)):
        return data, {}
    if key_of(data, ('keypoints', 'annotations', 'instance_info')):
        return data, {}
    told: dict[str, Any] = {}
    if (size := size_of(data)) is not None:
        told['image_size'] = size
    rate = data.get('fps', data.get('frame_rate'))
    if isinstance(rate, (int, float)) and 0 < rate <= 10_000:
        told['fps'] = float(rate)
    known = {key, 'width', 'height', 'fps', 'frame_rate', 'version', 'video'}
    warn_unread(path, 'keys', data.keys() - known)
    return data[key], told


def _layout(
    wanted: str | None, found: People, tracks: tuple[Track, ...], path: Path
) -> str:
    number = tracks[0].score.shape[1]
    known = candidates(number)
    name = wanted or (found.layout if found.layout in LAYOUTS else None)
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
    usual = found.usual if found.usual in known else None
    if usual is not None and (best is None or misfit(tracks, usual) <= FITS):
        return usual
    if usual is not None and best != usual:
        warn(path, f"its limbs are those of layout '{best}', not '{usual}'")
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
