"""Reads and writes NTU RGB+D as the pickle files of pyskl and mmaction2."""

from __future__ import annotations

import pickle
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from pyg_hcsf.choices import check_choice
from pyg_hcsf.datasets.ntu.benchmarks import (
    BENCHMARKS,
    NUM_CLASSES,
    split_names,
)
from pyg_hcsf.datasets.ntu.clip_names import (
    NUM_BODIES,
    NUM_JOINTS,
    ActionClip,
    parse_name,
)
from pyg_hcsf.safe_io.atomic_write import atomic_write
from pyg_hcsf.safe_io.pickle_reader import load_pickle
from pyg_hcsf.safe_io.shown import cause, explained, shown


def read_pyskl(path: str | Path) -> list[ActionClip]:
    r"""Reads :obj:`ntu60_3danno.pkl` or :obj:`ntu120_3danno.pkl` of pyskl or
    mmaction2, or the plain list of annotations of older releases.

    Coordinates are in metres in camera coordinates, in half precision (steps
    of 2 mm at a distance of 3 m). The files have no frames without a body.
    Empty annotations are skipped.

    Args:
        path (str or pathlib.Path): The file, read by
            :func:`~pyg_hcsf.safe_io.pickle_reader.load_pickle`.

    Raises:
        ValueError: If the file is malformed. The message names the
            annotation.

    Example:
        >>> len(read_pyskl('ntu60_3danno.pkl'))
        56578
    """
    path = Path(path)
    with explained(f"'{path}' cannot be read", errors=(OSError,)):
        raw = path.read_bytes()
    content = load_pickle(raw, str(path))
    del raw  # frees up to a gigabyte
    items = content
    if isinstance(content, dict):
        items = content.get('annotations', content.get('annos'))
    if not isinstance(items, list):
        raise ValueError(
            f"Expected a list of 'annotations' in '{path}' (got "
            f'{type(items).__name__})'
        )
    clips = []
    for i, item in enumerate(items):
        if item is not None:
            try:
                clips.append(_to_clip(item))
            except (TypeError, ValueError) as e:
                raise ValueError(
                    f"Annotation {i} of '{path}': {cause(e)}"
                ) from e
    if len({clip.name for clip in clips}) < len(clips):
        raise ValueError(f"Names of annotations in '{path}' repeat")
    return clips


def _to_clip(item: Any) -> ActionClip:
    if not isinstance(item, dict):
        raise ValueError(f'expected a dict (got {type(item).__name__})')
    text = item.get('frame_dir', item.get('filename'))
    if not isinstance(text, str):
        raise ValueError(
            f"expected a name as 'frame_dir' (got {shown(text, 40)})"
        )
    name = parse_name(text)
    if item.get('label') != name.label:
        raise ValueError(
            f"expected class {name.label} for '{name}' (got "
            f'{shown(item.get("label"), 40)})'
        )
    joints = item.get('keypoint')
    shape: tuple[int, ...] = getattr(joints, 'shape', ())
    if len(shape) == 4 and shape[3] == 2:
        raise ValueError(
            "expected 3D joints as 'keypoint' (got 2D: a file such as "
            'ntu60_hrnet.pkl instead of ntu60_3danno.pkl)'
        )
    if (
        not isinstance(joints, np.ndarray)
        or len(shape) != 4
        or not 1 <= shape[0] <= NUM_BODIES
        or shape[1] == 0
        or shape[2:] != (NUM_JOINTS, 3)
        or joints.dtype.kind != 'f'
        or shape[1] != item.get('total_frames', shape[1])
    ):
        raise ValueError(
            "expected floats of shape [1 or 2, 'total_frames', "
            f"{NUM_JOINTS}, 3] as 'keypoint' (got {list(shape)} for "
            f'{shown(item.get("total_frames"), 40)} frames)'
        )
    if not np.isfinite(joints).all():
        raise ValueError("'keypoint' has values that are not finite")
    # [M, T, N, 3] -> [T, M, N, 3]
    return ActionClip(str(name), name.label, joints.swapaxes(0, 1))


def write_pyskl(
    path: str | Path,
    names: Sequence[str],
    read: Callable[[int], np.ndarray],
    data: str,
) -> None:
    r"""Writes a pickle file for pyskl in half precision, one clip at a time.

    The bodies and frames of the clips are written unchanged; for pyskl's own
    selection pass clips of
    :func:`~pyg_hcsf.datasets.ntu.body_selection.select_bodies` with
    :obj:`selection='pyskl'`. Any version of NumPy can read the file.

    Args:
        path (str or pathlib.Path): The file, such as
            :obj:`ntu60_3danno.pkl`.
        names (sequence of str): The names of the clips.
        read (callable): Returns the joints of the clip with a given number,
            in metres, of shape :obj:`[T, M, 25, 3]`.
        data (str): :obj:`'ntu60'` or :obj:`'ntu120'`; clips of other classes
            are left out.

    Raises:
        ValueError: If a clip has no body. The message names it.
        RuntimeError: If the file cannot be written.

    Example:
        >>> write_pyskl('ntu60.pkl', data.names, data.joints, 'ntu60')
    """
    check_choice('data', data, NUM_CLASSES)
    splits = {}
    for benchmark, rule in BENCHMARKS.items():
        if rule.data == data:
            split = split_names(names, benchmark)
            splits[f'{rule.protocol}_train'] = split['train']
            splits[f'{rule.protocol}_val'] = split['test']
    number = {name: i for i, name in enumerate(names)}
    used = sorted({name for split in splits.values() for name in split})
    # Pickle opcodes of {'split': splits, 'annotations': [...]}, written by
    # hand so that only one annotation is in memory: PROTO 3, EMPTY_DICT, MARK,
    # then APPEND after each annotation, and SETITEMS, STOP.
    with atomic_write(path) as part, part.open('wb') as file:
        file.write(b'\x80\x03}(')
        file.writelines(map(_dump, ('split', splits, 'annotations', [])))
        file.writelines(
            _dump(_annotate(name, read(number[name]))) + b'a' for name in used
        )
        file.write(b'u.')


def _annotate(name: str, joints: np.ndarray) -> dict[str, Any]:
    if not joints.any():
        raise ValueError(f"Clip '{name}' has no body in any frame")
    # [T, M, N, 3] -> [M, T, N, 3]
    keypoint = np.ascontiguousarray(joints.swapaxes(0, 1), dtype=np.float16)
    return {
        'frame_dir': name,
        'label': parse_name(name).label,
        'keypoint': keypoint,
        'total_frames': len(joints),
    }


def _dump(value: Any) -> bytes:
    r"""The pickle opcodes of a value, without PROTO and STOP."""
    out = pickle.dumps(value, protocol=3)[2:-1]
    # NumPy 1 does not know the new name of its module.
    return out.replace(b'cnumpy._core.', b'cnumpy.core.', 1)
