"""``--task pose``: 2D keypoints of known cameras to 3D poses."""
