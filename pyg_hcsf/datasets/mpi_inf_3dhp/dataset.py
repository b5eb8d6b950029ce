from __future__ import annotations

import math
import re
import sys
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Literal

import torch
from torch_geometric.data import Data
from tqdm import tqdm

from pyg_hcsf.data.stored import Source, StoredDataset
from pyg_hcsf.datasets.mpi_inf_3dhp.constants import (
    CAMERAS,
    H36M17_OF_RELEVANT17,
    JOINTS28,
    NUM_CAMERAS,
    RELEVANT17_OF_28,
    SCENES,
    TEST_SEQUENCES,
    TEST_SUBJECTS,
    TRAIN_SEQUENCES,
    TRAIN_SUBJECTS,
    UNLIKE,
)
from pyg_hcsf.datasets.mpi_inf_3dhp.formats import (
    MPI_INF_3DHP_FORMATS,
    MPIINF3DHPTake,
    read_takes,
    side_of,
)
from pyg_hcsf.safe_io.shown import shown
from pyg_hcsf.skeleton import Skeleton, get_skeleton

SPLITS = ('train', 'val', 'test')
SKELETONS = {
    'h36m17': 'h36m17',
    'relevant17': 'mpi_inf_3dhp17',
    'all28': 'mpi_inf_3dhp28',
}


class MPIINF3DHP(StoredDataset):
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

    The clips lie in a :class:`ClipStore` and are read one by one, or streamed
    from :obj:`store`, in which they are without :obj:`transform`: to train on
    encoded clips, pass :class:`~pyg_hcsf.transforms.EncodePose` as
    :obj:`pre_transform`.

    Raw files are of one of these :obj:`formats`, anywhere below :obj:`raw`:

    * :obj:`'mat'`: the official :obj:`S*/Seq*/annot.mat` and
      :obj:`camera.calibration`, and :obj:`TS*/annot_data.mat`;
    * :obj:`'pstmo'`: :obj:`data_train_3dhp.npz` and
      :obj:`data_test_3dhp.npz` of P-STMO, which have no cameras and no metric
      poses. Both are found from the keypoints, as the universal poses are
      scaled about a pelvis that stayed where it was.

    **Universal poses** (:obj:`univ_annot3`) are those of a person of a fixed
    size, that of the metric person (:obj:`annot3`) times :math:`k`, a number
    of each sequence. In the files they stand where the metric person stood,
    so that the keypoints are not their projection. Here the way from the
    camera is scaled too: relative to the pelvis, :obj:`y` is
    :obj:`univ_annot3` as it is, and its pelvis is at :math:`k` times the
    metric one. Thus :obj:`x` is the projection of :obj:`y` in either
    :obj:`ground_truth`, and protocols that use the depth of the root are
    consistent; depths are those of the scaled scene.

    **STATS** (the 8 cameras; of test clips the valid frames):

    .. list-table::
        :widths: 10 30 10 10
        :header-rows: 1

        * - split
          - subjects
          - clips
          - frames
        * - train
          - S1 to S8
          - 128
          - 1,052,736
        * - test
          - TS1 to TS6
          - 6
          - 2,929

    Args:
        root (str or pathlib.Path): Where :obj:`processed/` is written.
        split (str, optional): :obj:`'train'`, :obj:`'val'` or
            :obj:`'test'`. (default: :obj:`'train'`)
        ground_truth (str, optional): :obj:`'universal'`, as the official
            evaluation and most peers, or :obj:`'metric'`, as mmpose.
            (default: :obj:`'universal'`)
        keypoints (str, optional): :obj:`'annotation'` for :obj:`annot2`,
            which the field calls ground-truth 2D, or :obj:`'gt'` for the
            pinhole projection of the metric pose.
            (default: :obj:`'annotation'`)
        joints (str, optional): :obj:`'h36m17'` for Human3.6M's order, in
            which the neck, the head and the top of the head stand for its
            thorax, neck and head; :obj:`'relevant17'` for the order of the
            official evaluation; or :obj:`'all28'`, which test files and
            P-STMO's do not have. Protocols take the first, whose root is
            their own. (default: :obj:`'h36m17'`)
        cameras (sequence of int, optional): The training cameras, of 14.
            (default: the 8 at the height of a chest, as peers)
        frames (str, optional): Which frames test clips have: :obj:`'valid'`
            for those that are evaluated, one after the other although there
            are gaps between them; or :obj:`'all'`, with
            :obj:`valid` :obj:`[1, T]`, for networks that look at neighbours.
            Where an invalid frame has no pose, it is the nearest one.
            (default: :obj:`'valid'`)
        val_subjects (sequence of str, optional): The training subjects to
            keep for validation. (default: :obj:`()`)
        subsample (int, optional): Takes every so many frames, of which there
            are 25 or 50 a second. (default: :obj:`1`)
        format (str, optional): The format to read where there are several.
            (default: the first of those above)
        raw (str or pathlib.Path, optional): The folder or file, not written
            to. (default: :obj:`root/raw`)
        transform, pre_transform, log, force_reload: See
            :class:`~torch_geometric.data.Dataset`.

    Raises:
        RuntimeError: If there are no raw files, or the processed ones are
            damaged or cannot be written.
        ValueError: If an option is out of range, or a raw file is damaged;
            names it.

    Example:
        >>> dataset = MPIINF3DHP('datasets/MPIINF3DHP', 'test')
        >>> dataset[0].x, dataset[0].y  # [17, 603, 2] px, [17, 603, 3] mm
    """

    formats = MPI_INF_3DHP_FORMATS
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
        cameras: Sequence[int] = CAMERAS,
        frames: Literal['valid', 'all'] = 'valid',
        val_subjects: Sequence[str] = (),
        subsample: int = 1,
        format: str | None = None,
        raw: str | Path | None = None,
        transform: Callable | None = None,
        pre_transform: Callable | None = None,
        log: bool = True,
        force_reload: bool = False,
    ) -> None:
        names = tuple(form.name for form in self.formats)
        for name, value, known in (
            ('split', split, SPLITS),
            ('ground_truth', ground_truth, ('universal', 'metric')),
            ('keypoints', keypoints, ('annotation', 'gt')),
            ('joints', joints, tuple(SKELETONS)),
            ('frames', frames, ('valid', 'all')),
            ('format', format, (None, *names)),
        ):
            if value not in known:
                raise ValueError(
                    f"Expected '{name}' to be one of {known} (got "
                    f'{shown(value)})'
                )
        cameras = tuple(sorted(cameras))
        if (
            not cameras
            or not set(cameras) <= set(range(NUM_CAMERAS))
            or len(set(cameras)) != len(cameras)
        ):
            raise ValueError(
                "Expected 'cameras' to be some of 0 to "
                f'{NUM_CAMERAS - 1}, each once (got {cameras})'
            )
        if subsample < 1:
            raise ValueError(
                f"Expected 'subsample' to be positive (got {subsample})"
            )
        left = set(TRAIN_SUBJECTS) - set(val_subjects)
        if len(left) + len(val_subjects) != len(TRAIN_SUBJECTS) or not left:
            raise ValueError(
                f"Expected 'val_subjects' to be some of {TRAIN_SUBJECTS}, not "
                f'all, each once (got {tuple(val_subjects)})'
            )
        if split == 'val' and not val_subjects:
            raise ValueError(
                "Expected 'val_subjects' with split='val': MPI-INF-3DHP has no"
                ' validation part of its own (got none)'
            )
        if split == 'test' and joints == 'all28':
            raise ValueError(
                "Expected 'joints' to be 'h36m17' or 'relevant17' with "
                "split='test', whose files have no others (got 'all28')"
            )
        self.split = split
        self.ground_truth = ground_truth
        self.unlike = UNLIKE if ground_truth == 'universal' else {}
        self.keypoints = keypoints
        self.joints = joints
        self.cameras = cameras
        self.frames = frames
        self.subsample = subsample
        super().__init__(
            root, raw, format, transform, pre_transform, log, force_reload
        )
        subjects = {
            'train': left,
            'val': set(val_subjects),
            'test': set(TEST_SUBJECTS),
        }[split]
        self.store = self._choose(subjects)

    @classmethod
    def found(cls, path: str | Path) -> bool:
        r"""Whether raw files lie in a folder, or in folders of it that are
        called as those of the data set.
        """
        folder = Path(path).expanduser()
        entries = [
            entry
            for entry in (folder.iterdir() if folder.is_dir() else ())
            if entry.is_file()
            or re.fullmatch(r'T?S\d|mpi_inf_3dhp\w*', entry.name)
        ]
        return any(form.find(e) for e in entries for form in cls.formats)

    @property
    def _side(self) -> str:
        return 'test' if self.split == 'test' else 'train'

    def _stem(self, form: str) -> str:
        parts = [self._side, form, self.ground_truth, self.keypoints]
        parts.append(self.joints)
        if self._side == 'test':
            parts.append(self.frames)
        elif self.cameras != CAMERAS:
            parts.append('cameras' + '-'.join(map(str, self.cameras)))
        parts += [f'every{self.subsample}'] * (self.subsample > 1)
        return '_'.join(parts)

    def _of_split(self, files: list[Path]) -> list[Path]:
        return [file for file in files if side_of(file) == self._side]

    def _find_processed(self, folder: Path, ending: str) -> Path:
        try:
            return super()._find_processed(folder, ending)
        except RuntimeError as e:
            if self.raw.exists() and any(
                form.find(self.raw) for form in self.formats
            ):
                raise ValueError(
                    f"Expected files for split='{self.split}' in '{self.raw}' "
                    f'(got only others). {self.how_to_get}'
                ) from e
            raise

    def _source(self, form: str, files: list[Path]) -> Source:
        if form == 'pstmo' and self.joints == 'all28':
            raise ValueError(
                "Expected 'joints' to be 'h36m17' or 'relevant17' for "
                "P-STMO's files, which have 17 (got 'all28'): get the official"
                ' annot.mat for more'
            )
        keys = ('x', 'y', *(['valid'] * self._has_mask))
        return Source(form, files, lambda: self._clips(form, files), keys)

    @property
    def _has_mask(self) -> bool:
        return self._side == 'test' and self.frames == 'all'

    def _clips(self, form: str, files: list[Path]) -> Iterator[Data]:
        takes = read_takes(form, files, self._side, self.cameras)
        bar = tqdm(
            takes,
            desc=f'Reading {form}',
            unit='clip',
            file=sys.stderr,
            disable=not self.log,
        )
        yield from map(self._to_data, bar)

    def _to_data(self, take: MPIINF3DHPTake) -> Data:
        camera = take.camera
        metric = torch.from_numpy(take.metric)
        universal = torch.from_numpy(take.universal)
        y = universal if self.ground_truth == 'universal' else metric
        if self.keypoints == 'gt':
            x = camera.project(metric.double()).float()
        else:
            x = torch.from_numpy(take.keypoints)
        valid = torch.from_numpy(take.valid)
        frames = torch.arange(len(valid))
        if self._side == 'test' and self.frames == 'valid':
            frames = frames[valid]
        frames = frames[:: self.subsample]
        joints = self._order(x.size(1))
        data = Data(
            x=x[frames][:, joints].transpose(0, 1).contiguous(),
            y=y[frames][:, joints].transpose(0, 1).contiguous(),
            edge_index=self.skeleton.with_graph('tree').edge_index,
            num_nodes=self.skeleton.num_joints,
            subject=take.subject,
            clip=take.name,
            camera=camera.name,
            focal=torch.tensor([camera.focal], dtype=torch.float64),
            center=torch.tensor([camera.center], dtype=torch.float64),
            image_size=torch.tensor([camera.image_size], dtype=torch.float64),
        )
        if self._side == 'test':
            scene = TEST_SEQUENCES[take.name].scene
            data.action = data.scene = scene
            data.fps = math.nan
        else:
            data.action = take.name.split()[1]
            data.fps = TRAIN_SEQUENCES[take.name][1] / self.subsample
        if self._has_mask:
            data.valid = valid[frames][None]
        return data

    def _order(self, number: int) -> list[int]:
        order = list(range(number))
        if self.joints != 'all28' and number == len(JOINTS28):
            order = list(RELEVANT17_OF_28)
        if self.joints == 'h36m17':
            order = [order[i] for i in H36M17_OF_RELEVANT17]
        return order

    @property
    def skeleton(self) -> Skeleton:
        r"""The joints."""
        return get_skeleton(SKELETONS[self.joints])

    @property
    def actions(self) -> tuple[str, ...]:
        r"""The scenes of test clips, else the sequences."""
        return SCENES if self._side == 'test' else ('Seq1', 'Seq2')
