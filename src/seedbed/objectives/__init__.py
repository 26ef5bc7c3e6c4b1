"""Objectives: one task a file, with its loss, what its mean is over, and its metrics."""
