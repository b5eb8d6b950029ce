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

from .motion import MotionClip, MotionDataset
from .openmocap_clips import has_openmocap, openmocap_files, read_openmocap
from .openmocap_people import HELD_OUT, SPLITS, split_of

VERSION_1 = (
    'version 1 of openmocap is in releases up to 0.5 of this package (pip '
    "install 'pyg_hcsf<0.6'): its test people have settled choices of this "
    'project, two of them on the rig of most training clips, so that errors '
    'on them no longer tell how a network does on people it has never seen'
)


class Motion(MotionDataset):
    r"""All clips of :class:`OpenMocap` before projection. They are read once
    for all splits, kinds of keypoints and seeds.
    """

    formats = (
        Format(
            'openmocap',
            "CMU's and HDM05's files, in one folder (see its card)",
            openmocap_files,
        ),
    )
    how_to_get = (
        "Put there CMU's allasfamc.zip and cmu/bvh/{salsa,indian} from "
        'http://mocap.cs.cmu.edu and hdm05/ from '
        'https://resources.mpi-inf.mpg.de/HDM05/ (see '
        "datasets/OpenMocap/README.md), or pass the folder as 'raw'"
    )

    def _stem(self, format: str) -> str:
        return f'motion2_{self.fps:g}fps'

    def read_clips(self) -> Iterator[MotionClip]:
        return read_openmocap(self.raw)


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

    * :obj:`'test'`: CMU 05, 09, 12, 17, 29, 39, 55, 127, 135. It should be
      evaluated once, at the end.
    * :obj:`'val'`: CMU 03, 16, 86 and HDM05 mm, for all choices.
    * :obj:`'train'`: CMU 01, 02, 06, 07, 08, 10, 11, 14, 32, 35, 38, 43, 49,
      60+61 (who dance together), 94 and HDM05 bd, bk, dg, tr.

    CMU 60+61 and 94 are on the DAZ rig. With :obj:`held_out='rig'`, the test
    split is HDM05 and the DAZ rig, told apart by
    :func:`~pyg_hcsf.datasets.mocap.openmocap_people.rig_of`; the other splits
    are those above without these two rigs. The :obj:`protocol` is then
    :obj:`'openmocap-rigs'`.

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
            :obj:`'subjects'` or other rigs, :obj:`'rig'`.
            (default: :obj:`'subjects'`)
        version (int, optional): The edition of the benchmark. Only :obj:`2`
            is in this release. (default: :obj:`2`)
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
        version: int = 2,
        **kwargs: Any,
    ) -> None:
        check_choice('split', split, SPLITS)
        check_choice('keypoints', keypoints, ('gt', 'noisy'))
        check_distortion(distortion)
        check_choice('held_out', held_out, HELD_OUT)
        check_choice('version', version, (2,), VERSION_1)
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
            f'v2_{rig}{self.split}_{self.keypoints}_{lens}_seed{self.seed}_'
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
