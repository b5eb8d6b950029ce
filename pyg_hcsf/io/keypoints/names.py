r"""Recognises a layout by the names or the number of its joints."""

from __future__ import annotations

import re
from typing import Any

from pyg_hcsf.io.keypoints.convert import LAYOUTS
from pyg_hcsf.skeleton import get_skeleton

# What MMPose calls the data sets whose joints its models find.
DATASETS = {
    'coco': 'coco17',
    'halpe26': 'halpe26',
    'mpii': 'mpii16',
    'h36m': 'h36m17',
}
# Whole words that mean the same in names of joints.
_SAME = {
    **{'left': 'l', 'right': 'r', 'root': 'hip', 'pelvis': 'hip'},
    **{'little': 'small'},
}


def layout_of(names: Any) -> str | None:
    r"""The layout whose joints have these names, such as ``'left_hip'``,
    ``'LHip'`` or ``'Left Hip'``, in this order, or :obj:`None`.

    Args:
        names (list of str): The names in the order of the file.

    Example:
        >>> layout_of(list(get_skeleton('body25').joints))
        'body25'
    """
    if not isinstance(names, (list, tuple)):
        return None
    words = [_plain(name) for name in names]
    for layout in LAYOUTS:
        if words == [_plain(name) for name in get_skeleton(layout).joints]:
            return layout
    return None


def candidates(number: int) -> list[str]:
    r"""The layouts with a number of joints."""
    return [
        layout
        for layout in LAYOUTS
        if get_skeleton(layout).num_joints == number
    ]


def _plain(name: Any) -> str:
    parts = re.findall(r'[A-Z]?[a-z]+|[A-Z]+(?![a-z])|\d+', str(name)[:80])
    words = sorted(_SAME.get(part.lower(), part.lower()) for part in parts)
    return ' '.join(words)
