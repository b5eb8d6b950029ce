r"""Reads P-STMO's :obj:`.npz` files of MPI-INF-3DHP, which most later code
uses too.
"""

from __future__ import annotations

from collections.abc import Container, Iterator
from typing import Any, NamedTuple

import numpy as np

from pyg_hcsf.datasets import pose_checks
from pyg_hcsf.datasets.mpi_inf_3dhp.annotation import MAX_FRAMES, to_float32
from pyg_hcsf.datasets.mpi_inf_3dhp.constants import (
    NUM_CAMERAS,
    RELEVANT17_OF_28,
    TEST_SEQUENCES,
    TRAIN_SEQUENCES,
)
from pyg_hcsf.safe_io.npy import load_npz


class PSTMOTake(NamedTuple):
    r"""A sequence in one camera.

    Args:
        name (str): The sequence, :obj:`'S1 Seq1'` or :obj:`'TS1'`.
        camera (int): The number of the camera, :obj:`0` in the test set.
        keypoints (numpy.ndarray): Pixels :obj:`[T, 17, 2]`.
        universal (numpy.ndarray): :obj:`univ_annot3` of the 17 relevant
            joints :obj:`[T, 17, 3]` in millimetres.
        valid (numpy.ndarray): Whether a frame is evaluated: :obj:`[T]`.
    """

    name: str
    camera: int
    keypoints: np.ndarray
    universal: np.ndarray
    valid: np.ndarray


def read_pstmo_train(content: bytes, name: str) -> Iterator[PSTMOTake]:
    r"""Reads P-STMO's :obj:`data_train_3dhp.npz`.

    Its entry :obj:`data` is a dictionary from :obj:`'S1 Seq1'` to a list of a
    dictionary and the frame rate. The dictionary maps the number of a camera,
    as text, to its :obj:`data_2d` and :obj:`data_3d`.

    Args:
        content (bytes): The file.
        name (str): The name of the file for error messages.

    Returns:
        The takes, ordered by sequence and camera.

    Raises:
        ValueError: If the file is damaged or has other content.

    Example:
        >>> takes = list(read_pstmo_train(content, 'data_train_3dhp.npz'))
    """
    cameras = [str(number) for number in range(NUM_CAMERAS)]
    for sequence, value in _sequences(content, name, TRAIN_SEQUENCES):
        is_list = isinstance(value, (list, tuple, np.ndarray))
        views = value[0] if is_list and len(value) > 0 else None
        if not isinstance(views, dict) or not views.keys() <= set(cameras):
            raise _unexpected(
                f'a list with the cameras of {sequence}', views, name
            )
        for number in sorted(views, key=cameras.index):
            where = f'{sequence}, camera {number}'
            keypoints, universal = _arrays(views[number], where, name)
            valid = np.ones(len(universal), bool)
            take = PSTMOTake(
                sequence, int(number), keypoints, universal, valid
            )
            yield _checked(take, where, name)


def read_pstmo_test(content: bytes, name: str) -> Iterator[PSTMOTake]:
    r"""Reads P-STMO's :obj:`data_test_3dhp.npz`.

    Its entry :obj:`data` is a dictionary from :obj:`'TS1'` to a dictionary of
    :obj:`data_2d`, :obj:`data_3d` and :obj:`valid`.

    Args:
        content (bytes): The file.
        name (str): The name of the file for error messages.

    Returns:
        The takes, ordered by sequence. Frames that are not valid may hold
        anything.

    Raises:
        ValueError: If the file is damaged or has other content.

    Example:
        >>> takes = list(read_pstmo_test(content, 'data_test_3dhp.npz'))
        >>> sum(int(take.valid.sum()) for take in takes)
        2929
    """
    for sequence, value in _sequences(content, name, TEST_SEQUENCES):
        keypoints, universal = _arrays(value, sequence, name)
        mask = value.get('valid')
        if (
            not isinstance(mask, np.ndarray)
            or mask.dtype.kind not in 'fiub'
            or mask.size != len(universal)
            or not np.isin(mask, (0, 1)).all()
            or not mask.any()
        ):
            raise _unexpected(
                f"'valid' with 0 or 1 for each of {len(universal)} frames of "
                f'{sequence}',
                mask,
                name,
            )
        take = PSTMOTake(
            sequence, 0, keypoints, universal, mask.reshape(-1) == 1
        )
        yield _checked(take, sequence, name)


def _sequences(
    content: bytes, name: str, known: Container[str]
) -> list[tuple[str, Any]]:
    data = load_npz(content, name).get('data')
    sequences = None
    if data is not None and data.dtype == object and data.shape == ():
        sequences = data.item()
    if not isinstance(sequences, dict) or not sequences:
        raise _unexpected("a dictionary 'data' of sequences", sequences, name)
    for sequence in sequences:
        if sequence not in known:
            raise _unexpected('sequences of MPI-INF-3DHP', sequence, name)
    return sorted(sequences.items(), key=lambda item: item[0])


def _arrays(value: Any, where: str, name: str) -> list[np.ndarray]:
    arrays = []
    for key, channels in (('data_2d', 2), ('data_3d', 3)):
        array = value.get(key) if isinstance(value, dict) else None
        shape = (None, len(RELEVANT17_OF_28), channels)
        if not pose_checks.is_array(array, *shape) or len(array) > MAX_FRAMES:
            raise _unexpected(
                f"frames of 17 joints as '{key}' of {where}", array, name
            )
        arrays.append(to_float32(array))
    if len(arrays[0]) != len(arrays[1]):
        raise _unexpected(
            f'as many frames in 2D as in 3D of {where}', value, name
        )
    return arrays


def _checked(take: PSTMOTake, where: str, name: str) -> PSTMOTake:
    for array in (take.keypoints, take.universal):
        if not pose_checks.is_credible(array[take.valid]):
            raise _unexpected(
                f'finite pixels and millimetres of {where}', array, name
            )
    return take


def _unexpected(expected: str, value: Any, name: str) -> ValueError:
    remedy = "get it again, or make it with P-STMO's data_to_npz_3dhp.py"
    return pose_checks.unexpected(expected, value, name, remedy)
