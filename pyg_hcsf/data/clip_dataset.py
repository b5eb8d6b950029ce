r"""The base classes of all data sets: raw files are read once into a
:class:`~pyg_hcsf.data.ClipStore`.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from itertools import chain
from pathlib import Path
from typing import Any

from torch_geometric.data import Data, Dataset
from tqdm import tqdm

from pyg_hcsf.choices import check_choice
from pyg_hcsf.data import processing
from pyg_hcsf.data.clip_store import ClipStore
from pyg_hcsf.data.clip_subset import ClipSubset
from pyg_hcsf.data.formats import Format, has_files
from pyg_hcsf.data.processing import RawSource
from pyg_hcsf.data.projection import Projections, warn_if_unlike
from pyg_hcsf.safe_io.shown import shown
from pyg_hcsf.skeleton import Skeleton


class ClipDataset(Dataset):
    r"""The base class of data sets of clips.

    Raw files are read once and written to a
    :class:`~pyg_hcsf.data.ClipStore` in :obj:`root/processed`. It is made
    again if the raw files (names and sizes) or the options change. If there
    are no raw files, a store that was made from some earlier is used.

    A subclass states its :obj:`formats`, :obj:`how_to_get` and
    :obj:`skeleton`, and implements :meth:`_stem` (the name of the store) and
    :meth:`_read` (clips from raw files). It may override :meth:`_to_clip`,
    :meth:`_in_split`, :meth:`_find_source`, :meth:`_source` and
    :meth:`_steps`. It sets its own options before it calls this constructor,
    which reads the raw files.

    Unlike in PyG, :func:`repr` of :obj:`pre_transform` and :obj:`pre_filter`
    is part of the name of the store, and no pickled files about them are
    written or read.

    Args:
        root (str or pathlib.Path): The folder whose :obj:`processed/` is
            written to.
        raw (str, pathlib.Path or sequence of them, optional): The folder,
            archive or file of the raw files, which is only read.
            (default: :obj:`root/raw`)
        transform, pre_transform, pre_filter, log, force_reload: See
            :class:`~torch_geometric.data.Dataset`.

    Options of several data sets: :obj:`split` is :obj:`'train'` (default),
    :obj:`'val'` or :obj:`'test'`; :obj:`val_subjects` are the training
    subjects to use for validation (default: :obj:`()`); :obj:`subsample` is
    the frame stride (default: :obj:`1`); :obj:`format` is the name of the
    format to read (default: the first of :obj:`formats` that is found).

    Raises:
        RuntimeError: If there are no raw files, or the processed ones are
            damaged or cannot be written.
        ValueError: If an option is out of range, or a raw file is damaged;
            names it.
    """

    formats: tuple[Format, ...] = ()
    how_to_get = ''
    #: Matches the names of folders that raw files may lie in, for `found`.
    raw_folders = re.compile('')
    version = 3  # of the stored clips, part of the names of stores
    #: Names of the sequences; those that a clip does not have are ignored.
    keys: tuple[str, ...] = ('x', 'y', 'joints')
    #: See :class:`~pyg_hcsf.data.projection.Projections`; :obj:`None` if the
    #: 2D keypoints need not be compared with the 3D joints.
    unlike: Mapping[str, tuple[str, ...]] | None = None
    split = 'all'
    has_process = True  # in PyG, whether a class has a method `process`
    store: ClipStore
    _format: str | None = None  # of the raw files; None for the first found
    _subjects: Sequence[Any] | set[Any] = ()  # of the split; empty for all
    _has_other_splits = False  # raw files that the split does not need

    def __init__(
        self,
        root: str | Path | None,
        raw: str | Path | Sequence[str | Path] | None = None,
        transform: Callable | None = None,
        pre_transform: Callable | None = None,
        pre_filter: Callable | None = None,
        log: bool = True,
        force_reload: bool = False,
    ) -> None:
        names = [form.name for form in self.formats]
        check_choice('format', self._format, (None, *names))
        self._info: dict[str, Any] = {}
        root = None if root is None else Path(root).expanduser()
        if raw is None and root is not None:
            raw = root / 'raw'
        self.raw: Any = (
            Path(raw).expanduser()
            if isinstance(raw, (str, Path))
            else [Path(path).expanduser() for path in raw or ()]
        )
        folder = None if root is None else str(root)
        super().__init__(
            folder, transform, pre_transform, pre_filter, log, force_reload
        )
        if root is not None:
            self._open_store()

    @classmethod
    def found(cls, path: str | Path) -> bool:
        r"""Whether a folder, or one in it with a name that folders of the
        data set have, has raw files.
        """
        return has_files(Path(path), cls.formats, cls.raw_folders)

    def _open_store(self) -> None:
        store = ClipStore(self._path)
        subjects, clips = (
            store.column(name) or [''] * len(store)
            for name in ('subject', 'clip')
        )
        pairs = enumerate(zip(subjects, clips, strict=True))
        chosen = [number for number, pair in pairs if self._in_split(*pair)]
        if not chosen:
            raise self._no_clips(f', but {len(store)} clips of other splits')
        self.store = ClipSubset(store, chosen)
        self._indices = None

    @property
    def skeleton(self) -> Skeleton:
        r"""The joints."""
        raise NotImplementedError

    @property
    def _stored_split(self) -> str:
        # Validation clips are chosen from the stored training clips.
        return 'test' if self.split == 'test' else 'train'

    def _stem(self, format: str) -> str:
        r"""The name of the store up to the hash of the raw files: all options
        that change its clips, apart from :meth:`_steps`.
        """
        raise NotImplementedError

    def _read(self, source: RawSource) -> Iterable[Any]:
        r"""Reads what :meth:`_to_clip` makes clips of. It may add to
        :obj:`self._info`, the :obj:`info` of the store.
        """
        raise NotImplementedError

    def _to_clip(self, item: Any) -> dict[str, Any]:
        r"""Makes a clip, a dictionary of its attributes, sequences with
        frames first.
        """
        return item

    def _in_split(self, subject: str, clip: str) -> bool:
        r"""Whether a stored clip is part of the data set."""
        return not self._subjects or subject in map(str, self._subjects)

    def _of_split(self, files: list[Path]) -> list[Path]:
        r"""The raw files that are needed for the split."""
        return files

    def _source(self, format: str, files: list[Path]) -> RawSource:
        r"""Chooses from the raw files that were found in a format."""
        root = self.raw if self.raw.is_dir() else self.raw.parent
        digest = processing.fingerprint(root, set(files))
        return RawSource(format, files, digest)

    def _find_source(self) -> RawSource | None:
        r"""Finds the raw files."""
        for form in self.formats if self.raw.exists() else ():
            if self._format in (None, form.name):
                found = form.find(self.raw)
                if files := self._of_split(found):
                    return self._source(form.name, files)
                self._has_other_splits |= bool(found)
        return None

    def _use_stored(self, source: RawSource) -> None:
        r"""Called if a store of the raw files exists already."""

    def _steps(self) -> list[tuple[str, Callable]]:
        r"""Functions from a clip to the clip to store, or to :obj:`None` to
        leave it out, and what they add to the name of the store.
        """
        return processing.user_steps(self.pre_filter, self.pre_transform)

    def _process(self) -> None:
        folder = Path(self.processed_dir)
        steps = self._steps()
        ending = ''.join(f'_{name}' for name, _ in steps)
        source = self._find_source()
        if source is None:
            stem = self._find_processed(folder, ending).removesuffix(ending)
        else:
            stem = f'{self._stem(source.format)}_{source.digest}'
            stem = f'{stem}_v{self.version}'
        plain = folder / f'{stem}.clips'
        self._path = folder / f'{stem}{ending}.clips'
        reload = self.force_reload and source is not None
        if self._path.exists() and not reload:
            if source is not None:
                self._use_stored(source)
            return
        # A store without the steps saves reading the raw files again.
        if source is None or (steps and plain.exists() and not reload):
            stored = ClipStore(plain)
            self._info, clips = stored.info, iter(stored)
        else:  # in one pass: clips without the steps are not written
            self._info = {'format': source.format}
            clips = self._read_all(source)
        functions = [function for _, function in steps]
        self._write(processing.apply_steps(clips, functions, self.keys))

    def _read_all(self, source: RawSource) -> Iterator[Any]:
        items = tqdm(  # on standard error
            self._read(source),
            desc=f'Reading {source.format}',
            total=source.num_clips,
            unit='clip',
            disable=not self.log,
        )
        clips = map(self._to_clip, items)
        if self.unlike is None:
            return clips
        projections = Projections(self.skeleton, self.unlike)
        return warn_if_unlike(clips, projections, str(self.raw))

    def _write(self, clips: Iterator[Any]) -> None:
        processing.check_writable(self._path.parent)  # before long reading
        if (first := next(clips, None)) is None:
            raise self._no_clips()
        existed = self._path.exists()
        try:
            ClipStore.write(
                self._path,
                chain([first], clips),
                keys=processing.sequence_keys(first, self.keys),
                info=self._info,
                overwrite=existed,
            )
        except (RuntimeError, ValueError):
            if existed or not self._path.exists():
                raise  # else another process has written it meanwhile

    def _no_clips(self, found: str = '') -> ValueError:
        of = f' of {sorted(self._subjects)}' if self._subjects else ''
        return ValueError(
            f"Expected clips{of} for split='{self.split}' in "
            f'{shown(self.raw)} (got none{found}): get the files of its '
            'subjects'
        )

    def _find_processed(self, folder: Path, ending: str) -> str:
        stems = {
            f'{self._stem(form.name)}_{processing.DIGEST}_v{self.version}'
            for form in self.formats
            if self._format in (None, form.name)
        }
        found = processing.find_stores(folder, stems, ending)
        if len(found) == 1:
            return found[0]
        if self._has_other_splits:
            raise self._no_clips(', only those of other splits')
        raise RuntimeError(
            f'{type(self).__name__} found no raw files in {shown(self.raw)}, '
            f"and {len(found) or 'nothing'} made from some in '{folder}'. "
            f'{self.how_to_get}'
        )

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
    def format(self) -> str:
        r"""The name of the format of the raw files."""
        return self.store.info['format']

    @property
    def raw_fingerprint(self) -> str:
        r"""A hash of the names and sizes of the raw files."""
        return re.findall(f'_({processing.DIGEST})_v', self._path.name)[-1]
