"""Detects the keypoints of one person in a video or an image with MediaPipe.

pip install mediapipe==0.10.14        # in an environment of its own
python examples/mediapipe_keypoints.py walk.mp4 walk.json
pyg-hcsf lift walk.json --out walk.html --fix_side_swaps \\
        --image_size 1920 1080 --fps 30   # as printed by the second command
"""

import json
import sys
from pathlib import Path

import cv2
import mediapipe as mp


def main(source: str, target: str) -> None:
    """Writes the landmarks of all frames, null where there is no person."""
    capture = cv2.VideoCapture(source)
    detector = mp.solutions.pose.Pose(model_complexity=1)
    frames, size = [], None
    while True:
        success, image = capture.read()
        if not success:
            break
        size = image.shape[1::-1]  # width, height
        result = detector.process(cv2.cvtColor(image, cv2.COLOR_BGR2RGB))
        if result.pose_landmarks is None:
            frames.append(None)
            continue
        landmarks = [
            {'x': mark.x, 'y': mark.y, 'visibility': mark.visibility}
            for mark in result.pose_landmarks.landmark
        ]
        world = [
            {'x': mark.x, 'y': mark.y, 'z': mark.z}
            for mark in result.pose_world_landmarks.landmark
        ]
        frames.append(
            {'pose_landmarks': landmarks, 'pose_world_landmarks': world}
        )
    if size is None:
        sys.exit(f"error: no frame could be read from '{source}'")
    Path(target).write_text(json.dumps(frames))
    fps = capture.get(cv2.CAP_PROP_FPS)
    print(f'--image_size {size[0]} {size[1]} --fps {fps:g}')


if __name__ == '__main__':
    main(*sys.argv[1:])
