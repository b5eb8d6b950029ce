r"""Checks of keypoints for the usual mistakes, one module for each kind."""
