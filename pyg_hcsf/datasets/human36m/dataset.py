r"""Human3.6M as clips of 2D keypoints and 3D joints."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any, Literal

import torch
from torch import Tensor
from torch_geometric.data import Data

from pyg_hcsf.choices import check_choice
from pyg_hcsf.data.clip_dataset import ClipDataset
from pyg_hcsf.data.processing import RawSource
from pyg_hcsf.data.splits import subjects_of_split
from pyg_hcsf.geometry.camera import Distortion, check_distortion
from pyg_hcsf.geometry.clip_camera import camera_attributes, clip_camera
from pyg_hcsf.protocols import H36M_ACTIONS, S11_DIRECTIONS
from pyg_hcsf.safe_io.shown import shown
from pyg_hcsf.skeleton import Skeleton, get_skeleton

from . import constants
from .constants import (
    OFFICIAL_ACTIONS,
    TEST_SUBJECTS,
    TRAIN_SUBJECTS,
    Human36MTake,
)
from .formats import HUMAN36M_FORMATS, choose_files
from .recordings import read_takes


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

    ===== ================== =========
    split subjects           frames
    ===== ================== =========
    train S1, S5, S6, S7, S8 1,559,752
    test  S9, S11            543,344
    ===== ================== =========

    Args:
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
        naming (str, optional): :obj:`'paper'` names and orders actions as
            published tables, :obj:`'official'` as :obj:`metadata.xml` and LCN.
            (default: :obj:`'paper'`)
        root, split, val_subjects, subsample, format: See
            :class:`~pyg_hcsf.data.clip_dataset.ClipDataset`; the frame rate is
            50 Hz before subsampling.
        **kwargs (optional): Other arguments of that class.

    Example:
        >>> dataset = Human36M('datasets/Human36M', keypoints='gt')
        >>> dataset[0].x, dataset[0].y  # [17, T, 2] px, [17, T, 3] mm
    """

    formats = HUMAN36M_FORMATS
    raw_folders = re.compile(r'S\d+')
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
        **kwargs: Any,
    ) -> None:
        self._subjects = subjects_of_split(
            split, val_subjects, TRAIN_SUBJECTS, TEST_SUBJECTS, 'Human3.6M'
        )
        check_choice('joints', joints, (17, 16))
        check_choice('naming', naming, ('paper', 'official'))
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
        self.fps = constants.H36M_FPS / subsample
        self._dropped = frozenset(dropped)
        self._format = format
        super().__init__(root, **kwargs)

    def _in_split(self, subject: str, clip: str) -> bool:
        return super()._in_split(subject, clip) and clip not in self._dropped

    def _source(self, format: str, files: list[Path]) -> RawSource:
        self._files = choose_files(format, files, self.keypoints)
        extra = [self._files.keypoints] if self._files.keypoints else []
        return super()._source(format, [*self._files.poses, *extra])

    def _steps(self) -> list[tuple[str, Callable]]:
        steps = super()._steps()
        if self.keypoints == 'gt' and self.distortion is not None:
            # The store without a lens serves for both lenses.
            lens = partial(_project, distortion=self.distortion)
            return [(self.distortion, lens), *steps]
        return steps

    def _stem(self, format: str) -> str:
        parts = [self._stored_split, format, self.keypoints]
        parts += [f'{self.joints}joints', self.naming]
        parts += [f'every{self.subsample}'] * (self.subsample > 1)
        return '_'.join(parts)

    def _read(self, source: RawSource) -> list[Human36MTake]:
        order = {name: i for i, name in enumerate(self.actions)}
        return sorted(
            read_takes(self._files, self._stored_split),
            key=lambda take: (
                order[self._action(take)],
                constants.SUBJECTS.index(take.subject),
                take.name,
                take.camera.name,
            ),
        )

    def _to_clip(self, take: Human36MTake) -> dict[str, Any]:
        camera = take.camera
        y = torch.from_numpy(take.joints[:: self.subsample])
        x = self._keypoints(take, y)
        # Neck/Nose is left out, as by SemGCN and its family.
        if self.joints == 16:
            y = y[:, constants.H36M16_OF_17]
        return {
            'x': x.float(),
            'y': y,
            'edge_index': self.skeleton.with_graph('tree').edge_index,
            'num_nodes': self.joints,
            'subject': take.subject,
            'action': self._action(take),
            'clip': take.name,
            'camera': camera.name,
            'fps': self.fps,
            **camera_attributes(camera),
            'radial': torch.tensor([camera.radial], dtype=torch.float64),
            'tangential': torch.tensor(
                [camera.tangential], dtype=torch.float64
            ),
        }

    def _keypoints(self, take: Human36MTake, y: Tensor) -> Tensor:
        if self.keypoints == 'gt':
            x = take.camera.project(y.double())
        else:
            assert take.keypoints is not None
            # Videos are longer than the motion capture, never shorter.
            if len(take.keypoints) < len(take.joints):
                raise ValueError(
                    f"Expected keypoints '{self.keypoints}' for all "
                    f'{len(take.joints)} frames of {take.name} by camera '
                    f'{take.camera.name} (got {len(take.keypoints)}): get the '
                    'file again'
                )
            found = take.keypoints[: len(take.joints) : self.subsample]
            x = torch.from_numpy(found)
        if x.size(1) < self.joints:
            raise ValueError(
                f"Expected 'joints=16' with the keypoints '{self.keypoints}', "
                'which have no Neck/Nose (got 17)'
            )
        return x[:, constants.H36M16_OF_17] if x.size(1) > self.joints else x

    def _action(self, take: Human36MTake) -> str:
        if self.naming == 'paper':
            return take.action
        return {v: k for k, v in OFFICIAL_ACTIONS.items()}[take.action]

    @property
    def skeleton(self) -> Skeleton:
        r"""The 17 or 16 joints."""
        return get_skeleton(f'h36m{self.joints}')

    @property
    def actions(self) -> tuple[str, ...]:
        r"""The 15 actions, in the order of tables."""
        is_paper = self.naming == 'paper'
        return H36M_ACTIONS if is_paper else tuple(OFFICIAL_ACTIONS)


def _project(data: Data, distortion: Distortion) -> Data:
    # Keypoints of the joints as seen through a distorting lens.
    data.x = clip_camera(data).project(data.y.double(), distortion).float()
    return data
