r"""NTU RGB+D 60 and 120 as clips of Kinect joints."""

from __future__ import annotations

import copy
import os
import shutil
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, Literal

import numpy as np
import torch

from pyg_hcsf.choices import check_choice
from pyg_hcsf.data.clip_dataset import ClipDataset
from pyg_hcsf.data.processing import RawSource
from pyg_hcsf.datasets.ntu.benchmarks import get_benchmark
from pyg_hcsf.datasets.ntu.body_selection import SELECTIONS
from pyg_hcsf.datasets.ntu.clip_names import (
    NTU_FPS,
    NUM_BODIES,
    NUM_JOINTS,
    parse_name,
)
from pyg_hcsf.datasets.ntu.formats import NTU_FORMATS
from pyg_hcsf.datasets.ntu.source import (
    NTUSource,
    find_source,
    read_clips,
    warn_of_missing,
)
from pyg_hcsf.skeleton import Skeleton, get_skeleton

SPLITS = ('train', 'val', 'test', 'all')


class NTURGBD(ClipDataset):
    r"""NTU RGB+D 60 and 120 from the `"NTU RGB+D: A Large Scale Dataset for
    3D Human Activity Analysis" <https://arxiv.org/abs/1604.02808>`_ and `"NTU
    RGB+D 120: A Large-Scale Benchmark for 3D Human Activity Understanding"
    <https://arxiv.org/abs/1905.04757>`_ papers: 25 joints of one or two
    people, from a Kinect v2.

    One :class:`~torch_geometric.data.Data` per clip with :obj:`x`
    :obj:`[25, T, 2, 3]` (joints, frames, bodies, coordinates) in metres in
    the camera's frame (x right, y up, z forward), zero where a body is
    absent; the label :obj:`y` :obj:`[1]`, the bones as :obj:`edge_index`,
    :obj:`clip` as :obj:`'S001C002P003R002A060'`, :obj:`subject` and
    :obj:`action` as in it, :obj:`num_bodies` and :obj:`fps`.

    The clips are in a :class:`~pyg_hcsf.data.ClipStore` and are read one by
    one, or streamed from :obj:`store`. They are neither moved nor turned, see
    :class:`~pyg_hcsf.transforms.PreNormalize`.

    Raw files are of one of these :obj:`formats`, anywhere below :obj:`raw`:

    * :obj:`'skeleton'`: the official files, or zip archives of them, which
      are read in place by several processes; interrupted work is resumed;
    * :obj:`'pyskl'`: :obj:`ntu60_3danno.pkl` or :obj:`ntu120_3danno.pkl`;
    * :obj:`'ctrgcn'`: :obj:`NTU60_CS.npz` and the like. With CTR-GCN's
      :obj:`skes_available_name.txt` beside it, clips have names;
    * :obj:`'agcn'`: :obj:`train_data_joint.npy`, :obj:`train_label.pkl` and
      :obj:`val_*` of 2s-AGCN, MS-G3D or Shift-GCN;
    * :obj:`'sgn'`: :obj:`NTU_CS.h5` and the like.

    The last three are already translated, rotated or padded. Clips without
    names in the file are called :obj:`'train_00000'`, ..., and their
    :obj:`subject` is empty.

    The 535 clips (302 of NTU RGB+D 60) whose skeletons the authors list as
    missing are left out. The benchmarks have no validation split: see
    :obj:`val_subjects`.

    Args:
        root (str or pathlib.Path): The folder whose :obj:`processed/` is
            written to.
        benchmark (str, optional): :obj:`'ntu60-xsub'`, :obj:`'ntu60-xview'`,
            :obj:`'ntu120-xsub'` or :obj:`'ntu120-xset'`.
            (default: :obj:`'ntu60-xsub'`)
        split (str, optional): :obj:`'train'`, :obj:`'val'`, :obj:`'test'` or
            :obj:`'all'`. (default: :obj:`'train'`)
        val_subjects (sequence of int, optional): The subjects whose training
            clips are used for validation. (default: :obj:`()`)
        raw (str, pathlib.Path, sequence of them or NTUSource, optional): The
            files or folders of the raw files, which are only read, or the
            result of :func:`~pyg_hcsf.datasets.ntu.source.find_source`, so
            that they are not searched again. (default: :obj:`root/raw`)
        bodies (str, optional): How to choose bodies in :obj:`.skeleton`
            files, :obj:`'agcn'`, :obj:`'ctrgcn'` or :obj:`'pyskl'`: see
            :func:`~pyg_hcsf.datasets.ntu.body_selection.select_bodies`.
            (default: :obj:`'agcn'`)
        num_workers (int, optional): The number of processes that read
            :obj:`.skeleton` files, this one included.
            (default: the number of cores)
        **kwargs (optional): :obj:`transform`, :obj:`pre_transform`,
            :obj:`log` and :obj:`force_reload` of
            :class:`~torch_geometric.data.Dataset`.

    Raises:
        RuntimeError: If there are no raw files, or the processed ones are
            damaged or cannot be written.
        ValueError: If an option is out of range, or a raw file is damaged;
            names it.

    Example:
        >>> train = NTURGBD('datasets/NTURGBD', 'ntu60-xsub', 'train')
        >>> train[0].x, train[0].y  # [25, T, 2, 3], [1]
    """

    formats = NTU_FORMATS
    keys = ('x',)
    how_to_get = (
        'Request NTU RGB+D from '
        'https://rose1.ntu.edu.sg/dataset/actionRecognition/ and put '
        'nturgbd_skeletons_s001_to_s017.zip (and, for 120, '
        'nturgbd_skeletons_s018_to_s032.zip) there, or a file of pyskl, '
        "CTR-GCN, 2s-AGCN or SGN, or pass 'raw' (see "
        'datasets/NTURGBD/README.md)'
    )

    def __init__(
        self,
        root: str | Path,
        benchmark: str = 'ntu60-xsub',
        split: Literal['train', 'val', 'test', 'all'] = 'train',
        val_subjects: Sequence[int] = (),
        raw: str | Path | Sequence[str | Path] | NTUSource | None = None,
        bodies: str = 'agcn',
        num_workers: int | None = None,
        **kwargs: Any,
    ) -> None:
        check_choice('split', split, SPLITS)
        check_choice('bodies', bodies, SELECTIONS)
        self.rule = get_benchmark(benchmark)
        self.benchmark = benchmark
        self.split = split
        self.val_subjects = frozenset(val_subjects)
        self.bodies = bodies
        self.num_workers = num_workers or os.cpu_count() or 1
        self._given = raw if isinstance(raw, NTUSource) else None
        files = raw.files if isinstance(raw, NTUSource) else raw
        super().__init__(root, files, **kwargs)

    def with_split(
        self, split: str, val_subjects: Sequence[int] = ()
    ) -> NTURGBD:
        r"""Another split of the same clips, without looking for raw files
        again. Arguments are those of the class.
        """
        check_choice('split', split, SPLITS)
        out = copy.copy(self)
        out.split, out.val_subjects = split, frozenset(val_subjects)
        out._open_store()
        return out

    @property
    def names(self) -> list[str]:
        r"""The names of the clips."""
        return self.store.column('clip') or []

    def _in_split(self, subject: str, clip: str) -> bool:
        if self.split == 'all':
            return True
        split = clip.split('_')[0]
        if split not in ('train', 'test'):
            name = parse_name(clip)
            split = 'train' if self.rule.is_train(name) else 'test'
            if split == 'train' and name.subject in self.val_subjects:
                split = 'val'
        elif self.val_subjects:
            raise ValueError(
                "Expected no 'val_subjects' for raw files that do not name "
                f'their clips (got {sorted(self.val_subjects)})'
            )
        return split == self.split

    def _stem(self, format: str) -> str:
        per_benchmark = format in ('ctrgcn', 'sgn')
        stem = f'{self.benchmark if per_benchmark else self.rule.data}'
        chosen = f'_{self.bodies}' if format == 'skeleton' else ''
        return f'{stem}_{format}{chosen}'

    def _find_source(self) -> RawSource | None:
        if self._given is not None:
            return self._given
        roots = [self.raw] if isinstance(self.raw, Path) else self.raw
        return find_source(roots, self.benchmark)

    def _process(self) -> None:
        self._parts: Path | None = None
        super()._process()
        if self._parts is not None:
            shutil.rmtree(self._parts, ignore_errors=True)

    def _use_stored(self, source: RawSource) -> None:
        if isinstance(source, NTUSource):
            warn_of_missing(source, self._path)

    def _read(self, source: RawSource) -> Iterator[dict[str, Any]]:
        assert isinstance(source, NTUSource)
        edge_index = self.skeleton.edge_index
        # Unfinished work is kept in this folder until the store is written.
        name = f'{self._stem(source.format)}_{source.digest}_v{self.version}'
        self._parts = Path(self.processed_dir, f'.{name}.parts')
        for clip in read_clips(
            source, self.benchmark, self.bodies, self._parts, self.num_workers
        ):
            frames, bodies = clip.joints.shape[:2]
            x = np.zeros((frames, NUM_BODIES, NUM_JOINTS, 3), np.float32)
            x[:, :bodies] = clip.joints
            named = not clip.name.startswith(('train_', 'test_'))
            yield {
                'x': torch.from_numpy(x),
                'y': torch.tensor([clip.label]),
                'edge_index': edge_index,
                'clip': clip.name,
                'subject': str(parse_name(clip.name).subject) if named else '',
                'action': f'A{clip.label + 1:03}',
                'num_bodies': bodies,
                'fps': NTU_FPS,
            }

    def joints(self, idx: int) -> np.ndarray:
        r"""The joints of a clip without :obj:`transform`, as
        :func:`~pyg_hcsf.datasets.ntu.pyskl.write_pyskl` and
        :func:`~pyg_hcsf.datasets.ntu.ctrgcn.write_ctrgcn` take them with
        :obj:`names`: :obj:`[T, M, 25, 3]`.
        """
        clip = self.store.clip(idx)
        return clip['x'][:, : clip['num_bodies']].numpy()

    @property
    def skeleton(self) -> Skeleton:
        r"""The 25 joints of Kinect v2."""
        return get_skeleton('ntu25')

    @property
    def num_classes(self) -> int:
        return self.rule.num_classes
