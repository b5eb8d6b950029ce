r"""Poses in NumPy arrays as clips of 2D keypoints and 3D joints."""

from __future__ import annotations

import hashlib
import json
import warnings
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, Literal

from pyg_hcsf.choices import check_choice
from pyg_hcsf.data.clip_dataset import ClipDataset
from pyg_hcsf.data.clip_store import ClipStore
from pyg_hcsf.data.formats import Format
from pyg_hcsf.data.processing import RawSource
from pyg_hcsf.datasets.arrays.clips import UNITS, Notes, make_clip
from pyg_hcsf.datasets.arrays.files import (
    array_files,
    content_digest,
    read_clips,
)
from pyg_hcsf.datasets.arrays.splits import SubjectSplits, split_subjects
from pyg_hcsf.safe_io.shown import shown
from pyg_hcsf.skeleton import Skeleton, as_skeleton

#: The file in a folder of arrays that describes their skeleton.
SKELETON_FILE = 'skeleton.yaml'


class ArrayPoses(ClipDataset):
    r"""Poses of one's own, on any skeleton, from :obj:`.npz` files of NumPy
    arrays.

    One :class:`~torch_geometric.data.Data` per clip: :obj:`x` :obj:`[N, T,
    2]` in pixels, :obj:`y` :obj:`[N, T, 3]` in camera axes in millimetres,
    :obj:`confidence` :obj:`[N, T]`, the bones as :obj:`edge_index`, the
    camera's :obj:`focal`, :obj:`center` and :obj:`image_size`, and
    :obj:`subject`, :obj:`action`, :obj:`clip`, :obj:`camera` and :obj:`fps`.

    Raw files are :obj:`*.npz` anywhere below :obj:`raw`. A file has the
    arrays of one clip, :obj:`joints` and so on, or of several,
    :obj:`<clip>/joints` and so on, for which arrays without a clip are common
    values:

    .. list-table::
        :widths: 15 15 50
        :header-rows: 1

        * - array
          - shape
          - content
        * - :obj:`joints`
          - :obj:`[T, N, 3]`
          - 3D joints in :obj:`unit`, in the axes of the camera (x to the
            right, y down, z forward), absolute or relative to the root; or
            in the world, with :obj:`rotation` and :obj:`translation`
        * - :obj:`keypoints`
          - :obj:`[T, N, 2]`, :obj:`[T, N, 3]`
          - 2D keypoints in pixels, optionally with their confidence. Without
            them, joints are projected to the camera
        * - :obj:`confidence`
          - :obj:`[T, N]`
          - of the keypoints, 0 to 1
        * - :obj:`subject`
          - text
          - else the name of the first folder below :obj:`raw`
        * - :obj:`action`, :obj:`camera`
          - text
          - groups in tables; else :obj:`'all'` and :obj:`'camera'`
        * - :obj:`focal`, :obj:`center`
          - :obj:`[2]`
          - :math:`f_x, f_y` and :math:`c_x, c_y` in pixels
        * - :obj:`image_size`
          - :obj:`[2]`
          - width and height in pixels; needed with keypoints
        * - :obj:`rotation`, :obj:`translation`
          - :obj:`[3, 3]`, :obj:`[3]`
          - of world to camera, :math:`\mathbf{R} \mathbf{x} + \mathbf{t}`
        * - :obj:`fps`
          - one number
          - frames per second

    What is assumed, as a camera, and what looks like a mistake, such as bones
    that change their lengths, is said in warnings each time.

    Args:
        root (str or pathlib.Path): The folder whose :obj:`processed/` is
            written to.
        skeleton (Skeleton, str or pathlib.Path, optional): The joints, see
            :func:`~pyg_hcsf.as_skeleton`. (default: :obj:`skeleton.yaml` in
            :obj:`raw`)
        split (str, optional): :obj:`'train'`, :obj:`'val'`, :obj:`'test'` or
            :obj:`'all'`. (default: :obj:`'train'`)
        unit (str, optional): That of :obj:`joints` and :obj:`translation`,
            :obj:`'mm'` or :obj:`'m'`. (default: :obj:`'mm'`)
        train_subjects (sequence of str, optional): The subjects to train on,
            see :func:`~pyg_hcsf.datasets.arrays.split_subjects`.
            (default: all others)
        val_subjects (sequence of str, optional): The subjects to validate
            on. (default: a fifth, with a warning)
        test_subjects (sequence of str, optional): The subjects to test on.
            (default: a fifth, with a warning)
        fps (float, optional): The frame rate of clips that state none.
            (default: :obj:`25.0`)
        raw (str or pathlib.Path, optional): The raw folder or file, which is
            only read. (default: :obj:`root/raw`)
        transform, pre_transform, log, force_reload: See
            :class:`~torch_geometric.data.Dataset`.

    Raises:
        RuntimeError: If there are no raw files, or the processed ones are
            damaged or cannot be written.
        ValueError: If an array is of another shape, not finite or not
            credible, or a subject is in two splits; names the file, the
            array and the remedy.

    Example:
        >>> np.savez('hands/raw/ann.npz', joints=joints, subject='ann')
        >>> ArrayPoses('hands', 'hand21.yaml', unit='m')[0].y  # [21, T, 3]
    """

    formats = (Format('arrays', 'NumPy arrays, *.npz', array_files),)
    unlike: Mapping[str, tuple[str, ...]] = {}
    how_to_get = (
        "Save yours there with numpy.savez('S1.npz', joints=..., "
        "keypoints=..., subject=...), or pass 'raw' (see docs/own_data.md)"
    )
    protocol = 'arrays'
    keys = ('x', 'y', 'joints', 'confidence')

    def __init__(
        self,
        root: str | Path,
        skeleton: Skeleton | str | Path | None = None,
        split: Literal['train', 'val', 'test', 'all'] = 'train',
        unit: Literal['mm', 'm'] = 'mm',
        train_subjects: Sequence[str] = (),
        val_subjects: Sequence[str] = (),
        test_subjects: Sequence[str] = (),
        fps: float = 25.0,
        raw: str | Path | None = None,
        transform: Callable | None = None,
        pre_transform: Callable | None = None,
        log: bool = True,
        force_reload: bool = False,
    ) -> None:
        check_choice('split', split, ('train', 'val', 'test', 'all'))
        check_choice('unit', unit, tuple(UNITS))
        if not 0 < fps < 1e6:
            raise ValueError(f"Expected 'fps' to be positive (got {fps})")
        self.split = split
        self.unit = unit
        self.fps = float(fps)
        self._given = (train_subjects, val_subjects, test_subjects)
        if skeleton is None:
            folder = Path(root, 'raw') if raw is None else Path(raw)
            skeleton = find_skeleton(folder.expanduser())
        self._skeleton = as_skeleton(skeleton)
        super().__init__(
            root,
            raw,
            transform=transform,
            pre_transform=pre_transform,
            log=log,
            force_reload=force_reload,
        )

    @property
    def skeleton(self) -> Skeleton:
        r"""The joints."""
        return self._skeleton

    def _stem(self, format: str) -> str:
        tree = (self.skeleton.joints, self.skeleton.parents)
        digest = hashlib.sha256(json.dumps(tree).encode()).hexdigest()[:8]
        return f'arrays_{digest}_{self.unit}_{self.fps:g}fps'

    def _source(self, format: str, files: list[Path]) -> RawSource:
        return RawSource(format, files, content_digest(self._folder, files))

    @property
    def _folder(self) -> Path:
        return self.raw if self.raw.is_dir() else self.raw.parent

    def _read(self, source: RawSource) -> Iterator[dict[str, Any]]:
        notes = Notes()
        for file in source.files:
            folders = file.relative_to(self._folder).parts[:-1]
            for name, values in read_clips(file, self._folder):
                if folders:
                    values.setdefault('subject', folders[0])
                values.setdefault('fps', self.fps)
                where = f"'{name}' in '{file}'"
                clip = make_clip(
                    where, values, self.skeleton, self.unit, notes
                )
                yield {**clip, 'clip': name}
        self._info['notes'] = notes.texts()

    def _open_store(self) -> None:
        subjects = ClipStore(self._path).column('subject') or []
        if self.split != 'all':
            splits = split_subjects(subjects, *self._given)
            self._subjects = getattr(splits, self.split)
            self.splits: SubjectSplits = splits
            if splits.note:
                warnings.warn(splits.note, stacklevel=4)
        super()._open_store()
        for note in self.store.info.get('notes', ()):
            warnings.warn(note, stacklevel=4)

    def _in_split(self, subject: str, clip: str) -> bool:
        return self.split == 'all' or subject in self._subjects


def find_skeleton(raw: Path) -> Path:
    r"""The file that describes the skeleton of the arrays in a folder.

    Raises:
        ValueError: If there is none.
    """
    path = (raw if raw.is_dir() else raw.parent) / SKELETON_FILE
    if not path.is_file():
        raise ValueError(
            f"Expected 'skeleton', a name or a YAML file, or a file "
            f"'{SKELETON_FILE}' in {shown(str(path.parent))} (got none): see "
            'docs/skeletons.md'
        )
    return path
