"""Benchmarks of time, memory and of the checks of keypoints."""
