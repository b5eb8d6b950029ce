from .add_hop_edges import AddHopEdges
from .encode_pose import EncodePose
from .mirror import MirrorPose
from .pre_normalize import PreNormalize

__all__ = ['AddHopEdges', 'EncodePose', 'MirrorPose', 'PreNormalize']
