"""``--task pose``: 2D keypoints of a known camera to 3D."""
