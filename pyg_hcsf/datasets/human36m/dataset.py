r"""Human3.6M as clips of 2D keypoints and 3D joints."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any, Literal

from pyg_hcsf.data.clip_dataset import ClipDataset
from pyg_hcsf.data.options import check_choices, subjects_of_split
from pyg_hcsf.data.processing import RawSource
from pyg_hcsf.datasets.human36m.clips import (
    NAMINGS,
    Human36MClips,
    action_names,
    project_clip,
)
from pyg_hcsf.datasets.human36m.constants import (
    H36M_FPS,
    TEST_SUBJECTS,
    TRAIN_SUBJECTS,
)
from pyg_hcsf.datasets.human36m.formats import (
    HUMAN36M_FORMATS,
    choose_files,
)
from pyg_hcsf.geometry.camera import check_distortion
from pyg_hcsf.protocols import S11_DIRECTIONS
from pyg_hcsf.safe_io.shown import shown
from pyg_hcsf.skeleton import Skeleton, get_skeleton


class Human36M(ClipDataset):
    r"""Human3.6M from the `"Human3.6M: Large Scale Datasets and Predictive
    Methods for 3D Human Sensing in Natural Environments"
    <https://ieeexplore.ieee.org/document/6682899>`_ paper (Ionescu et al.,
    TPAMI 2014), as 2D keypoints and 3D poses.

    One :class:`~torch_geometric.data.Data` per recording and camera, as
    :func:`~pyg_hcsf.geometry.lifting_clips` makes them: :obj:`x`
    :obj:`[17, T, 2]` in pixels, :obj:`y` :obj:`[17, T, 3]` in the camera's
    frame in millimetres, absolute, the bones as :obj:`edge_index`, the
    camera's :obj:`focal`, :obj:`center`, :obj:`image_size`, :obj:`radial` and
    :obj:`tangential`, and :obj:`subject`, :obj:`action`, :obj:`clip`,
    :obj:`camera` and :obj:`fps`.
    Clips are in the order of the actions of published tables.

    The clips are in a :class:`~pyg_hcsf.data.ClipStore` and are read one by
    one, or streamed from :obj:`store`, which does not apply
    :obj:`transform`: to train on encoded clips, pass
    :class:`~pyg_hcsf.transforms.EncodePose` as :obj:`pre_transform`.

    Raw files are of one of these :obj:`formats`, anywhere below :obj:`raw`:

    * :obj:`'vp3d'`: :obj:`data_3d_h36m.npz` of VideoPose3D, and any
      :obj:`data_2d_h36m_*.npz`;
    * :obj:`'cdf'`: the official :obj:`D3_Positions`, extracted or as
      :obj:`Poses_D3_Positions_S*.tgz`, or converted to :obj:`*.cdf.mat`;
    * :obj:`'h5'`: the same positions as 3d-pose-baseline has them, in
      :obj:`S*/MyPoses/3D_positions/*.h5`;
    * :obj:`'lcn'`: :obj:`h36m_train.pkl` and :obj:`h36m_test.pkl` of LCN, and
      :obj:`h36m_sh_dt_ft.pkl`;
    * :obj:`'motionbert'`: :obj:`h36m_sh_conf_cam_source_final.pkl` and the
      like, whose training poses have no size, see
      :func:`~pyg_hcsf.datasets.human36m.lcn_motionbert_pickle.read_motionbert`.

    **STATS** (frames of all cameras, S11 Directions left out):

    .. list-table::
        :widths: 10 30 10
        :header-rows: 1

        * - split
          - subjects
          - frames
        * - train
          - S1, S5, S6, S7, S8
          - 1,559,752
        * - test
          - S9, S11
          - 543,344

    Args:
        root (str or pathlib.Path): The folder whose :obj:`processed/` is
            written to.
        split (str, optional): :obj:`'train'`, :obj:`'val'` or
            :obj:`'test'`. (default: :obj:`'train'`)
        keypoints (str, optional): :obj:`'gt'` projects the joints; else the
            detector, as in the name of its file: :obj:`'cpn_ft_h36m_dbb'`,
            :obj:`'sh_dt_ft'`, :obj:`'sh_conf_cam_source_final'`. To read
            :obj:`data_2d_h36m_gt.npz` itself, pass its name without
            :obj:`.npz`. (default: :obj:`'gt'`)
        distortion (str, optional): The lens of the projection, see
            :meth:`pyg_hcsf.geometry.camera.Camera.project`: :obj:`'vp3d'`
            gives the keypoints of :obj:`data_2d_h36m_gt.npz`, :obj:`'m17'` has
            the official order of :math:`p_1, p_2`, :obj:`None` is the pinhole
            of LCN. (default: :obj:`None`)
        joints (int, optional): 17, or 16 without Neck/Nose as SemGCN and its
            family. (default: :obj:`17`)
        dropped (sequence of str, optional): The recordings to leave out, as in
            :attr:`~pyg_hcsf.protocols.PoseProtocol.dropped`.
            (default: :obj:`S11_DIRECTIONS`, as VideoPose3D; LCN drops none)
        val_subjects (sequence of str, optional): The training subjects to
            use for validation. (default: :obj:`()`)
        naming (str, optional): :obj:`'paper'` names and orders actions as
            published tables, :obj:`'official'` as :obj:`metadata.xml` and LCN.
            (default: :obj:`'paper'`)
        subsample (int, optional): The frame stride, at 50 Hz.
            (default: :obj:`1`)
        format (str, optional): The format to read where there are several.
            (default: the first of those above that is found)
        raw (str or pathlib.Path, optional): The raw folder or file, which is
            only read. (default: :obj:`root/raw`)
        transform, pre_transform, log, force_reload: See
            :class:`~torch_geometric.data.Dataset`.

    Raises:
        RuntimeError: If there are no raw files, or the processed ones are
            damaged or cannot be written.
        ValueError: If an option is out of range, or a raw file is damaged;
            names it.

    Example:
        >>> dataset = Human36M('datasets/Human36M', keypoints='gt')
        >>> dataset[0].x, dataset[0].y  # [17, T, 2] px, [17, T, 3] mm
    """

    formats = HUMAN36M_FORMATS
    unlike: Mapping[str, tuple[str, ...]] = {}
    how_to_get = (
        'Ask for access at http://vision.imar.ro/human3.6m/ and put '
        'Poses_D3_Positions_S{1,5,6,7,8,9,11}.tgz there, or files of '
        "VideoPose3D, LCN or MotionBERT, or pass 'raw' (see "
        'datasets/Human36M/README.md)'
    )

    def __init__(
        self,
        root: str | Path,
        split: Literal['train', 'val', 'test'] = 'train',
        keypoints: str = 'gt',
        distortion: Literal['vp3d', 'm17'] | None = None,
        joints: Literal[17, 16] = 17,
        dropped: Sequence[str] = S11_DIRECTIONS,
        val_subjects: Sequence[str] = (),
        naming: Literal['paper', 'official'] = 'paper',
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
            split, val_subjects, TRAIN_SUBJECTS, TEST_SUBJECTS, 'Human3.6M'
        )
        check_choices(
            joints=(joints, (17, 16)),
            naming=(naming, NAMINGS),
            format=(format, formats),
        )
        check_distortion(distortion)
        if re.fullmatch(r'\w+', keypoints) is None or subsample < 1:
            raise ValueError(
                "Expected 'keypoints' to be a name and 'subsample' positive "
                f'(got {shown(keypoints)} and {subsample})'
            )
        self.split = split
        self.keypoints = keypoints
        self.distortion = distortion
        self.joints = joints
        self.naming = naming
        self.subsample = subsample
        self.fps = H36M_FPS / subsample
        self._dropped = frozenset(dropped)
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
        r"""Whether a folder, or a folder of a subject in it, has raw files."""
        folder = Path(path).expanduser()
        entries = [
            entry
            for entry in (folder.iterdir() if folder.is_dir() else ())
            if entry.is_file() or re.fullmatch(r'S\d+', entry.name)
        ]
        return any(form.find(e) for e in entries for form in cls.formats)

    @property
    def _stored_split(self) -> str:
        return 'test' if self.split == 'test' else 'train'

    def _in_split(self, subject: str, clip: str) -> bool:
        return subject in self._subjects and clip not in self._dropped

    def _source(self, format: str, files: list[Path]) -> RawSource:
        self._files = choose_files(format, files, self.keypoints)
        extra = [self._files.keypoints] if self._files.keypoints else []
        return super()._source(format, [*self._files.poses, *extra])

    def _steps(self) -> list[tuple[str, Callable]]:
        steps = super()._steps()
        if self.keypoints == 'gt' and self.distortion is not None:
            lens = partial(project_clip, distortion=self.distortion)
            return [(self.distortion, lens), *steps]
        return steps

    def _stem(self, format: str) -> str:
        parts = [self._stored_split, format, self.keypoints]
        parts += [f'{self.joints}joints', self.naming]
        parts += [f'every{self.subsample}'] * (self.subsample > 1)
        return '_'.join(parts)

    def _read(self, source: RawSource) -> Iterable[dict[str, Any]]:
        return Human36MClips(
            self._files,
            self._stored_split,
            self.keypoints,
            self.joints,
            self.naming,
            self.subsample,
        )

    @property
    def skeleton(self) -> Skeleton:
        r"""The 17 or 16 joints."""
        return get_skeleton(f'h36m{self.joints}')

    @property
    def actions(self) -> tuple[str, ...]:
        r"""The 15 actions, in the order of tables."""
        return action_names(self.naming)
