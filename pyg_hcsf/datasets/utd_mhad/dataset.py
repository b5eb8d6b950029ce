r"""UTD-MHAD as clips of Kinect joints."""

from __future__ import annotations

import copy
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, Literal

import numpy as np
import torch

from pyg_hcsf.data.formats import Format, archives_with, files_named
from pyg_hcsf.data.in_memory import InMemoryClipDataset
from pyg_hcsf.data.processing import RawSource
from pyg_hcsf.data.splits import subjects_of_split
from pyg_hcsf.safe_io.archives import list_members, read_members
from pyg_hcsf.skeleton import get_skeleton

from . import skeleton_mat
from .skeleton_mat import UTD_MHAD_ACTIONS, UTD_MHAD_FILE

TRAIN_SUBJECTS = tuple(s for s in skeleton_mat.UTD_MHAD_SUBJECTS if s % 2)
TEST_SUBJECTS = tuple(s for s in skeleton_mat.UTD_MHAD_SUBJECTS if s % 2 == 0)


class UTDMHAD(InMemoryClipDataset):
    r"""The skeletons of UTD-MHAD from the `"UTD-MHAD: A Multimodal Dataset
    for Human Action Recognition Utilizing a Depth Camera and a Wearable
    Inertial Sensor" <https://personal.utdallas.edu/~kehtar/UTD-MHAD.html>`_
    paper (Chen et al., ICIP 2015): 27 actions, 8 subjects, up to 4
    repetitions.

    One :class:`~torch_geometric.data.Data` per clip with :obj:`x`
    :obj:`[20, T, 3]`, the joints of Kinect v1 as they were recorded, in
    metres (x to the sensor's left, y up, z away from it, 30 Hz), the label
    :obj:`y` :obj:`[1]`, the bones as :obj:`edge_index`, and :obj:`subject`,
    :obj:`action`, :obj:`clip` and :obj:`fps`. Bone lengths are noisy.

    Subjects 1, 3, 5, 7 are for training and 2, 4, 6, 8 for testing. Of the
    864 recordings, 861 are published. The names of the actions have not been
    checked against the paper, see datasets/UTDMHAD/README.md.

    Raw files: :obj:`a<action>_s<subject>_t<take>_skeleton.mat` anywhere below
    :obj:`raw`, or in zip archives there, which are not extracted.

    Args:
        root, split, val_subjects, raw: See
            :class:`~pyg_hcsf.data.clip_dataset.ClipDataset`.
        **kwargs (optional): Other arguments of that class.

    Example:
        >>> dataset = UTDMHAD('datasets/UTDMHAD', 'train', val_subjects=[7])
        >>> dataset[0].x, dataset[0].y  # [20, T, 3], [1]
    """

    fps = skeleton_mat.UTD_MHAD_FPS
    keys = ('x',)
    skeleton = get_skeleton('kinect20')
    #: The 27 actions, in the order of their labels.
    actions = UTD_MHAD_ACTIONS
    num_classes = len(UTD_MHAD_ACTIONS)
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
    how_to_get = (
        "Get the skeletons ('Skeleton.zip') of UTD-MHAD from "
        'https://personal.utdallas.edu/~kehtar/UTD-MHAD.html and put them '
        "there, or pass 'raw'"
    )

    def __init__(
        self,
        root: str | Path,
        split: Literal['train', 'val', 'test'] = 'train',
        val_subjects: Sequence[int] = (),
        raw: str | Path | None = None,
        **kwargs: Any,
    ) -> None:
        self._set_split(split, val_subjects)
        super().__init__(root, raw, **kwargs)

    def _set_split(self, split: str, val_subjects: Sequence[int]) -> None:
        self._subjects = subjects_of_split(
            split, val_subjects, TRAIN_SUBJECTS, TEST_SUBJECTS, 'UTD-MHAD'
        )
        self.split = split
        self.val_subjects = tuple(int(s) for s in val_subjects)

    def with_split(
        self, split: str, val_subjects: Sequence[int] = ()
    ) -> UTDMHAD:
        r"""Another split of the same clips, without looking for raw files
        again. Arguments are those of the class.
        """
        out = copy.copy(self)
        out._set_split(split, val_subjects)
        out._open_store()
        return out

    def _stem(self, format: str) -> str:
        return 'utdmhad'

    def _find_source(self) -> RawSource | None:
        # Unlike Format.find, this refuses archives that are damaged.
        self._members = list_members(
            self.raw, UTD_MHAD_FILE, skeleton_mat.FILE_LIMIT
        )
        files = sorted({member.path for member in self._members})
        if not files:
            return None
        return replace(
            self._source('mat', files), num_clips=len(self._members)
        )

    def _read(self, source: RawSource) -> Iterator[dict[str, Any]]:
        edge_index = self.skeleton.edge_index
        for member, content in read_members(self._members):
            clip = skeleton_mat.read_utd_mhad(
                content, member.name, str(member)
            )
            yield {
                'x': torch.from_numpy(clip.joints.astype(np.float32)),
                'y': torch.tensor([clip.label]),
                'edge_index': edge_index,
                'num_nodes': self.skeleton.num_joints,
                'subject': str(clip.subject),
                'action': UTD_MHAD_ACTIONS[clip.label],
                'clip': member.name.removesuffix('_skeleton.mat'),
                'fps': skeleton_mat.UTD_MHAD_FPS,
            }
