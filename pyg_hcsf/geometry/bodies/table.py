r"""Reads the table of bodies ``bodies.yaml``, which
``experiments/fitting/bodies.py`` writes.
"""

from functools import lru_cache
from importlib import resources
from typing import Any

import yaml

#: Bones that are the same on both sides, with the joints that they lead to.
BONES = {
    'hip': ('LHip', 'RHip'),
    'thigh': ('LKnee', 'RKnee'),
    'shank': ('LFoot', 'RFoot'),
    'spine': ('Spine',),
    'thorax': ('Thorax',),
    'neck': ('Neck',),
    'head': ('Head',),
    'shoulder': ('LShoulder', 'RShoulder'),
    'upper_arm': ('LElbow', 'RElbow'),
    'forearm': ('LWrist', 'RWrist'),
}


@lru_cache(maxsize=1)
def body_table() -> dict[str, Any]:
    r"""The table as it is in the file."""
    file = resources.files('pyg_hcsf') / 'geometry' / 'bodies' / 'bodies.yaml'
    return dict(yaml.safe_load(file.read_text(encoding='utf-8')))
