r"""Procedural motion as clips of 2D keypoints and 3D joints."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, Literal

import torch
from torch_geometric.data import Data

from pyg_hcsf.axes import nodes_first, to_frames
from pyg_hcsf.choices import check_choice
from pyg_hcsf.data.in_memory import InMemoryClipDataset
from pyg_hcsf.data.processing import RawSource
from pyg_hcsf.geometry.camera import check_distortion
from pyg_hcsf.geometry.virtual_cameras import lifting_clips
from pyg_hcsf.skeleton import H36M17

from .actions import ACTIONS, FPS
from .motion import synthesize_motion

SPLITS = {
    'train': ('S1', 'S5', 'S6', 'S7'),
    'val': ('S8',),
    'test': ('S9', 'S11'),
}
TAKES = (1, 2)
VERSION = 1  # of the generator: raised when the motion itself changes


class SyntheticMotion(InMemoryClipDataset):
    r"""Procedural human motion with the structure of Human3.6M: its subjects,
    its fifteen actions in two recordings each, its 17 joints and its four
    cameras.

    It needs no download and no licence, so that everything can be run and
    tested everywhere.  **It is not Human3.6M**: bodies come from
    anthropometric tables, motion from postures that are strung together
    within published joint limits, with random timing, style and smooth noise
    (:func:`~pyg_hcsf.datasets.synthetic.motion.synthesize_motion`).  No
    number measured on it says anything about Human3.6M.

    One :class:`~torch_geometric.data.Data` per clip and camera, see
    :func:`~pyg_hcsf.geometry.lifting_clips`: :obj:`x [17, T, 2]`
    in pixels, :obj:`y [17, T, 3]` in camera-frame millimetres, the camera's
    :obj:`focal`, :obj:`center` and :obj:`image_size`, and :obj:`subject`,
    :obj:`action`, :obj:`clip` (such as :obj:`'S9 Directions 1'`),
    :obj:`camera` and :obj:`fps`.

    **STATS** at the default :obj:`num_frames`:

    ===== ============== ===== =======
    split subjects       clips frames
    ===== ============== ===== =======
    train S1, S5, S6, S7 480   192,000
    val   S8             120   48,000
    test  S9, S11        240   96,000
    ===== ============== ===== =======

    Args:
        root (str or pathlib.Path, optional): Where :obj:`processed/` is
            written. :obj:`None` makes the data in memory, in seconds, and
            writes nothing. (default: :obj:`None`)
        split (str, optional): :obj:`'train'`, :obj:`'val'` or
            :obj:`'test'`. (default: :obj:`'train'`)
        keypoints (str, optional): :obj:`'gt'` for projected joints,
            :obj:`'noisy'` for joints as a detector would find them.
            (default: :obj:`'gt'`)
        num_frames (int, optional): Frames of each clip, at 25 Hz.
            (default: :obj:`400`)
        distortion (str, optional): The lens distortion of the projection,
            see :meth:`pyg_hcsf.geometry.camera.Camera.project`.
            (default: :obj:`None`)
        seed (int, optional): The seed of bodies, motion, the directions of
            the cameras and the noise. (default: :obj:`0`)
        transform, log, force_reload: See
            :class:`~torch_geometric.data.InMemoryDataset`.

    Raises:
        ValueError: If an option is none of those above.
        RuntimeError: If a processed file is damaged or cannot be written.

    Example:
        >>> dataset = SyntheticMotion(split='test', num_frames=50)
        >>> dataset[0].x, dataset[0].y  # [17, 50, 2] px, [17, 50, 3] mm
    """

    protocol = 'openmocap'
    keys = ('x', 'y', 'joints', 'confidence')
    fps = FPS
    skeleton = H36M17
    raw_fingerprint = ''  # there are no raw files
    actions = ACTIONS

    def __init__(
        self,
        root: str | Path | None = None,
        split: str = 'train',
        keypoints: Literal['gt', 'noisy'] = 'gt',
        num_frames: int = 400,
        distortion: Literal['vp3d', 'm17'] | None = None,
        seed: int = 0,
        transform: Callable | None = None,
        log: bool = True,
        force_reload: bool = False,
    ) -> None:
        check_choice('split', split, tuple(SPLITS))
        check_choice('keypoints', keypoints, ('gt', 'noisy'))
        check_distortion(distortion)
        self.split = split
        self.keypoints = keypoints
        self.num_frames = num_frames
        self.distortion = distortion
        self.seed = seed
        self.has_process = root is not None
        super().__init__(
            root, transform=transform, log=log, force_reload=force_reload
        )
        if root is None:
            self._data_list = list(self._clips())

    def _stem(self, format: str) -> str:
        return (
            f'{self.split}_{self.keypoints}_{self.distortion or "pinhole"}_'
            f'seed{self.seed}_{self.num_frames}frames'
        )

    def _find_source(self) -> RawSource:
        return RawSource('synthetic', [], f'generator{VERSION}')

    def _read(self, source: RawSource) -> Iterator[dict[str, Any]]:
        for clip in self._clips():
            yield to_frames(clip, self.keys)

    def _clips(self) -> Iterator[Data]:
        for subject in SPLITS[self.split]:
            for action in ACTIONS:
                for take in TAKES:
                    yield from lifting_clips(
                        motion_clip(
                            subject, action, take, self.num_frames, self.seed
                        ),
                        self.keypoints,
                        self.distortion,
                        self.seed,
                    )

    @property
    def subjects(self) -> tuple[str, ...]:
        r"""The subjects of the split."""
        return SPLITS[self.split]


def motion_clip(
    subject: str, action: str, take: int, num_frames: int = 400, seed: int = 0
) -> Data:
    r"""One clip of :func:`synthesize_motion` before projection to
    cameras.

    Arguments and errors are those of
    :func:`~pyg_hcsf.datasets.synthetic.motion.synthesize_motion`.

    Returns:
        torch_geometric.data.Data: With :obj:`pos` :obj:`[17, T, 3]` in world
        millimetres (z up), the bones as :obj:`edge_index`, and
        :obj:`subject`, :obj:`action`, :obj:`clip` and :obj:`fps`.

    Example:
        >>> motion_clip('S9', 'Walking', 1).pos  # [17, 400, 3]
    """
    pos = synthesize_motion(subject, action, take, num_frames, seed)
    return Data(
        pos=nodes_first(torch.from_numpy(pos)).float().contiguous(),
        edge_index=H36M17.with_graph('tree').edge_index,
        num_nodes=H36M17.num_joints,
        subject=subject,
        action=action,
        clip=f'{subject} {action} {take}',
        fps=FPS,
    )
