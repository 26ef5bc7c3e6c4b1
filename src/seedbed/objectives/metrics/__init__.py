"""Metrics: exact over samples, however these are cut into batches."""
