"""Faster forms of an update that need a reason: compiled, captured as a CUDA graph, and the probe that chooses."""
