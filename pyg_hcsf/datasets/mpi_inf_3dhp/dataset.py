r"""MPI-INF-3DHP as clips of 2D keypoints and 3D joints."""

from __future__ import annotations

import math
import re
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, Literal

import torch

from pyg_hcsf.choices import check_choice
from pyg_hcsf.data.clip_dataset import ClipDataset
from pyg_hcsf.data.processing import RawSource
from pyg_hcsf.data.splits import subjects_of_split
from pyg_hcsf.geometry.clip_camera import camera_attributes
from pyg_hcsf.skeleton import Skeleton, get_skeleton

from . import constants
from .constants import TEST_SUBJECTS, TRAIN_SUBJECTS
from .formats import MPI_INF_3DHP_FORMATS, split_of
from .recordings import read_takes
from .takes import MPIINF3DHPTake

SKELETONS = {
    'h36m17': 'h36m17',
    'relevant17': 'mpi_inf_3dhp17',
    'all28': 'mpi_inf_3dhp28',
}


class MPIINF3DHP(ClipDataset):
    r"""MPI-INF-3DHP from the `"Monocular 3D Human Pose Estimation In The Wild
    Using Improved CNN Supervision" <https://arxiv.org/abs/1611.09813>`_ paper
    (Mehta et al., 3DV 2017), as 2D keypoints and 3D poses.

    One :class:`~torch_geometric.data.Data` per sequence and camera, as of
    :class:`Human36M`: :obj:`x` :obj:`[N, T, 2]` in pixels, :obj:`y`
    :obj:`[N, T, 3]` in the camera's frame in millimetres, absolute, the bones
    as :obj:`edge_index`, the camera's :obj:`focal`, :obj:`center` and
    :obj:`image_size` (pinhole, pixels), and :obj:`subject`, :obj:`action`,
    :obj:`clip`, :obj:`camera` and :obj:`fps`.
    The action of a training clip is its sequence, :obj:`'Seq1'`. Test clips
    have their scene as action and as :obj:`scene`: :obj:`'GS'` in front of a
    green screen, :obj:`'noGS'` in the same studio without, or
    :obj:`'Outdoor'`. Their :obj:`fps` is NaN, being unknown.

    The clips are in a :class:`~pyg_hcsf.data.ClipStore`, as those of
    :class:`Human36M`.

    Raw files are of one of these :obj:`formats`, anywhere below :obj:`raw`:

    * :obj:`'mat'`: the official :obj:`S*/Seq*/annot.mat` and
      :obj:`camera.calibration`, and :obj:`TS*/annot_data.mat`;
    * :obj:`'pstmo'`: :obj:`data_train_3dhp.npz` and
      :obj:`data_test_3dhp.npz` of P-STMO, which have no cameras and no metric
      poses. Both are estimated from keypoints and universal poses.

    **Universal poses** (:obj:`univ_annot3`) are the metric poses
    (:obj:`annot3`) times a factor :math:`k` per sequence, so that the person
    has a fixed size. In the files, the position of the pelvis is not scaled,
    so that the keypoints are not the projection of universal poses. Here it
    is scaled by :math:`k`, too: relative to the pelvis, :obj:`y` is
    :obj:`univ_annot3`. Thus :obj:`x` is the projection of :obj:`y` in either
    :obj:`ground_truth`, and depths are those of the scaled scene.

    **STATS** (the 8 cameras; of test clips the valid frames):

    ===== ========== ===== =========
    split subjects   clips frames
    ===== ========== ===== =========
    train S1 to S8   128   1,052,736
    test  TS1 to TS6 6     2,929
    ===== ========== ===== =========

    Args:
        ground_truth (str, optional): :obj:`'universal'`, as the official
            evaluation and most peers, or :obj:`'metric'`, as mmpose.
            (default: :obj:`'universal'`)
        keypoints (str, optional): :obj:`'annotation'` for :obj:`annot2`,
            usually called ground-truth 2D, or :obj:`'gt'` for the pinhole
            projection of the metric pose.
            (default: :obj:`'annotation'`)
        joints (str, optional): :obj:`'h36m17'` for Human3.6M's order, with
            neck, head and top of the head in place of its thorax, neck and
            head, as protocols expect; :obj:`'relevant17'` for the order of
            the official evaluation; or :obj:`'all28'`, which test files and
            P-STMO's do not have. (default: :obj:`'h36m17'`)
        cameras (sequence of int, optional): The training cameras, of 14.
            (default: the 8 at the height of a chest, as peers)
        frames (str, optional): The frames of test clips: :obj:`'valid'` for
            the evaluated ones only, which are not always consecutive; or
            :obj:`'all'`, with a mask :obj:`valid` :obj:`[1, T]`, for networks
            with temporal context. An invalid frame without a pose has that of
            the nearest frame. (default: :obj:`'valid'`)
        root, split, val_subjects, subsample, format: See
            :class:`~pyg_hcsf.data.clip_dataset.ClipDataset`; the frame rate is
            25 or 50 Hz before subsampling.
        **kwargs (optional): Other arguments of that class.

    Example:
        >>> dataset = MPIINF3DHP('datasets/MPIINF3DHP', 'test')
        >>> dataset[0].x, dataset[0].y  # [17, 603, 2] px, [17, 603, 3] mm
    """

    formats = MPI_INF_3DHP_FORMATS
    raw_folders = re.compile(r'T?S\d|mpi_inf_3dhp\w*')
    keys = ('x', 'y', 'joints', 'valid')
    how_to_get = (
        'Get it at https://vcai.mpi-inf.mpg.de/3dhp-dataset/ and put '
        'S*/Seq*/annot.mat with camera.calibration, and TS*/annot_data.mat '
        "there, or P-STMO's data_train_3dhp.npz and data_test_3dhp.npz, or "
        "pass 'raw' (see datasets/MPIINF3DHP/README.md)"
    )

    def __init__(
        self,
        root: str | Path,
        split: Literal['train', 'val', 'test'] = 'train',
        ground_truth: Literal['universal', 'metric'] = 'universal',
        keypoints: Literal['annotation', 'gt'] = 'annotation',
        joints: Literal['h36m17', 'relevant17', 'all28'] = 'h36m17',
        cameras: Sequence[int] = constants.CAMERAS,
        frames: Literal['valid', 'all'] = 'valid',
        val_subjects: Sequence[str] = (),
        subsample: int = 1,
        format: str | None = None,
        **kwargs: Any,
    ) -> None:
        self._subjects = subjects_of_split(
            split, val_subjects, TRAIN_SUBJECTS, TEST_SUBJECTS, 'MPI-INF-3DHP'
        )
        check_choice('ground_truth', ground_truth, ('universal', 'metric'))
        check_choice('keypoints', keypoints, ('annotation', 'gt'))
        check_choice('joints', joints, tuple(SKELETONS))
        check_choice('frames', frames, ('valid', 'all'))
        cameras = tuple(sorted(cameras))
        if (
            not cameras
            or not set(cameras) <= set(range(constants.NUM_CAMERAS))
            or len(set(cameras)) != len(cameras)
        ):
            raise ValueError(
                "Expected 'cameras' to be some of 0 to "
                f'{constants.NUM_CAMERAS - 1}, each once (got {cameras})'
            )
        if subsample < 1:
            raise ValueError(
                f"Expected 'subsample' to be positive (got {subsample})"
            )
        if split == 'test' and joints == 'all28':
            raise ValueError(
                "Expected 'joints' to be 'h36m17' or 'relevant17' with "
                "split='test', whose files have no others (got 'all28')"
            )
        self.split = split
        self.ground_truth = ground_truth
        self.unlike = constants.UNLIKE if ground_truth == 'universal' else {}
        self.keypoints = keypoints
        self.joints = joints
        self.cameras = cameras
        self.frames = frames
        self.subsample = subsample
        self._format = format
        super().__init__(root, **kwargs)

    def _stem(self, format: str) -> str:
        parts = [self._stored_split, format, self.ground_truth]
        parts += [self.keypoints, self.joints]
        if self.split == 'test':
            parts.append(self.frames)
        elif self.cameras != constants.CAMERAS:
            parts.append('cameras' + '-'.join(map(str, self.cameras)))
        parts += [f'every{self.subsample}'] * (self.subsample > 1)
        return '_'.join(parts)

    def _of_split(self, files: list[Path]) -> list[Path]:
        return [f for f in files if split_of(f) == self._stored_split]

    def _source(self, format: str, files: list[Path]) -> RawSource:
        if format == 'pstmo' and self.joints == 'all28':
            raise ValueError(
                "Expected 'joints' to be 'h36m17' or 'relevant17' for "
                "P-STMO's files, which have 17 (got 'all28'): get the official"
                ' annot.mat for more'
            )
        return super()._source(format, files)

    def _read(self, source: RawSource) -> Iterator[MPIINF3DHPTake]:
        return read_takes(
            source.format, source.files, self._stored_split, self.cameras
        )

    def _to_clip(self, take: MPIINF3DHPTake) -> dict[str, Any]:
        camera, seen = take.camera, take.seen
        universal = self.ground_truth == 'universal'
        y = torch.from_numpy(seen.universal if universal else seen.metric)
        if self.keypoints == 'gt':
            metric = torch.from_numpy(seen.metric)
            x = camera.project(metric.double()).float()
        else:
            x = torch.from_numpy(seen.keypoints)
        valid = torch.from_numpy(seen.valid)
        is_test = self.split == 'test'
        # Frames to store: all or the evaluated ones, and every n-th of these.
        chosen = torch.arange(len(valid))
        if is_test and self.frames == 'valid':
            chosen = chosen[valid]
        chosen = chosen[:: self.subsample]
        order = self._joint_order(x.size(1))
        skeleton = self.skeleton.with_graph('tree')
        clip: dict[str, Any] = {
            'x': x[chosen][:, order],
            'y': y[chosen][:, order],
            'edge_index': skeleton.edge_index,
            'num_nodes': skeleton.num_joints,
            'subject': take.subject,
            'clip': take.name,
            'camera': camera.name,
            **camera_attributes(camera),
        }
        if is_test:
            scene = constants.TEST_SEQUENCES[take.name].scene
            clip |= {'action': scene, 'scene': scene, 'fps': math.nan}
        else:
            clip['action'] = take.name.split()[1]
            rate = constants.TRAIN_SEQUENCES[take.name][1]
            clip['fps'] = rate / self.subsample
        if is_test and self.frames == 'all':
            clip['valid'] = valid[chosen][:, None]
        return clip

    def _joint_order(self, number: int) -> list[int]:
        # Files have the 28 joints, or the 17 relevant ones.
        order = list(range(number))
        if self.joints != 'all28' and number == len(constants.JOINTS28):
            order = list(constants.RELEVANT17_OF_28)
        if self.joints == 'h36m17':
            order = [order[i] for i in constants.H36M17_OF_RELEVANT17]
        return order

    @property
    def skeleton(self) -> Skeleton:
        r"""The joints."""
        return get_skeleton(SKELETONS[self.joints])

    @property
    def actions(self) -> tuple[str, ...]:
        r"""The scenes of test clips, else the sequences."""
        is_test = self.split == 'test'
        return constants.SCENES if is_test else ('Seq1', 'Seq2')
