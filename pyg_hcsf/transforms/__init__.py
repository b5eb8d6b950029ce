from .add_hop_edges import AddHopEdges
from .align_body import AlignBody
from .encode_pose import EncodePose
from .fit_frames import FitFrames
from .mirror import MirrorPose
from .modality import Modality
from .pre_normalize import PreNormalize

__all__ = [
    'AddHopEdges',
    'AlignBody',
    'EncodePose',
    'FitFrames',
    'MirrorPose',
    'Modality',
    'PreNormalize',
]
