"""Finds and loads the clips of NTU RGB+D for an action run."""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

from experiments.action.clips import (
    ActionClips,
    ActionRequest,
    held_out,
    places,
    processed_raw,
    training,
)
from experiments.sweep.sources import processed_root
from pyg_hcsf.data.clip_store import ClipStore
from pyg_hcsf.data.clip_subset import ClipSubset
from pyg_hcsf.datasets import NTURGBD
from pyg_hcsf.datasets.ntu.clip_names import NTU_FPS
from pyg_hcsf.datasets.ntu.source import CUSTOMARY, NTUSource, find_source
from pyg_hcsf.transforms import PreNormalize

# Frames of a usual clip: 8 million frames in 114,480 clips (Liu et al., TPAMI
# 2019). After the normalisation of 2s-AGCN, all clips have 300.
NTU_USUAL = 70


class RawNTU(NamedTuple):
    """Raw files of NTU RGB+D, or where they were when they were processed.

    Args:
        path: The folder.
        source: The files in it, if they are still there.
    """

    path: Path
    source: NTUSource | None = None


def find_ntu(benchmark: str, root: Path) -> RawNTU | None:
    """The raw files of a benchmark, or where they were when processed."""
    for path in places(root, 'NTURGBD', 'nturgbd'):
        if (source := find_source([path], benchmark)) is None:
            continue
        names = CUSTOMARY.get(source.format, {})
        found = {n for f in source.files for n in (f.name, f.parent.name)}
        own = set(names.get(benchmark, ()))
        others = {n for each in names.values() for n in each} - own
        if own & found or not others & found:  # else of another benchmark
            return RawNTU(path, source)
    return processed_raw(
        root, 'NTURGBD', f'{benchmark.split("-")[0]}*', RawNTU
    )


def load_ntu(
    benchmark: str, request: ActionRequest, raw: RawNTU
) -> ActionClips:
    """NTU RGB+D, normalised on disk, from where it streams."""
    if raw.source is not None:
        normalized = raw.source.format == 'agcn'
    else:
        pattern = f'{benchmark.split("-")[0]}_agcn_*.clips'
        folder = request.root / 'NTURGBD' / 'processed'
        normalized = any(folder.glob(pattern))
    scheme = request.normalize
    if scheme == 'auto':
        scheme = 'none' if normalized else 'agcn'
    applied = 'agcn' if normalized else scheme
    dataset = NTURGBD(
        processed_root(request.root, 'NTURGBD', raw.path),
        benchmark,
        'train',
        raw=raw.source or raw.path,
        pre_transform=None if scheme == 'none' else PreNormalize(scheme),
    )
    store: ClipStore = dataset.store
    named = not dataset.names[0].startswith('train_')
    if named:
        subjects = {int(name[9:12]) for name in dataset.names}
        val, who = held_out(request, sorted(subjects)), 'subject(s)'
        if request.split != 'train' or val:
            store = dataset.with_split(request.split, val).store
    else:  # the file does not name its clips: rows are by subject
        rows = list(range(len(dataset)))
        val, who = held_out(request, rows), 'training rows'
        if request.split == 'test':
            store = dataset.with_split('test').store
        elif val:
            train = rows[: val[0]]
            chosen = val if request.split == 'val' else train
            store = ClipSubset(dataset.store, chosen)
        val = [f'{val[0]} to {val[-1]}'] if val else []
    return ActionClips(
        clips=store,
        skeleton=dataset.skeleton,
        actions=tuple(f'A{i + 1:03}' for i in range(dataset.num_classes)),
        num_bodies=2,
        protocol=f'{benchmark}, {scheme}, {training(val, who)}',
        fingerprint=store.path.name,
        normalize=None if applied == 'none' else {'scheme': applied},
        fps=NTU_FPS,
        usual=NTU_USUAL if applied == 'agcn' else None,
    )
