r"""The usual names of joints, and of their coordinates and confidences."""

#: Keys of the joints of a person, or of several people. Those that say that
#: they are 2D come first.
KEYPOINT_KEYS = (
    'pose_keypoints_2d', 'keypoints_2d', 'keypoints2d', 'keypoints2D',
    'joints_2d', 'joints2d', 'joints2D', 'pose_2d', 'pose2d', 'keypoints',
    'keyPoints', 'keypoint', 'pose_keypoints', 'pred_keypoints',
    'keypoint_coords', 'joints', 'body_parts', 'bodyParts', 'bodyparts',
    'parts', 'kpts', 'kpt', 'kps', 'pose_landmarks', 'poseLandmarks',
    'landmarks', 'landmark', 'points', 'coordinates', 'coords', 'xy', 'xyn',
    'preds', 'pose',
)  # fmt: skip
#: Keys of 3D joints, which are never read as 2D keypoints.
KEYS_3D = (
    'keypoints_3d', 'keypoints3d', 'keypoints3D', 'joints_3d', 'joints3d',
    'joints3D', 'pose_3d', 'pose3d', 'pose_keypoints_3d',
    'pose_world_landmarks', 'poseWorldLandmarks', 'worldLandmarks',
    'world_landmarks', 'pred_xyz_jts', 'positions_3d', 'kpts_3d', 'kpts3d',
    'face_keypoints_3d', 'hand_left_keypoints_3d', 'hand_right_keypoints_3d',
)  # fmt: skip
#: Keys of a list with the confidences of all joints of a person; others may
#: also be the confidence of the person.
JOINT_SCORE_KEYS = (
    'keypoint_scores', 'keypoints_scores', 'keypoints_score', 'kpt_scores',
    'keypoint_score', 'keypointScores',
)  # fmt: skip
SCORE_LIST_KEYS = (
    *JOINT_SCORE_KEYS, 'scores', 'confidences', 'confidence', 'conf', 'score',
    'visibility',
)  # fmt: skip
#: Keys of a list with the ids of all people of a frame.
TRACK_LIST_KEYS = ('track_ids', 'ids', 'track_id', 'id')
#: Keys of the name, or the number, of a joint.
NAME_KEYS = (
    'name', 'part', 'joint', 'label', 'bodypart', 'body_part', 'bodyPart',
    'keypoint', 'landmark', 'joint_name', 'landmark_name', 'keypoint_name',
    'joint_id', 'landmark_id', 'keypoint_id', 'id', 'index', 'idx', 'type',
)  # fmt: skip
#: Keys of a mapping in a joint that has its x and y.
POSITION_KEYS = ('position', 'coordinates', 'coords', 'point', 'pos', 'xy')
