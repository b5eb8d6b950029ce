"""Loads finished runs: ``metrics.json`` with ``frames.npz`` of a pose or lift
run, or ``scores.npz`` of an action run.
"""

from __future__ import annotations

import json
import warnings
import zipfile
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import torch

from pyg_hcsf.metrics import hard_pose_statistics
from pyg_hcsf.safe_io.npy import load_npz
from pyg_hcsf.safe_io.shown import cause, shown

METRICS = ('mpjpe', 'pa_mpjpe', 'n_mpjpe', 'mpjve')  # mm, mm/frame
HARD = ('above_60', 'above_40', 'below_30', 'worst_5')  # %, %, %, mm
COST = ('params', 'macs', 'train_poses_per_s', 'test_poses_per_s')
ACTION_METRICS = ('top1', 'top5', 'class_mean')  # %
ACTION_COST = ('params', 'macs', 'train_clips_per_s', 'test_clips_per_s')
FRAMES = ('error', 'clip', 'frame')  # [F]
CLIPS = ('clip_names', 'subject', 'action', 'camera')  # [K]
SCORES = ('names', 'subject', 'action', 'label', 'scores')  # [K], [K, C]

# Required metrics: of every task, and of each.
COMMON = ['preset', 'row', 'label', 'seed', 'data', 'protocol', 'commit']
REQUIRED: dict[str, list[str]] = {
    'pose': [
        *COMMON,
        'command',
        'keypoints',
        'average',
        'per_action',
        'per_subject',
        'per_joint',
        *METRICS,
        *COST,
    ],
    'action': [
        *COMMON,
        'command',
        'stream',
        'per_class',
        'confusion',
        *ACTION_METRICS,
        *ACTION_COST,
    ],
    'lift': [*COMMON, 'command', 'keypoints', 'scores', 'per_joint'],
    'real': [*COMMON, 'command', 'keypoints', 'records', 'references'],
}
TYPES: dict[str, Any] = {
    **dict.fromkeys(('preset', 'row', 'label', 'data', 'protocol'), str),
    **dict.fromkeys(('seed', 'order'), int),
    **dict.fromkeys(METRICS, (int, float)),
}


@dataclass(frozen=True, eq=False)
class Run:
    """One finished run: its metrics, and the error of each test frame in mm.
    For an action run, each clip counts as a frame, whose error is 100 % if it
    is misclassified, else 0.

    ``clip [F]`` indexes ``clip_names``, ``subject``, ``action`` and
    ``camera``, all ``[K]``. Poses are only read from disk by :meth:`read`.
    """

    folder: Path
    metrics: dict[str, Any]
    error: np.ndarray
    clip: np.ndarray
    frame: np.ndarray
    clip_names: np.ndarray
    subject: np.ndarray
    action: np.ndarray
    camera: np.ndarray

    @property
    def label(self) -> str:
        """The name of the model in tables."""
        return self.metrics['label']

    @property
    def setting(self) -> Setting:
        """What runs must share to be comparable with this one."""
        m = self.metrics
        return Setting(
            preset=m['preset'],
            data=m['data'],
            keypoints=m.get('keypoints', ''),
            protocol=m['protocol'],
            split=m.get('split', 'test'),
            frames=len(self.error),
        )

    @cached_property
    def hard(self) -> dict[str, Any]:
        """The hard-pose statistics, in percent of the test poses and in mm;
        NaN if the run diverged.
        """
        if np.isfinite(self.error).all():
            return hard_pose_statistics(torch.from_numpy(self.error))
        return {**dict.fromkeys(HARD, float('nan')), 'curve': {}}

    def has(self, *names: str) -> bool:
        """Whether ``frames.npz`` holds arrays. Published runs may lack poses,
        which make up most of the file.
        """
        path = self.folder / 'frames.npz'
        try:
            with zipfile.ZipFile(path) as file:
                return {f'{name}.npy' for name in names} <= set(
                    file.namelist()
                )
        except (OSError, zipfile.BadZipFile) as e:
            raise _damaged(path, e) from e

    def read(self, *names: str) -> list[np.ndarray]:
        """Reads arrays of ``frames.npz``, e.g. ``prediction [F, 17, 3]``."""
        return read_arrays(self.folder / 'frames.npz', names)


class Setting(NamedTuple):
    """What runs must share for their numbers to be put in one table."""

    preset: str
    data: str
    keypoints: str
    protocol: str
    split: str
    frames: int


Runs = Sequence[Run]


def is_smoke(runs: Runs) -> bool:
    """Whether runs were made with --smoke, so that nothing follows from their
    numbers.
    """
    return any(run.metrics.get('smoke') for run in runs)


def _damaged(path: Path, why: Exception) -> RuntimeError:
    return RuntimeError(
        f"Could not read '{path}' ({cause(why)}); delete the folder "
        f"'{path.parent}' and run that row and seed again"
    )


def read_arrays(path: Path, names: Sequence[str]) -> list[np.ndarray]:
    """Reads arrays of an npz file, without unpickling objects."""
    try:
        with path.open('rb') as file:
            arrays = load_npz(file, str(path), names)
        if any(array.dtype.hasobject for array in arrays.values()):
            raise ValueError('it has arrays of objects')
        return [arrays[name].copy() for name in names]
    except (OSError, ValueError) as e:
        raise _damaged(path, e) from e


def read_metrics(path: Path, required: Sequence[str] = ()) -> dict[str, Any]:
    """Reads the metrics of a run, and checks the required ones."""
    try:
        metrics = json.loads(path.read_text(encoding='utf-8'))
    except (OSError, ValueError, RecursionError) as e:
        raise _damaged(path, e) from e
    if not isinstance(metrics, dict):
        raise _damaged(path, ValueError('not a JSON object'))
    missing = [key for key in required if key not in metrics]
    if missing:
        raise _damaged(path, ValueError(f'it lacks {missing}'))
    for key, kind in TYPES.items():
        if key in metrics and not isinstance(metrics[key], kind):
            got = shown(metrics[key])
            raise _damaged(
                path, ValueError(f"expected another type of '{key}': {got}")
            )
    return metrics


def load_runs(folder: str | Path, task: str = 'pose') -> list[Run]:
    """Loads every finished run of a task under a folder. Runs with damaged
    files are left out with a warning.

    Args:
        folder (str or pathlib.Path): The folder of a run, a row, a preset, or
            all of ``runs/``.
        task (str, optional): :obj:`'pose'`, :obj:`'action'`, :obj:`'lift'` or
            :obj:`'real'`. (default: :obj:`'pose'`)

    Returns:
        Runs by preset, then by the row's ``order`` in ``metrics.json`` (rows
        without one follow by name), then by seed.

    Raises:
        ValueError: If the folder does not exist.

    Example:
        >>> runs = load_runs('runs/pose/table1_gt')
        >>> best = min(runs, key=lambda run: run.metrics['mpjpe'])
    """
    make = _action_run if task == 'action' else _pose_run
    runs = []
    for path in find_metrics(folder):
        try:
            if read_metrics(path).get('task', 'pose') == task:
                runs.append(make(path, read_metrics(path, REQUIRED[task])))
        except RuntimeError as e:
            warnings.warn(f'{cause(e)}. It is left out', stacklevel=2)
    return sorted(runs, key=_order)


def _pose_run(path: Path, metrics: dict[str, Any]) -> Run:
    arrays = read_arrays(path.with_name('frames.npz'), FRAMES + CLIPS)
    return Run(path.parent, metrics, *arrays)


def _action_run(path: Path, metrics: dict[str, Any]) -> Run:
    names, subject, action, label, scores = read_arrays(
        path.with_name('scores.npz'), SCORES
    )
    return Run(
        path.parent,
        {'average': 'clips', **metrics},
        error=100.0 * (scores.argmax(axis=1) != label),
        clip=np.arange(len(names)),
        frame=np.zeros(len(names), dtype=int),
        clip_names=names,
        subject=subject,
        action=action,
        camera=np.full(len(names), ''),
    )


def _order(run: Run) -> tuple:
    m = run.metrics
    return (m['preset'], m.get('order', float('inf')), m['row'], m['seed'])


def find_metrics(folder: str | Path) -> list[Path]:
    """Finds the ``metrics.json`` of all finished runs under a folder."""
    folder = Path(folder)
    if not folder.is_dir():
        raise ValueError(f"Expected 'folder' to exist (got '{folder}')")
    return [
        path
        for path in sorted(folder.rglob('metrics.json'))
        if '.old' not in path.relative_to(folder).parts
    ]


def by_setting(runs: Runs) -> dict[Setting, list[Run]]:
    """Groups runs by what they must share to be comparable."""
    out: dict[Setting, list[Run]] = {}
    for run in runs:
        out.setdefault(run.setting, []).append(run)
    return out


def by_row(runs: Runs) -> dict[str, list[Run]]:
    """Groups the runs of one setting by row; a row has a run per seed.

    Raises:
        ValueError: If the runs are of several settings, or a row has a seed
            twice, which would make its interval too narrow.
    """
    if len(by_setting(runs)) != 1:
        raise ValueError(
            "Expected 'runs' of one preset, data, protocol and number of test "
            f'frames (got {shown([*map(tuple, by_setting(runs))], 400)}); '
            'split them by_setting()'
        )
    out: dict[str, list[Run]] = {}
    for run in runs:
        row = out.setdefault(run.metrics['row'], [])
        twin = [r for r in row if r.metrics['seed'] == run.metrics['seed']]
        if twin:
            raise ValueError(
                f"Expected each seed of a row once (got '{twin[0].folder}' "
                f"and '{run.folder}'); move one of them away"
            )
        row.append(run)
    return out


def mean_error(group: Runs) -> np.ndarray:
    """The error per frame in mm, averaged over the seeds of a row."""
    return np.mean([run.error for run in group], axis=0, dtype=float)
