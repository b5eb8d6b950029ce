"""Trains, evaluates and benchmarks the networks of pyg_hcsf."""
