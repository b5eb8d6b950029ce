r"""Evaluation protocols: what a pose network reads, predicts and is scored by.

Numbers of two protocols are not comparable: ``lcn``, ``srnet``, ``openmocap``
and ``3dhp-srnet`` use the ground-truth depth of the root and the intrinsics at
test time, ``vp3d``, ``3dhp-official`` and ``3dhp-graphmlp`` do not.
"""

from .registry import available_protocols, get_protocol
from .sequences import (
    H36M_ACTIONS,
    MPI_INF_3DHP_SCENES,
    S9_BLOCKLIST,
    S11_DIRECTIONS,
)
from .pose_protocol import PoseProtocol

__all__ = [
    'H36M_ACTIONS',
    'MPI_INF_3DHP_SCENES',
    'PoseProtocol',
    'S11_DIRECTIONS',
    'S9_BLOCKLIST',
    'available_protocols',
    'get_protocol',
]
