r"""Reports which data sets a path contains, and why files cannot be read."""

from __future__ import annotations

import os
import re
import warnings
import zipfile
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path
from typing import NamedTuple

from pyg_hcsf.data.formats import LEFTOVERS, Format
from pyg_hcsf.datasets.checks.file_kind import AGAIN, FileKind, recognize
from pyg_hcsf.datasets.checks.unread import describe_unread
from pyg_hcsf.datasets.ntu.skeleton_files import SKELETON_FILE
from pyg_hcsf.datasets.ntu.skeleton_parser import read_skeleton
from pyg_hcsf.safe_io.hdf5 import HDF5Process
from pyg_hcsf.safe_io.shown import shown

LEFTOVER = 'what macOS or Windows leaves beside files, nothing to read'
ERROR = 400  # characters of an error
NUM_PARSED = 1000  # .skeleton files that are read whole

# What files are, by the end of their names.
KINDS = {
    **{'.npz': ('npz',), '.npy': ('npy',), '.pkl': ('pickle',)},
    **{'.cdf': ('cdf',), '.mat': ('mat', 'hdf5'), '.h5': ('hdf5',)},
    **{'.zip': ('zip',), '.tgz': ('packed',)},
}

# What people hold instead of skeletons, by its name; read by nothing here.
CLUES = tuple(
    (re.compile(pattern), text)
    for pattern, text in (
        (
            r'nturgbd?_(?:rgb|depth|ir|depth_masked)_s\d+.*'
            r'|S\d{3}C\d{3}P\d{3}R\d{3}A\d{3}_(?:rgb|ir)\.avi',
            'part of the videos of NTU RGB+D: get '
            'nturgbd_skeletons_s001_to_s017.zip',
        ),
        (
            r'a\d+_s\d+_t\d+_(?:color|depth|inertial)\.(?:avi|mat)'
            r'|(?:RGB|Depth|Inertial)\.zip',
            'another part of UTD-MHAD: get its Skeleton.zip',
        ),
        (
            r'(?:Poses_)?(?:D2_Positions|D3_Angles(?:_mono)?|RawAngles)'
            r'(?:_S\d+)?(?:\.tgz)?',
            'angles or 2D poses of Human3.6M: get D3_Positions',
        ),
        (
            r'(?:Poses_)?D3_Positions_mono(?:_universal)?(?:_S\d+)?(?:\.tgz)?',
            'positions of Human3.6M in the frame of each camera: get '
            'D3_Positions',
        ),
        (
            r'(?:Videos|Segments|Features)\w*_S\d+.*\.tgz',
            'videos or features of Human3.6M: get Poses_D3_Positions',
        ),
        (
            r'video_\d{1,2}\.avi',
            'a video, of MPI-INF-3DHP if it lies in imageSequence: get '
            'annot.mat and camera.calibration of its sequence',
        ),
        (
            r'(?:bb_cropped_data|TS[1-6]_(?:crop_info|gt_2d_annot))\.mat'
            r'|annotTest\.h5|mpi_inf_3dhp_(?:train|valid|test_valid|test_all)\.npz',
            'a conversion of MPI-INF-3DHP that is not read: get the official '
            "annot_data.mat and annot.mat, or P-STMO's archives",
        ),
        (
            r'raw_(?:skes_data|denoised_(?:joints|colors))\.pkl',
            'an intermediate file of CTR-GCN: get the .skeleton files, or '
            'NTU60_CS.npz and the like',
        ),
        (
            r'ntu(?:60|120)_(?:hrnet|2danno)\.pkl',
            '2D keypoints: get ntu60_3danno.pkl or ntu120_3danno.pkl',
        ),
        (
            r'.*\.c3d',
            'markers, not joints: get the AMC and ASF files of the same '
            'motion',
        ),
        (
            r'.*\.fbx',
            'FBX motion: export it as BVH, from Blender for example',
        ),
    )
)


class Found(NamedTuple):
    r"""Files that a class reads.

    Args:
        name (str): The name of the data set, as it was given.
        format (Format): Which of its formats they are in.
        files (list[pathlib.Path]): The files.
    """

    name: str
    format: Format
    files: list[Path]


class Diagnosis(NamedTuple):
    r"""What :func:`diagnose` found.

    Args:
        found (list[Found]): What can be read, and by which class.
        broken (list[tuple[pathlib.Path, FileKind]]): Files that cannot be
            read as they are, with the remedy.
        others (Mapping[str, int]): How many other files there are of each
            kind that no class reads.
        advice (list[str]): What names tell of files that are no skeletons.
    """

    found: list[Found]
    broken: list[tuple[Path, FileKind]]
    others: Mapping[str, int]
    advice: list[str]


def find_formats(
    path: Path, formats: Mapping[str, Iterable[Format]]
) -> tuple[list[Found], list[str]]:
    r"""Looks for the files of several data sets.

    Args:
        path (pathlib.Path): A file or folder.
        formats (Mapping[str, iterable]): The :class:`Format` of each data
            set, by its name.

    Returns:
        What was found, and what made looking fail, such as a damaged
        archive.
    """
    found, errors = [], []
    for name, forms in formats.items():
        for form in forms:
            try:
                files = form.find(path)
            except (ValueError, OSError) as e:
                errors.append(str(e)[:ERROR])
                continue
            if files:
                found.append(Found(name, form, files))
    return found, list(dict.fromkeys(errors))


def diagnose(
    path: str | Path,
    formats: Mapping[str, Iterable[Format]],
    progress: Callable[[Iterable[Path]], Iterable[Path]] = iter,
) -> Diagnosis:
    r"""Tells what a file, or each file of a folder, is.

    Args:
        path (str or pathlib.Path): The file or folder.
        formats (Mapping[str, iterable]): The :class:`Format` of each data
            set, by its name.
        progress (callable, optional): Wraps the iterable of files, such as
            :class:`tqdm.tqdm`. (default: :obj:`iter`)

    Example:
        >>> formats = {'UTDMHAD': UTDMHAD.formats}
        >>> diagnose('Skeleton.zip', formats).found[0].format.name
        'mat'
    """
    path = Path(path)
    found, errors = find_formats(path, formats)
    read = {file for item in found for file in item.files}
    others: Counter[str] = Counter()
    broken = []
    advice = dict.fromkeys(errors)
    parsed = 0
    with HDF5Process() as process:
        for file in progress(_walk(path)):
            kind = recognize(file)
            if LEFTOVERS.fullmatch(file.name):
                kind = FileKind('leftover', LEFTOVER)
            elif file in read:
                kind = _as_named(file, kind)
            if SKELETON_FILE.fullmatch(file.name) and parsed < NUM_PARSED:
                parsed += 1
                kind = _parsed(file, kind)
            if kind.remedy and (kind.kind != 'packed' or file not in read):
                broken.append((file, kind))
            elif file not in read:
                unread = describe_unread(file, kind, process)
                others[unread or kind.text] += 1
                if kind.kind == 'zip':
                    advice.update(dict.fromkeys(_inside(file)))
            advice.update(dict.fromkeys(_clues(file)))
    return Diagnosis(found, broken, dict(others.most_common()), list(advice))


def _as_named(file: Path, kind: FileKind) -> FileKind:
    r"""What a file is that was found by its name."""
    expected = KINDS.get(file.suffix.lower(), (kind.kind,))
    if kind.remedy or kind.kind in expected:
        return kind
    text = f'{kind.text}, other than its name says'
    return FileKind(kind.kind, text, AGAIN)


def _parsed(file: Path, kind: FileKind) -> FileKind:
    r"""What a :obj:`.skeleton` file is, after reading it whole."""
    if kind.kind != 'text':
        return kind
    try:
        with warnings.catch_warnings():
            warnings.simplefilter('ignore')
            read_skeleton(file)
    except ValueError as e:
        text = f'a .skeleton file that cannot be read: {str(e)[:ERROR]}'
        return FileKind('skeleton', text, AGAIN)
    return kind


def _walk(path: Path) -> Iterator[Path]:
    if not path.is_dir():
        yield path
    for folder, folders, names in os.walk(path):
        folders.sort()
        for name in sorted(names):
            yield Path(folder, name)


def _inside(file: Path) -> Iterator[str]:
    with zipfile.ZipFile(file) as archive:
        names = [i.filename for i in archive.infolist()]
    kinds = Counter(Path(name).suffix or name for name in names)
    listing = ', '.join(
        f'{n:,} {shown(kind, 40)[1:-1]}' for kind, n in kinds.most_common(5)
    )
    yield (
        f"'{file}' holds {listing}, which are not read out of a zip: unpack "
        'it, then look at the folder'
    )


def _clues(file: Path) -> Iterator[str]:
    for pattern, text in CLUES:
        for name in (file.name, file.parent.name):
            if pattern.fullmatch(name):
                yield f"'{name}' is {text}"
