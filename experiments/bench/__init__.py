"""``--task bench``: what it all costs."""
