r"""MPI-INF-3DHP as clips of 2D keypoints and 3D joints."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any, Literal

import torch

from pyg_hcsf.data.clip_dataset import ClipDataset, RawSource
from pyg_hcsf.data.options import check_choices, subjects_of_split
from pyg_hcsf.data.projection import camera_attributes
from pyg_hcsf.datasets.mpi_inf_3dhp.annotation import (
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
    split_of,
)
from pyg_hcsf.datasets.mpi_inf_3dhp.recordings import read_takes
from pyg_hcsf.datasets.mpi_inf_3dhp.takes import MPIINF3DHPTake
from pyg_hcsf.skeleton import Skeleton, get_skeleton

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
        formats = [None] + [form.name for form in self.formats]
        self._subjects = subjects_of_split(
            split, val_subjects, TRAIN_SUBJECTS, TEST_SUBJECTS, 'MPI-INF-3DHP'
        )
        check_choices(
            ground_truth=(ground_truth, ('universal', 'metric')),
            keypoints=(keypoints, ('annotation', 'gt')),
            joints=(joints, tuple(SKELETONS)),
            frames=(frames, ('valid', 'all')),
            format=(format, formats),
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
            root,
            raw,
            format,
            transform=transform,
            pre_transform=pre_transform,
            log=log,
            force_reload=force_reload,
        )

    @classmethod
    def found(cls, path: str | Path) -> bool:
        r"""Whether a folder, or a folder in it with a name of the data set,
        has raw files.
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
    def _stored_split(self) -> str:
        return 'test' if self.split == 'test' else 'train'

    def _in_split(self, subject: str, clip: str) -> bool:
        return subject in self._subjects

    def _stem(self, format: str) -> str:
        parts = [self._stored_split, format, self.ground_truth]
        parts += [self.keypoints, self.joints]
        if self.split == 'test':
            parts.append(self.frames)
        elif self.cameras != CAMERAS:
            parts.append('cameras' + '-'.join(map(str, self.cameras)))
        parts += [f'every{self.subsample}'] * (self.subsample > 1)
        return '_'.join(parts)

    def _of_split(self, files: list[Path]) -> list[Path]:
        return [f for f in files if split_of(f) == self._stored_split]

    def _find_processed(self, folder: Path, ending: str) -> str:
        try:
            return super()._find_processed(folder, ending)
        except RuntimeError as e:
            if self.raw.exists() and any(
                form.find(self.raw) for form in self.formats
            ):
                raise ValueError(
                    f"Expected files for split='{self.split}' in '{self.raw}' "
                    f'(got only those of other splits). {self.how_to_get}'
                ) from e
            raise

    def _source(self, format: str, files: list[Path]) -> RawSource:
        if format == 'pstmo' and self.joints == 'all28':
            raise ValueError(
                "Expected 'joints' to be 'h36m17' or 'relevant17' for "
                "P-STMO's files, which have 17 (got 'all28'): get the official"
                ' annot.mat for more'
            )
        return super()._source(format, files)

    def _read(self, source: RawSource) -> Iterator[dict[str, Any]]:
        takes = read_takes(
            source.format, source.files, self._stored_split, self.cameras
        )
        return map(self._to_clip, takes)

    def _to_clip(self, take: MPIINF3DHPTake) -> dict[str, Any]:
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
        if self.split == 'test' and self.frames == 'valid':
            frames = frames[valid]
        frames = frames[:: self.subsample]
        joints = self._order(x.size(1))
        clip: dict[str, Any] = {
            'x': x[frames][:, joints],
            'y': y[frames][:, joints],
            'edge_index': self.skeleton.with_graph('tree').edge_index,
            'num_nodes': self.skeleton.num_joints,
            'subject': take.subject,
            'clip': take.name,
            'camera': camera.name,
            **camera_attributes(camera),
        }
        if self.split == 'test':
            scene = TEST_SEQUENCES[take.name].scene
            clip |= {'action': scene, 'scene': scene, 'fps': math.nan}
        else:
            clip['action'] = take.name.split()[1]
            clip['fps'] = TRAIN_SEQUENCES[take.name][1] / self.subsample
        if self.split == 'test' and self.frames == 'all':
            clip['valid'] = valid[frames][:, None]
        return clip

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
        return SCENES if self.split == 'test' else ('Seq1', 'Seq2')
