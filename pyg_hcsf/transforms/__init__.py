from .add_hop_edges import AddHopEdges
from .encode_pose import EncodePose
from .mirror import MirrorPose

__all__ = ['AddHopEdges', 'EncodePose', 'MirrorPose']
