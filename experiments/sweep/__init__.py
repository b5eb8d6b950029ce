"""What the tasks of run.py have in common: presets, folders, trainings."""
