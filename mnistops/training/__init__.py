"""Training: one straight line from settings to a run folder."""
