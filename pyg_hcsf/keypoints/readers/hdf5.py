r"""Loads the arrays of an HDF5 file, such as those of SLEAP and DeepLabCut, by
their paths in the file. Fields of compound arrays are ``array:field``,
attributes ``array@attribute``, and texts are :class:`str`.
"""

import re
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np

from pyg_hcsf.keypoints.messages import file_error
from pyg_hcsf.safe_io.hdf5 import HDF5Process
from pyg_hcsf.safe_io.shown import cause

#: Arrays may decompress to 64 times the size of the file, plus 32 MiB: those
#: of SLEAP are mostly NaN.
INFLATION, SLACK = 64, 2**25
#: Attributes that readers need: SLEAP's, and pandas' pickled columns.
_ATTRIBUTES = re.compile(
    r'tracks@dims|@transpose|metadata@(json|format_id)|'
    r'.*/table@values_block_\d+_kind'
)
# Indices of PyTables, and the images in packages of SLEAP.
_UNUSED = re.compile(r'(.*/)?(_i_\w+|video\d+)(/.*)?')


def load_hdf5(
    path: Path, unpacked: bytes | None = None
) -> dict[str, np.ndarray]:
    r"""Loads all arrays of numbers and texts.

    Args:
        path (pathlib.Path): The file.
        unpacked (bytes, optional): The content of the file, if it is
            compressed by gzip. (default: :obj:`None`)

    Raises:
        ValueError: If the file is damaged, or they are too large.
    """
    limit = INFLATION * path.stat().st_size + SLACK
    if unpacked is not None:
        with TemporaryDirectory() as folder:
            file = Path(folder, 'unpacked.h5')
            file.write_bytes(unpacked)
            return _load(file, limit)
    return _load(path, limit)


def _load(path: Path, limit: int) -> dict[str, np.ndarray]:
    try:
        with HDF5Process() as process:
            names = [
                name
                for name, data in process.members(path).items()
                if (_ATTRIBUTES.fullmatch(name) or '@' not in name)
                and not _UNUSED.fullmatch(name.partition('@')[0])
                and data.dtype.kind in 'fiubSO'
            ]
            found = process.read(path, names, limit, mixed=True)
    except ValueError as e:
        raise file_error(
            f'its HDF5 is not read ({cause(e)}): get it again'
        ) from e
    return {
        name: np.char.decode(array, errors='replace')
        if array.dtype.kind == 'S' and '@' not in name
        else array
        for name, array in found.items()
    }


def text_of(arrays: dict[str, np.ndarray], name: str) -> bytes:
    r"""The bytes of a text, empty if there is none."""
    array = arrays.get(name)
    if array is None or array.dtype.kind != 'S' or array.size != 1:
        return b''
    return array.tobytes().rstrip(b'\0')
