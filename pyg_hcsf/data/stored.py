from __future__ import annotations

import hashlib
import re
import shutil
from collections.abc import (
    Callable,
    Collection,
    Iterable,
    Iterator,
    Mapping,
)
from itertools import chain
from pathlib import Path
from typing import NamedTuple

import numpy as np
from torch_geometric.data import Data, Dataset
from torch_geometric.transforms import Compose

from pyg_hcsf.data.clip_dataset import fingerprint
from pyg_hcsf.data.clip_store import ClipStore
from pyg_hcsf.data.clip_subset import ClipSubset
from pyg_hcsf.data.formats import Format
from pyg_hcsf.data.projection import Projections, warn_if_unlike
from pyg_hcsf.skeleton import Skeleton


class Source(NamedTuple):
    r"""What clips are made from.

    Args:
        form (str): The name of the format.
        files (list[pathlib.Path]): The raw files.
        clips (callable): Returns the :class:`~torch_geometric.data.Data`,
            one at a time.
        keys (tuple[str, ...], optional): Their sequences.
            (default: :obj:`("x", "y")`)
    """

    form: str
    files: list[Path]
    clips: Callable[[], Iterator[Data]]
    keys: tuple[str, ...] = ('x', 'y')


class StoredDataset(Dataset):
    r"""The base class of data sets for lifting whose clips lie in a
    :class:`ClipStore`, which holds all subjects of a side of the split and is
    made again only from other raw files or options.

    Subclasses say which formats there are (:obj:`formats`), how to get them
    (:obj:`how_to_get`), what to call what is made (:meth:`_stem`) and how to
    make it (:meth:`_source`, :meth:`_steps`).

    Args:
        root (str or pathlib.Path): Where :obj:`processed/` is written.
        raw (str or pathlib.Path, optional): The raw folder or file, not
            written to. (default: :obj:`root/raw`)
        format (str, optional): The format to read where there are several.
            (default: the first)
        transform, pre_transform, log, force_reload: See
            :class:`~torch_geometric.data.Dataset`.
    """

    formats: tuple[Format, ...] = ()
    how_to_get = ''
    version = 2  # of the processed files, part of their names
    #: Joints whose 3D is not what the keypoints show, see Projections.
    unlike: Mapping[str, tuple[str, ...]] = {}
    split: str
    store: ClipStore

    def __init__(
        self,
        root: str | Path,
        raw: str | Path | None = None,
        format: str | None = None,
        transform: Callable | None = None,
        pre_transform: Callable | None = None,
        log: bool = True,
        force_reload: bool = False,
    ) -> None:
        self._form = format
        root = Path(root).expanduser()
        self.raw = root / 'raw' if raw is None else Path(raw).expanduser()
        super().__init__(
            str(root),
            transform,
            pre_transform,
            log=log,
            force_reload=force_reload,
        )

    @property
    def skeleton(self) -> Skeleton:
        r"""The joints."""
        raise NotImplementedError

    def _stem(self, form: str) -> str:
        r"""The name of the processed files: the side of the split, the format
        and what else matters, without the raw files.
        """
        raise NotImplementedError

    def _source(self, form: str, files: list[Path]) -> Source:
        r"""Says how to read the raw files that were found in a format."""
        raise NotImplementedError

    def _of_split(self, files: list[Path]) -> list[Path]:
        r"""Those raw files that are of the side of the split."""
        return files

    def _steps(self) -> list[tuple[Callable, str]]:
        r"""Changes of stored clips, and the names of these changes."""
        return []

    def _choose(
        self, subjects: Collection[str], dropped: Collection[str] = ()
    ) -> ClipSubset:
        r"""The clips of some subjects."""
        store = ClipStore(self._path)
        columns = [
            np.broadcast_to(store._columns[key], len(store))
            for key in ('subject', 'clip')
        ]
        chosen = [
            i
            for i, (subject, clip) in enumerate(zip(*columns, strict=True))
            if subject in subjects and clip not in dropped
        ]
        if not chosen:
            raise self._nothing_found(subjects)
        return ClipSubset(store, chosen)

    def _process(self) -> None:
        folder = Path(self.processed_dir)
        steps = self._steps()
        if self.pre_transform is not None:
            text = re.sub(' at 0x[0-9a-fA-F]+', '', repr(self.pre_transform))
            digest = hashlib.sha256(text.encode()).hexdigest()[:8]
            steps.append((self.pre_transform, f'pre{digest}'))
        ending = ''.join(f'_{name}' for _, name in steps)
        if (found := self._find_raw()) is None:
            self._path = plain = self._find_processed(folder, ending)
            if plain.stem.endswith(ending):
                return
            clips: Iterable[Data] = ClipStore(plain)
            keys = ClipStore(plain).keys
        else:
            source = self._source(*found)
            root = self.raw if self.raw.is_dir() else self.raw.parent
            digest = fingerprint(root, set(source.files))
            plain = folder / (
                f'{self._stem(source.form)}_{digest}_v{self.version}.clips'
            )
            self._path = folder / f'{plain.stem}{ending}.clips'
            if self._path.exists() and not self.force_reload:
                return
            keys = source.keys
            if steps and plain.exists() and not self.force_reload:
                clips = ClipStore(plain)
            else:  # at once: what is not asked for is not written
                clips = warn_if_unlike(
                    source.clips(),
                    Projections(self.skeleton, self.unlike),
                    str(self.raw),
                )
        self._path = folder / f'{plain.stem}{ending}.clips'
        self._write(map(Compose([step for step, _ in steps]), clips), keys)

    def _write(self, clips: Iterator[Data], keys: tuple[str, ...]) -> None:
        if (first := next(clips, None)) is None:
            raise self._nothing_found()
        if self._path.exists():
            shutil.rmtree(self._path)
        keys = tuple(key for key in (*keys, 'joints') if key in first)
        try:
            ClipStore.write(self._path, chain([first], clips), keys)
        except (RuntimeError, ValueError):
            if not self._path.exists():
                raise  # else another process was faster

    def _nothing_found(self, subjects: Collection[str] = ()) -> ValueError:
        of = f'clips of {sorted(subjects)}' if subjects else 'clips'
        return ValueError(
            f"Expected {of} in '{self.raw}' for split='{self.split}' (got "
            'none): get the files of these subjects'
        )

    def _find_raw(self) -> tuple[str, list[Path]] | None:
        for form in self.formats:
            if self._form in (None, form.name):
                files = form.find(self.raw) if self.raw.exists() else []
                if files := self._of_split(files):
                    return form.name, files
        return None

    def _find_processed(self, folder: Path, ending: str) -> Path:
        names = [f.name for f in self.formats if self._form in (None, f.name)]
        digest = '[0-9a-f]' * 16
        for end in dict.fromkeys((ending, '')):
            found = [
                path
                for name in names
                for path in folder.glob(
                    f'{self._stem(name)}_{digest}_v{self.version}{end}.clips'
                )
            ]
            if found:
                break
        if len(found) == 1:
            return found[0]
        raise RuntimeError(
            f"{type(self).__name__} found no raw files in '{self.raw}', and "
            f"{len(found) or 'nothing'} made from some in '{folder}'. "
            f'{self.how_to_get}'
        )

    @property
    def has_process(self) -> bool:
        return True

    @property
    def raw_dir(self) -> str:
        return str(self.raw)

    @property
    def processed_file_names(self) -> str:
        return self._path.name

    def len(self) -> int:
        return len(self.store)

    def get(self, idx: int) -> Data:
        return self.store[idx]

    @property
    def form(self) -> str:
        r"""The name of the format of the raw files."""
        return self._path.name.split('_')[1]

    @property
    def raw_fingerprint(self) -> str:
        r"""Tells apart the raw files (names and sizes) and the options that
        the clips were made from.
        """
        return self._path.name
