from __future__ import annotations

import pickle
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from pyg_hcsf.datasets.ntu.clip_names import (
    BENCHMARKS,
    NUM_BODIES,
    NUM_CLASSES,
    NUM_JOINTS,
    ActionClip,
    parse_name,
    split_names,
)
from pyg_hcsf.safe_io.atomic_write import atomic_write
from pyg_hcsf.safe_io.pickle_reader import load_pickle
from pyg_hcsf.safe_io.shown import cause, shown


class PysklFile(NamedTuple):
    r"""What a pickle of pyskl holds.

    Args:
        clips (list[ActionClip]): The clips, in half precision as stored.
        splits (dict): Names by split, such as :obj:`'xsub_val'`; empty in the
            old form.
        skipped (int): The number of empty annotations.
        missing (list[str]): Names in splits that have no annotation.
    """

    clips: list[ActionClip]
    splits: dict[str, list[str]]
    skipped: int
    missing: list[str]


def read_pyskl(path: str | Path) -> PysklFile:
    r"""Reads :obj:`ntu60_3danno.pkl` or :obj:`ntu120_3danno.pkl` of pyskl or
    mmaction2, or the bare list of annotations of older releases.

    Coordinates are metres in the camera's frame, in half precision: steps of
    2 mm at a distance of 3 m. Frames without a body were removed.

    Args:
        path (str or pathlib.Path): The file; see
            :func:`~pyg_hcsf.safe_io.pickle_reader.load_pickle`.

    Raises:
        ValueError: If it is malformed; names the annotation.

    Example:
        >>> len(read_pyskl('ntu60_3danno.pkl').clips)
        56578
    """
    path = Path(path)
    try:
        raw = path.read_bytes()
    except OSError as e:
        raise ValueError(f"'{path}' cannot be read ({e.strerror})") from e
    content = load_pickle(raw, str(path))
    del raw
    splits: Any = {}
    items = content
    if isinstance(content, dict):
        items = content.get('annotations', content.get('annos'))
        splits = content.get('split', {})
        if not isinstance(splits, dict) or not all(
            isinstance(names, list) and all(isinstance(n, str) for n in names)
            for names in splits.values()
        ):
            raise ValueError(
                f"Expected 'split' in '{path}' to be lists of names by split"
            )
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
    known = {clip.name for clip in clips}
    if len(known) < len(clips):
        raise ValueError(f"Names of annotations in '{path}' repeat")
    named = {name for names in splits.values() for name in names}
    return PysklFile(
        clips, splits, len(items) - len(clips), sorted(named - known)
    )


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
    return ActionClip(str(name), name.label, joints.swapaxes(0, 1))


def write_pyskl(
    path: str | Path,
    names: Sequence[str],
    read: Callable[[int], np.ndarray],
    data: str,
) -> None:
    r"""Writes a pickle for pyskl, in half precision, one clip at a time.

    Clips are written as they are, for pyskl's own choice of bodies and frames
    with those of
    :func:`~pyg_hcsf.datasets.ntu.bodies.select_bodies(bodies, 'pyskl')`. Any
    release of NumPy can read it.

    Args:
        path (str or pathlib.Path): The file, such as
            :obj:`ntu60_3danno.pkl`.
        names (list[str]): The names of the clips.
        read (callable): Returns the joints of the clip of a number,
            :obj:`[T, M, 25, 3]` in metres.
        data (str): :obj:`'ntu60'` or :obj:`'ntu120'`; clips of other classes
            are left out.

    Raises:
        ValueError: If a clip has no body; names it.
        RuntimeError: If the system refuses to write.

    Example:
        >>> write_pyskl('ntu60.pkl', data.names, data.joints, 'ntu60')
    """
    if data not in NUM_CLASSES:
        raise ValueError(
            f"Expected 'data' to be one of {list(NUM_CLASSES)} (got "
            f'{shown(data)})'
        )
    splits = {}
    for benchmark, rule in BENCHMARKS.items():
        if rule.data == data:
            split = split_names(names, benchmark)
            splits[f'{rule.protocol}_train'] = split['train']
            splits[f'{rule.protocol}_val'] = split['test']
    number = {name: i for i, name in enumerate(names)}
    used = sorted({name for split in splits.values() for name in split})
    # The instructions of {'split': splits, 'annotations': [...]}, so that
    # only one annotation is in memory.
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
    return {
        'frame_dir': name,
        'label': parse_name(name).label,
        'keypoint': np.ascontiguousarray(
            joints.swapaxes(0, 1), dtype=np.float16
        ),
        'total_frames': len(joints),
    }


def _dump(value: Any) -> bytes:
    r"""The instructions of a value, without those that start and end."""
    out = pickle.dumps(value, protocol=3)[2:-1]
    # The first is where arrays are made: older releases do not know it.
    return out.replace(b'cnumpy._core.', b'cnumpy.core.', 1)
