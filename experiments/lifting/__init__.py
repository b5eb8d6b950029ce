"""``--task lift``: 2D keypoints of any camera to 3D poses."""
