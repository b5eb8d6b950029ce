"""``--task lift``: keypoints of any camera to 3D."""
