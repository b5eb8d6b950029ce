"""Finds the clips of an action run under the data home, or makes some."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache, partial
from pathlib import Path
from typing import Any

from torch_geometric.data import Data

from experiments.action.clips import (
    ActionClips,
    ActionRequest,
    held_out,
    places,
    processed_root,
    training,
)
from experiments.action.config import ActionClipsConfig
from experiments.sweep.sources import DataSource
from pyg_hcsf.data.clip_store import ClipStore
from pyg_hcsf.data.clip_subset import ClipSubset
from pyg_hcsf.datasets import HDM05, NTURGBD, UTDMHAD
from pyg_hcsf.datasets.ntu.benchmarks import BENCHMARKS
from pyg_hcsf.datasets.ntu.clip_names import NTU_FPS
from pyg_hcsf.datasets.ntu.source import CUSTOMARY, find_source
from pyg_hcsf.datasets.synthetic.dataset import (
    ACTIONS,
    FPS,
    SPLITS,
    TAKES,
    VERSION,
    motion_clip,
)
from pyg_hcsf.datasets.utd_mhad.dataset import TRAIN_SUBJECTS
from pyg_hcsf.datasets.utd_mhad.skeleton_mat import (
    UTD_MHAD_FPS,
    UTD_MHAD_SUBJECTS,
)
from pyg_hcsf.skeleton import get_skeleton
from pyg_hcsf.transforms import AlignBody, PreNormalize

# 8 million frames of 114,480 clips (Liu et al., TPAMI 2019); once 2s-AGCN's
# recipe has filled them up, all have 300.
NTU_USUAL = 70
UTD_MHAD_TEST = tuple(
    str(s) for s in UTD_MHAD_SUBJECTS if s not in TRAIN_SUBJECTS
)
HDM05_TEST = ('HDM05-mm', 'HDM05-tr')
MOCAP: dict[str, Any] = {'up': 2, 'scale': 0.001}  # z up, millimetres


# NTU RGB+D


def find_ntu(benchmark: str, root: Path) -> Path | None:
    """The raw files of a benchmark, or where they were when processed."""
    for path in places(root, 'NTURGBD', 'nturgbd'):
        source = find_source([path], benchmark)
        if source is None or not (source.members or source.paths):
            continue
        names = CUSTOMARY.get(source.format, {})
        of = {n for p in source.paths for n in (p.name, p.parent.name)}
        own = set(names.get(benchmark, ()))
        others = {n for each in names.values() for n in each} - own
        if not own & of and others & of:
            continue  # the file of another benchmark
        return path
    stem = benchmark.split('-')[0]
    done = (root / 'NTURGBD' / 'processed').glob(f'{stem}*.clips')
    return root / 'NTURGBD' / 'raw' if any(done) else None


def load_ntu(benchmark: str, request: ActionRequest) -> ActionClips:
    """NTU RGB+D, normalised on disk, from where it streams."""
    raw = find_ntu(benchmark, request.root)
    overlay = request.normalize
    normalized = _is_normalized(benchmark, request.root)
    if overlay == 'auto':
        overlay = 'none' if normalized else 'agcn'
    applied = 'agcn' if normalized else overlay

    def load(split: str, val: Sequence[int] = ()) -> NTURGBD:
        return NTURGBD(
            processed_root(request.root, 'NTURGBD', raw),
            benchmark,
            split,  # type: ignore[arg-type]
            val,
            raw=raw,
            pre_transform=None if overlay == 'none' else PreNormalize(overlay),
        )

    dataset = load('train')
    store: ClipStore = dataset.store
    named = not dataset.names[0].startswith('train_')
    if named:
        subjects = {int(name[9:12]) for name in dataset.names}
        val, who = held_out(request, sorted(subjects)), 'subject(s)'
        if request.split != 'train' or val:
            store = load(request.split, val).store
    else:  # the file does not name its clips: rows are by subject
        rows = list(range(len(dataset)))
        val, who = held_out(request, rows), 'training rows'
        if request.split == 'test':
            store = load('test').store
        elif val:
            train = rows[: val[0]]
            chosen = val if request.split == 'val' else train
            store = ClipSubset(dataset.store, chosen)
        val = [f'{val[0]} to {val[-1]}'] if val else []
    return ActionClips(
        store,
        dataset.skeleton,
        tuple(f'A{i + 1:03}' for i in range(dataset.num_classes)),
        2,
        f'{benchmark}, {overlay}, {training(val, who)}',
        dataset._path.name,
        None if applied == 'none' else {'overlay': applied},
        NTU_FPS,
        NTU_USUAL if applied == 'agcn' else None,
    )


def _is_normalized(benchmark: str, root: Path) -> bool:
    """Whether the files of a benchmark are moved and turned already."""
    raw = find_ntu(benchmark, root)
    source = None if raw is None else find_source([raw], benchmark)
    if source is not None and (source.members or source.paths):
        return source.format == 'agcn'
    data = benchmark.split('-')[0]
    processed = root / 'NTURGBD' / 'processed'
    return any(processed.glob(f'{data}_agcn_*.clips'))


# UTD-MHAD


def find_utd_mhad(root: Path) -> Path | None:
    """The raw files, or where they were when processed."""
    for path in places(root, 'UTDMHAD', 'utd_mhad'):
        if any(form.find(path) for form in UTDMHAD.formats):
            return path
    done = any((root / 'UTDMHAD' / 'processed').glob('*.pt'))
    return root / 'UTDMHAD' / 'raw' if done else None


def load_utd_mhad(request: ActionRequest) -> ActionClips:
    """UTD-MHAD: odd subjects train, even ones test."""
    raw = find_utd_mhad(request.root)
    skeleton = get_skeleton('kinect20')
    align: dict[str, Any] = {'up': None}  # people face the sensor
    root = processed_root(request.root, 'UTDMHAD', raw)
    every = UTDMHAD(root, raw=raw)
    there = {int(clip.subject) for clip in every}
    val = held_out(request, [s for s in TRAIN_SUBJECTS if s in there])
    dataset = UTDMHAD(
        root,
        request.split,  # type: ignore[arg-type]
        val,
        raw=raw,
        transform=AlignBody(skeleton, **align),
    )
    return ActionClips(
        list(dataset),
        skeleton,
        dataset.actions,
        1,
        f'odd subjects train, {training(val, "subject")}',
        dataset.raw_fingerprint,
        align,
        UTD_MHAD_FPS,
    )


# HDM05


def find_hdm05(root: Path) -> Path | None:
    """The raw files, or where they were when processed."""
    for path in places(root, 'HDM05', 'hdm05'):
        if any(form.find(path) for form in HDM05.formats):
            return path
    done = any((root / 'HDM05' / 'processed').glob('hdm05_30fps*.pt'))
    return root / 'HDM05' / 'raw' if done else None


def load_hdm05(request: ActionRequest) -> ActionClips:
    """The motion classes of HDM05's cut clips: mm and tr test."""
    raw = find_hdm05(request.root)
    skeleton = get_skeleton('h36m17', graph='tree')
    dataset = HDM05(
        processed_root(request.root, 'HDM05', raw), raw=raw, fps=30.0
    )
    align = AlignBody(skeleton, **MOCAP, key='pos')
    longest: dict[str, Data] = {}  # of the pieces between two glitches
    for clip in dataset:
        name = clip.clip.split('.')[0]
        other = longest.get(name)
        if other is None or clip.pos.size(1) > other.pos.size(1):
            longest[name] = clip
    actions = dataset.actions
    people = [s for s in dataset.subjects if s not in HDM05_TEST]
    val = held_out(request, people)
    chosen = {
        'train': [s for s in people if s not in val],
        'val': val,
        'test': list(HDM05_TEST),
    }[request.split]
    clips = [
        _labelled(align(clip), actions)
        for clip in longest.values()
        if clip.subject in chosen
    ]
    return ActionClips(
        clips,
        skeleton,
        actions,
        1,
        f'mm, tr tested, {training(val, "subject")}',
        dataset.raw_fingerprint,
        MOCAP,
        30.0,
    )


# Our own procedural motion


def load_synthetic(request: ActionRequest) -> ActionClips:
    """The fifteen actions of SyntheticMotion, without cameras."""
    skeleton = get_skeleton('h36m17', graph='tree')
    align = AlignBody(skeleton, **MOCAP, key='pos')
    val = SPLITS['val'] if request.hold_out else ()
    subjects = SPLITS[request.split]
    if request.split == 'train' and not val:
        subjects += SPLITS['val']
    clips = [
        _labelled(
            align(motion_clip(subject, action, take, request.num_frames)),
            ACTIONS,
        )
        for subject in subjects
        for action in ACTIONS
        for take in TAKES
    ]
    return ActionClips(
        clips,
        skeleton,
        ACTIONS,
        1,
        f'S9, S11 tested, {training(val, "subject")}',
        f'synthetic v{VERSION}',
        MOCAP,
        FPS,
    )


def _labelled(clip: Data, actions: Sequence[str]) -> Data:
    return Data(
        x=clip.x,
        y=actions.index(clip.action),
        clip=clip.clip,
        subject=clip.subject,
        action=clip.action,
    )


def _needs(name: str) -> str:
    return (
        f"the files of {name} in '{{root}}/{name}/raw'; see "
        f'datasets/{name}/README.md'
    )


# ``--data auto`` takes the first that is found.
SOURCES = {
    name: DataSource(
        partial(find_ntu, name),
        partial(load_ntu, name),
        name,
        _needs('NTURGBD'),
    )
    for name in BENCHMARKS
}
SOURCES |= {
    'utd_mhad': DataSource(
        find_utd_mhad, load_utd_mhad, 'cross-subject', _needs('UTDMHAD')
    ),
    'hdm05': DataSource(
        find_hdm05, load_hdm05, 'cross-subject', _needs('HDM05')
    ),
    'synthetic': DataSource(
        lambda root: root, load_synthetic, 'cross-subject'
    ),
}


def expected(
    data: str, split: str, clips: ActionClips
) -> dict[str, Sequence[str]]:
    """The subjects and actions that a split must have, as far as known. Those
    of a validation split depend on what is held out, and the actions that
    HDM05's subjects do on what was recorded.
    """
    out: dict[str, Sequence[str]] = {}
    if split != 'val' and data != 'hdm05':
        out['action'] = clips.actions
    if split == 'test':
        subjects = {'utd_mhad': UTD_MHAD_TEST, 'hdm05': HDM05_TEST}
        out['subject'] = subjects.get(data, ())
    return out


def load_actions(
    data: str, root: Path, split: str, config: ActionClipsConfig
) -> ActionClips:
    """The clips of a split.

    Args:
        data: A name that :func:`sweep.sources.resolve` returned.
        root: The data home.
        split: train, val or test.
        config: Which ones, and how they are prepared.
    """
    source = SOURCES[data]
    if source.find(root) is None:
        raise ValueError(f'Expected {source.needs.format(root=root)}')
    options = (config.normalize, config.hold_out, config.num_frames)
    return _load(data, ActionRequest(root, split, *options))


@lru_cache(maxsize=6)  # the rows of a table share their clips
def _load(data: str, request: ActionRequest) -> ActionClips:
    return SOURCES[data].load(request)
