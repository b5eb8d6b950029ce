r"""Reads the archives that P-STMO made of MPI-INF-3DHP, and most since it
use.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, NamedTuple

import numpy as np

from pyg_hcsf.datasets.human36m.reader import MAX_MM
from pyg_hcsf.datasets.mpi_inf_3dhp.annotation import (
    FRAMES_LIMIT,
    NUM_CAMERAS,
    RELEVANT17_OF_28,
    TEST_SEQUENCES,
    TRAIN_SEQUENCES,
    to_float32,
)
from pyg_hcsf.safe_io.npy import load_npz
from pyg_hcsf.safe_io.shown import shown


class PSTMOTake(NamedTuple):
    r"""What one camera saw of a sequence.

    Args:
        name (str): The sequence: :obj:`'S1 Seq1'` or :obj:`'TS1'`.
        camera (int): The number of the camera; :obj:`0` of the test set.
        keypoints (numpy.ndarray): :obj:`[T, 17, 2]` in pixels.
        universal (numpy.ndarray): :obj:`univ_annot3` of the 17 relevant
            joints in millimetres: :obj:`[T, 17, 3]`.
        valid (numpy.ndarray): Which frames are to be evaluated: :obj:`[T]`.
    """

    name: str
    camera: int
    keypoints: np.ndarray
    universal: np.ndarray
    valid: np.ndarray


def read_pstmo_train(content: bytes, name: str) -> Iterator[PSTMOTake]:
    r"""Reads :obj:`data_train_3dhp.npz` of P-STMO: :obj:`data`, a dictionary
    from :obj:`'S1 Seq1'` to a list of a dictionary, from the number of a
    camera as text to its :obj:`data_2d` and :obj:`data_3d`, and of the frame
    rate.

    Args:
        content (bytes): The file.
        name (str): What errors call it.

    Returns:
        The takes, by sequence and camera.

    Raises:
        ValueError: If it is damaged or holds something else; names it.

    Example:
        >>> takes = list(read_pstmo_train(content, 'data_train_3dhp.npz'))
    """
    sequences = _sequences(content, name, TRAIN_SEQUENCES)
    for sequence in sorted(sequences):
        value = sequences[sequence]
        pair = isinstance(value, (list, tuple, np.ndarray)) and len(value) > 0
        views = value[0] if pair else None
        known = [str(number) for number in range(NUM_CAMERAS)]
        if not isinstance(views, dict) or not views.keys() <= set(known):
            raise _wrong(name, f'a list with the cameras of {sequence}', views)
        for number in sorted(views, key=known.index):
            where = f'{sequence}, camera {number}'
            keypoints, universal = _arrays(views[number], name, where)
            valid = np.ones(len(universal), bool)
            _check(keypoints, universal, valid, name, where)
            yield PSTMOTake(sequence, int(number), keypoints, universal, valid)


def read_pstmo_test(content: bytes, name: str) -> Iterator[PSTMOTake]:
    r"""Reads :obj:`data_test_3dhp.npz` of P-STMO: :obj:`data`, a dictionary
    from :obj:`'TS1'` to one of :obj:`data_2d`, :obj:`data_3d` and
    :obj:`valid`.

    Args:
        content (bytes): The file.
        name (str): What errors call it.

    Returns:
        The takes, by sequence. Frames that are not valid may hold anything.

    Raises:
        ValueError: If it is damaged or holds something else; names it.

    Example:
        >>> takes = list(read_pstmo_test(content, 'data_test_3dhp.npz'))
        >>> sum(int(take.valid.sum()) for take in takes)
        2929
    """
    sequences = _sequences(content, name, TEST_SEQUENCES)
    for sequence in sorted(sequences):
        value = sequences[sequence]
        keypoints, universal = _arrays(value, name, sequence)
        mask = value.get('valid')
        if (
            not isinstance(mask, np.ndarray)
            or mask.dtype.kind not in 'fiub'
            or mask.size != len(universal)
            or not np.isin(mask, (0, 1)).all()
            or not mask.any()
        ):
            raise _wrong(
                name,
                f"'valid' with 0 or 1 for each of {len(universal)} frames of "
                f'{sequence}',
                mask,
            )
        valid = mask.reshape(-1) == 1
        _check(keypoints, universal, valid, name, sequence)
        yield PSTMOTake(sequence, 0, keypoints, universal, valid)


def _sequences(content: bytes, name: str, known: Any) -> dict[str, Any]:
    data = load_npz(content, name).get('data')
    sequences = None
    if data is not None and data.dtype == object and data.shape == ():
        sequences = data.item()
    if not isinstance(sequences, dict) or not sequences:
        raise _wrong(name, "a dictionary 'data' of sequences", sequences)
    for sequence in sequences:
        if sequence not in known:
            raise _wrong(name, f'sequences of {list(known)}', sequence)
    return sequences


def _arrays(value: Any, name: str, where: str) -> list[np.ndarray]:
    arrays = []
    for key, width in (('data_2d', 2), ('data_3d', 3)):
        array = value.get(key) if isinstance(value, dict) else None
        if (
            not isinstance(array, np.ndarray)
            or array.dtype.kind != 'f'
            or array.ndim != 3
            or array.shape[1:] != (len(RELEVANT17_OF_28), width)
            or not 0 < len(array) <= FRAMES_LIMIT
        ):
            raise _wrong(
                name, f"frames of 17 joints as '{key}' of {where}", array
            )
        arrays.append(to_float32(array))
    if len(arrays[0]) != len(arrays[1]):
        raise _wrong(name, f'as many frames in 2D as in 3D of {where}', value)
    return arrays


def _check(
    keypoints: np.ndarray,
    universal: np.ndarray,
    valid: np.ndarray,
    name: str,
    where: str,
) -> None:
    for array in (keypoints, universal):
        with np.errstate(invalid='ignore'):
            good = np.abs(array[valid]) <= MAX_MM
        if not good.all():
            raise _wrong(
                name, f'finite pixels and millimetres of {where}', array
            )


def _wrong(name: str, expected: str, value: Any) -> ValueError:
    # A tuple in tuples may take for ever to write down.
    if isinstance(value, np.ndarray):
        got = f'{value.dtype} of shape {list(value.shape)}'
    elif isinstance(value, (str, int, float)):
        got = f'{shown(value, 80)}'
    else:
        got = f'a {type(value).__name__}'
    return ValueError(
        f"Expected {expected} in '{name}' (got {got}): get it again, or make "
        "it by P-STMO's data_to_npz_3dhp.py"
    )
