"""Data: sources, splits, samplers, batches. Import from the defining modules."""
