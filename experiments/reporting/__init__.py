"""What the reports have in common: finished runs, tables, pictures."""
