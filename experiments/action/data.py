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
    processed_raw,
    training,
)
from experiments.action.cmu import find_cmu, load_cmu
from experiments.action.config import ActionClipsConfig
from experiments.action.ntu import find_ntu, load_ntu
from experiments.sweep.sources import DataSource, processed_root
from pyg_hcsf.datasets import HDM05, UTDMHAD
from pyg_hcsf.datasets.ntu.benchmarks import BENCHMARKS
from pyg_hcsf.datasets.synthetic.dataset import (
    ACTIONS,
    FPS,
    SPLITS,
    TAKES,
    VERSION,
    motion_clip,
)
from pyg_hcsf.datasets.utd_mhad.dataset import TEST_SUBJECTS, TRAIN_SUBJECTS
from pyg_hcsf.datasets.utd_mhad.skeleton_mat import UTD_MHAD_FPS
from pyg_hcsf.skeleton import get_skeleton
from pyg_hcsf.transforms import AlignBody

UTD_MHAD_TEST = tuple(map(str, TEST_SUBJECTS))
HDM05_TEST = ('HDM05-mm', 'HDM05-tr')
MOCAP: dict[str, Any] = {'up': 2, 'scale': 0.001}  # z up, millimetres


def find_utd_mhad(root: Path) -> Path | None:
    """The raw files, or where they were when processed."""
    for path in places(root, 'UTDMHAD', 'utd_mhad'):
        if any(form.find(path) for form in UTDMHAD.formats):
            return path
    return processed_raw(root, 'UTDMHAD', '*')


def load_utd_mhad(request: ActionRequest, raw: Path) -> ActionClips:
    """UTD-MHAD: odd subjects train, even ones test."""
    skeleton = get_skeleton('kinect20')
    align: dict[str, Any] = {'up': None}  # people face the sensor
    dataset = UTDMHAD(
        processed_root(request.root, 'UTDMHAD', raw),
        raw=raw,
        transform=AlignBody(skeleton, **align),
    )
    subjects = set(map(int, dataset.store.column('subject') or ()))
    val = held_out(request, [s for s in TRAIN_SUBJECTS if s in subjects])
    return ActionClips(
        clips=list(dataset.with_split(request.split, val)),
        skeleton=skeleton,
        actions=dataset.actions,
        num_bodies=1,
        protocol=f'odd subjects train, {training(val, "subject")}',
        fingerprint=dataset.raw_fingerprint,
        normalize=align,
        fps=UTD_MHAD_FPS,
    )


def find_hdm05(root: Path) -> Path | None:
    """The raw files, or where they were when processed."""
    for path in places(root, 'HDM05', 'hdm05'):
        if any(form.find(path) for form in HDM05.formats):
            return path
    return processed_raw(root, 'HDM05', 'hdm05_30fps*')


def load_hdm05(request: ActionRequest, raw: Path) -> ActionClips:
    """The motion classes of HDM05's cut clips: mm and tr test."""
    skeleton = get_skeleton('h36m17', graph='tree')
    dataset = HDM05(
        processed_root(request.root, 'HDM05', raw), raw=raw, fps=30.0
    )
    align = AlignBody(skeleton, **MOCAP, key='pos')
    longest: dict[str, Data] = {}  # piece between two tracking errors
    for clip in dataset:
        name = clip.clip.split('.')[0]
        other = longest.get(name)
        if other is None or clip.pos.size(1) > other.pos.size(1):
            longest[name] = clip
    people = [s for s in dataset.subjects if s not in HDM05_TEST]
    val = held_out(request, people)
    chosen = {
        'train': [s for s in people if s not in val],
        'val': val,
        'test': list(HDM05_TEST),
    }[request.split]
    return ActionClips(
        clips=[
            _labelled(align(clip), dataset.actions)
            for clip in longest.values()
            if clip.subject in chosen
        ],
        skeleton=skeleton,
        actions=dataset.actions,
        num_bodies=1,
        protocol=f'mm, tr tested, {training(val, "subject")}',
        fingerprint=dataset.raw_fingerprint,
        normalize=MOCAP,
        fps=30.0,
    )


def load_synthetic(request: ActionRequest, raw: Path) -> ActionClips:
    """The fifteen actions of SyntheticMotion, without cameras."""
    skeleton = get_skeleton('h36m17', graph='tree')
    align = AlignBody(skeleton, **MOCAP, key='pos')
    val = SPLITS['val'] if request.hold_out else ()
    subjects = SPLITS[request.split]
    if request.split == 'train' and not val:
        subjects += SPLITS['val']
    return ActionClips(
        clips=[
            _labelled(
                align(motion_clip(subject, action, take, request.num_frames)),
                ACTIONS,
            )
            for subject in subjects
            for action in ACTIONS
            for take in TAKES
        ],
        skeleton=skeleton,
        actions=ACTIONS,
        num_bodies=1,
        protocol=f'S9, S11 tested, {training(val, "subject")}',
        fingerprint=f'synthetic v{VERSION}',
        normalize=MOCAP,
        fps=FPS,
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
    'cmu': DataSource(
        find_cmu, load_cmu, 'cross-subject', _needs('OpenMocap')
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
    the subjects of HDM05 and of CMU's test do on what was recorded.
    """
    out: dict[str, Sequence[str]] = {}
    recorded = data == 'hdm05' or (data, split) == ('cmu', 'test')
    if split != 'val' and not recorded:
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
    request = ActionRequest(
        root,
        split,
        normalize=config.normalize,
        hold_out=config.hold_out,
        num_frames=config.num_frames,
        lift=config.lift,
        scenes=config.scenes,
        windows=config.windows,
    )
    return _load(data, request)


@lru_cache
def find_once(data: str, root: Path) -> Any:
    """The raw files of data, looked for once per process."""
    source = SOURCES[data]
    if (found := source.find(root)) is None:
        raise ValueError(f'Expected {source.needs.format(root=root)}')
    return found


@lru_cache(maxsize=6)  # the runs of a table share their clips
def _load(data: str, request: ActionRequest) -> ActionClips:
    return SOURCES[data].load(request, find_once(data, request.root))
