from __future__ import annotations

import hashlib
import os
import re
import shutil
import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any, Literal

import numpy as np
import torch
from torch_geometric.data import Data, Dataset
from tqdm import tqdm

from pyg_hcsf.data.clip_store import ClipStore
from pyg_hcsf.data.clip_subset import ClipSubset
from pyg_hcsf.datasets.ntu.benchmarks import BENCHMARKS, get_benchmark
from pyg_hcsf.datasets.ntu.body_selection import SELECTIONS
from pyg_hcsf.datasets.ntu.clip_names import (
    NTU_FPS,
    NUM_BODIES,
    NUM_JOINTS,
    ActionClip,
    parse_name,
)
from pyg_hcsf.datasets.ntu.formats import NTU_FORMATS
from pyg_hcsf.datasets.ntu.source import (
    find_source,
    read_clips,
    warn_of_missing,
)
from pyg_hcsf.safe_io.shown import shown
from pyg_hcsf.skeleton import Skeleton, get_skeleton

VERSION = 2  # of the processed files, part of their names
SPLITS = ('train', 'val', 'test', 'all')


class NTURGBD(Dataset):
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

    The clips lie in a :class:`ClipStore` and are read one by one, or streamed
    from :obj:`store`. They are as recorded: see
    :class:`~pyg_hcsf.transforms.PreNormalize`.

    Raw files are of one of these :obj:`formats`, anywhere below :obj:`raw`:

    * :obj:`'skeleton'`: the official files, or zips of them, which are read
      in place by several processes; interrupted, it goes on where it stood;
    * :obj:`'pyskl'`: :obj:`ntu60_3danno.pkl` or :obj:`ntu120_3danno.pkl`;
    * :obj:`'ctrgcn'`: :obj:`NTU60_CS.npz` and the like. With CTR-GCN's
      :obj:`skes_available_name.txt` beside it clips get their names back;
    * :obj:`'agcn'`: :obj:`train_data_joint.npy`, :obj:`train_label.pkl` and
      :obj:`val_*` of 2s-AGCN, MS-G3D or Shift-GCN;
    * :obj:`'sgn'`: :obj:`NTU_CS.h5` and the like.

    The last three are moved, turned or padded already. Clips whose names are
    not in the file are called :obj:`'train_00000'`, ..., and their
    :obj:`subject` is empty.

    The 535 clips (302 of NTU RGB+D 60) whose skeletons the authors list as
    missing are left out. The benchmarks have no validation part; take some
    subjects out of the training clips.

    Args:
        root (str or pathlib.Path): Where :obj:`processed/` is written.
        benchmark (str, optional): :obj:`'ntu60-xsub'`, :obj:`'ntu60-xview'`,
            :obj:`'ntu120-xsub'` or :obj:`'ntu120-xset'`.
            (default: :obj:`'ntu60-xsub'`)
        split (str, optional): :obj:`'train'`, :obj:`'val'`, :obj:`'test'` or
            :obj:`'all'`. (default: :obj:`'train'`)
        val_subjects (sequence of int, optional): The subjects whose training
            clips are for validation. (default: :obj:`()`)
        raw (str, pathlib.Path or sequence of them, optional): The files or
            folders of the raw files, not written to.
            (default: :obj:`root/raw`)
        bodies (str, optional): How to choose bodies in :obj:`.skeleton`
            files, :obj:`'agcn'`, :obj:`'ctrgcn'` or :obj:`'pyskl'`: see
            :func:`~pyg_hcsf.datasets.ntu.body_selection.select_bodies`.
            (default: :obj:`'agcn'`)
        num_workers (int, optional): The number of processes that read
            :obj:`.skeleton` files, this one included.
            (default: the number of cores)
        transform, pre_transform, log, force_reload: See
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
        raw: str | Path | Sequence[str | Path] | None = None,
        bodies: str = 'agcn',
        num_workers: int | None = None,
        transform: Callable | None = None,
        pre_transform: Callable | None = None,
        log: bool = True,
        force_reload: bool = False,
    ) -> None:
        for name, value, known in (
            ('benchmark', benchmark, tuple(BENCHMARKS)),
            ('split', split, SPLITS),
            ('bodies', bodies, tuple(SELECTIONS)),
        ):
            if value not in known:
                raise ValueError(
                    f"Expected '{name}' to be one of {known} (got "
                    f'{shown(value)})'
                )
        self.rule = get_benchmark(benchmark)
        self.benchmark = benchmark
        self.split = split
        self.val_subjects = frozenset(val_subjects)
        self.bodies = bodies
        self.num_workers = num_workers or os.cpu_count() or 1
        root = Path(root).expanduser()
        given = root / 'raw' if raw is None else raw
        if isinstance(given, (str, Path)):
            given = [given]
        self.raw = [Path(path).expanduser() for path in given]
        super().__init__(
            str(root),
            transform,
            pre_transform,
            log=log,
            force_reload=force_reload,
        )
        store = ClipStore(self._path)
        names = store._columns['clip'].tolist()
        chosen = [i for i, name in enumerate(names) if self._contains(name)]
        if not chosen:
            raise ValueError(
                f"Expected clips of 'split' {shown(split)} of '{benchmark}' "
                f"in '{self._path}' (got {len(store)} clips of others)"
            )
        self.store = ClipSubset(store, chosen)
        self.names: list[str] = [names[i] for i in chosen]

    def _contains(self, name: str) -> bool:
        if self.split == 'all':
            return True
        side = name.split('_')[0]
        if side not in ('train', 'test'):
            parts = parse_name(name)
            side = 'train' if self.rule.is_train(parts) else 'test'
            if side == 'train' and parts.subject in self.val_subjects:
                side = 'val'
        elif self.val_subjects:
            raise ValueError(
                "Expected no 'val_subjects' for raw files that do not name "
                f'their clips (got {sorted(self.val_subjects)})'
            )
        return side == self.split

    def _process(self) -> None:
        source = find_source(self.raw, self.benchmark)
        folder = Path(self.processed_dir)
        if source is None or not (source.members or source.paths):
            self._path = self._find_processed(folder)
            return
        name = f'{self._stem(source.format)}_{source.digest}_v{VERSION}'
        self._path = folder / f'{name}.clips'
        if self._path.exists() and not self.force_reload:
            warn_of_missing(source, self._path)
            return
        parts = folder / f'.{name}.parts'
        clips = tqdm(
            read_clips(
                source, self.benchmark, self.bodies, parts, self.num_workers
            ),
            desc=f'Reading {source.format}',
            total=len(source.members) or None,
            unit='clip',
            file=sys.stderr,
            disable=not self.log,
        )
        if self._path.exists():
            shutil.rmtree(self._path)
        ClipStore.write(self._path, self._to_data(clips), keys=('x',))
        shutil.rmtree(parts, ignore_errors=True)

    def _stem(self, form: str) -> str:
        per_benchmark = form in ('ctrgcn', 'sgn')
        stem = f'{self.benchmark if per_benchmark else self.rule.data}_{form}'
        if form == 'skeleton':
            stem += f'_{self.bodies}'
        if self.pre_transform is not None:
            text = re.sub(' at 0x[0-9a-fA-F]+', '', repr(self.pre_transform))
            stem += f'_pre{hashlib.sha256(text.encode()).hexdigest()[:8]}'
        return stem

    def _find_processed(self, folder: Path) -> Path:
        digest = '[0-9a-f]' * 16
        found = [
            path
            for form in self.formats
            for path in folder.glob(
                f'{self._stem(form.name)}_{digest}_v{VERSION}.clips'
            )
        ]
        if len(found) == 1:
            return found[0]
        raise RuntimeError(
            f'{type(self).__name__} found no raw files of '
            f'{self.rule.data} in {shown(self.raw)}, and '
            f"{len(found) or 'nothing'} made from some in '{folder}'. "
            f'{self.how_to_get}'
        )

    def _to_data(
        self, clips: Iterable[ActionClip]
    ) -> Iterator[Data | dict[str, Any]]:
        edge_index = self.skeleton.edge_index
        for clip in clips:
            frames, bodies = clip.joints.shape[:2]
            x = np.zeros((frames, NUM_JOINTS, NUM_BODIES, 3), dtype=np.float32)
            x[:, :, :bodies] = clip.joints.swapaxes(1, 2)
            named = not clip.name.startswith(('train_', 'test_'))
            values = {
                'x': torch.from_numpy(x).transpose(0, 1),
                'y': torch.tensor([clip.label]),
                'edge_index': edge_index,
                'clip': clip.name,
                'subject': str(parse_name(clip.name).subject) if named else '',
                'action': f'A{clip.label + 1:03}',
                'num_bodies': bodies,
                'fps': NTU_FPS,
            }
            if self.pre_transform is None:
                yield values
            else:
                yield self.pre_transform(Data(**values))

    @property
    def has_process(self) -> bool:
        return True

    @property
    def processed_file_names(self) -> str:
        return self._path.name

    def len(self) -> int:
        return len(self.store)

    def get(self, idx: int) -> Data:
        return self.store[idx]

    def joints(self, idx: int) -> np.ndarray:
        r"""The joints of a clip without :obj:`transform`, as
        :func:`~pyg_hcsf.datasets.ntu.pyskl.write_pyskl` and
        :func:`~pyg_hcsf.datasets.ntu.ctrgcn.write_ctrgcn` take them with
        :obj:`names`: :obj:`[T, M, 25, 3]`.
        """
        data = self.get(idx)
        return data.x[:, :, : data.num_bodies].permute(1, 2, 0, 3).numpy()

    @property
    def skeleton(self) -> Skeleton:
        r"""The 25 joints of Kinect v2."""
        return get_skeleton('ntu25')

    @property
    def num_classes(self) -> int:
        return self.rule.num_classes
