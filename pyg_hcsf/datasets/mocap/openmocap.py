r"""The open pose benchmark, made from CMU's and HDM05's motion capture."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any, Literal

from torch_geometric.data import Data

from pyg_hcsf.axes import to_frames
from pyg_hcsf.choices import check_choice
from pyg_hcsf.data.formats import Format
from pyg_hcsf.data.processing import RawSource
from pyg_hcsf.geometry.camera import check_distortion
from pyg_hcsf.geometry.virtual_cameras import lifting_clips

from .bvh.reader import DAZ_JOINTS
from .bvh_motion import bvh_files, read_bvh_clip
from .cmu import CMU_INDEX, cmu_files, read_cmu
from .hdm05 import hdm05_files, read_hdm05
from .motion import MotionClip, MotionDataset

# The test split is part of the benchmark; the validation split is a choice of
# this project.
TEST_SUBJECTS = (
    'CMU03',
    'CMU49',
    'CMU86',
    'CMU94',
    'CMU135',
    'HDM05-mm',
    'HDM05-tr',
)
VAL_SUBJECTS = ('CMU02', 'HDM05-bk')
SPLITS = ('train', 'val', 'test')

# Folder of cmu/bvh: subject, action, frame rate (headers are wrong).
BVH_FOLDERS = {
    'salsa': ('CMU60+61', 'salsa', 60.0),
    'indian': ('CMU94', 'indian dance', 120.0),
    'martial': ('CMU135', 'martial arts', 120.0),
}
DAZ_SUBJECTS = tuple(subject for subject, _, _ in BVH_FOLDERS.values())
HELD_OUT = ('subjects', 'rig')


def has_openmocap(path: str | Path) -> bool:
    r"""Whether a folder has raw files of every part of the benchmark."""
    raw = Path(path).expanduser()
    return (
        any(raw.glob('cmu/asfamc/*/*.amc'))
        and all(any(raw.glob(f'cmu/bvh/{f}/*.bvh')) for f in BVH_FOLDERS)
        and any(raw.glob('hdm05/*/*.amc'))
    )


def openmocap_files(path: Path) -> list[Path]:
    r"""The raw files in a folder with all parts of the benchmark, or none."""
    if not has_openmocap(path):
        return []
    index = path / 'cmu' / CMU_INDEX
    return [
        *cmu_files(path / 'cmu' / 'asfamc'),
        *bvh_files(path / 'cmu' / 'bvh'),
        *hdm05_files(path / 'hdm05'),
        *([index] if index.is_file() else []),
    ]


def split_of(subject: str, held_out: str = 'subjects') -> str | None:
    r"""Returns the split of a subject: :obj:`'train'`, :obj:`'val'` or
    :obj:`'test'`.

    With :obj:`held_out='subjects'` the test subjects are the test split. With
    :obj:`held_out='rig'` all subjects on the DAZ rig are, and the other test
    subjects are in no split (:obj:`None`).
    """
    if held_out == 'rig' and subject in DAZ_SUBJECTS:
        return 'test'
    if subject in TEST_SUBJECTS:
        return 'test' if held_out == 'subjects' else None
    return 'val' if subject in VAL_SUBJECTS else 'train'


class Motion(MotionDataset):
    r"""All clips of :class:`OpenMocap` before projection. They are read once
    for all splits, kinds of keypoints and seeds.
    """

    formats = (
        Format(
            'openmocap',
            "cmu/asfamc, cmu/bvh and hdm05, CMU's and HDM05's files, in one "
            'folder',
            openmocap_files,
        ),
    )
    how_to_get = (
        'Put there cmu/asfamc/NN and cmu/bvh/{salsa,indian,martial} from '
        'http://mocap.cs.cmu.edu and hdm05/ from '
        'https://resources.mpi-inf.mpg.de/HDM05/ (see '
        "datasets/OpenMocap/README.md), or pass the folder as 'raw'"
    )

    def _stem(self, format: str) -> str:
        return f'motion_{self.fps:g}fps'

    def read_clips(self) -> Iterator[MotionClip]:
        cmu = self.raw / 'cmu'
        yield from read_cmu(cmu / 'asfamc', index=cmu / CMU_INDEX)
        for folder, (subject, action, source_fps) in BVH_FOLDERS.items():
            raw = cmu / 'bvh' / folder
            for path in bvh_files(raw):
                clip = read_bvh_clip(
                    path,
                    raw,
                    joint_map=DAZ_JOINTS,
                    scale=10.0,
                    up='y',
                    source_fps=source_fps,
                    subject=subject,
                    action=action,
                )
                yield clip._replace(name=f'{folder}_{clip.name}')
        yield from read_hdm05(self.raw / 'hdm05')


class OpenMocap(Motion):
    r"""The open pose benchmark: freely licensed motion capture, projected to
    the four cameras of Human3.6M.

    Motion is from the CMU Graphics Lab database (mocap.cs.cmu.edu, created
    with funding from NSF EIA-0196217) and from HDM05 (Müller et al.,
    CG-2007-2, CC BY-SA 3.0). It is not Human3.6M: rigs and actions differ,
    and with :obj:`keypoints='gt'` the 2D input is exact. Spine,
    thorax, neck and head differ from rig to rig.

    One :class:`~torch_geometric.data.Data` per clip and camera: see
    :func:`pyg_hcsf.geometry.lifting_clips`. Splits share no subject:

    * :obj:`'test'`: CMU 03, 49, 86, 94, 135, HDM05 mm, tr. It should be
      evaluated once, at the end.
    * :obj:`'val'`: CMU 02 (walking, running, jumping, swordplay, ...) and
      HDM05 bk.
    * :obj:`'train'`: all others: CMU 01, 11, the salsa pair 60+61, HDM05 bd,
      dg.

    With :obj:`held_out='rig'`, every clip on the DAZ rig, the BVH files of
    CMU 60+61, 94 and 135, is in the test split, and the other splits are
    those above without it: a test of the generalisation to another rig, with
    :obj:`protocol` :obj:`'openmocap-rigs'`.

    Args:
        split (str, optional): One of the above. (default: :obj:`'train'`)
        keypoints (str, optional): :obj:`'gt'` for projected joints,
            :obj:`'noisy'` for joints as a detector would find them.
            (default: :obj:`'gt'`)
        distortion (str, optional): The lens distortion of the projection,
            see :meth:`pyg_hcsf.geometry.camera.Camera.project`.
            (default: :obj:`None`)
        seed (int, optional): The seed of the directions of the cameras and
            of the noise. (default: :obj:`0`)
        held_out (str, optional): Whether the test split has other
            :obj:`'subjects'` or another :obj:`'rig'`.
            (default: :obj:`'subjects'`)
        root, fps: See
            :class:`~pyg_hcsf.datasets.mocap.motion.MotionDataset`.
        **kwargs (optional): Other arguments of that class.

    Example:
        >>> dataset = OpenMocap('datasets/OpenMocap', raw='mocap')
        >>> dataset[0].x, dataset[0].y  # [17, T, 2] px, [17, T, 3] mm
    """

    protocol = 'openmocap'
    keys = ('x', 'y', 'joints', 'confidence')

    def __init__(
        self,
        root: str | Path,
        split: str = 'train',
        keypoints: Literal['gt', 'noisy'] = 'gt',
        distortion: Literal['vp3d', 'm17'] | None = None,
        seed: int = 0,
        held_out: Literal['subjects', 'rig'] = 'subjects',
        **kwargs: Any,
    ) -> None:
        check_choice('split', split, SPLITS)
        check_choice('keypoints', keypoints, ('gt', 'noisy'))
        check_distortion(distortion)
        check_choice('held_out', held_out, HELD_OUT)
        self.split = split
        self.keypoints = keypoints
        self.distortion = distortion
        self.seed = int(seed)
        self.held_out = held_out
        if held_out == 'rig':
            self.protocol = 'openmocap-rigs'
        super().__init__(root, **kwargs)

    found = staticmethod(has_openmocap)

    def _stem(self, format: str) -> str:
        rig = 'rig_' if self.held_out == 'rig' else ''
        lens = self.distortion or 'pinhole'
        return (
            f'{rig}{self.split}_{self.keypoints}_{lens}_seed{self.seed}_'
            f'{self.fps:g}fps'
        )

    def _load_motion(self, force_reload: bool = False) -> Motion:
        options = {'log': self.log, 'force_reload': force_reload}
        return Motion(self.root, self.raw, self.fps, **options)

    def _of_this_split(self, subject: str) -> bool:
        return split_of(subject, self.held_out) == self.split

    def _read(self, source: RawSource) -> Iterator[dict[str, Any]]:
        # One store of all clips serves all splits, seeds and keypoints.
        motion = self._load_motion(self.force_reload)
        for clip in motion:
            if self._of_this_split(clip.subject):
                for view in lifting_clips(
                    clip, self.keypoints, self.distortion, self.seed
                ):
                    yield to_frames(view, self.keys)
        self._info['glitch_frames'] = {
            subject: count
            for subject, count in motion.store.info['glitch_frames'].items()
            if self._of_this_split(subject)
        }

    def motion(self) -> list[Data]:
        r"""The clips of the split before projection to cameras: :obj:`pos`
        :obj:`[17, T, 3]` in world millimetres (z up), and the attributes of
        :class:`~pyg_hcsf.datasets.mocap.motion.MotionDataset`.
        """
        motion = self._load_motion()
        return [clip for clip in motion if self._of_this_split(clip.subject)]
