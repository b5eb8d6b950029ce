r"""Reads the 2D keypoints of a video from a file of any supported
detector.
"""

import json
from codecs import BOM_UTF8
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from pyg_hcsf.choices import check_choice, wrong
from pyg_hcsf.keypoints.bodies import pick_body
from pyg_hcsf.keypoints.checks.body import MAX_MISFIT, fit_layout, misfit
from pyg_hcsf.keypoints.confidence import check_scores
from pyg_hcsf.keypoints.detections import ParsedFile, mark_all_missing
from pyg_hcsf.keypoints.joint_names import order_by_names
from pyg_hcsf.keypoints.layouts import LAYOUTS, layouts_with
from pyg_hcsf.keypoints.messages import file_error, reading, unexpected, warn
from pyg_hcsf.keypoints.pixels import to_pixels
from pyg_hcsf.keypoints.readers import READERS
from pyg_hcsf.keypoints.readers.folder import read_folder
from pyg_hcsf.keypoints.readers.frame_numbers import number_times
from pyg_hcsf.keypoints.readers.hdf5 import load_hdf5
from pyg_hcsf.keypoints.readers.json_frames import time_stamps
from pyg_hcsf.keypoints.readers.json_groups import one_frame
from pyg_hcsf.keypoints.readers.json_header import MAX_FPS, read_header
from pyg_hcsf.keypoints.readers.json_text import parse_json
from pyg_hcsf.keypoints.readers.python_values import is_array, to_json
from pyg_hcsf.keypoints.readers.unknown import describe
from pyg_hcsf.keypoints.readers.unnumbered import number_unnumbered
from pyg_hcsf.keypoints.track import Keypoints, Track
from pyg_hcsf.keypoints.tracking import drop_low_scores, make_tracks
from pyg_hcsf.safe_io.gzip_file import gunzip
from pyg_hcsf.safe_io.npy import load_npy, load_npz
from pyg_hcsf.safe_io.pickle_reader import load_pickle
from pyg_hcsf.safe_io.shown import cause, explained
from pyg_hcsf.skeleton import get_skeleton

Size = tuple[float, float] | None
MAX_BYTES = 2**28  # of a file; an hour of one person takes a third of it
# How pickles begin: of protocol 2 and up, of lists, dictionaries and arrays.
PICKLES = (b'\x80', b'(lp', b'(dp', b']q\0', b'}q\0', b'cnumpy', b'(cnumpy')


def read_keypoints(
    path: str | Path,
    layout: str | None = None,
    image_size: Size = None,
    fps: float | None = None,
) -> Keypoints:
    r"""Reads the 2D keypoints of a video from the file of any detector.

    The format is recognised by the content of the file, not by its name:

    * a folder of OpenPose's ``*_keypoints.json``, or one of them, or a
      folder with one file of another kind for each frame;
    * AlphaPose's ``alphapose-results.json``, also with ``--format cmu`` and
      ``open``, and PoseFlow's results;
    * predictions of MMPose and Sapiens, of a video or an image, and clips of
      MMAction2;
    * results or annotations in COCO's format, and PoseTrack's;
    * Ultralytics' ``Results.to_json()``, of an image or in a list of them,
      and a folder of its labels (``save_txt``; needs :obj:`image_size`);
    * MediaPipe's landmarks as JSON (needs :obj:`image_size`);
    * poses of TensorFlow.js, OpenPifPaf, RTMLib and Transformers;
    * Detectron2's keypoints as VideoPose3D saves them;
    * tables and HDF5 files of DeepLabCut and SLEAP;
    * ``.trc`` files in pixels, as Sports2D writes them;
    * an ``.npz`` or HDF5 file, a table (``.csv``), or JSON with ``frame`` and
      ``keypoints`` for each person;
    * the same in a pickle or an ``.npy`` file of plain data, and compressed
      by gzip.

    Each module of :mod:`pyg_hcsf.keypoints.readers` describes its format. The
    layout is the one that the file names, else the one with as many joints.
    Of several with 16 or 17 joints, it is the one in which limbs have the
    proportions of people, if that is clear.

    Args:
        path (str or pathlib.Path): The file or folder.
        layout (str, optional): The layout of the joints, such as
            ``'coco17'``. :obj:`None` recognises it. (default: :obj:`None`)
        image_size (tuple, optional): Width and height of the image in
            pixels. :obj:`None` takes those in the file.
            (default: :obj:`None`)
        fps (float, optional): Frames per second. :obj:`None` takes the rate
            in the file. (default: :obj:`None`)

    Returns:
        Keypoints: One track for each person, by the ids in the file or, if
        there are none, by place and pose. :func:`check_keypoints` checks them.

    Raises:
        ValueError: If the file is damaged, in another format or without
            people, or if the layout is not clear; names the file, the entry
            and the remedy.

    Example:
        >>> keypoints = read_keypoints('alphapose-results.json', fps=30)
        >>> keypoints.layout, keypoints.tracks[0].xy.shape
        ('halpe26', (912, 26, 2))
    """
    path = Path(path).expanduser()
    if layout is not None:
        check_choice('layout', layout, LAYOUTS)
    if image_size is not None:
        image_size = _check_size(image_size)
    if fps is not None and not 0 < fps <= MAX_FPS:
        raise wrong('fps', f'positive and up to {MAX_FPS:,}', fps)
    with reading(path):
        if path.is_dir():
            parsed = read_folder(path, partial(_read_file, is_frame=True))
        else:
            parsed = _read_file(path)
        if fps and parsed.fps and not 0.8 < fps / parsed.fps < 1.25:
            warn(f"'fps' is {fps:g}, but in the file it is {parsed.fps:g}")
        image_size = image_size or parsed.image_size
        parsed = to_pixels(parsed, image_size)
        tracks = make_tracks(
            drop_low_scores(parsed.detections), fps or parsed.fps
        )
        layout, tracks = pick_body(tracks, layout, parsed.layout)
        return Keypoints(
            layout=_choose_layout(layout, parsed, tracks),
            tracks=tracks,
            source=parsed.source,
            image_size=image_size,
            fps=fps or parsed.fps,
        )


def _read_file(path: Path, is_frame: bool = False) -> ParsedFile:
    r"""Recognises the format of a file, maybe of one frame, and reads it."""
    with reading(path):
        packed = _read_bytes(path)
        content = gunzip(packed, MAX_BYTES, str(path))
        if content.startswith(b'PK'):
            try:
                return _read('arrays', load_npz(content, str(path)))
            except MemoryError as e:
                raise file_error(
                    'its arrays are larger than the memory: split it'
                ) from e
        if content.startswith(b'\x89HDF'):
            unpacked = None if content is packed else content
            return _read('arrays', load_hdf5(path, unpacked))
        if content.startswith(b'\x93NUMPY'):
            return _read_value(load_npy, content, path)
        if content.startswith(PICKLES):
            return _read_value(load_pickle, content, path)
        content = _to_utf8(content)
        if content.lstrip().startswith((b'[', b'{', b'"[', b'"{')):
            return _read_json(parse_json(content), is_frame)
        text = ''  # a binary file, which no reader matches
        if b'\0' not in content[:4096]:
            try:
                text = content.decode()
            except UnicodeDecodeError:
                text = content.decode('cp1252', 'replace')
        return _read('text', text)


def _read_bytes(path: Path) -> bytes:
    with explained(f"'{path}' cannot be read", 'check the path', (OSError,)):
        if (size := path.stat().st_size) > MAX_BYTES:
            raise file_error(
                f'it has {size:,} bytes, but files of keypoints of up to '
                f'{MAX_BYTES:,} are read: split the video'
            )
        content = path.read_bytes()
    if not content.strip():
        raise file_error('the file is empty: run the detector again')
    return content


def _to_utf8(content: bytes) -> bytes:
    r"""Text as UTF-8 without a byte-order mark; Windows writes UTF-16, with
    and without such a mark. Binary files are returned as they are.
    """
    encoding = json.detect_encoding(content)
    if encoding.startswith('utf-8'):
        return content.removeprefix(BOM_UTF8)
    head = content[:4096].decode(encoding, 'replace')
    if '\0' in head or '\ufffd' in head[:-1]:  # whose last may be cut
        return content
    return content.decode(encoding, 'replace').encode()


def _read_value(
    load: Callable[[bytes, str], Any], content: bytes, path: Path
) -> ParsedFile:
    r"""Reads the value of a pickle or an ``.npy`` file."""
    try:
        value = load(content, str(path))
    except ValueError as e:
        raise file_error(
            f'its content is not read ({cause(e)}): save an array '
            "'keypoints' [T, N, 3] with numpy.savez"
        ) from e
    if is_array(value):
        return _read('arrays', {'keypoints': value})
    return _read_json(to_json(value))


def _read_json(data: Any, is_frame: bool = False) -> ParsedFile:
    r"""Reads JSON, maybe with properties of the video."""
    data, header = read_header(data)
    if is_frame:
        data = one_frame(data)
    parsed = _read('json', data, is_frame)
    if parsed.layout is None:
        parsed = order_by_names(parsed, header.names)
    fps = parsed.fps if header.fps is None else header.fps
    if fps is None and (times := time_stamps(data)) is not None:
        fps = number_times(times)[1]
    size = parsed.image_size if header.size is None else header.size
    return replace(parsed, fps=fps, image_size=size)


def _read(kind: str, data: Any, is_frame: bool = False) -> ParsedFile:
    if isinstance(data, dict) and (
        'pose_0' in data or data.get('format') == 'pyg_hcsf.poses'
    ):
        raise file_error(
            'it has 3D poses, not 2D keypoints: pyg-hcsf view plays them'
        )
    for reader in READERS[kind]:
        if reader.matches(data):
            with np.errstate(invalid='ignore'):  # signalling NaN
                parsed = reader.read(data)
            found = check_scores(parsed.detections)
            found = number_unnumbered(mark_all_missing(found), is_frame)
            return replace(parsed, detections=found)
    if kind == 'json':
        raise file_error(
            'it is not as OpenPose, AlphaPose, MMPose, COCO, Ultralytics, '
            f'MediaPipe and others write it: {describe(data)}'
        )
    raise file_error(
        'it is in none of the formats that are read: JSON, .npz or a table '
        'with commas. Videos and images need a pose detector first, see '
        'docs/tutorials/lift.md; read others with the code that wrote them, '
        "and save an array 'keypoints' [T, N, 3] with numpy.savez"
    )


def _choose_layout(
    wanted: str | None, parsed: ParsedFile, tracks: tuple[Track, ...]
) -> str:
    number = tracks[0].score.shape[1]
    known = layouts_with(number)
    name = wanted or (parsed.layout if parsed.layout in LAYOUTS else None)
    if name is not None:
        if name not in known:
            count = get_skeleton(name).num_joints
            raise unexpected(f"{count} joints of layout '{name}'", number)
        return name
    if not known:
        counts = {n: get_skeleton(n).num_joints for n in LAYOUTS}
        raise file_error(
            f'no layout that is read has {number} joints (known: {counts}): '
            'convert them to one of these'
        )
    if len(known) == 1:
        return known[0]
    best = fit_layout(tracks, known)
    usual = parsed.default_layout
    if usual in known:
        if best is None or misfit(tracks, usual) <= MAX_MISFIT:
            return usual
        if best != usual:
            warn(f"its limbs are those of layout '{best}', not '{usual}'")
    if best is None:
        raise file_error(
            f'{number} joints may be any of {known}, and the proportions of '
            "the limbs do not decide: pass 'layout'"
        )
    return best


def _check_size(size: tuple[float, float]) -> tuple[float, float]:
    if len(size) != 2 or not all(0 < side <= 1e5 for side in size):
        raise wrong('image_size', 'a width and a height in pixels', size)
    return float(size[0]), float(size[1])
