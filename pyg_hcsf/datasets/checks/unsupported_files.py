r"""Describes files of other data sets and formats, which the library does not
read, and which file to download instead.
"""

from __future__ import annotations

import re
import zipfile
import zlib
from collections.abc import Callable, Set
from pathlib import Path
from typing import NamedTuple

from pyg_hcsf.datasets.checks.file_kind import FileKind
from pyg_hcsf.safe_io.hdf5 import HDF5Process
from pyg_hcsf.safe_io.pickle_scan import pickle_array_shape, scan_pickle

KINDS = ('npz', 'npy', 'pickle', 'hdf5', 'mat', 'cdf', 'text')
HEAD = 2**14  # bytes that are read
NUM_KEYS = 1000  # names in an archive that are read
H5_KEYS = ('3D_positions', 'poses')


class Content(NamedTuple):
    r"""The properties of a file that identify it.

    Args:
        path (pathlib.Path): The file.
        kind (str): The kind of its :class:`FileKind`.
        head (bytes): The first bytes of the file, or of the first array of
            positions in an npz file.
        keys (frozenset[str]): The names of the arrays, or strings, in it.
    """

    path: Path
    kind: str
    head: bytes
    keys: frozenset[str]


class Unsupported(NamedTuple):
    r"""A kind of unsupported files. All properties that are set must agree.

    Args:
        text (str): A description that completes "this is ...".
        kind (str): See :class:`Content`.
        keys (set[str]): Names that the file contains.
        any_key (set[str]): Names of which it contains at least one.
        path (str): A regular expression of the end of the path, beginning
            with the name of a folder or file. Case is ignored.
        head (bytes): A regular expression found in the first bytes.
        test (callable): A further condition.
    """

    text: str
    kind: str = ''
    keys: Set[str] = frozenset()
    any_key: Set[str] = frozenset()
    path: str = ''
    head: bytes = b''
    test: Callable[[Content], bool] = lambda content: True

    def matches(self, content: Content) -> bool:
        path = content.path.absolute().as_posix()
        pattern = f'.*/{self.path or ".*"}'
        return (
            (not self.kind or content.kind == self.kind)
            and content.keys >= self.keys
            and (not self.any_key or bool(content.keys & self.any_key))
            and re.fullmatch(pattern, path, re.I | re.S) is not None
            and re.search(self.head, content.head) is not None
            and self.test(content)
        )


def _has_2d_keypoints(content: Content) -> bool:
    shape = pickle_array_shape(content.path, 'keypoint')
    return shape is not None and shape[3] == 2


IMAGES = {'imgname', 'center', 'S'}
POSITIONS = {'positions_3d', 'positions_2d'}
WORLD = (
    'get the official D3_Positions of Human3.6M, or data_3d_h36m.npz of '
    'VideoPose3D'
)
OFFICIAL_3DHP = (
    'get annot.mat, camera.calibration and annot_data.mat, the official files'
)
VP3D_3DHP = (
    'MPI-INF-3DHP in the format of VideoPose3D, of which there are several '
    f"variants: {OFFICIAL_3DHP}, or P-STMO's data_train_3dhp.npz and "
    'data_test_3dhp.npz'
)

# The first match counts.
UNSUPPORTED = (
    Unsupported(
        "MotionBERT's or MotionAGFormer's sliced clips, without subjects and "
        'cameras: get h36m_sh_conf_cam_source_final.pkl',
        kind='pickle',
        keys={'data_input', 'data_label'},
    ),
    Unsupported(
        '2D keypoints of mmaction2 or pyskl, in pixels; of NTU RGB+D get '
        'ntu60_3danno.pkl or ntu120_3danno.pkl',
        kind='pickle',
        any_key={'keypoint', 'split', 'annotations'},
        test=_has_2d_keypoints,
    ),
    Unsupported(
        "a clip of NTU RGB+D as txt2npy.py writes it, without the sensor's "
        'numbers of bodies: get the .skeleton file that it was made of',
        kind='npy',
        head=b'skel_body0',
    ),
    Unsupported(
        "st-gcn's or 2s-AGCN's array of Kinetics-Skeleton, of 18 keypoints "
        'in 2D with scores: not read',
        kind='npy',
        head=rb"'shape': \((\d+), 3, (\d+), 18, (\d+)\)",
    ),
    Unsupported(
        'a clip of Kinetics-Skeleton, of 18 keypoints in 2D: not read',
        kind='text',
        head=rb'(?s)\A(?=.*"frame_index")(?=.*"skeleton").*"pose"',
    ),
    Unsupported(
        'the labels of Kinetics-Skeleton, which is not read',
        kind='text',
        head=rb'(?s)\A(?=.*"has_skeleton").*"label_index"',
    ),
    Unsupported(
        'a clip of NW-UCLA, of 20 joints of Kinect v1: not read; UTD-MHAD, '
        'of the same joints, is',
        kind='text',
        path=r'a\d\d_s\d\d_e\d\d(?:_v\d\d)?\.json',
        head=rb'"skeletons"\s*:\s*\[\s*\[\s*\[',
    ),
    Unsupported(
        'a clip of MSRAction3D, of 20 joints: not read; UTD-MHAD is',
        path=r'a\d\d_s\d\d_e\d\d(?:_v\d\d)?_skeleton(?:3D)?\.txt',
        head=rb'\A\s*(?:-?\d[-+.\deE]*[ \t]+){2,3}-?\d[-+.\deE]*\s*\n',
    ),
    Unsupported(
        'motion of AMASS, as rotations and body shapes of SMPL: get the ASF '
        'and AMC files of CMU or HDM05, or write the joints as BVH',
        keys={'trans', 'betas'},
        any_key={'poses', 'pose_body', 'root_orient'},
        test=lambda content: bool(
            content.keys & {'mocap_framerate', 'mocap_frame_rate'}
        ),
    ),
    Unsupported(
        'the body shape of a subject of AMASS, without motion',
        kind='npz',
        test=lambda content: content.keys == {'gender', 'betas'},
    ),
    Unsupported(
        "MPI-INF-3DHP by images, as mmpose's or SPIN's scripts convert it, "
        f'without cameras: {OFFICIAL_3DHP}',
        kind='npz',
        keys=IMAGES,
        path=r'[^/]*3dhp[^/]*',
    ),
    Unsupported(
        "Human3.6M by images, as mmpose's or SPIN's scripts convert it, of "
        f'some of the frames and without cameras: {WORLD}',
        kind='npz',
        keys=IMAGES,
        path=r'[^/]*(h36m|human)[^/]*',
    ),
    Unsupported(
        "poses by images, as mmpose's or SPIN's scripts convert data sets, "
        'without cameras: get the files that they were made of',
        kind='npz',
        keys=IMAGES,
    ),
    Unsupported(
        'HumanEva in the format of VideoPose3D: not read',
        kind='npz',
        any_key=POSITIONS,
        head=rb'(Train|Validate|Test)/S\d',
    ),
    Unsupported(
        VP3D_3DHP,
        kind='npz',
        any_key=POSITIONS,
        head=rb'S[1-8]_Seq[12]|TS[1-6]|S[1-8]/Seq[12]',
    ),
    Unsupported(
        VP3D_3DHP, kind='npz', any_key=POSITIONS, path=r'[^/]*3dhp[^/]*'
    ),
    Unsupported(
        'Human3.6M in the format of VideoPose3D under another name: call it '
        'data_3d_h36m.npz, or data_2d_h36m_<detector>.npz',
        kind='npz',
        any_key=POSITIONS,
        head=rb'Directions|Discussion|WalkDog',
    ),
    Unsupported(
        "an archive such as P-STMO's of MPI-INF-3DHP under another name: call "
        'it data_train_3dhp.npz or data_test_3dhp.npz',
        kind='npz',
        path=r'[^/]*3dhp[^/]*',
        test=lambda content: content.keys == {'data'},
    ),
    Unsupported(
        "PoseAug's test set, of 16 joints relative to the hip and scaled "
        f'keypoints; if it is of MPI-INF-3DHP, {OFFICIAL_3DHP}',
        kind='npz',
        keys={'pose3d', 'pose2d'},
    ),
    Unsupported(
        "3d-pose-baseline's positions of Human3.6M under another name: put "
        'it to S*/MyPoses/3D_positions/<action>.h5',
        keys={'3D_positions'},
    ),
    Unsupported(
        "3d-pose-baseline's 2D detections in Human3.6M: get "
        'data_2d_h36m_sh_ft_h36m.npz of VideoPose3D',
        keys={'poses'},
        path=r'StackedHourglass\w*/.*\.h5',
    ),
    Unsupported(
        f'positions of Human3.6M in the coordinates of each camera: {WORLD}',
        path=r'D3_Positions_mono(_universal)?/.*\.cdf(\.mat)?',
    ),
    Unsupported(
        'a CDF file, or one made of it, in no folder of a subject of '
        'Human3.6M: D3_Positions are read from '
        'S*/MyPoseFeatures/D3_Positions/<action>.cdf',
        test=lambda content: (
            content.kind == 'cdf'
            or content.path.name.lower().endswith('.cdf.mat')
        ),
    ),
    Unsupported(
        'an annot.mat that may be of MPI-INF-3DHP: it is read from '
        'S*/Seq*/annot.mat with camera.calibration',
        kind='mat',
        path=r'annot\.mat',
    ),
    Unsupported(
        'an annot_data.mat that may be of MPI-INF-3DHP: it is read from '
        'TS*/annot_data.mat',
        kind='hdf5',
        path=r'annot_data\.mat',
    ),
)


def describe_unsupported(
    path: Path, kind: FileKind, process: HDF5Process
) -> str | None:
    r"""Describes a file that no data set class reads, and what to download
    instead.

    Args:
        path (pathlib.Path): The file, not damaged.
        kind (FileKind): The result of
            :func:`~pyg_hcsf.datasets.checks.file_kind.identify_file`.
        process (HDF5Process): Reads HDF5 files.

    Returns:
        A text that completes "this is ...", or :obj:`None` for an unknown
        file.

    Example:
        >>> describe_unsupported(path, identify_file(path), HDF5Process())
    """
    if kind.kind not in KINDS:
        return None
    try:
        content = _read_content(path, kind.kind, process)
    except (OSError, ValueError, RuntimeError, zipfile.BadZipFile, zlib.error):
        return None
    matches = (entry.text for entry in UNSUPPORTED if entry.matches(content))
    return next(matches, None)


def _read_content(path: Path, kind: str, process: HDF5Process) -> Content:
    keys: frozenset[str] = frozenset()
    with path.open('rb') as file:
        head = file.read(HEAD)
    if kind == 'npz':
        with zipfile.ZipFile(path) as archive:
            names = archive.namelist()[:NUM_KEYS]
            keys = frozenset(name.removesuffix('.npy') for name in names)
            for name in names:
                if name.startswith('positions_'):
                    with archive.open(name) as member:
                        head = member.read(HEAD)
                    break
    elif kind == 'pickle':
        found = scan_pickle(path)
        keys = found.texts if found else keys
    elif kind == 'hdf5':
        keys = frozenset(
            key for key in H5_KEYS if process.contains(path, [key])
        )
    return Content(path, kind, head, keys)
