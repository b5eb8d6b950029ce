"""Reports learned dynamic graphs."""
