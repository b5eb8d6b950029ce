r"""Keys of JSON that are known but not read."""

from pyg_hcsf.keypoints.readers.json_frames import (
    FRAME_KEYS,
    PEOPLE_KEYS,
    SCORE_KEYS,
    TIME_KEYS,
    TRACK_KEYS,
)
from pyg_hcsf.keypoints.readers.json_keys import (
    KEYS_3D,
    POSITION_KEYS,
    SCORE_LIST_KEYS,
    TRACK_LIST_KEYS,
)

JOINT_KEYS = {'x', 'y', 'z', 'X', 'Y', 'Z', 'presence', *POSITION_KEYS}

# Keys that are known and not needed: of a person, of a frame.
_HANDS_AND_FACE = {
    'face_keypoints_2d', 'hand_left_keypoints_2d', 'hand_right_keypoints_2d',
    'face_keypoints', 'hand_left_keypoints', 'hand_right_keypoints',
    'foot_keypoints_2d', 'foot_kpts', 'face_kpts', 'lefthand_kpts',
    'righthand_kpts', 'face_box', 'lefthand_box', 'righthand_box',
    'face_valid', 'foot_valid', 'lefthand_valid', 'righthand_valid',
    'wholebody_score', 'face_landmarks', 'left_hand_landmarks',
    'right_hand_landmarks', 'faceLandmarks', 'leftHandLandmarks',
    'rightHandLandmarks', 'multiFaceGeometry', 'face', 'left_hand',
    'right_hand',
}  # fmt: skip
OTHER_PERSON_KEYS = {
    'bbox', 'box', 'boxes', 'bbox_score', 'bbox_scores', 'area', 'class',
    'category_id', 'iscrowd', 'num_keypoints', 'segmentation', 'version',
    'name', 'label', 'labels', 'image_size', 'bbox_head', 'center', 'scale',
    'fps', 'skeleton', 'cls', 'proposal_score', 'pose_score', 'bbox_id',
    'imgSize', 'keypoints_visible', 'kp_score', 'annotations', 'width',
    'height', 'bboxes', *_HANDS_AND_FACE, *KEYS_3D, *TIME_KEYS, *FRAME_KEYS,
    *TRACK_KEYS, *SCORE_KEYS, *SCORE_LIST_KEYS,
}  # fmt: skip
OTHER_FRAME_KEYS = {
    'part_candidates', 'canvas_width', 'canvas_height', 'image_width',
    'image_height', 'img_shape', 'ori_shape', 'orig_shape', 'resolution',
    'meta_info', 'video', 'video_path', 'num_people', 'visualization',
    'segmentation_mask', 'segmentationMask', 'segmentationMasks',
    'segmentation_masks', 'za', 'ea', 'gt_instances', 'input_size',
    'input_center', 'input_scale', 'flip_indices', 'bbox_ids',
    'output_heatmap', 'image_paths', 'img_id', 'pred_instances',
    *TRACK_LIST_KEYS, *PEOPLE_KEYS, *OTHER_PERSON_KEYS,
}  # fmt: skip
