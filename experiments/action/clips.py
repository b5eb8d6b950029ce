"""The clips of an action run and their metadata."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from torch_geometric.data import Data

from experiments.sweep.splits import column
from pyg_hcsf.data.clip_store import ClipStore
from pyg_hcsf.skeleton import Skeleton

TRAIN_ALL = 'all training clips'


class ActionClips(NamedTuple):
    """The clips of a split.

    Args:
        clips: A list, or a store that streams.
        skeleton: Their skeleton.
        actions: The names of the labels.
        num_bodies: Bodies in a clip.
        protocol: The subjects of training and test, in words.
        fingerprint: A hash of the raw files.
        normalize: The normalisation of clips, see
            pyg_hcsf.recognition.RecognizerInfo.
        fps: Their frame rate.
        usual: The typical number of frames of a clip before padding, if
            clips are padded.
    """

    clips: Sequence[Data] | ClipStore
    skeleton: Skeleton
    actions: tuple[str, ...]
    num_bodies: int
    protocol: str
    fingerprint: str
    normalize: dict[str, Any] | None = None
    fps: float = 30.0
    usual: int | None = None

    def has(self, key: str) -> bool:
        """Whether clips in a list have an attribute."""
        return isinstance(self.clips, list) and key in self.clips[0]

    def column(self, key: str) -> list[str]:
        """A string attribute of every clip."""
        return column(self.clips, key)


class ActionRequest(NamedTuple):
    """The clips that a run needs; see ActionClipsConfig."""

    root: Path
    split: str
    normalize: str
    hold_out: bool
    num_frames: int
    lift: str
    scenes: int
    windows: int


def held_out(request: ActionRequest, values: Sequence[Any]) -> list[Any]:
    """The values used for validation: the last tenth, at least one."""
    if not (request.hold_out or request.split == 'val'):
        return []
    if len(values) < 2:
        raise ValueError(
            'Expected clips of two subjects or more to train on, one of them '
            f'for validation (got those of {list(values)}); for a split of '
            'your own, keep all for training with --clips.hold_out false'
        )
    return list(values[-max(1, len(values) // 10) :])


def places(root: Path, *names: str) -> list[Path]:
    """The existing folders of a data home that may have raw files, such as
    ``<class>/raw``.
    """
    paths = [root / names[0] / 'raw'] + [root / name for name in names]
    return [path for path in paths if path.is_dir()]


def training(val: Sequence[Any], who: str) -> str:
    """Describes the validation split of a protocol."""
    names = ', '.join(map(str, val))
    return f'without {who} {names}, for validation' if val else TRAIN_ALL


def processed_raw(
    root: Path, name: str, pattern: str, kind: Callable[[Path], Any] = Path
) -> Any:
    """The folder in which raw files were when they were processed."""
    done = any((root / name / 'processed').glob(f'{pattern}.clips'))
    return kind(root / name / 'raw') if done else None
