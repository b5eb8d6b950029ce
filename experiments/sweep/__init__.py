"""Presets, trainings and run folders, shared by the tasks of run.py."""
