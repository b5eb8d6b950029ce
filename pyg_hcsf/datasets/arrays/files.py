r"""Files of arrays: which there are, and the clips in them."""

from __future__ import annotations

import hashlib
import json
import re
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np

from pyg_hcsf.data.formats import files_named
from pyg_hcsf.datasets.arrays.checks import MAX_VALUE
from pyg_hcsf.safe_io.archives import ZIP_ERRORS
from pyg_hcsf.safe_io.npy import load_npz
from pyg_hcsf.safe_io.shown import cause, shown

NPZ_FILE = re.compile(r'.*\.npz', re.IGNORECASE)
SEQUENCES = ('joints', 'keypoints', 'confidence')
TEXTS = ('subject', 'action', 'camera')
NUMBERS = {
    'focal': (2,),
    'center': (2,),
    'image_size': (2,),
    'rotation': (3, 3),
    'translation': (3,),
    'fps': (),
}
KEYS = (*SEQUENCES, *TEXTS, *NUMBERS)


def array_files(path: Path) -> list[Path]:
    r"""The :obj:`.npz` files at or below a path, in a fixed order, but not
    those of processed clips.
    """
    return files_named(path, NPZ_FILE, ('processed',))


def content_digest(root: Path, files: list[Path]) -> str:
    r"""A hash of the names of files and of the checksums of their arrays, for
    which only the directories of the archives are read.

    Raises:
        ValueError: If a file is no complete archive; names it.
    """
    listing = []
    for file in files:
        try:
            with zipfile.ZipFile(file) as archive:
                arrays = [
                    (info.filename, info.file_size, info.CRC)
                    for info in archive.infolist()
                ]
        except ZIP_ERRORS as e:
            raise ValueError(
                f"'{file}' is not a complete .npz archive ({cause(e)}): save "
                'it again with numpy.savez'
            ) from e
        listing.append((file.relative_to(root).as_posix(), arrays))
    return hashlib.sha256(json.dumps(listing).encode()).hexdigest()[:16]


def read_clips(file: Path, root: Path) -> Iterator[tuple[str, dict[str, Any]]]:
    r"""Reads the clips of a file: their names and their values by key.

    An array :obj:`<clip>/<key>` belongs to a clip, an array :obj:`<key>` to
    all clips of the file, or to its only one.

    Raises:
        ValueError: If the file is damaged, or an array has an unknown name or
            another type or shape; names the file and the array.
    """
    try:
        with file.open('rb') as content:
            arrays = load_npz(content, str(file))
    except OSError as e:
        raise ValueError(
            f"Could not read '{file}': {e.strerror}. Check the path"
        ) from e
    stem = file.relative_to(root).with_suffix('').as_posix()
    clips: dict[str, dict[str, Any]] = {}
    for path, array in arrays.items():
        clip, _, key = path.rpartition('/')
        if key not in KEYS:
            raise ValueError(
                f"Expected the arrays of '{file}' to be called one of "
                f"{KEYS}, or '<clip>/joints' and so on (got {shown(path)}): "
                'rename it or leave it out'
            )
        clips.setdefault(clip, {})[key] = _parse(file, path, key, array)
    common = clips.pop('', {})
    if not clips:
        yield stem, common
    for clip, values in clips.items():
        yield f'{stem}/{clip}', {**common, **values}


def _parse(file: Path, path: str, key: str, array: np.ndarray) -> Any:
    def wrong(expected: str, remedy: str) -> ValueError:
        return ValueError(
            f"Expected {shown(path)} of '{file}' to be {expected} (got "
            f'{shown(array)}): {remedy}'
        )

    if array.dtype.kind == 'O':
        raise wrong(
            'numbers or a text',
            'it holds Python objects, such as a list of arrays of different '
            'lengths: save each clip as arrays of its own',
        )
    if key in TEXTS:
        text = ''
        if array.shape == () and array.dtype.kind in 'USiu':
            value = array[()]
            if isinstance(value, bytes):
                value = value.decode('utf-8', 'replace')
            text = str(value)
        if not text or not text.isprintable() or len(text) > 200:
            raise wrong('a text of up to 200 characters', 'name it so')
        return text
    if array.dtype.kind not in 'fiu':
        raise wrong('numbers', 'convert it with astype(float)')
    if key == 'focal' and array.shape in ((), (1,)):
        array = np.repeat(array, 2)
    if key == 'fps':
        array = array.reshape(()) if array.size == 1 else array
    shape = NUMBERS.get(key)
    if shape is not None and array.shape != shape:
        raise wrong(f'of shape {list(shape)}', 'there is one for each clip')
    value = array.astype(np.float64)
    positive = key in ('focal', 'image_size', 'fps')
    if shape is not None and not (
        np.isfinite(value).all()
        and np.abs(value).max() <= MAX_VALUE
        and (not positive or (value > 0).all())
    ):
        values = shown(value.ravel().tolist())
        kind = 'positive' if positive else 'finite'
        raise wrong(f'{kind} numbers', f'its values are {values}')
    return value
