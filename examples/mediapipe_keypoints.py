"""From a video or an image to keypoints, by MediaPipe Pose (one person), for
tools/lift.py.

    pip install mediapipe==0.10.14        # in an environment of its own
    python examples/mediapipe_keypoints.py walk.mp4 walk.json
    python tools/lift.py walk.json --out walk.html --mend \\
        --image_size 1920 1080 --fps 30   # as the first line printed says
"""

import json
import sys
from pathlib import Path

import cv2
import mediapipe as mp

source, target = sys.argv[1:]
capture = cv2.VideoCapture(source)
pose = mp.solutions.pose.Pose(model_complexity=1)
frames, size = [], None
while True:
    more, image = capture.read()
    if not more:
        break
    size = image.shape[1::-1]
    found = pose.process(cv2.cvtColor(image, cv2.COLOR_BGR2RGB))
    frames.append(
        {
            key: [
                {name: getattr(mark, name) for name in fields}
                for mark in getattr(found, key).landmark
            ]
            for key, fields in (
                ('pose_landmarks', ('x', 'y', 'visibility')),
                ('pose_world_landmarks', ('x', 'y', 'z')),
            )
        }
        if found.pose_landmarks
        else None
    )
if size is None:
    sys.exit(f"error: no frame could be read from '{source}'")
Path(target).write_text(json.dumps(frames))
fps = capture.get(cv2.CAP_PROP_FPS)
print(f'--image_size {size[0]} {size[1]} --fps {fps:g}')
