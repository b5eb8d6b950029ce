r"""Files of motion and poses that no class reads: what they are, and what to
get instead.
"""

from __future__ import annotations

import re
import zipfile
import zlib
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

from pyg_hcsf.datasets.checks.file_kind import FileKind
from pyg_hcsf.safe_io.hdf5 import HDF5Process
from pyg_hcsf.safe_io.pickle_scan import pickle_array_shape, scan_pickle

KINDS = ('npz', 'npy', 'pickle', 'hdf5', 'mat', 'cdf', 'text')
HEAD = 2**14  # bytes that are looked at
NUM_KEYS = 1000  # names in an archive that are looked at
H5_KEYS = ('3D_positions', 'poses')
CLIP = re.compile(r'a\d\d_s\d\d_e\d\d(?:_v\d\d)?', re.IGNORECASE)
ACTION_TEXT = re.compile(CLIP.pattern + r'_skeleton(?:3D)?\.txt', re.I)
NUMBERS = re.compile(rb'\s*(?:-?\d[-+.\deE]*[ \t]+){2,3}-?\d[-+.\deE]*\s*\n')
NESTED = re.compile(r'"skeletons"\s*:\s*\[\s*\[\s*\[')
WORLD = (
    'get the official D3_Positions of Human3.6M, or data_3d_h36m.npz of '
    'VideoPose3D'
)
OFFICIAL_3DHP = (
    'get annot.mat, camera.calibration and annot_data.mat, the official files'
)


class Content(NamedTuple):
    r"""What a file is known by.

    Args:
        path (pathlib.Path): The file.
        kind (str): That of its
        :class:`~pyg_hcsf.datasets.checks.file_kind.FileKind`.
        head (bytes): Its first bytes; of an archive of arrays those of the
            first array of positions.
        keys (frozenset[str]): The names of arrays, or texts, in it.
    """

    path: Path
    kind: str
    head: bytes
    keys: frozenset[str]

    def holds(self, *keys: str) -> bool:
        r"""Whether these names are among its own."""
        return self.keys.issuperset(keys)

    def matches(self, pattern: str) -> bool:
        r"""Whether its path with folders ends as a pattern says."""
        path = self.path.absolute().as_posix()
        return re.fullmatch(f'.*/{pattern}', path, re.I) is not None

    def text(self) -> str:
        r"""The first part of a text."""
        return self.head.decode('utf-8-sig', 'replace')


def describe_unread(
    path: Path, kind: FileKind, process: HDF5Process
) -> str | None:
    r"""Says what a file is that no class reads, and what to get instead.

    Args:
        path (pathlib.Path): The file, not damaged.
        kind (FileKind): What
            :func:`~pyg_hcsf.datasets.checks.file_kind.recognize` says of it.
        process (HDF5Process): Reads HDF5 files.

    Returns:
        A text that completes "this is ...", or :obj:`None` if it is none of
        the files that are known here.

    Example:
        >>> with HDF5Process() as process:
        ...     text = describe_unread(path, recognize(path), process)
    """
    if kind.kind not in KINDS:
        return None
    try:
        content = _look(path, kind.kind, process)
    except (OSError, ValueError, RuntimeError, zipfile.BadZipFile, zlib.error):
        return None
    for matches, text in UNREAD:
        if matches(content):
            return text
    return None


def _look(path: Path, kind: str, process: HDF5Process) -> Content:
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


def _keypoints_2d(content: Content) -> bool:
    keys = content.keys & {'keypoint', 'split', 'annotations'}
    if content.kind != 'pickle' or not keys:
        return False
    shape = pickle_array_shape(content.path, 'keypoint')
    return shape is not None and shape[3] == 2


def _kinetics_arrays(content: Content) -> bool:
    match = re.search(
        rb"'shape': \((\d+), 3, (\d+), 18, (\d+)\)", content.head
    )
    return content.kind == 'npy' and match is not None


def _positions(content: Content, pattern: bytes) -> bool:
    keys = content.keys & {'positions_3d', 'positions_2d'}
    found = re.search(pattern, content.head) is not None
    return content.kind == 'npz' and bool(keys) and found


def _frames_of_images(content: Content) -> bool:
    return content.kind == 'npz' and content.holds('imgname', 'center', 'S')


def _amass(content: Content) -> bool:
    poses = content.keys & {'poses', 'pose_body', 'root_orient'}
    rate = content.keys & {'mocap_framerate', 'mocap_frame_rate'}
    return content.holds('trans', 'betas') and bool(poses and rate)


UNREAD: tuple[tuple[Callable[[Content], bool], str], ...] = (
    (
        lambda c: c.kind == 'pickle' and c.holds('data_input', 'data_label'),
        "MotionBERT's or MotionAGFormer's sliced clips, scaled and without "
        'subjects and cameras: get h36m_sh_conf_cam_source_final.pkl, which '
        'they were cut from',
    ),
    (
        _keypoints_2d,
        "2D keypoints of mmaction2 or pyskl, in pixels, 'keypoint' [people, "
        'frames, joints, 2]: no positions in metres; of NTU RGB+D get '
        'ntu60_3danno.pkl or ntu120_3danno.pkl',
    ),
    (
        lambda c: c.kind == 'npy' and b'skel_body0' in c.head,
        "a clip of NTU RGB+D as txt2npy.py writes it, without the sensor's "
        'numbers of bodies: get the .skeleton files that it was made of',
    ),
    (
        _kinetics_arrays,
        "st-gcn's or 2s-AGCN's array of Kinetics-Skeleton, of 18 keypoints "
        'in 2D with scores: no positions in metres, not read',
    ),
    (
        lambda c: (
            c.kind == 'text'
            and all(
                f'"{key}"' in c.text() for key in ('frame_index', 'skeleton')
            )
            and '"pose"' in c.text()
        ),
        'a clip of Kinetics-Skeleton, of 18 keypoints of OpenPose in shares '
        'of the image: no positions in metres, not read',
    ),
    (
        lambda c: (
            c.kind == 'text'
            and '"has_skeleton"' in c.text()
            and '"label_index"' in c.text()
        ),
        'the labels of Kinetics-Skeleton, which is not read',
    ),
    (
        lambda c: (
            c.kind == 'text'
            and c.path.suffix.lower() == '.json'
            and CLIP.fullmatch(c.path.stem) is not None
            and NESTED.search(c.text()) is not None
        ),
        'a clip of NW-UCLA, of 20 joints of Kinect v1: not read; UTD-MHAD is '
        'a data set of the same joints that is',
    ),
    (
        lambda c: (
            ACTION_TEXT.fullmatch(c.path.name) is not None
            and NUMBERS.match(c.head) is not None
        ),
        'a clip of MSRAction3D, of 20 joints: not read; UTD-MHAD is a data '
        'set of 20 joints that is',
    ),
    (
        _amass,
        'motion of AMASS: rotations and a body shape of SMPL, not positions '
        "of joints. Get CMU's or HDM05's ASF and AMC files of the same "
        'motion, or write the joints of the body model as BVH',
    ),
    (
        lambda c: c.kind == 'npz' and c.keys == {'gender', 'betas'},
        'the body shape of a subject of AMASS, without motion',
    ),
    (
        lambda c: _frames_of_images(c) and c.matches(r'[^/]*3dhp[^/]*'),
        "MPI-INF-3DHP by images, as mmpose's or SPIN's scripts convert it, "
        f'without cameras: {OFFICIAL_3DHP}',
    ),
    (
        lambda c: (
            _frames_of_images(c) and c.matches(r'[^/]*(h36m|human)[^/]*')
        ),
        "Human3.6M by images, as mmpose's or SPIN's scripts convert it, of "
        f'some of the frames and without cameras: {WORLD}',
    ),
    (
        _frames_of_images,
        "poses by images, as mmpose's or SPIN's scripts convert data sets, "
        'without cameras: get the files that they were made of',
    ),
    (
        lambda c: _positions(c, rb'(Train|Validate|Test)/S\d'),
        "HumanEva in VideoPose3D's form: not read",
    ),
    (
        lambda c: (
            _positions(c, rb'S[1-8]_Seq[12]|TS[1-6]|S[1-8]/Seq[12]')
            or (_positions(c, b'') and c.matches(r'[^/]*3dhp[^/]*'))
        ),
        "MPI-INF-3DHP in VideoPose3D's form, of which there are several: "
        f"{OFFICIAL_3DHP}, or P-STMO's data_train_3dhp.npz and "
        'data_test_3dhp.npz',
    ),
    (
        lambda c: _positions(c, rb'Directions|Discussion|WalkDog'),
        "Human3.6M in VideoPose3D's form under another name: call it "
        'data_3d_h36m.npz, or data_2d_h36m_<detector>.npz',
    ),
    (
        lambda c: (
            c.kind == 'npz'
            and c.keys == {'data'}
            and c.matches(r'[^/]*3dhp[^/]*')
        ),
        "an archive such as P-STMO's of MPI-INF-3DHP under another name: call "
        'it data_train_3dhp.npz or data_test_3dhp.npz',
    ),
    (
        lambda c: c.kind == 'npz' and c.holds('pose3d', 'pose2d'),
        "PoseAug's test set, of 16 joints relative to the hip and scaled "
        f'keypoints; if it is of MPI-INF-3DHP, {OFFICIAL_3DHP}',
    ),
    (
        lambda c: c.holds('3D_positions'),
        "3d-pose-baseline's positions of Human3.6M under another name: put "
        'it to S*/MyPoses/3D_positions/<action>.h5',
    ),
    (
        lambda c: (
            c.holds('poses') and c.matches(r'StackedHourglass\w*/.*\.h5')
        ),
        "3d-pose-baseline's 2D detections in Human3.6M: get "
        'data_2d_h36m_sh_ft_h36m.npz of VideoPose3D',
    ),
    (
        lambda c: c.matches(r'D3_Positions_mono(_universal)?/.*\.cdf(\.mat)?'),
        f'positions of Human3.6M in the frame of each camera: {WORLD}',
    ),
    (
        lambda c: c.kind == 'cdf' or c.matches(r'.*\.cdf\.mat'),
        'a CDF file, or one made of it, in no folder of a subject of '
        'Human3.6M: D3_Positions are read from '
        'S*/MyPoseFeatures/D3_Positions/<action>.cdf',
    ),
    (
        lambda c: c.kind == 'mat' and c.path.name.lower() == 'annot.mat',
        'an annot.mat that may be of MPI-INF-3DHP: it is read from '
        'S*/Seq*/annot.mat with camera.calibration beside it',
    ),
    (
        lambda c: c.kind == 'hdf5' and c.path.name.lower() == 'annot_data.mat',
        'an annot_data.mat that may be of MPI-INF-3DHP: it is read from '
        'TS*/annot_data.mat',
    ),
)
