"""Checks of raw files and of processed data sets."""
