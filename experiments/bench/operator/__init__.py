"""Benchmarks of the operator, its peers, and networks."""
