r"""Reads P-STMO's :obj:`.npz` files of MPI-INF-3DHP, which most later code
uses too.

The readers take the content of a file and its name for error messages. They
raise a :class:`ValueError` if the file is damaged or has other content.
"""

from __future__ import annotations

from collections.abc import Container, Iterator
from typing import Any

import numpy as np

from pyg_hcsf.datasets.pose_checks import is_array, is_credible, unexpected
from pyg_hcsf.safe_io.npy import load_npz
from pyg_hcsf.safe_io.shown import explained

from .annotation import MAX_FRAMES, Annotation, to_float32
from .constants import NUM_CAMERAS, TEST_SEQUENCES, TRAIN_SEQUENCES

REMEDY = "get it again, or make it with P-STMO's data_to_npz_3dhp.py"


#: The sequence, the number of the camera (0 in the test set) and the
#: annotations of the 17 relevant joints. The files have no metric poses:
#: `metric` is the universal pose, too.
PSTMOTake = tuple[str, int, Annotation]


def read_pstmo_train(content: bytes, name: str) -> Iterator[PSTMOTake]:
    r"""Reads P-STMO's :obj:`data_train_3dhp.npz`.

    Its entry :obj:`data` is a dictionary from :obj:`'S1 Seq1'` to a list of a
    dictionary and the frame rate. The dictionary maps the number of a camera,
    as text, to its :obj:`data_2d` and :obj:`data_3d`.

    Returns:
        The takes, ordered by sequence and camera.

    Example:
        >>> takes = list(read_pstmo_train(content, 'data_train_3dhp.npz'))
    """
    data = load_npz(content, name).get('data')
    cameras = [str(number) for number in range(NUM_CAMERAS)]
    with explained(f"'{name}' is not a training file of P-STMO", REMEDY):
        for sequence, value in _sequences(data, TRAIN_SEQUENCES):
            is_list = isinstance(value, (list, tuple, np.ndarray))
            views = value[0] if is_list and len(value) > 0 else None
            if not isinstance(views, dict) or not views.keys() <= {*cameras}:
                raise unexpected(
                    f'a list with the cameras of {sequence}', views
                )
            for number in sorted(views, key=cameras.index):
                where = f'{sequence}, camera {number}'
                yield _take(sequence, int(number), views[number], None, where)


def read_pstmo_test(content: bytes, name: str) -> Iterator[PSTMOTake]:
    r"""Reads P-STMO's :obj:`data_test_3dhp.npz`.

    Its entry :obj:`data` is a dictionary from :obj:`'TS1'` to a dictionary of
    :obj:`data_2d`, :obj:`data_3d` and :obj:`valid`.

    Returns:
        The takes, ordered by sequence. Frames that are not valid may hold
        anything.

    Example:
        >>> takes = list(read_pstmo_test(content, 'data_test_3dhp.npz'))
        >>> sum(int(seen.valid.sum()) for _, _, seen in takes)
        2929
    """
    data = load_npz(content, name).get('data')
    with explained(f"'{name}' is not a test file of P-STMO", REMEDY):
        for sequence, value in _sequences(data, TEST_SEQUENCES):
            valid = value.get('valid') if isinstance(value, dict) else None
            if (
                not isinstance(valid, np.ndarray)
                or valid.dtype.kind not in 'fiub'
                or not np.isin(valid, (0, 1)).all()
                or not valid.any()
            ):
                raise unexpected(f"'valid' with 0 and 1 of {sequence}", valid)
            yield _take(sequence, 0, value, valid.reshape(-1) == 1, sequence)


def _sequences(data: Any, known: Container[str]) -> list[tuple[str, Any]]:
    is_scalar = isinstance(data, np.ndarray) and data.shape == ()
    sequences = data.item() if is_scalar else data
    if not isinstance(sequences, dict) or not sequences:
        raise unexpected("a dictionary 'data' of sequences", sequences)
    for sequence in sequences:
        if sequence not in known:
            raise unexpected('sequences of MPI-INF-3DHP', sequence)
    return sorted(sequences.items(), key=lambda item: item[0])


def _take(
    sequence: str,
    camera: int,
    view: Any,
    valid: np.ndarray | None,
    where: str,
) -> PSTMOTake:
    arrays = []
    for key, channels in (('data_2d', 2), ('data_3d', 3)):
        array = view.get(key) if isinstance(view, dict) else None
        if not is_array(array, None, 17, channels) or len(array) > MAX_FRAMES:
            raise unexpected(f"17 joints as '{key}' of {where}", array)
        arrays.append(to_float32(array))
    keypoints, universal = arrays
    if valid is None:
        valid = np.ones(len(universal), bool)
    if not len(keypoints) == len(universal) == len(valid):
        raise ValueError(f'different numbers of frames of {where}')
    if not is_credible(keypoints[valid]) or not is_credible(universal[valid]):
        raise ValueError(f'infinite or huge numbers of {where}')
    return sequence, camera, Annotation(keypoints, universal, universal, valid)
