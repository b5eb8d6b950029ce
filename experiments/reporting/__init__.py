"""Reports of finished runs: tables, pictures and comparisons."""
