from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Literal

import numpy as np
import torch
from torch_geometric.data import Data
from tqdm import tqdm

from pyg_hcsf.data.clip_dataset import (
    ClipDataset,
    fingerprint,
    load_clips,
    save_clips,
)
from pyg_hcsf.data.formats import Format, archives_with, files_named
from pyg_hcsf.datasets.utd_mhad.skeleton_mat import (
    FILE_LIMIT,
    UTD_MHAD_ACTIONS,
    UTD_MHAD_FILE,
    UTD_MHAD_FPS,
    UTD_MHAD_SUBJECTS,
    read_utd_mhad,
)
from pyg_hcsf.safe_io.archives import list_members, read_members
from pyg_hcsf.safe_io.shown import shown
from pyg_hcsf.skeleton import Skeleton, get_skeleton

VERSION = 1  # of the processed file, part of its name
TRAIN_SUBJECTS = tuple(s for s in UTD_MHAD_SUBJECTS if s % 2)
SPLITS = ('train', 'val', 'test')


class UTDMHAD(ClipDataset):
    r"""The skeletons of UTD-MHAD from the `"UTD-MHAD: A Multimodal Dataset
    for Human Action Recognition Utilizing a Depth Camera and a Wearable
    Inertial Sensor" <https://personal.utdallas.edu/~kehtar/UTD-MHAD.html>`_
    paper (Chen et al., ICIP 2015): 27 actions, 8 subjects, up to 4 takes.

    One :class:`~torch_geometric.data.Data` per clip with :obj:`x`
    :obj:`[20, T, 3]`, the joints of Kinect v1 as they were recorded, in
    metres (x to the sensor's left, y up, z away from it, 30 Hz), the label
    :obj:`y` :obj:`[1]`, the bones as :obj:`edge_index`, and :obj:`subject`,
    :obj:`action`, :obj:`clip` and :obj:`fps`. Bone lengths are noisy.

    Subjects 1, 3, 5, 7 train and 2, 4, 6, 8 test. Of the 864
    takes 861 are published. The names of the actions are not checked against
    the paper, see the card.

    Raw files: :obj:`a<action>_s<subject>_t<take>_skeleton.mat` anywhere below
    :obj:`raw`, or in zip archives there, which are not extracted.

    Args:
        root (str or pathlib.Path): Where :obj:`processed/` is written.
        split (str, optional): :obj:`'train'`, :obj:`'val'` or
            :obj:`'test'`. (default: :obj:`'train'`)
        val_subjects (sequence of int, optional): The training subjects to
            keep for validation. (default: :obj:`()`)
        raw (str or pathlib.Path, optional): The archive or the folder that
            holds the raw files, not written to. (default: :obj:`root/raw`)
        transform, pre_transform, pre_filter, log, force_reload: See
            :class:`~torch_geometric.data.InMemoryDataset`.

    Raises:
        RuntimeError: If there are no raw files, or the processed file is
            damaged or cannot be written.
        ValueError: If an option is out of range, or a raw file is damaged;
            names it.

    Example:
        >>> dataset = UTDMHAD('datasets/UTDMHAD', 'train', val_subjects=[7])
        >>> dataset[0].x, dataset[0].y  # [20, T, 3], [1]
    """

    formats = (
        Format(
            'mat',
            'the official a<action>_s<subject>_t<take>_skeleton.mat, or zips '
            'of them',
            lambda path: sorted(
                [
                    *files_named(path, UTD_MHAD_FILE),
                    *archives_with(path, UTD_MHAD_FILE),
                ]
            ),
        ),
    )

    def __init__(
        self,
        root: str | Path,
        split: Literal['train', 'val', 'test'] = 'train',
        val_subjects: Sequence[int] = (),
        raw: str | Path | None = None,
        transform: Callable | None = None,
        pre_transform: Callable | None = None,
        pre_filter: Callable | None = None,
        log: bool = True,
        force_reload: bool = False,
    ) -> None:
        if split not in SPLITS:
            raise ValueError(
                f"Expected 'split' to be one of {SPLITS} (got {shown(split)})"
            )
        left = set(TRAIN_SUBJECTS) - set(val_subjects)
        if len(left) + len(val_subjects) != len(TRAIN_SUBJECTS) or not left:
            raise ValueError(
                f"Expected 'val_subjects' to be some of {TRAIN_SUBJECTS}, not "
                f'all, each once (got {tuple(val_subjects)})'
            )
        if split == 'val' and not val_subjects:
            raise ValueError(
                "Expected 'val_subjects' with split='val': UTD-MHAD has no "
                'validation part of its own (got none)'
            )
        self.split = split
        self.val_subjects = tuple(int(s) for s in val_subjects)
        self.fps = UTD_MHAD_FPS
        root = Path(root).expanduser()
        self.raw = root / 'raw' if raw is None else Path(raw).expanduser()
        super().__init__(
            str(root), transform, pre_transform, pre_filter, log, force_reload
        )
        clips, self._meta = load_clips(self.processed_paths[0])
        found = self._fingerprint()
        if found is not None and found != self._meta['raw']:
            self.process()
            clips, self._meta = load_clips(self.processed_paths[0])
        subjects = {
            'train': left,
            'val': set(self.val_subjects),
            'test': set(UTD_MHAD_SUBJECTS) - set(TRAIN_SUBJECTS),
        }[split]
        self._data_list = [c for c in clips if int(c.subject) in subjects]

    @property
    def raw_dir(self) -> str:
        return str(self.raw)

    @property
    def processed_file_names(self) -> str:
        return f'utdmhad{self._pre}_v{VERSION}.pt'

    def process(self) -> None:
        members = list_members(self.raw, UTD_MHAD_FILE, FILE_LIMIT)
        if not members:
            raise RuntimeError(
                f"UTDMHAD found no raw files in '{self.raw}'. Get the "
                "skeletons ('Skeleton.zip') of UTD-MHAD from "
                'https://personal.utdallas.edu/~kehtar/UTD-MHAD.html and put '
                "them there, or pass 'raw'"
            )
        edge_index = self.skeleton.edge_index
        clips = []
        for member, content in tqdm(
            read_members(members),
            desc='Reading skeletons',
            total=len(members),
            disable=not self.log,
        ):
            clip = read_utd_mhad(content, member.name, str(member))
            joints = clip.joints.swapaxes(0, 1).astype(np.float32)
            clips.append(
                Data(
                    x=torch.from_numpy(np.ascontiguousarray(joints)),
                    y=torch.tensor([clip.label]),
                    edge_index=edge_index,
                    num_nodes=self.skeleton.num_joints,
                    subject=str(clip.subject),
                    action=UTD_MHAD_ACTIONS[clip.label],
                    clip=member.name.removesuffix('_skeleton.mat'),
                    fps=UTD_MHAD_FPS,
                )
            )
        if self.pre_filter is not None:
            clips = [clip for clip in clips if self.pre_filter(clip)]
        if self.pre_transform is not None:
            clips = [self.pre_transform(clip) for clip in clips]
        meta = {'raw': self._fingerprint()}
        save_clips(clips, meta, self.processed_paths[0])

    def _fingerprint(self) -> str | None:
        members = list_members(self.raw, UTD_MHAD_FILE, FILE_LIMIT)
        files = {member.path for member in members}
        return fingerprint(self.raw, files) if files else None

    @property
    def skeleton(self) -> Skeleton:
        r"""The 20 joints of Kinect v1."""
        return get_skeleton('kinect20')

    @property
    def actions(self) -> tuple[str, ...]:
        r"""The 27 actions, in the order of their labels."""
        return UTD_MHAD_ACTIONS

    @property
    def num_classes(self) -> int:
        return len(UTD_MHAD_ACTIONS)

    @property
    def raw_fingerprint(self) -> str:
        return self._meta['raw']
