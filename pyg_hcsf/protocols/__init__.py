r"""Evaluation protocols: the input, target, split and metric conventions of
pose networks.

Results under different protocols are not comparable: ``lcn``, ``srnet``,
``openmocap``, ``openmocap-rigs`` and ``3dhp-srnet`` use the ground-truth depth
of the root and the intrinsics at test time, ``vp3d``, ``arrays``,
``3dhp-official`` and ``3dhp-graphmlp`` do not.
"""

from .pose_protocol import PoseProtocol
from .registry import available_protocols, get_protocol
from .sequences import (
    H36M_ACTIONS,
    MPI_INF_3DHP_SCENES,
    S9_BLOCKLIST,
    S11_DIRECTIONS,
)

__all__ = [
    'H36M_ACTIONS',
    'MPI_INF_3DHP_SCENES',
    'PoseProtocol',
    'S11_DIRECTIONS',
    'S9_BLOCKLIST',
    'available_protocols',
    'get_protocol',
]
