r"""Readers of the files that keypoint detectors write, one module for each.

A reader has two functions: ``matches(data)`` says whether a file is in its
format, ``read(data)`` returns the people in it. A new format is a new module
and an entry in :obj:`READERS`.
"""

from typing import Any, Protocol

from pyg_hcsf.choices import check_choice
from pyg_hcsf.keypoints.detections import ParsedFile
from pyg_hcsf.keypoints.readers import (
    alphapose,
    annolist,
    arrays,
    coco,
    deeplabcut,
    detectron,
    easy_vitpose,
    json_table,
    jta,
    mediapipe,
    mmaction,
    mmpose,
    openpifpaf,
    openpose,
    pandas_tables,
    records,
    sleap,
    table,
    tfjs,
    tracks,
    trc,
    ultralytics,
    videopose3d,
    yolo_labels,
)


class Reader(Protocol):
    r"""A module, or another object, that reads one format."""

    def matches(self, data: Any) -> bool:
        r"""Whether a file is in this format."""

    def read(self, data: Any) -> ParsedFile:
        r"""Returns the people in the file."""


#: Readers of parsed JSON, of text, and of the arrays of an ``.npz`` or HDF5
#: file (a dictionary). The first one that matches reads a file: special
#: formats precede general ones.
READERS: dict[str, list[Reader]] = {
    'json': [
        annolist, jta, mmaction, json_table, tracks, openpose, alphapose, coco,
        mmpose, easy_vitpose, ultralytics, tfjs, mediapipe, openpifpaf,
        records,
    ],
    'text': [trc, yolo_labels, deeplabcut, table],
    'arrays': [sleap, pandas_tables, videopose3d, detectron, arrays],
}  # fmt: skip


def register_reader(kind: str, reader: Reader) -> None:
    r"""Registers a reader, which is asked before all others.

    Errors and warnings of the reader should be those of
    :mod:`pyg_hcsf.keypoints.messages`, which name the file.

    Args:
        kind (str): What the reader takes: ``'json'`` for parsed JSON,
            ``'text'`` for a string, ``'arrays'`` for a dictionary of arrays.
        reader (Reader): A module or object with ``matches(data)`` and
            ``read(data)``.

    Raises:
        ValueError: If :obj:`kind` is another one.

    Example:
        >>> register_reader('json', my_reader)
        >>> read_keypoints('results.json').source
        'mine'
    """
    check_choice('kind', kind, tuple(READERS))
    READERS[kind].insert(0, reader)
