r"""The commands lift, view, recognize, fuse and prepare."""
