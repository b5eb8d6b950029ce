r"""Errors of poses, accuracies of actions, and the fusion of streams."""

from .action import confusion_matrix, per_class_accuracy, top_k_accuracy
from .motion import acceleration, bone_spread, foot_sliding
from .pck_auc import auc, pck, pck_by_group
from .pose import (
    hard_pose_statistics,
    joint_errors,
    mpjpe,
    mpjve,
    n_mpjpe,
    pa_mpjpe,
)
from .stream_fusion import SCALES, StreamScores, fuse_scores, read_scores

__all__ = [
    'SCALES',
    'StreamScores',
    'acceleration',
    'auc',
    'bone_spread',
    'confusion_matrix',
    'foot_sliding',
    'fuse_scores',
    'hard_pose_statistics',
    'joint_errors',
    'mpjpe',
    'mpjve',
    'n_mpjpe',
    'pa_mpjpe',
    'pck',
    'pck_by_group',
    'per_class_accuracy',
    'read_scores',
    'top_k_accuracy',
]
