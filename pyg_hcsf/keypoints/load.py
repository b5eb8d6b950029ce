r"""Reads the 2D keypoints of a video from a file of any supported
detector.
"""

from dataclasses import replace
from pathlib import Path
from typing import Any

from pyg_hcsf.choices import check_choice, wrong
from pyg_hcsf.keypoints.checks.body import MAX_MISFIT, fit_layout, misfit
from pyg_hcsf.keypoints.detections import ParsedFile, mark_all_missing
from pyg_hcsf.keypoints.layouts import LAYOUTS, layouts_with
from pyg_hcsf.keypoints.messages import (
    file_error,
    reading,
    unexpected,
    warn,
    warn_unread,
)
from pyg_hcsf.keypoints.pixels import to_pixels
from pyg_hcsf.keypoints.readers import READERS
from pyg_hcsf.keypoints.readers.folder import read_folder
from pyg_hcsf.keypoints.readers.frame_numbers import number_times
from pyg_hcsf.keypoints.readers.hdf5 import load_hdf5
from pyg_hcsf.keypoints.readers.json_frames import (
    find_size,
    first_entry,
    first_key,
    number_unnumbered,
    time_stamps,
)
from pyg_hcsf.keypoints.readers.json_text import parse_json
from pyg_hcsf.keypoints.track import Keypoints, Track
from pyg_hcsf.keypoints.tracking import drop_low_scores, make_tracks
from pyg_hcsf.safe_io.npy import load_npz
from pyg_hcsf.safe_io.shown import explained
from pyg_hcsf.skeleton import get_skeleton

Size = tuple[float, float] | None
MAX_BYTES = 2**28  # of a file; an hour of one person takes a third of it
MAX_FPS = 10_000
# Numbers of joints of whole-body layouts, whose first joints are a layout.
WHOLE_BODY = {133: 'coco17', 136: 'halpe26'}


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
    * predictions of MMPose, of a video or an image;
    * results or annotations in COCO's format, and PoseTrack's;
    * Ultralytics' ``Results.to_json()``, of an image or in a list of them,
      and a folder of its labels (``save_txt``; needs :obj:`image_size`);
    * MediaPipe's landmarks as JSON (needs :obj:`image_size`);
    * poses of TensorFlow.js, and of OpenPifPaf;
    * Detectron2's keypoints as VideoPose3D saves them;
    * tables and HDF5 files of DeepLabCut and SLEAP;
    * ``.trc`` files in pixels, as Sports2D writes them;
    * an ``.npz`` or HDF5 file, a table (``.csv``), or JSON with ``frame`` and
      ``keypoints`` for each person.

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
        there are none, by distance. :func:`check_keypoints` checks them.

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
            parsed = read_folder(path, _read_file)
        else:
            parsed = _read_file(path)
        if fps and parsed.fps and not 0.8 < fps / parsed.fps < 1.25:
            warn(f"'fps' is {fps:g}, but in the file it is {parsed.fps:g}")
        image_size = image_size or parsed.image_size
        parsed = to_pixels(parsed, image_size)
        tracks = make_tracks(drop_low_scores(parsed.detections))
        body = WHOLE_BODY.get(tracks[0].score.shape[1])
        if body is not None and layout in (None, body):
            layout, end = body, get_skeleton(body).num_joints
            tracks = tuple(t.pick_joints(slice(end)) for t in tracks)
        return Keypoints(
            layout=_choose_layout(layout, parsed, tracks),
            tracks=tracks,
            source=parsed.source,
            image_size=image_size,
            fps=fps or parsed.fps,
        )


def _read_file(path: Path) -> ParsedFile:
    r"""Recognises the format of a file and reads it."""
    with reading(path):
        content = _read_bytes(path)
        if content.startswith(b'PK'):
            try:
                return _read('arrays', load_npz(content, str(path)))
            except MemoryError as e:
                raise file_error(
                    'its arrays are larger than the memory: split it'
                ) from e
        if content.startswith(b'\x89HDF'):
            return _read('arrays', load_hdf5(path))
        content = _to_utf8(content)
        if content.lstrip().startswith((b'[', b'{', b'"[', b'"{')):
            return _read_json(parse_json(content))
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
    r"""Text as UTF-8 without a byte-order mark; Windows writes UTF-16."""
    if content[:2] in (b'\xff\xfe', b'\xfe\xff'):
        return content.decode('utf-16', 'replace').encode()
    return content.removeprefix(b'\xef\xbb\xbf')


def _read_json(data: Any) -> ParsedFile:
    r"""Reads JSON, also frames in a mapping with the rate of the video."""
    size = fps = None
    key = first_key(data, ('frames', 'data', 'results', 'frame_data'))
    if (
        key is not None
        and isinstance(first_entry(data[key]), (dict, list))
        and not first_key(data, ('keypoints', 'annotations', 'instance_info'))
    ):
        size = find_size(data)
        fps = data.get('fps', data.get('frame_rate'))
        if not isinstance(fps, (int, float)) or not 0 < fps <= MAX_FPS:
            fps = None
        known = {'width', 'height', 'fps', 'frame_rate', 'version', 'video'}
        warn_unread('keys', data.keys() - known - {key})
        data = data[key]
    parsed = _read('json', data)
    fps = parsed.fps if fps is None else float(fps)
    if fps is None and (times := time_stamps(data)) is not None:
        fps = number_times(times)[1]
    return replace(parsed, fps=fps, image_size=size or parsed.image_size)


def _read(kind: str, data: Any) -> ParsedFile:
    if isinstance(data, dict) and (
        'pose_0' in data or data.get('format') == 'pyg_hcsf.poses'
    ):
        raise file_error(
            'it has 3D poses, not 2D keypoints: pyg-hcsf view plays them'
        )
    for reader in READERS[kind]:
        if reader.matches(data):
            parsed = reader.read(data)
            found = number_unnumbered(mark_all_missing(parsed.detections))
            return replace(parsed, detections=found)
    if kind == 'json':
        raise file_error(
            'it is JSON, but not as OpenPose, AlphaPose, MMPose, COCO, '
            'Ultralytics, MediaPipe and others write it: save an array '
            "'keypoints' [T, N, 3] with numpy.savez instead"
        )
    raise file_error(
        'it is in none of the formats that are read: JSON, .npz or a table '
        'with commas. Videos and images need a pose detector first, see '
        'docs/tutorials/lift.md; read .npy, pickles and others with the code '
        "that wrote them, and save an array 'keypoints' [T, N, 3] with "
        'numpy.savez'
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
