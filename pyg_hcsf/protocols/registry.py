r"""The named protocols, with the sources of their conventions."""

from dataclasses import replace
from typing import Optional

from pyg_hcsf.choices import check_choice
from pyg_hcsf.geometry.image_frame import LCN_FRAME, SRNET_FRAME
from pyg_hcsf.protocols.pose_protocol import PoseProtocol
from pyg_hcsf.protocols.sequences import (
    MPI_INF_3DHP_SCENES,
    S11_DIRECTIONS,
)
from pyg_hcsf.skeleton import Skeleton

_VP3D = PoseProtocol(
    name='vp3d',
    source='VideoPose3D run.py: metric and root-relative; no depth or '
    'intrinsics at test time',
    distortion='vp3d',
    alignment='gt',
    average='actions',
    dropped=S11_DIRECTIONS,
)
_OPENMOCAP = PoseProtocol(
    name='openmocap',
    source="this project: open motion capture in LCN's image frame with "
    'pinhole keypoints; split and actions of the data set',
    frame=LCN_FRAME,
    alignment='both',
    average='subjects',
    train_subjects=(),
    test_subjects=(),
    actions=(),
)
_3DHP = PoseProtocol(
    name='3dhp-official',
    source='MPI-INF-3DHP mpii_evaluate_errors.m: poses relative to the '
    'pelvis, PCK and AUC of 14 joints; no depth or intrinsics at test time',
    alignment='both',
    average='frames',
    train_subjects=tuple(f'S{number}' for number in range(1, 9)),
    test_subjects=tuple(f'TS{number}' for number in range(1, 7)),
    actions=MPI_INF_3DHP_SCENES,
    pck='official',
)
_PROTOCOLS = {
    protocol.name: protocol
    for protocol in (
        _VP3D,
        PoseProtocol(
            name='lcn',
            source='LCN evaluate.py: the ground-truth depth of the root at '
            'test time, absolute positions compared',
            frame=LCN_FRAME,
            alignment='none',
            average='actions',
        ),
        replace(
            _VP3D,
            name='srnet',
            source='SRNet --norm lcn: the keypoints and sequences of '
            "VideoPose3D, its own constants of LCN's image frame",
            frame=SRNET_FRAME,
            alignment='both',
        ),
        _OPENMOCAP,
        replace(
            _OPENMOCAP,
            name='openmocap-rigs',
            source='this project: openmocap, tested on two rigs that were '
            'not trained on, with PCK and AUC of 14 joints',
            pck='official',
        ),
        replace(
            _OPENMOCAP,
            name='arrays',
            source="this project: one's own data, metric and root-relative; "
            'no depth or intrinsics at test time; split and actions of the '
            'data set',
            frame=None,
            average='frames',
            # Not 'both': the error of the root alone, such as that of a GCN,
            # which smooths over neighbors, would become that of all joints.
            alignment='gt',
        ),
        _3DHP,
        replace(
            _3DHP,
            name='3dhp-srnet',
            source='SRNet eval_metrics.py: PCK and AUC of 17 joints, its own '
            "constants of LCN's image frame, the ground-truth depth of the "
            'root at test time',
            frame=SRNET_FRAME,
            pck='srnet',
        ),
        replace(
            _3DHP,
            name='3dhp-graphmlp',
            source='GraphMLP eval_cal.py: PCK of 17 joints, AUC of 150 '
            'thresholds; no depth or intrinsics at test time',
            pck='graphmlp',
        ),
    )
}


def available_protocols() -> list[str]:
    r"""The names of the known protocols."""
    return list(_PROTOCOLS)


def get_protocol(
    name: str, skeleton: Optional[Skeleton] = None
) -> PoseProtocol:
    r"""Returns a protocol by its name.

    ==============  =====================  =========  ============  =========
    name            target                 2D input   root removed  mean over
    ==============  =====================  =========  ============  =========
    vp3d            metres, root-relative  distorted  ground truth  actions
    lcn             image frame            pinhole    neither       actions
    srnet           image frame (SRNet)    distorted  both          actions
    openmocap       image frame            pinhole    both          subjects
    openmocap-rigs  image frame            pinhole    both          subjects
    arrays          metres, root-relative  any        ground truth  frames
    3dhp-official   metres, root-relative  annotated  both          frames
    3dhp-srnet      image frame (SRNet)    annotated  both          frames
    3dhp-graphmlp   metres, root-relative  annotated  both          frames
    ==============  =====================  =========  ============  =========

    "2D input" is the projection that makes ground-truth keypoints, "root
    removed" the poses whose root is subtracted before the error is taken.
    ``vp3d`` and ``srnet`` exclude S11 Directions.

    ``arrays`` is for :class:`~pyg_hcsf.datasets.ArrayPoses`, on any skeleton
    if :obj:`skeleton` is passed.
    The last three are for MPI-INF-3DHP and also report PCK and AUC: over 14
    joints, over 17, and over 17 with other thresholds, see
    :func:`~pyg_hcsf.metrics.auc`. So does ``openmocap-rigs``, over 14.

    Args:
        name (str): One of :func:`available_protocols`.
        skeleton (Skeleton, optional): The joints, if they are not the 17 of
            Human3.6M. (default: :obj:`None`)

    Raises:
        ValueError: If there is no protocol of that name.

    Example:
        >>> protocol = get_protocol('lcn')
        >>> x = protocol.encode_input(keypoints, (1000, 1002))
    """
    check_choice('name', name, _PROTOCOLS)
    protocol = _PROTOCOLS[name]
    if skeleton is None:
        return protocol
    return replace(
        protocol, num_joints=skeleton.num_joints, root=skeleton.root
    )
