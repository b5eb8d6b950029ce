"""Fits the tables that pyg_hcsf.keypoints ships, on motion capture."""
