from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Optional, Union

from pyg_hcsf.io.poses.archive import read_npz, write_npz
from pyg_hcsf.io.poses.json_text import read_json, write_json
from pyg_hcsf.io.poses.records import fail
from pyg_hcsf.io.poses.sequence import PoseSequence

Reader = Callable[[bytes, str], list[PoseSequence]]
Writer = Callable[[Path, Sequence[PoseSequence]], None]
READERS: dict[str, Reader] = {'json': read_json, 'npz': read_npz}
WRITERS: dict[str, Writer] = {'json': write_json, 'npz': write_npz}
LIMIT = 2**28  # bytes of a file: hours of a person


def write_poses(
    path: Union[str, Path],
    sequences: Sequence[PoseSequence],
    format: Optional[str] = None,
) -> None:
    r"""Writes the poses of people, whole or not at all.

    Args:
        path (str or pathlib.Path): The file.
        sequences (sequence of PoseSequence): The people, each with a name of
            its own.
        format (str, optional): The format; by default what the suffix of
            :obj:`path` says. (default: :obj:`None`)

    Raises:
        ValueError: If there is nobody, two have the same name, or the format
            is not known.
        RuntimeError: If the file cannot be written.

    Example:
        >>> write_poses('walk.json', [sequence])
        >>> write_poses('walk.npz', [sequence])
    """
    path = Path(path)
    kind = _format_of(path, format, list(WRITERS))
    names = [sequence.name for sequence in sequences]
    if not names or len(set(names)) < len(names):
        raise ValueError(
            "Expected 'sequences' of one or more people with distinct names "
            f'(got {names})'
        )
    WRITERS[kind](path, sequences)


def read_poses(path: Union[str, Path]) -> list[PoseSequence]:
    r"""Reads the poses of people that :func:`write_poses` wrote.

    Numbers of :obj:`.npz` come back as they were, those of text to 0.0001 mm.

    Args:
        path (str or pathlib.Path): The file, :obj:`.json` or :obj:`.npz`.

    Raises:
        ValueError: If it is missing, damaged, too large or something else.

    Example:
        >>> read_poses('walk.json')[0].pose.shape
        (250, 17, 3)
    """
    path = Path(path)
    kind = _format_of(path, None, list(READERS))
    try:
        if (size := path.stat().st_size) > LIMIT:
            fail(str(path), f'it has {size} bytes, more than {LIMIT}')
        content = path.read_bytes()
    except OSError as e:
        raise ValueError(
            f"Could not read '{path}': {e.strerror}. Check the path"
        ) from e
    sequences = READERS[kind](content, str(path))
    names = [sequence.name for sequence in sequences]
    if len(set(names)) < len(names):
        fail(str(path), 'two people have the same name')
    return sequences


def _format_of(path: Path, format: Optional[str], known: list[str]) -> str:
    kind = path.suffix.lower().removeprefix('.') if format is None else format
    if kind not in known:
        raise ValueError(
            f"Expected 'format', or the suffix of '{path}', to be one of "
            f'{known} (got {kind!r})'
        )
    return kind
