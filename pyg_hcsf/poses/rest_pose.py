r"""The T-pose that joint rotations are relative to."""

import numpy as np

from pyg_hcsf.skeleton import Skeleton

# Centimetres from the hips: x to the person's left, y up, z to the front. Only
# the directions between joints are used. Right joints mirror the left ones.
T_POSE: dict[str, tuple[float, float, float]] = {
    **dict.fromkeys(
        ('Hip', 'HipCenter', 'MidHip', 'Pelvis', 'SpineBase'), (0, 0, 0)
    ),
    'Spine': (0, 14, 0),
    **dict.fromkeys(('Spine2', 'SpineMid'), (0, 24, 0)),
    'Spine3': (0, 33, 0),
    'Spine4': (0, 40, 0),
    **dict.fromkeys(('ShoulderCenter', 'SpineShoulder', 'Thorax'), (0, 46, 0)),
    'Neck': (0, 50, 0),
    'UpperNeck': (0, 55, 0),
    'Head': (0, 63, 0),
    'HeadTop': (0, 74, 0),
    'Nose': (0, 63, 10),
    'LEyeInner': (2, 66, 9),
    'LEye': (3, 66, 9),
    'LEyeOuter': (4, 66, 9),
    'LEar': (7, 65, 0),
    'LMouth': (2, 59, 9),
    'LClavicle': (3, 47, 0),
    'LShoulder': (17, 46, 0),
    'LElbow': (45, 46, 0),
    'LWrist': (70, 46, 0),
    'LHand': (78, 46, 0),
    'LHandTip': (87, 46, 0),
    'LIndex': (79, 46, 3),
    'LPinky': (78, 46, -3),
    'LThumb': (76, 46, 5),
    'LHip': (10, 0, 0),
    'LKnee': (10, -43, 0),
    'LAnkle': (10, -85, 0),
    'LHeel': (10, -91, -5),
    'LFoot': (10, -91, 10),
    'LToe': (10, -92, 17),
    'LFootIndex': (10, -92, 17),
    'LBigToe': (8, -92, 17),
    'LSmallToe': (14, -92, 13),
}


def rest_directions(skeleton: Skeleton) -> np.ndarray | None:
    r"""The direction of each joint from its parent in a T-pose.

    Args:
        skeleton (Skeleton): The skeleton.

    Returns:
        Unit vectors, x to the person's left, y up, z to the front, zero for
        the root: :obj:`[N, 3]`; :obj:`None` if the skeleton has a joint whose
        name is not in :data:`T_POSE`.

    Example:
        >>> rest_directions(get_skeleton('h36m17'))[12]  # the left elbow
        array([1., 0., 0.])
    """
    position = np.empty((skeleton.num_joints, 3))
    for i, mirrored in enumerate(skeleton.mirrored):
        right = i in skeleton.right
        name = skeleton.joints[mirrored if right else i]
        if name == 'LFoot' and 'LAnkle' not in skeleton.joints:
            name = 'LAnkle'  # as in Human3.6M
        if name not in T_POSE:
            return None
        position[i] = T_POSE[name]
        if right:
            position[i, 0] *= -1
    out = position - position[np.maximum(skeleton.parents, 0)]
    out[skeleton.root] = 0
    length = np.linalg.norm(out, axis=1, keepdims=True)
    return np.divide(out, length, out=out, where=length > 0)
