"""``--task action``: actions from skeleton clips."""
